"""The pages beside the price board. Each is one address for the page and for its panels, which htmx fetches."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from market.domain.calendar import clock_text, from_date
from market.domain.settlement import running_settlement
from market.pages import derivatives as derivatives_page
from market.pages import foreign as foreign_page
from market.pages import overview as overview_page
from market.pages import reads as page_reads
from market.pages import volume as volume_page
from market.pages.card import depth_cells
from market.pages.formatting import Row, tenths
from market.pages.rows import day_of, strip
from market.pages.visit import Visit, trading_day, visit
from market.watchlists.keepers import own_lists

PANEL_SECONDS = 2  # so long all readers of a page get the same panels


async def answer(
    request: HttpRequest,
    page: str,
    seen: Visit,
    panels: Callable[[Visit], Awaitable[dict[str, Any]]],
    rest: Callable[[Visit], dict[str, Any]],
) -> HttpResponse:
    """Answer with the panels alone where htmx asks, else with the whole page around them."""
    html = await panel_html(page, seen, panels)
    if request.htmx:  # type: ignore[attr-defined]  # django-htmx's middleware sets it
        return HttpResponse(html)
    context = seen.context(page, f"/ws/page/{page}/") | {"panels": html, "own": await own_lists(request)}
    return render(request, f"market/{page}.html", context | rest(seen))


async def panel_html(page: str, seen: Visit, panels: Callable[[Visit], Awaitable[dict[str, Any]]]) -> SafeString:
    """Render a page's panels once for everybody who asks within a moment."""
    market = seen.market
    key = f"panels:{page}:{seen.language}:{seen.chosen.id}:{market.epoch if market else seen.away}"
    html: str | None = cache.get(key)
    if html is None:
        context = {"trading_date": day_of(seen.status.get("trading_date"))} | await panels(seen)
        html = render_to_string(f"market/_{page}_panels.html", context)
        cache.set(key, html, PANEL_SECONDS)
    return mark_safe(html)  # our own template's output


@require_safe
async def foreign(request: HttpRequest) -> HttpResponse:
    """Foreign flow: what foreigners buy and sell of a list, in all, by sector, through the day and by symbol."""
    seen = await visit(request, "foreign")

    def rest(seen: Visit) -> dict[str, Any]:
        return seen.table(request, foreign_page.FLOWS) | {"label": _("Foreign flow by symbol")}

    return await answer(request, "foreign", seen, foreign_panels, rest)


async def foreign_panels(seen: Visit) -> dict[str, Any]:
    """The sums of the foreign flow page."""
    day, name, symbols = trading_day(seen.status), seen.chosen.id, sorted(seen.rows)
    rows = [row for symbol, row in seen.channel("foreign").items() if symbol in seen.rows]
    sectors = await sync_to_async(page_reads.sector_names)(seen.language)
    minutes = await sync_to_async(page_reads.net_flow)(day, name, symbols)
    days = await sync_to_async(page_reads.foreign_days)(day, name, symbols)
    by_sector = foreign_page.by_sector(rows, sectors, _("Other"))
    bought, sold = foreign_page.top(rows, 1), foreign_page.top(rows, -1)
    totals = foreign_page.totals(rows, len(symbols))
    midnight = from_date(day)
    return {
        "totals": totals,
        "value_parts": (("buy", totals.buy_value), ("sell", totals.sell_value)),
        "volume_parts": (("buy", totals.buy_volume), ("sell", totals.sell_volume)),
        "sectors": by_sector,
        "sector_most": foreign_page.largest(by_sector),
        "bought": {"rows": bought, "most": foreign_page.largest(bought)},
        "sold": {"rows": sold, "most": foreign_page.largest(sold)},
        "chart": foreign_page.net_chart(minutes or []),
        "minutes": None
        if minutes is None
        else [
            {"time": clock_text(midnight + second)[:5], "value": value, "volume": volume}
            for second, value, volume in foreign_page.half_hours(minutes)
        ],
        "days": days,
        "days_most": max((abs(each.net) for each in days or []), default=0.0),
    }


