"""The signals page, live and by day, and the signals of one symbol as a part of its page."""

import logging
from typing import Any, Final
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from alerts.domain.kinds import KINDS
from alerts.queries import alert_days, recent, rule_names
from alerts.signals.lines import (
    SEVERITY_WORDS,
    SYMBOL,
    BadSignalQuery,
    Signal,
    Wanted,
    newest_first,
    signal,
    wanted,
)
from alerts.words import kind_label
from market.pages.symbol_views import may_read, unknown
from market.pages.visit import live_context, read_live, rows_of

logger = logging.getLogger(__name__)

PAGE: Final = 100
OF_SYMBOL: Final = 8
DAYS_SECONDS: Final = 30
RULES_SECONDS: Final = 60
AWAY_SECONDS: Final = 5


class Stored:
    """What the database answered: rows, days and rules' names; `away` if it did not."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.days: list[Any] = []
        self.rules: dict[int, str] = {}
        self.away = False

    def read(self, asked: Wanted, limit: int, days: bool = True) -> "Stored":
        """Read one more row than `limit`, so that it is known whether there are more."""
        if cache.get("signals-away"):
            self.away = True
            return self
        try:
            self.rows = recent(asked.stored(), limit + 1)
            if days:
                self.days = cache.get_or_set("signal-days", alert_days, DAYS_SECONDS) or []
            self.rules = cache.get_or_set("signal-rules", rule_names, RULES_SECONDS) or {}
        except DatabaseError as error:
            logger.warning("signals go without history: %s", str(error).strip())
            cache.set("signals-away", True, AWAY_SECONDS)
            self.away = True
        return self


@require_safe
async def signals(request: HttpRequest) -> HttpResponse:
    """What the rules noticed: newest first and live, or of a `day` in pages. Filters: kind, severity, symbol."""
    problems: dict[str, Any] = {}
    try:
        asked = wanted(request.GET)
    except BadSignalQuery as error:
        asked, problems = Wanted(), error.problems
    snapshots, away = await read_live("market", "alerts")
    stored = await sync_to_async(Stored().read)(asked, PAGE) if not problems else Stored()
    live = [] if asked.day or problems else [row for row in rows_of(snapshots["alerts"]).values() if asked.holds(row)]
    rows = newest_first(stored.rows, live)
    language = get_language() or settings.LANGUAGE_CODE
    shown = [signal(row, stored.rules, language) for row in rows[:PAGE]]
    market = snapshots["market"] or snapshots["alerts"]
    context = live_context("signals", market, away, f"/ws/page/signals/?language={language}")
    context |= {
        "asked": asked,
        "signals_socket": f"/ws/signals/?{asked.query(language=language, feed='' if asked.day or problems else '1')}",
        "problems": problems,
        "signals": shown,
        "history_away": stored.away,
        "kinds": [(name, kind_label(name)) for name in KINDS],
        "severities": list(SEVERITY_WORDS.items()),
        "may_read": await may_read(request),
    }
    context |= days_context(asked, stored) | links(asked, rows, shown)
    return render(request, "alerts/signals.html", context, status=status_of(asked, stored, problems, away))


def status_of(asked: Wanted, stored: Stored, problems: dict[str, Any], live_away: bool) -> int:
    """Say by the status whether the page holds what was asked for."""
    if problems:
        return 400
    return 503 if stored.away and (asked.day or live_away) else 200


def days_context(asked: Wanted, stored: Stored) -> dict[str, Any]:
    """The days to choose from, the chosen one among them, and its neighbours."""
    days = sorted({*stored.days, *([asked.day] if asked.day else [])}, reverse=True)
    at = days.index(asked.day) if asked.day else -1
    return {
        "days": days,
        "later_day": days[at - 1] if asked.day and at > 0 else None,
        "earlier_day": days[at + 1] if at + 1 < len(days) else None,
    }


def links(asked: Wanted, rows: list[dict[str, Any]], shown: list[Signal]) -> dict[str, str]:
    """Queries of the page's links: older ones, the first page, no filters, CSV."""
    day = asked.day.isoformat() if asked.day else ""
    more = len(rows) > PAGE
    next_day = rows[PAGE]["time"][:10] if more else ""
    cursor = shown[-1].id if more and next_day == rows[PAGE - 1]["time"][:10] else ""
    csv = [
        (name, ",".join(values)) for name, values in (("kind", asked.kinds), ("severity", asked.severities)) if values
    ]
    csv += [("symbols", ",".join(asked.symbols))] if asked.symbols else []
    csv += [("from", day), ("to", day)] if day else []
    return {
        "older_query": asked.query(day=next_day, before=cursor) if more else "",
        "first_query": asked.query(day=day) if asked.before else "",
        "filter_query": asked.query(),
        "bare_query": urlencode({"day": day}) if day else "",
        "csv_query": urlencode([("format", "csv"), *csv, ("limit", "100000")]),
    }


@require_safe
async def of_symbol(request: HttpRequest, name: str) -> HttpResponse:
    """The newest signals of one symbol, by the code that its rows carry; a part of the symbol's page."""
    symbol = name.upper()
    if not SYMBOL.fullmatch(symbol):
        return unknown(request, name)
    asked = Wanted(symbols=(symbol,))
    snapshots, _away = await read_live("alerts")
    stored = await sync_to_async(Stored().read)(asked, OF_SYMBOL, days=False)
    rows = newest_first(stored.rows, filter(asked.holds, rows_of(snapshots["alerts"]).values()))
    language = get_language() or settings.LANGUAGE_CODE
    context = {
        "symbol": symbol,
        "signals": [signal(row, stored.rules, language) for row in rows[:OF_SYMBOL]],
        "history_away": stored.away,
    }
    return render(request, "alerts/_of_symbol.html", context)
