"""The derivatives page: the cells of its months, the basis of the front month, and how it settles. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext_lazy as _

from market.card import depth_cells
from market.domain.calendar import clock_text
from market.formatting import Cells, Row, colour, match_cells, number, row_cell, tenths
from market.graphics import Chart, Label, chart
from market.live_board import Patch, index_patch, no_patch
from market.pages import Column, Group, Line
from market.strip import FUTURE, STATES, colour_of_sign, future_cells, is_front

DEPTH: Final = "depth:front"
WINDOW_SECONDS: Final = 1800
UNKNOWN: Final = "–"
STILL: Final = 0.005  # points a minute; a slower basis neither closes in nor moves away
MOVES: Final[dict[str, tuple[str, str, str]]] = {
    "vi": ("thu hẹp", "đi ngang", "nới rộng"),
    "en": ("closing in", "steady", "widening"),
}

GROUPS = (
    Group("symbol", "", (Column("symbol", _("Contract"), _("Rolling name of the month")),)),
    Group(
        "contract",
        _("Contract"),
        (
            Column("name", _("Month"), _("Index and month of expiry")),
            Column("expiry", _("Expiry"), _("Last trading day")),
            Column("days", _("Days"), _("Calendar days to expiry")),
        ),
    ),
    Group(
        "match",
        _("Matched"),
        (
            Column("price", _("Price"), _("Matched price; ≈ expected match in an auction")),
            Column("change", "+/-", _("Change against the reference price")),
            Column("percent", "%", _("Change in per cent")),
        ),
    ),
    Group(
        "quote",
        _("Best orders"),
        (
            Column("bid", _("Buy"), _("Best buy price")),
            Column("ask", _("Sell"), _("Best sell price")),
        ),
    ),
    Group(
        "volume",
        _("Volume"),
        (
            Column("total", _("Total vol."), _("Total matched volume, contracts")),
            Column("open_interest", _("Open int."), _("Open contracts at the end of the last day; – where not known")),
        ),
    ),
    Group(
        "basis",
        _("Against the index"),
        (
            Column("basis", _("Basis"), _("Basis: future minus index")),
            Column("basis_percent", "%", _("Basis in per cent of the index")),
            Column("basis_state", _("State"), _("Premium or discount to the index")),
            Column("convergence", _("Move"), _("Change of the size of the basis, points a minute, over half an hour")),
        ),
    ),
)
NAMES = tuple(column.name for group in GROUPS for column in group.columns if column.name != "symbol")


def contract_cells(row: Row, language: str) -> Cells:
    """Turn one contract's row into the cells of its line."""
    matched = match_cells(row, language, tenths)
    bid, ask = (best(row.get(side) or ()) for side in ("bids", "asks"))
    basis, interest, expiry = row.get("basis"), row.get("open_interest"), row.get("expiry")
    return {
        "row": row_cell(row),
        "symbol": (row.get("alias") or row["symbol"], matched["price"][1].removesuffix(" expected")),
        "name": (row.get("name") or "", "front" if row.get("front") else ""),
        "expiry": (date.fromisoformat(expiry).strftime("%d/%m/%Y") if expiry else "", ""),
        "days": (number(row.get("days_to_expiry"), language), "soon" if row.get("days_to_expiry") == 0 else ""),
        "price": matched["price"],
        "change": matched["change"],
        "percent": matched["percent"],
        "bid": (tenths(bid, language), colour(bid, row)),
        "ask": (tenths(ask, language), colour(ask, row)),
        "total": (number(row.get("total_volume") or None, language), ""),
        "open_interest": (number(interest, language) or UNKNOWN, ""),
        "basis": (number(basis, language, 2, sign=True), colour_of_sign(basis)),
        "basis_percent": (number(row.get("basis_percent"), language, 2, sign=True), colour_of_sign(basis)),
        "basis_state": (STATES[language].get(row.get("basis_state") or "", ""), ""),
        "convergence": (number(row.get("convergence"), language, 3, sign=True), ""),
    }


def best(levels: Sequence[Sequence[float | None]]) -> float | None:
    """The best price of a side; None where there is none, or an auction order stands first."""
    return levels[0][0] if levels else None


def contract_patch(rows: Mapping[str, Row], ids: Iterable[str], language: str) -> Patch:
    """Show every contract, the strip's card of the front one, and its depth."""
    patch: Patch = {}
    for id in ids:
        row = rows.get(id)
        patch[id] = contract_cells(row, language) if row else None
        if row and is_front(row):
            patch |= {FUTURE: future_cells(row, language), DEPTH: depth_cells(row, language, tenths)}
    return patch


FORMS: Final = {"market": no_patch, "index": index_patch, "derivatives": contract_patch}


def lines(rows: Iterable[Row], language: str) -> list[Line]:
    """All months, VN30's before VN100's, nearest first."""
    placed = sorted(rows, key=lambda row: (row.get("underlying") != "VN30", row.get("expiry") or "", row["symbol"]))
    return [Line(row["symbol"], row["symbol"], contract_cells(row, language)) for row in placed]


class Front(NamedTuple):
    """The front month in words: `move` says whether the basis closes in."""

    row: Row
    state: str
    move: str
    underlying: float | None


def front_of(rows: Iterable[Row], language: str) -> Front | None:
    """Describe VN30's nearest contract; None while the feed has none."""
    row = next(filter(is_front, rows), None)
    if row is None:
        return None
    price, basis, slope = row.get("price"), row.get("basis"), row.get("convergence")
    moves = MOVES[language]
    move = "" if slope is None else moves[1] if abs(slope) < STILL else moves[0] if slope < 0 else moves[2]
    index = price - basis if price and basis is not None else None
    return Front(row, STATES[language].get(row.get("basis_state") or "", ""), move, index)


def basis_chart(points: Sequence[tuple[int, float]]) -> Chart | None:
    """Draw the basis of the last half hour, points with their epoch second.

    The line of no basis is drawn where it is near; else it would press the movement flat.
    """
    if len(points) < 2:
        return None
    end = points[-1][0]
    begin = end - WINDOW_SECONDS
    sizes = [basis for _, basis in points]
    low, high = min(sizes), max(sizes)
    near = low <= 0 <= high or min(abs(low), abs(high)) < high - low
    first = begin - begin % 600 + 600
    times = [
        Label(round(100 * (at - begin) / WINDOW_SECONDS, 2), at, clock_text(at)[:5])
        for at in range(first, end - 120, 600)
    ]
    placed = [((at - begin) / WINDOW_SECONDS, basis) for at, basis in points if at >= begin]
    return chart(placed, 0.0 if near else None, times)


def expiring(rows: Iterable[Row]) -> list[Row]:
    """The contracts that trade for the last time today."""
    return [row for row in rows if row.get("days_to_expiry") == 0]


def figures(chart: Sequence[tuple[int, float]]) -> list[dict[str, Any]]:
    """The last basis of every five minutes, for the chart's table."""
    kept = {at // 300: {"time": clock_text(at)[:5], "basis": basis} for at, basis in chart}
    return list(kept.values())
