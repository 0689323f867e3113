"""The foreign flow page: the cells of its table, and the sums of its panels. Pure.

Values are our own sums of volume times the price at that moment: what the feed sends for HOSE is the whole day's volume
times the newest price, which moves without a single foreign trade.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from django.utils.translation import gettext_lazy as _

from market.pages.formatting import BLANK, Cells, Row, millions, number, shares
from market.pages.graphics import Chart, Point, chart, day_place, day_times
from market.pages.live_board import Patch
from market.pages.price_table import PERCENT, PRICE, SYMBOL, price_cells
from market.pages.rows import Column, Group
from market.pages.strip import colour_of_sign
from market.pages.tables import Table

BILLION: Final = 1_000_000_000
MILLION: Final = 1_000_000
WHOLE_WINDOW: Final = 300  # seconds over which speed is measured
FULL_PERCENT: Final = 99.0
TOP: Final = 10

GROUPS = (
    SYMBOL,
    Group("match", _("Matched"), (PRICE, PERCENT)),
    Group(
        "volume",
        _("Volume"),
        (
            Column("buy", _("Bought"), _("Foreign buy volume")),
            Column("sell", _("Sold"), _("Foreign sell volume")),
            Column("net", _("Net"), _("Bought minus sold, in shares")),
        ),
    ),
    Group(
        "value",
        _("Value, bn VND"),
        (
            Column("buy_value", _("Bought"), _("Foreign buy value, billion VND")),
            Column("sell_value", _("Sold"), _("Foreign sell value, billion VND")),
            Column("net_value", _("Net"), _("Bought minus sold, billion VND")),
        ),
    ),
    Group(
        "pace",
        _("Pace, last 5 minutes"),
        (
            Column("net_speed", _("Shares/min"), _("Net shares per minute over the last five minutes")),
            Column("value_speed", _("m VND/min"), _("Net value per minute over the last five minutes, million VND")),
            Column("acceleration", _("Accel."), _("Change of the net shares per minute, per minute")),
        ),
    ),
    Group(
        "room",
        _("Foreign room"),
        (
            Column("room", _("Left"), _("Foreign room left")),
            Column("used", _("Used %"), _("Part of the foreign room that is used, per cent")),
        ),
    ),
)


def flow_cells(row: Row, language: str) -> Cells:
    """Turn one foreign row into cells; a pace that does not cover its whole window yet is marked `partial`."""
    net, net_value = row.get("net_volume"), row.get("own_net_value")
    speed, value_speed, acceleration = (row.get(name) for name in ("net_speed", "value_speed", "acceleration"))
    partial = " partial" if (row.get("covered_seconds") or 0) < WHOLE_WINDOW else ""
    used = row.get("room_used_percent")
    full = "full" if used is not None and used >= FULL_PERCENT else ""
    return {
        "buy": (number(row.get("buy_volume"), language), ""),
        "sell": (number(row.get("sell_volume"), language), ""),
        "net": (number(net, language, sign=True), colour_of_sign(net)),
        "buy_value": (in_units(row.get("own_buy_value"), BILLION, language, 2), ""),
        "sell_value": (in_units(row.get("own_sell_value"), BILLION, language, 2), ""),
        "net_value": (in_units(net_value, BILLION, language, 2, sign=True), colour_of_sign(net_value)),
        "net_speed": (number(speed, language, sign=True), paced(speed, partial)),
        "value_speed": (in_units(value_speed, MILLION, language, 1, sign=True), paced(value_speed, partial)),
        "acceleration": (number(acceleration, language, sign=True), paced(acceleration, partial)),
        "room": (millions(row.get("room"), language), full),
        "used": (number(used, language, 1), full),
        "used_bar": BLANK if used is None else (shares(min(100.0, used), max(0.0, 100 - used)), ""),
    }


def paced(value: float | None, partial: str) -> str:
    return colour_of_sign(value) + partial if value is not None else ""


def in_units(value: float | None, unit: int, language: str, decimals: int, sign: bool = False) -> str:
    """Write a value as a multiple of a unit that the heading names."""
    return "" if value is None else number(value / unit, language, decimals, sign)


def price_patch(rows: Mapping[str, Row], ids: Iterable[str], language: str) -> Patch:
    return {id: price_cells(rows[id], language) if id in rows else None for id in ids}


def flow_patch(rows: Mapping[str, Row], ids: Iterable[str], language: str) -> Patch:
    """Rows that the channel lost go blank: only the market decides which lines a page has."""
    return {id: flow_cells(rows.get(id, {}), language) for id in ids}


def line_cells(row: Row, flow: Row, language: str) -> Cells:
    """Form a whole line: of the market's row and the foreign one."""
    return price_cells(row, language) | flow_cells(flow, language)


