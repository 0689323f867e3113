"""The page of one symbol, its fragments, and the jump to it from a search box."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from market.api.search import search
from market.api.symbols import CODE
from market.live import LiveSnapshot
from market.pages.card import MOST_LEVELS
from market.pages.formatting import Row
from market.pages.rows import BOARDS
from market.pages.symbol import (
    DRAWN,
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
    read_stored,
    subject_of,
    tape_context,
)
from market.pages.symbol_asked import DEPTHS, INTERVALS, SIDES, Asked, asked, depth_of
from market.pages.symbol_day import Day, Tape, read_day, read_tape
from market.pages.visit import live_context, read_live
from market.queries import Candle, candles
from market.watchlists.keepers import own_lists

LIVE = ("market", "derivatives", "index", "foreign")
UNKNOWN = Known(None, None)
DAILY: Final = {"tape", "day"}  # an index has no trades
YEAR: Final = 365 * 24 * 3600


class Found:
    """What was read for a page; `known` and the parts that were asked for are None while the database is away."""

    def __init__(self) -> None:
        self.known: Known | None = None
        self.candles: list[Candle] | None = None
        self.day: Day | None = None
        self.tape: Tape | None = None

    def read(self, name: str, live: Subject | None, wanted: Asked, parts: Collection[str]) -> "Found":
        """Read what a page wants of the database, in one go; what comes after the first failure stays None."""
        if cache.get("history-away"):
            return self
        try:
            self.known = look_up(name)
            code = self.known.code or (live.key if live else None)
            if code:
                self.read_parts(code, wanted, parts if (live.kind if live else "") != "index" else {*parts} - DAILY)
        except HistoryAway:
            pass  # the page says so
        return self

    def read_parts(self, code: str, wanted: Asked, parts: Collection[str]) -> None:
        """Read the stored parts of a symbol. Raises HistoryAway."""
        if "candles" in parts:
            self.candles = read_stored(lambda: candles(code, wanted.interval, end=wanted.until, limit=DRAWN))
        if "tape" in parts:
            self.tape = read_stored(lambda: read_tape(code, wanted.tape, wanted.tape_until))
        if "day" in parts:
            self.day = read_stored(lambda: read_day(code, wanted.tape_until))


class Visit(NamedTuple):
    """One request for a symbol's page or a part of it; `subject` is None for a name that nobody knows."""

    language: str
    wanted: Asked
    subject: Subject | None
    found: Found
    snapshots: dict[str, LiveSnapshot | None]
    away: bool

    def foreign(self, subject: Subject) -> Row | None:
        """The live row of foreign flow; none on a page that shows a moment of the past."""
        snapshot = self.snapshots["foreign"]
        return snapshot.rows.get(subject.key) if snapshot and not self.wanted.at else None


async def visit(request: HttpRequest, name: str, *parts: str) -> Visit:
    """Find a name, and what the database holds of the parts of its page: candles, tape, day."""
    name = name.upper()
    snapshots, away = await read_live(*LIVE)
    time = next((each.time for each in snapshots.values() if each and each.time), None)
    wanted = asked(request.GET, datetime.fromisoformat(time) if time else timezone.now())
    subject = find_live(name, live_rows(snapshots))
    found = await sync_to_async(Found().read)(name, subject, wanted, parts)
    if subject is None and CODE.fullmatch(name) and (found.known is None or found.known.code):
        known = found.known or UNKNOWN
        subject = subject_of(name, known.code, known.info)
    return Visit(get_language() or settings.LANGUAGE_CODE, wanted, subject, found, snapshots, away)


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
    """A stock, an index, or a future by its code or alias.

    `interval` is that of the chart, `side` and `min` filter the tape, `depth` is how many levels the book shows, and
    `at` (epoch seconds) shows and marks a moment of the past.
    """
    seen = await visit(request, name, "candles", "tape", "day")
    subject, found = seen.subject, seen.found
    if subject is None:
        return unknown(request, name)
    context = page_context(seen, subject) | {
        "depth": depth_of(request.GET, request.COOKIES, 3 if subject.board == "HOSE" else MOST_LEVELS),
        "interactive": settings.HAS_CHART_SCRIPTS and await may_read(request),
        "watchlists": await own_lists(request) if subject.kind == "stock" else [],
    }
    context |= chart_context(subject, found.candles, seen.wanted, seen.language)._asdict()
    context |= tape_context(subject, found.tape, seen.wanted, seen.language)
    context |= day_context(subject, found.day, seen.foreign(subject), seen.language)
    response = render(request, "market/symbol.html", context)
    if request.GET.get("depth") == str(context["depth"]):
        secure = settings.SESSION_COOKIE_SECURE
        response.set_cookie("depth", str(context["depth"]), max_age=YEAR, samesite="Lax", secure=secure)
    return response


