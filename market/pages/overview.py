"""The market overview: breadth, movers, leaders and the heat map. Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from django.utils.translation import gettext_lazy as _

from market.pages.formatting import Row, colour
from market.pages.graphics import Box, squarified
from market.pages.live_board import FORMS as BOARD_FORMS
from market.pages.live_board import no_patch
from market.pages.rows import Text

FORMS: Final = BOARD_FORMS | {"market": no_patch}
TOP: Final = 10
MOST_CELLS: Final = 120  # of the heat map: what trades less would be too small to read
STRONG_PERCENT: Final = 2.0
WIDE: Final = Box(0, 0, 1000, 430)  # about the pixels that it has at least, on a screen and on a phone
TALL: Final = Box(0, 0, 320, 640)
HEADING: Final = 17.0  # pixels that a sector's name needs
LETTER: Final = 6.6  # pixels of a letter of it, on average
ROOMY: Final = 1.38  # times as wide is the map on a screen of 1400 pixels
FEWEST_LETTERS: Final = 2  # of a shortened name
ROOM: Final = (("large", 105, 52), ("middle", 54, 34), ("small", 44, 27), ("tiny", 26, 13))  # pixels for the text
STATES: Final[dict[str, Text]] = {
    "ceiling": _("Ceiling"),
    "up": _("Up"),
    "reference": _("Reference"),
    "down": _("Down"),
    "floor": _("Floor"),
}


class Mover(NamedTuple):
    """A symbol that traded today; price in VND, value in VND."""

    symbol: str
    price: float
    percent: float
    state: str
    value: float


def movers(rows: Iterable[Row]) -> list[Mover]:
    """The symbols that have a price and a reference. The change is our own: the feed's is -100 % before a match."""
    found = []
    for row in rows:
        price, reference = row.get("price"), row.get("reference")
        if price and reference:
            percent = 100 * (price - reference) / reference
            found.append(Mover(row["symbol"], price, percent, colour(price, row), row.get("total_value") or 0.0))
    return found


def risers(found: Iterable[Mover], sign: int) -> list[Mover]:
    """Those that rose (sign 1) or fell (sign -1) most."""
    moved = [each for each in found if each.percent * sign > 0]
    return sorted(moved, key=lambda each: (-each.percent * sign, each.symbol))[:TOP]


def leaders(found: Iterable[Mover]) -> list[Mover]:
    """Those with the largest turnover."""
    return sorted((each for each in found if each.value), key=lambda each: (-each.value, each.symbol))[:TOP]


def breadth(found: Collection[Mover]) -> list[tuple[str, Text, int]]:
    """How many symbols are in each state, ceiling to floor."""
    return [(state, label, sum(each.state == state for each in found)) for state, label in STATES.items()]


def heat(mover: Mover) -> str:
    """One of seven classes, floor to ceiling, for a cell of the heat map."""
    if mover.state in ("ceiling", "floor", "reference", ""):
        return mover.state or "reference"
    return f"{mover.state}-strong" if abs(mover.percent) >= STRONG_PERCENT else mover.state


class HeatCell(NamedTuple):
    """A symbol's cell: its place in per cent of the sector's box, its class, and how much text has room."""

    mover: Mover
    box: Box
    heat: str
    size: str


class HeatSector(NamedTuple):
    """A sector's place in per cent of the map, its turnover in VND, its change weighted by turnover, and its cells."""

    name: str
    box: Box
    value: float
    percent: float
    heading: float  # height of the name, per cent of the sector's box
    room: int  # letters that have room there, at least
    roomy: int  # and on a large screen
    cells: list[HeatCell]


def heat_map(found: Iterable[Mover], sectors: Mapping[str, str], other: str, whole: Box = WIDE) -> list[HeatSector]:
    """Lay the symbols of the largest turnover out by sector, areas in proportion to turnover."""
    shown = sorted((each for each in found if each.value > 0), key=lambda each: -each.value)[:MOST_CELLS]
    grouped: dict[str, list[Mover]] = {}
    for mover in shown:
        grouped.setdefault(sectors.get(mover.symbol, other), []).append(mover)
    order = sorted(grouped, key=lambda name: -sum(each.value for each in grouped[name]))
    boxes = squarified([sum(each.value for each in grouped[name]) for name in order], whole)
    return [heat_sector(name, grouped[name], box, whole) for name, box in zip(order, boxes, strict=True)]


def heat_sector(name: str, members: list[Mover], box: Box, whole: Box) -> HeatSector:
    value = sum(each.value for each in members)
    percent = sum(each.percent * each.value for each in members) / value
    inner = Box(0, 0, box.width, max(box.height / 2, box.height - HEADING))
    cells = [
        HeatCell(mover, scaled(each, inner), heat(mover), size_of(each))
        for mover, each in zip(members, squarified([each.value for each in members], inner), strict=True)
    ]
    heading = round(100 * (1 - inner.height / box.height), 2)
    room, roomy = (max(0, int((width - 8) / LETTER)) for width in (box.width, box.width * ROOMY))
    return HeatSector(name, scaled(box, whole), value, percent, heading, room, roomy, cells)


def title_of(percent: str, name: str, room: int) -> str:
    """A sector's heading in so many letters: its change and its name, the name shortened, or what has room of them."""
    if len(percent) > room:
        return ""
    return f"{percent} {shortened(name, room - len(percent) - 1)}".strip()


def shortened(name: str, room: int) -> str:
    """As many whole words of a name as have room, else letters of the first; blank where too few have."""
    if len(name) <= room:
        return name
    cut = name[: max(0, room - 1)]
    words = cut.rpartition(" ")[0] if name[len(cut)] != " " else cut
    kept = (words or cut).rstrip(" ,")
    return f"{kept}…" if len(kept) >= FEWEST_LETTERS else ""


def scaled(box: Box, whole: Box) -> Box:
    """A box in per cent of the one that holds it."""
    across, down = 100 / whole.width, 100 / whole.height
    return Box(
        round(box.x * across, 2),
        round(box.y * down, 2),
        round(box.width * across, 2),
        round(box.height * down, 2),
    )


def size_of(box: Box) -> str:
    """How large a cell's text may be so that none of it is cut off: a number without its sign would mislead."""
    return next((name for name, width, height in ROOM if box.width >= width and box.height >= height), "bare")