FLOWS: Final = Table("flows", GROUPS, ("market", "foreign"), line_cells, "-net_value")
FORMS: Final = {"market": price_patch, "foreign": flow_patch}
LISTED: Final = frozenset(FORMS)


class Totals(NamedTuple):
    """Sums over a page's symbols: values in VND, volumes in shares, paces a minute."""

    buy_value: float
    sell_value: float
    net_value: float
    buy_volume: int
    sell_volume: int
    net_volume: int
    value_speed: float | None
    buying: int
    selling: int
    told: int
    of: int


def totals(rows: Collection[Row], of: int) -> Totals:
    """Add foreign rows up; `of` is how many symbols the page has, told or not."""

    def total(name: str) -> Any:
        return sum(row.get(name) or 0 for row in rows)

    speeds = [row["value_speed"] for row in rows if row.get("value_speed") is not None]
    nets = [row.get("net_volume") or 0 for row in rows]
    return Totals(
        buy_value=total("own_buy_value"),
        sell_value=total("own_sell_value"),
        net_value=total("own_net_value"),
        buy_volume=total("buy_volume"),
        sell_volume=total("sell_volume"),
        net_volume=total("net_volume"),
        value_speed=sum(speeds) if speeds else None,
        buying=sum(net > 0 for net in nets),
        selling=sum(net < 0 for net in nets),
        told=len(rows),
        of=of,
    )


class Flow(NamedTuple):
    """Foreign money of a sector or a symbol, VND."""

    name: str
    buy: float
    sell: float
    net: float
    volume: int


def by_sector(rows: Iterable[Row], sectors: Mapping[str, str], other: str) -> list[Flow]:
    """Net flow of each sector, strongest buying first; `sectors` gives a symbol's sector in the reader's words."""
    sums: dict[str, list[Any]] = {}
    for row in rows:
        amounts = sums.setdefault(sectors.get(row["symbol"], other), [0, 0, 0, 0])
        for place, name in enumerate(("own_buy_value", "own_sell_value", "own_net_value", "net_volume")):
            amounts[place] += row.get(name) or 0
    return sorted((Flow(name, *amounts) for name, amounts in sums.items()), key=lambda flow: (-flow.net, flow.name))


def top(rows: Iterable[Row], sign: int) -> list[Flow]:
    """The symbols that foreigners bought (sign 1) or sold (sign -1) most of, net."""
    flows = [
        Flow(row["symbol"], row["own_buy_value"], row["own_sell_value"], row["own_net_value"], row["net_volume"])
        for row in rows
        if (row.get("own_net_value") or 0) * sign > 0
    ]
    return sorted(flows, key=lambda flow: (-flow.net * sign, flow.name))[:TOP]


def largest(flows: Iterable[Flow]) -> float:
    """The length that a full bar stands for."""
    return max((abs(flow.net) for flow in flows), default=0.0)


Minute: TypeAlias = tuple[int, float, int]  # second of the day, net value in VND, net volume in shares


def net_chart(minutes: Sequence[Minute]) -> Chart | None:
    """Draw the day's net value, billion VND, from nothing at the open."""
    points: list[Point] = [(day_place(second), value / BILLION) for second, value, _ in minutes]
    return chart([(0.0, 0.0), *points], 0.0, day_times()) if points else None


def half_hours(minutes: Sequence[Minute]) -> list[Minute]:
    """The last minute of each half hour, for the chart's table."""
    kept = {second // 1800: (second, value, volume) for second, value, volume in minutes}
    return list(kept.values())
