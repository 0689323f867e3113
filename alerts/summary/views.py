"""The page of a day's summary."""

from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from alerts.evidence import headline, index_name, shown_name
from alerts.signals.lines import day_of
from alerts.summary.day import DailySummary, DayRow, Noted
from alerts.summary.reads import daily_summary, neighbours, newest_day
from alerts.summary.words import cut_short, so_far
from alerts.words import kind_label
from market.pages.rows import SOURCES
from market.pages.strip import INDICES


@require_safe
def summary(request: HttpRequest, day: str = "") -> HttpResponse:
    """A day's summary; without a day the newest one."""
    wanted = day_of(day)
    if day and wanted is None:
        raise Http404
    try:
        shown = wanted or newest_day() or timezone.localdate()
        found = daily_summary(shown)
        earlier, later = neighbours(shown)
    except DatabaseError:
        response = render(request, "alerts/summary.html", {"page": "summary", "away": True}, status=503)
        response["Retry-After"] = "5"
        return response
    language = get_language() or settings.LANGUAGE_CODE
    context = {"page": "summary", "summary": found, "earlier": earlier, "later": later, **words_of(found, language)}
    return render(request, "alerts/summary.html", context)


def words_of(found: DailySummary, language: str) -> dict[str, Any]:
    """What the template cannot say by itself."""
    return {
        "indices": [(index_name(row.symbol) or row.symbol, row) for row in by_name(found.indices)],
        "counts": [(kind_label(kind), kind, count) for kind, count in found.alert_counts.items()],
        "notable": [noted(each, language) for each in found.notable],
        "so_far": "" if found.is_final or not found.symbols else so_far(found),
        "cut_short": cut_short(found) if found.ends_early and found.symbols else "",
        "source_label": SOURCES.get(found.source, ""),
        "parts": [
            ("up", found.breadth.advances),
            ("reference", found.breadth.no_changes),
            ("down", found.breadth.declines),
        ],
    }


def by_name(rows: list[DayRow]) -> list[DayRow]:
    """Indices in the order of the pages, the others behind."""
    names = {row.symbol: index_name(row.symbol) or row.symbol for row in rows}
    places = {name: place for place, name in enumerate(INDICES)}
    return sorted(rows, key=lambda row: (places.get(names[row.symbol], len(places)), names[row.symbol]))


def noted(each: Noted, language: str) -> dict[str, str]:
    """A notable alert in words."""
    return {
        "clock": each.time[11:19],
        "symbol": shown_name(each.symbol),
        "page": each.symbol,
        "severity": each.severity,
        "words": headline(each.kind, each.symbol, each.evidence, language),
    }