@require_safe
async def derivatives(request: HttpRequest) -> HttpResponse:
    """The index futures: all months, the front month's basis and depth, and on its last day how it settles."""
    seen = await visit(request, "index", "derivatives")

    def rest(seen: Visit) -> dict[str, Any]:
        futures = seen.channel("derivatives")
        front = derivatives_page.front_of(futures.values(), seen.language)
        return seen.table(request, derivatives_page.MONTHS) | {
            "label": _("Index futures"),
            "strip": strip(seen.channel("index"), futures, seen.language),
            "cells": depth_cells(front.row, seen.language, tenths) if front else {},
            "levels": range(1, 11),
        }

    return await answer(request, "derivatives", seen, derivatives_panels, rest)


async def derivatives_panels(seen: Visit) -> dict[str, Any]:
    """The front month's basis, and the settlement of what expires today."""
    rows = seen.channel("derivatives").values()
    front = derivatives_page.front_of(rows, seen.language)
    points = None
    if front and front.row.get("time"):
        now = datetime.fromisoformat(front.row["time"])
        points = await sync_to_async(page_reads.basis_points)(front.row["symbol"], now)
    day = trading_day(seen.status)
    return {
        "front": front,
        "points": points,
        "chart": derivatives_page.basis_chart(points or []),
        "figures": derivatives_page.figures(points or []),
        "settlements": [await settlement(row, day) for row in derivatives_page.expiring(rows)],
    }


async def settlement(row: Row, day: date) -> dict[str, Any]:
    """How a contract settles today: the running mean, and where the future stands against it."""
    values = await sync_to_async(page_reads.settlement_values)(row["underlying"], day)
    running = running_settlement(values or [])
    price = row.get("price")
    return {
        "row": row,
        "values": values,
        "running": running,
        "distance": price - running.mean if price and running else None,
    }


@require_safe
async def volume(request: HttpRequest) -> HttpResponse:
    """Active volume: who was the aggressor, in the market and by symbol, and how that was decided."""
    seen = await visit(request)

    def rest(seen: Visit) -> dict[str, Any]:
        return seen.table(request, volume_page.ACTIVES) | {"label": _("Active volume by symbol")}

    return await answer(request, "volume", seen, volume_panels, rest)


async def volume_panels(seen: Visit) -> dict[str, Any]:
    """The sums of the active volume page."""
    rows = list(seen.rows.values())
    methods = volume_page.sum_methods(rows)
    kinds = volume_page.by_kind(rows)
    return {
        "kinds": kinds,
        "total": sum(share.volume for share in kinds),
        "phases": volume_page.by_phase(rows),
        "methods": volume_page.divided(methods, volume_page.METHODS),
        "coverage": volume_page.coverage(methods),
    }


@require_safe
async def overview(request: HttpRequest) -> HttpResponse:
    """The market at a glance: indices, breadth, movers, leaders and the heat map."""
    seen = await visit(request, "index", "derivatives")

    def rest(seen: Visit) -> dict[str, Any]:
        return {"strip": strip(seen.channel("index"), seen.channel("derivatives"), seen.language)}

    return await answer(request, "overview", seen, overview_panels, rest)


async def overview_panels(seen: Visit) -> dict[str, Any]:
    """The lists and the map of the overview."""
    sectors = await sync_to_async(page_reads.sector_names)(seen.language)
    found = overview_page.movers(seen.rows.values())
    states = overview_page.breadth(found)
    return {
        "of": len(seen.rows),
        "traded": len(found),
        "breadth": states,
        "breadth_parts": [(state, count) for state, _label, count in states],
        "turnover": sum(each.value for each in found),
        "up": overview_page.risers(found, 1),
        "down": overview_page.risers(found, -1),
        "leaders": overview_page.leaders(found),
        "sectors": overview_page.heat_map(found, sectors, _("Other")),
        "tall_sectors": overview_page.heat_map(found, sectors, _("Other"), overview_page.TALL),
    }
