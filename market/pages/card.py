"""The symbol page's cells: everything that its head and its panels show of one live row. Pure.

A stock's, a future's and an index's page differ in how they write prices and in the panels they have. The cell `last`
holds plain numbers for the chart: time, price, total volume and value, volume bought, sold and without aggressor.
"""

from datetime import datetime
from typing import Final, Literal, TypeAlias

from market.pages.formatting import (
    BLANK,
    Cell,
    Cells,
    Row,
    WritePrice,
    active_cells,
    billions,
    colour,
    hundredths,
    level_cells,
    match_cells,
    millions,
    number,
    row_cell,
    shares,
    tenths,
    thousands,
)
from market.pages.strip import colour_of_sign, future_cells, index_cells

Kind: TypeAlias = Literal["stock", "future", "index"]

CHANNELS: Final[dict[Kind, str]] = {"stock": "market", "future": "derivatives", "index": "index"}
WRITE: Final[dict[Kind, WritePrice]] = {"stock": thousands, "future": tenths, "index": hundredths}
DECIMALS: Final[dict[Kind, int]] = {"stock": 2, "future": 1, "index": 2}
MOST_LEVELS: Final = 10
SIDES: Final = ("bid", "ask")
PHASES: Final = ("ato", "continuous", "atc")
KINDS: Final = ("buy", "sell", "neutral", "unclassified")
METHODS: Final = ("feed", "quote", "auction", "none", "unclassified")
HALTED: Final = {"vi": "Tạm ngừng giao dịch", "en": "Trading halted"}
MARK: Final = 2  # width of the price's mark on the range bar, of 100


def card_cells(row: Row, kind: Kind, language: str) -> Cells:
    """Turn one live row into the cells of its page, by cell name."""
    shown = index_card(row, language) if kind == "index" else trading_card(row, kind, language)
    return shown | {
        "row": row_cell(row),
        "last": last_cell(row),
        "halted": (HALTED[language] if row.get("phase") == "halted" else "", ""),
    }


def last_cell(row: Row) -> Cell:
    """Write the numbers that the chart goes on from; blank before the first price."""
    price, time = row.get("price") or row.get("value"), row.get("time")
    if not price or not time:
        return BLANK
    names = ("total_volume", "total_value", "buy_volume", "sell_volume", "neutral_volume")
    numbers = (datetime.fromisoformat(time).timestamp(), price, *(row.get(name) or 0 for name in names))
    return " ".join(f"{each:.10g}" if each < 1e9 else f"{each:.0f}" for each in numbers), ""


def index_card(row: Row, language: str) -> Cells:
    """Show an index: its value as the price, its range, breadth and turnover."""
    shown = index_cells(row, language)
    shown["price"] = shown.pop("value")
    prior = row.get("prior")
    shown["reference"] = (hundredths(prior, language), "reference")
    for name in ("open", "high", "low"):
        value = row.get(name) or None
        shown[name] = (hundredths(value, language), colour(value, {"reference": prior}))
    shown["total"] = (number(row.get("total_volume") or None, language), "")
    shown["turnover"] = (billions(row.get("total_value") or None, language), "")
    shown["range_bar"] = range_bar({**row, "price": row.get("value"), "reference": prior})
    return shown


def trading_card(row: Row, kind: Kind, language: str) -> Cells:
    """Show a stock or a future: match, day, depth, aggressors by phase and method, foreigners; a future's basis too."""
    write = WRITE[kind]
    shown = match_cells(row, language, write)
    for name in ("ceiling", "floor", "reference"):
        shown[name] = (write(row.get(name) or None, language), name)
    for name in ("open", "high", "low", "average"):
        price = row.get(name) or None
        shown[name] = (write(price, language), colour(price, row))
    shown["total"] = (number(row.get("total_volume") or None, language), "")
    shown["turnover"] = (billions(row.get("total_value") or None, language), "")
    shown["trades"] = (number(row.get("trades") or None, language), "")
    shown["range_bar"] = range_bar(row)
    shown |= active_cells(row) | depth_cells(row, language, write)
    shown |= phase_cells(row, language) | method_cells(row, language) | foreign_cells(row, language)
    if kind == "future":
        front = future_cells(row, language)
        shown |= {name: front[name] for name in ("basis", "basis_state", "expiry")}
    return shown


