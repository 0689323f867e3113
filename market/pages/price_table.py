"""The price board's table of stocks: its columns, as Vietnamese boards order them. Pure."""

from collections.abc import Iterable
from typing import Final

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from market.pages.formatting import LEVELS, Cells, Row, cells, match_cells, row_cell
from market.pages.rows import Column, Group, Text
from market.pages.tables import Table


def level_columns(side: str, places: Iterable[int], price: Text, volume: Text, hint: Text) -> tuple[Column, ...]:
    return tuple(
        Column(f"{side}{place}_{what}", format_lazy("{} {}", label, place), hint)
        for place in places
        for what, label in (("price", price), ("volume", volume))
    )


SYMBOL = Group("symbol", "", (Column("symbol", _("Symbol"), _("Symbol")),))
LIMITS = Group(
    "limits",
    _("Limits"),
    (
        Column("ceiling", _("Ceil."), _("Ceiling price")),
        Column("floor", _("Floor"), _("Floor price")),
        Column("reference", _("Ref."), _("Reference price")),
    ),
)
BIDS = Group("bid", _("Buy side"), level_columns("bid", range(LEVELS, 0, -1), _("P"), _("V"), _("Buy side")))
PRICE = Column("price", _("Price"), _("Matched price; ≈ expected match in an auction"))
CHANGE = Column("change", "+/-", _("Change against the reference price"))
PERCENT = Column("percent", "%", _("Change in per cent"))
MATCH = Group("match", _("Matched"), (PRICE, Column("volume", _("Vol."), _("Matched volume")), CHANGE, PERCENT))
ASKS = Group("ask", _("Sell side"), level_columns("ask", range(1, LEVELS + 1), _("P"), _("V"), _("Sell side")))
BOOK = Group(
    "book",
    _("Orders"),
    (
        Column("spread", _("Spread"), _("Best sell minus best buy; in an auction the expected price"), _("Expected")),
        Column(
            "imbalance",
            _("Imb. %"),
            _("Orders to buy against orders to sell, best levels; +100: buyers only"),
            _("Left %"),
        ),
    ),
)
DAY = Group(
    "day",
    _("Day's price"),
    (
        Column("high", _("High"), _("Highest price")),
        Column("average", _("Avg."), _("Average price")),
        Column("low", _("Low"), _("Lowest price")),
    ),
)
TOTAL = Group("total", _("Total"), (Column("total", _("Total vol."), _("Total matched volume")),))
FOREIGN = Group(
    "foreign",
    _("Foreign investors"),
    (
        Column("foreign_buy", _("F. buy"), _("Foreign buy volume")),
        Column("foreign_sell", _("F. sell"), _("Foreign sell volume")),
        Column("room", _("Room"), _("Foreign room left")),
    ),
)
ACTIVE = Group("active", _("Active"), (Column("active", _("Buy %"), _("Active buying, per cent of active volume")),))
TREND = Group("trend", "", (Column("spark", _("Trend"), _("Prices of the day"), sorts=False),))
GROUPS = (SYMBOL, LIMITS, BIDS, MATCH, ASKS, BOOK, DAY, TOTAL, FOREIGN, ACTIVE, TREND)

PRICES: Final = Table("prices", GROUPS, ("market",), cells)


def price_cells(row: Row, language: str) -> Cells:
    """Show what tables beside the board say of a market row: symbol, price, change."""
    shown = match_cells(row, language)
    return {
        "row": row_cell(row),
        "symbol": (row["symbol"], shown["price"][1].removesuffix(" expected")),
        "price": shown["price"],
        "percent": shown["percent"],
    }
