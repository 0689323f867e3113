"""The page of one symbol, its fragments, and the jump to it from a search box."""

from typing import Any
from urllib.parse import quote, urlencode

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from market.api.symbols import CODE
from market.pages import BOARDS
from market.queries import Candle, Interval
from market.symbol_page import (
    DEFAULT_INTERVAL,
    INTERVALS,
    Day,
    HistoryAway,
    Known,
    Subject,
    chart_context,
    day_context,
    decimals,
    find_live,
    live_rows,
    look_up,
    page_cells,
    read_candles,
    read_day,
    subject_of,
)
from market.visit import live_context, read_live

LIVE = ("market", "derivatives", "index", "foreign")
UNKNOWN = Known(None, None)


def interval_of(request: HttpRequest) -> Interval:
    """The interval that the address names; any other word means the default."""
    wanted = request.GET.get("interval", "")
    return next((interval for interval in INTERVALS if interval == wanted), DEFAULT_INTERVAL)


class Found:
    """What was read for a page: `known`, `candles` and `day` are None while the database is away."""

    def __init__(self) -> None:
        self.known: Known | None = None
        self.candles: list[Candle] | None = None
        self.day: Day | None = None

    def read(self, name: str, live: Subject | None, interval: Interval | None, day: bool) -> "Found":
        """Read what a page wants of the database, in one go; what comes after the first failure stays None."""
        if cache.get("history-away"):
            return self
        try:
            self.known = look_up(name)
            code = self.known.code or (live.key if live else None)
            if code and interval:
                self.candles = read_candles(code, interval)
            if code and day and (live.kind if live else "") != "index":
                self.day = read_day(code)
        except HistoryAway:
            pass  # the page says so
        return self


async def read(
    name: str, interval: Interval | None = None, day: bool = False
) -> tuple[Subject | None, Found, dict[str, Any], bool]:
    """Find a name and what the database holds of it; None for a name that nobody knows. Then the live snapshots."""
    name = name.upper()
    snapshots, away = await read_live(*LIVE)
    subject = find_live(name, live_rows(snapshots))
    found = await sync_to_async(Found().read)(name, subject, interval, day)
    if subject is None and CODE.fullmatch(name) and (found.known is None or found.known.code):
        known = found.known or UNKNOWN
        subject = subject_of(name, known.code, known.info)
    return subject, found, snapshots, away


async def may_read(request: HttpRequest) -> bool:
    """Whether the API, which the chart's script reads, answers this reader. Who cannot be looked up may not."""
    if settings.ANONYMOUS_READ:
        return True
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    try:
        return (await request.auser()).is_authenticated
    except DatabaseError:
        return False


def unknown(request: HttpRequest, name: str) -> HttpResponse:
    return render(request, "market/unknown_symbol.html", {"name": name[:24]}, status=404)


@require_safe
async def symbol(request: HttpRequest, name: str) -> HttpResponse:
    """A stock, an index, or a future by its code or alias. `interval` is that of the chart."""
    language = get_language() or settings.LANGUAGE_CODE
    interval = interval_of(request)
    subject, found, snapshots, away = await read(name, interval, day=True)
    if subject is None:
        return unknown(request, name)
    market = snapshots["market"] or snapshots["index"]
    socket = {"language": language, "kind": subject.kind, "symbol": subject.key}
    context = live_context("symbol", market, away, f"/ws/symbol/?{urlencode(socket)}")
    info = found.known.info if found.known else None
    foreign = snapshots["foreign"].rows.get(subject.key) if snapshots["foreign"] else None
    context |= chart_context(subject, found.candles, interval, language)._asdict()
    context |= day_context(subject, found.day, foreign, language) | {
        "title": (subject.row or {}).get("name") if subject.kind == "future" else info.name if info else "",
        "sector": info.sector_name if info else "",
        "cells": page_cells(subject, language),
        "reference": f"{(subject.row or {}).get('reference') or 0:.10g}",
        "board_label": BOARDS.get(subject.board, subject.board),
        "levels": range(1, 1 + (3 if subject.board == "HOSE" else 10)),
        "interval": interval,
        "intervals": INTERVALS,
        "decimals": decimals(subject),
        "has_chart_scripts": settings.HAS_CHART_SCRIPTS,
        "interactive": settings.HAS_CHART_SCRIPTS and await may_read(request),
        "candles_url": f"/api/history/{quote(subject.name)}/candles",
        "history_away": found.known is None,
    }
    return render(request, "market/symbol.html", context)


@require_safe
async def day(request: HttpRequest, name: str) -> HttpResponse:
    """The panels of the day, for a page that is open."""
    subject, found, snapshots, _ = await read(name, day=True)
    if subject is None:
        return unknown(request, name)
    foreign = snapshots["foreign"].rows.get(subject.key) if snapshots["foreign"] else None
    context = day_context(subject, found.day, foreign, get_language() or settings.LANGUAGE_CODE)
    return render(request, "market/_day.html", context)


@require_safe
async def candle_table(request: HttpRequest, name: str) -> HttpResponse:
    """The newest candles as a table, or `as=drawing`, for a page that is open."""
    interval = interval_of(request)
    subject, found, _, _ = await read(name, interval)
    if subject is None:
        return unknown(request, name)
    context = chart_context(subject, found.candles, interval, get_language() or settings.LANGUAGE_CODE)
    template = "market/_candles.html" if request.GET.get("as") == "drawing" else "market/_candle_table.html"
    return render(request, template, context._asdict() | {"subject": subject, "interval": interval})


@require_safe
def jump(request: HttpRequest) -> HttpResponse:
    """Lead from a search box, `?q=hpg`, to the symbol's page."""
    wanted = request.GET.get("q", "").strip().upper()
    if not CODE.fullmatch(wanted):
        return unknown(request, wanted) if wanted else HttpResponseRedirect(reverse("market:board"))
    return HttpResponseRedirect(reverse("market:symbol", args=[wanted]))
