"""The derivatives page: the cells of its months, the basis of the front month, and how it settles. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext_lazy as _

from market.domain.calendar import clock_text
from market.pages.card import SIDES, depth_cells
from market.pages.formatting import (
    Cells,
    Row,
    book_cells,
    colour,
    level_cells,
    match_cells,
    number,
    row_cell,
    spark,
    tenths,
)
from market.pages.graphics import Chart, Label, chart
from market.pages.live_board import Patch, index_patch, no_patch
from market.pages.price_table import ASKS, BIDS, BOOK, CHANGE, LIMITS, MATCH, PERCENT, PRICE
from market.pages.rows import Column, Group
from market.pages.strip import FUTURE, STATES, colour_of_sign, future_cells, is_front
from market.pages.tables import Table

DEPTH: Final = "depth:front"
WINDOW_SECONDS: Final = 1800
UNKNOWN: Final = "–"
STILL: Final = 0.005  # points a minute; a slower basis neither closes in nor moves away
MOVES: Final[dict[str, tuple[str, str, str]]] = {
    "vi": ("thu hẹp", "đi ngang", "nới rộng"),
    "en": ("closing in", "steady", "widening"),
}

CONTRACT = Group("symbol", "", (Column("symbol", _("Contract"), _("Rolling name of the month")),))
DAYS = Column("days", _("Days"), _("Calendar days to expiry"))
VOLUME = Group(
    "volume",
    _("Volume"),
    (
        Column("total", _("Total vol."), _("Total matched volume, contracts")),
        Column("open_interest", _("Open int."), _("Open contracts; – since the feed does not tell")),
    ),
)
BASIS = Column("basis", _("Basis"), _("Basis: future minus index"))
BASIS_PERCENT = Column("basis_percent", "%", _("Basis in per cent of the index"))
GROUPS = (
    CONTRACT,
    Group(
        "contract",
        _("Contract"),
        (
            Column("name", _("Month"), _("Index and month of expiry")),
            Column("expiry", _("Expiry"), _("Last trading day")),
            DAYS,
        ),
    ),
    Group("match", _("Matched"), (PRICE, CHANGE, PERCENT)),
    Group(
        "quote",
        _("Best orders"),
        (
            Column("bid1_price", _("Buy"), _("Best buy price")),
            Column("ask1_price", _("Sell"), _("Best sell price")),
        ),
    ),
    VOLUME,
    Group(
        "basis",
        _("Against the index"),
        (
            BASIS,
            BASIS_PERCENT,
            Column("basis_state", _("State"), _("Premium or discount to the index")),
            Column("convergence", _("Move"), _("Change of the size of the basis, points a minute, over half an hour")),
        ),
    ),
)
# The futures as a tab of the price board.
BOARD_GROUPS = (
    CONTRACT,
    Group(
        "contract",
        _("Contract"),
        (
            Column("name", _("Month"), _("Index and month of expiry"), sorts=False),  # the days beside it do
            DAYS,
        ),
    ),
    LIMITS,
    BIDS,
    MATCH,
    ASKS,
    BOOK,
    Group("basis", _("Against the index"), (BASIS, BASIS_PERCENT)),
    Group(
        "range",
        _("Day's price"),
        (Column("high", _("High"), _("Highest price")), Column("low", _("Low"), _("Lowest price"))),
    ),
    VOLUME,
    Group(
        "foreign",
        _("Foreign investors"),
        (
            Column("foreign_buy", _("F. buy"), _("Foreign buy volume")),
            Column("foreign_sell", _("F. sell"), _("Foreign sell volume")),
        ),
    ),
)


def contract_cells(row: Row, language: str) -> Cells:
    """Turn one contract's row into the cells of its line, of the page's table and of the board's."""
    shown = match_cells(row, language, tenths) | book_cells(row, language, tenths)
    for side in SIDES:
        shown |= level_cells(side, row.get(f"{side}s") or (), row, language, write=tenths)
    for name in ("ceiling", "floor", "reference", "high", "low"):
        price = row.get(name) or None
        shown[name] = (tenths(price, language), colour(price, row))
    basis, expiry, days = row.get("basis"), row.get("expiry"), row.get("days_to_expiry")
    return shown | {
        "row": row_cell(row),
        "symbol": (row.get("alias") or row["symbol"], shown["price"][1].removesuffix(" expected")),
        "name": (row.get("name") or "", "front" if row.get("front") else ""),
        "expiry": (date.fromisoformat(expiry).strftime("%d/%m/%Y") if expiry else "", ""),
        "days": (number(days, language), "soon" if days == 0 else ""),
        "total": (number(row.get("total_volume") or None, language), ""),
        "open_interest": (number(row.get("open_interest"), language) or UNKNOWN, ""),
        "foreign_buy": (number(row.get("foreign_buy_volume"), language), ""),
        "foreign_sell": (number(row.get("foreign_sell_volume"), language), ""),
        "basis": (number(basis, language, 2, sign=True), colour_of_sign(basis)),
        "basis_percent": (number(row.get("basis_percent"), language, 2, sign=True), colour_of_sign(basis)),
        "basis_state": (STATES[language].get(row.get("basis_state") or "", ""), ""),
        "convergence": (number(row.get("convergence"), language, 3, sign=True), ""),
        "spark": spark(row.get("spark") or (), row.get("reference"), shown["price"][1], row.get("time")),
    }


def contract_patch(rows: Mapping[str, Row], ids: Iterable[str], language: str) -> Patch:
    """Show every contract, the strip's card of the front one, and its depth."""
    patch: Patch = {}
    for id in ids:
        row = rows.get(id)
        patch[id] = contract_cells(row, language) if row else None
        if row and is_front(row):
            patch |= {FUTURE: future_cells(row, language), DEPTH: depth_cells(row, language, tenths)}
    return patch


MONTHS: Final = Table("futures", GROUPS, ("derivatives",), contract_cells, "")
CONTRACTS: Final = Table("contracts", BOARD_GROUPS, ("derivatives",), contract_cells, "days")
FORMS: Final = {"market": no_patch, "index": index_patch, "derivatives": contract_patch}


def by_month(rows: Iterable[Row]) -> list[Row]:
    """All months, VN30's before VN100's, nearest first."""
    return sorted(rows, key=lambda row: (row.get("underlying") != "VN30", row.get("expiry") or "", row["symbol"]))


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
