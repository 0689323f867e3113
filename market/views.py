"""The pages of the market. They read the live snapshot and format it with the same functions as the socket does."""

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST, require_safe

from market import live
from market.pages import (
    epoch_seconds,
    header,
    headings,
    lines,
    listing,
    lists,
    matching,
    ordered,
    strip,
)
from market.reference import basket_codes, instruments

REFERENCE_SECONDS = 300
RETRY_SECONDS = 15
YEAR = 365 * 24 * 3600


async def read_live(*names: str) -> tuple[dict[str, live.LiveSnapshot | None], bool]:
    """Read the page's channels; the flag says that Redis is away, and then there are none."""
    try:
        return dict(zip(names, await asyncio.gather(*map(live.snapshot, names)), strict=True)), False
    except live.LiveUnavailable:
        return dict.fromkeys(names), True


def reference(day: date, language: str) -> tuple[list[str], dict[str, str]]:
    """Read VN30's members and everybody's names; without a database there are none, and the board still shows."""
    key = f"board-reference:{day}:{language}"
    found: tuple[list[str], dict[str, str]] | None = cache.get(key)
    if found is None:
        seconds = REFERENCE_SECONDS
        try:
            found = basket_codes("VN30", day), {code: info.name for code, info in instruments().items()}
        except DatabaseError:
            found, seconds = ([], {}), RETRY_SECONDS
        cache.set(key, found, seconds)
    return found


@require_safe
async def board(request: HttpRequest) -> HttpResponse:
    """The price board: `list` names the rows, `sort` a column (`-` for descending), `q` filters."""
    language = get_language() or settings.LANGUAGE_CODE
    snapshots, away = await read_live("market", "index", "derivatives")
    market = snapshots["market"]
    rows = list(market.rows.values()) if market else []
    day = trading_day(market.status if market else None)
    members, names = await sync_to_async(reference)(day, language)
    chosen = listing(request.GET.get("list", "VN30"), members, rows)
    q, sort = request.GET.get("q", ""), request.GET.get("sort", "symbol")
    shown = lines([row for row in rows if chosen.holds(row)], names, language)
    socket = {"language": language, "list": chosen.name, "symbols": ",".join(members)}
    context = live_context("board", market, away, f"/ws/board/?{urlencode(socket)}") | {
        "strip": strip(rows_of(snapshots["index"]), rows_of(snapshots["derivatives"]), language),
        "list": chosen.name,
        "list_label": "" if chosen.name == "ALL" else chosen.name,
        "lists": lists(rows, members),
        "groups": headings(sort),
        "lines": ordered(matching(shown, q), sort, language),
        "q": q,
    }
    return render(request, "market/board.html", context)


def live_context(page: str, market: live.LiveSnapshot | None, away: bool, socket: str) -> dict[str, Any]:
    """Give `market/live.html` what every live page says: header, notices, clock and its socket's address."""
    status = market.status if market else None
    return header(status) | {
        "page": page,
        "away": away,
        "waiting": not away and market is None,
        "market_time": epoch_seconds(market.time if market else None),
        "speed": (status or {}).get("speed") or 1,
        "stale_after": settings.STALE_AFTER_SECONDS,
        "socket": socket,
        "no_cells": {},
    }


def rows_of(snapshot: live.LiveSnapshot | None) -> Mapping[str, live.Row]:
    return snapshot.rows if snapshot else {}


def trading_day(status: Mapping[str, Any] | None) -> date:
    """The market's date: a replay's basket is that of its day."""
    text = (status or {}).get("trading_date")
    return date.fromisoformat(text) if text else timezone.localdate()


@require_GET
def about(request: HttpRequest) -> HttpResponse:
    """What the page is, and notices."""
    return render(request, "market/about.html", {"page": "about"})


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember a theme in a cookie, so that the next page comes in it at once."""
    chosen = request.POST.get("theme")
    if chosen not in ("dark", "light"):
        return HttpResponseBadRequest("theme: expected dark or light")
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    response.set_cookie("theme", chosen, max_age=YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    return response