def page_context(seen: Visit, subject: Subject) -> dict[str, Any]:
    """What the page says around its panels."""
    market = seen.snapshots["market"] or seen.snapshots["index"]
    socket = {"language": seen.language, "kind": subject.kind, "symbol": subject.key}
    info = seen.found.known.info if seen.found.known else None
    return live_context("symbol", market, seen.away, f"/ws/symbol/?{urlencode(socket)}") | {
        "title": (subject.row or {}).get("name") if subject.kind == "future" else info.name if info else "",
        "sector": info.sector_name if info else "",
        "cells": page_cells(subject, seen.language),
        "reference": f"{(subject.row or {}).get('reference') or 0:.10g}",
        "board_label": BOARDS.get(subject.board, subject.board),
        "levels": range(1, 1 + MOST_LEVELS),
        "depths": DEPTHS,
        "sides": SIDES,
        "wanted": seen.wanted,
        "interval": seen.wanted.interval,
        "intervals": INTERVALS,
        "decimals": decimals(subject),
        "has_chart_scripts": settings.HAS_CHART_SCRIPTS,
        "candles_url": f"/api/history/{quote(subject.name)}/candles",
        "history_away": seen.found.known is None,
    }


@require_safe
async def day(request: HttpRequest, name: str) -> HttpResponse:
    """The panels of the day, for a page that is open."""
    seen = await visit(request, name, "day")
    if seen.subject is None:
        return unknown(request, name)
    context = day_context(seen.subject, seen.found.day, seen.foreign(seen.subject), seen.language)
    return render(request, "market/_day.html", context | {"wanted": seen.wanted})


@require_safe
async def tape(request: HttpRequest, name: str) -> HttpResponse:
    """The newest trades that `side` and `min` let through, for a page that is open."""
    seen = await visit(request, name, "tape")
    if seen.subject is None:
        return unknown(request, name)
    context = tape_context(seen.subject, seen.found.tape, seen.wanted, seen.language)
    return render(request, "market/_tape.html", context | {"swap": True})


@require_safe
async def candle_table(request: HttpRequest, name: str) -> HttpResponse:
    """The newest candles as a table, or `as=drawing`, for a page that is open."""
    seen = await visit(request, name, "candles")
    if seen.subject is None:
        return unknown(request, name)
    context = chart_context(seen.subject, seen.found.candles, seen.wanted, seen.language)
    template = "market/_candles.html" if request.GET.get("as") == "drawing" else "market/_candle_table.html"
    more = {"subject": seen.subject, "interval": seen.wanted.interval, "wanted": seen.wanted}
    return render(request, template, context._asdict() | more)


@require_safe
async def jump(request: HttpRequest) -> HttpResponse:
    """Lead from a search box, `?q=hpg`, to the symbol's page. What is no symbol is taken as a part of a name."""
    text = request.GET.get("q", "").strip()
    if not text:
        return HttpResponseRedirect(reverse("market:board"))
    wanted = text.upper()
    if not CODE.fullmatch(wanted) or (await visit(request, wanted)).subject is None:
        wanted = await sync_to_async(best_match)(text) or wanted
    if not CODE.fullmatch(wanted):
        return unknown(request, wanted)
    return HttpResponseRedirect(reverse("market:symbol", args=[wanted]))


def best_match(text: str) -> str:
    """The code that the search finds first; blank for none, and while the database is away."""
    try:
        found = search(text, None, 1)
    except DatabaseError:
        return ""
    return found[0]["symbol"] if found else ""