def range_bar(row: Row) -> Cell:
    """Place the day's range and the price between floor and ceiling, or within the range where there are no limits.

    Five widths of 100: before the low, low to price, the price, price to high, and the rest.
    """
    price, low, high = (row.get(name) for name in ("price", "low", "high"))
    if not price or not low or not high:
        return BLANK
    bottom = row.get("floor") or min(low, row.get("reference") or low)
    top = row.get("ceiling") or max(high, row.get("reference") or high)
    if top <= bottom:
        return BLANK
    scale = (100 - MARK) / (top - bottom)
    low, price, high = (round((min(max(each, bottom), top) - bottom) * scale) for each in (low, price, high))
    low, high = min(low, price), max(high, price)
    return f"{low} {price - low} {MARK} {high - price} {100 - MARK - high}", ""


def depth_cells(row: Row, language: str, write: WritePrice) -> Cells:
    """Show ten levels a side, each volume with a bar against the largest, and what waits on each side in all."""
    levels = {side: row.get(f"{side}s") or () for side in SIDES}
    largest = max((volume or 0 for side in SIDES for _, volume in levels[side]), default=0)
    shown: Cells = {}
    for side in SIDES:
        shown |= level_cells(side, levels[side], row, language, MOST_LEVELS, write)
        for place in range(1, MOST_LEVELS + 1):
            volume = levels[side][place - 1][1] if place <= len(levels[side]) else 0
            shown[f"{side}{place}_bar"] = (f"{round(100 * (volume or 0) / largest)}" if volume else "", "")
    left = [sum(volume or 0 for _, volume in levels[side]) for side in SIDES]
    for side, volume in zip(SIDES, left, strict=True):
        shown[f"{side}_left"] = (number(volume or None, language), "")
    shown["left_bar"] = (shares(*left) if any(left) else "", "")
    return shown


def phase_cells(row: Row, language: str) -> Cells:
    """Show the volume of each phase by aggressor, and of the day."""
    phases = row.get("phases") or {}
    volumes = {phase: phases.get(phase) or {} for phase in PHASES}
    volumes["day"] = {kind: row.get(f"{kind}_volume") or 0 for kind in KINDS}
    shown: Cells = {}
    for phase, kinds in volumes.items():
        counted = {kind: kinds.get(kind) or 0 for kind in KINDS}
        total = sum(counted.values())
        for kind, volume in counted.items():
            shown[f"{phase}_{kind}"] = (number(volume or None, language), "")
        shown[f"{phase}_total"] = (number(total or None, language), "")
        parts = (counted[kind] for kind in ("buy", "neutral", "unclassified", "sell"))
        shown[f"{phase}_bar"] = (shares(*parts) if total else "", "")
    return shown


def method_cells(row: Row, language: str) -> Cells:
    """Show how the aggressor was decided, in volume and per cent, and the share of continuous volume that is known."""
    methods = dict(row.get("methods") or {}) | {"unclassified": row.get("unclassified_volume") or 0}
    total = sum(methods.get(name) or 0 for name in METHODS)
    shown: Cells = {}
    for name in METHODS:
        volume = methods.get(name) or 0
        shown[f"method_{name}"] = (number(volume or None, language), "")
        shown[f"method_{name}_share"] = (percent(volume, total, language) if volume else "", "")
    known = (methods.get("feed") or 0) + (methods.get("quote") or 0)
    shown["coverage"] = (percent(known, total - (methods.get("auction") or 0), language), "")
    return shown


def percent(part: float, whole: float, language: str) -> str:
    return number(100 * part / whole, language, 1) + "%" if whole > 0 else ""


def foreign_cells(row: Row, language: str) -> Cells:
    """Show what foreigners bought, sold and may still buy, in shares."""
    bought, sold = row.get("foreign_buy_volume"), row.get("foreign_sell_volume")
    net = None if bought is None or sold is None else bought - sold
    return {
        "foreign_buy": (number(bought, language), ""),
        "foreign_sell": (number(sold, language), ""),
        "foreign_net": (number(net, language, sign=True), colour_of_sign(net)),
        "room": (millions(row.get("foreign_room"), language), ""),
    }
