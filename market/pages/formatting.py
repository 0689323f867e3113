"""What a page shows of a number: text in the reader's language and the class that colours it.

Pure functions, the only place where numbers become text: the templates and the page's socket both call them, so
that a patched cell cannot differ from a rendered one. Prices come in VND and are shown in thousand VND, as every
Vietnamese board does. Each price is coloured by its own relation to reference, ceiling and floor; a volume takes
its price's colour.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import accumulate, pairwise
from typing import Any, NamedTuple, Protocol, TypeAlias

Row: TypeAlias = Mapping[str, Any]
Cell: TypeAlias = tuple[str, str]  # text, class
Cells: TypeAlias = dict[str, Cell]

AUCTIONS = frozenset({"ato", "atc"})
TRADING = frozenset({"ato", "continuous", "atc"})  # phases in which a silent row is a stale row
CALM = frozenset({"continuous", "lunch"})  # phases whose book can be traded against, or stands still until then
LEVELS = 3
SPARK_WIDTH = 108
SPARK_HEIGHT = 24
LUNCH_FROM, LUNCH_MINUTES = 150, 90  # minutes after 09:00
SPARK_SLOTS = 54  # five-minute steps from 09:00 to 11:30 and 13:00 to 15:00: the line grows with the day
BLANK: Cell = ("", "")


class NumberForm(NamedTuple):
    """How a language writes numbers; `marks` turns the English marks into its own."""

    marks: dict[int, int]
    decimal: str
    million: str
    billion: str


FORMS = {
    "vi": NumberForm(str.maketrans(",.", ".,"), ",", " tr", " tỷ"),
    "en": NumberForm({}, ".", "M", "B"),
}


def number(value: float | None, language: str, decimals: int = 0, sign: bool = False) -> str:
    """Write a number with grouped thousands; absent is blank, zero never carries a sign."""
    if value is None:
        return ""
    rounded = round(value, decimals) + 0.0  # turns -0.0 into 0.0
    text = f"{rounded:+,.{decimals}f}" if sign and rounded else f"{rounded:,.{decimals}f}"
    return text.translate(FORMS[language].marks)


def thousands(price: float | None, language: str, sign: bool = False) -> str:
    """Write a price in VND as thousand VND with two decimals."""
    return "" if price is None else number(price / 1000, language, 2, sign)


def tenths(price: float | None, language: str, sign: bool = False) -> str:
    """Write a price of a future, in points with one decimal."""
    return number(price, language, 1, sign)


def hundredths(price: float | None, language: str, sign: bool = False) -> str:
    """Write the value of an index, in points with two decimals."""
    return number(price, language, 2, sign)


class WritePrice(Protocol):
    """How prices of some kind become text: `thousands`, `tenths` or `hundredths`."""

    def __call__(self, price: float | None, language: str, sign: bool = False) -> str: ...


def millions(volume: float | None, language: str) -> str:
    """Write a large volume: in full below a million, else in millions with one decimal."""
    if volume is None or abs(volume) < 1_000_000:
        return number(volume, language)
    return number(volume / 1_000_000, language, 1) + FORMS[language].million


def billions(value: float | None, language: str, decimals: int = 0) -> str:
    """Write a value in VND as billion VND."""
    return "" if value is None else number(value / 1_000_000_000, language, decimals) + FORMS[language].billion


def parse(text: str, language: str) -> float | None:
    """Read back a number that was written by the functions above; None where the text holds none.

    The board sorts by what it shows, in the browser (`numbers.js`) and here alike.
    """
    form = FORMS[language]
    digits = re.sub(rf"[^0-9{re.escape(form.decimal)}-]", "", text).replace(form.decimal, ".")
    try:
        return float(digits) * (1_000_000 if text.endswith(form.million) else 1)
    except ValueError:
        return None


def colour(price: float | None, row: Row) -> str:
    """Name the state of one price: ceiling, up, reference, down or floor; blank where it cannot be told."""
    if not price:
        return ""
    ceiling, floor, reference = row.get("ceiling"), row.get("floor"), row.get("reference")
    if ceiling and price >= ceiling:
        return "ceiling"
    if floor and price <= floor:
        return "floor"
    if not reference:
        return ""
    return "up" if price > reference else "down" if price < reference else "reference"


def expects(row: Row) -> bool:
    """Tell whether the row shows the price that its running auction would match at (dự khớp)."""
    return row.get("phase") in AUCTIONS and bool(row.get("expected_price"))


def cells(row: Row, language: str) -> Cells:
    """Turn one market row into the cells of its line on the board, by cell name."""
    shown: Cells = {"row": row_cell(row)}
    for name in ("ceiling", "floor", "reference"):
        shown[name] = (thousands(row.get(name) or None, language), name)
    shown |= level_cells("bid", row.get("bids") or (), row, language)
    shown |= match_cells(row, language)
    shown |= level_cells("ask", row.get("asks") or (), row, language)
    shown |= book_cells(row, language)
    for name in ("high", "average", "low"):
        price = row.get(name) or None
        shown[name] = (thousands(price, language), colour(price, row))
    shown["total"] = (number(row.get("total_volume") or None, language), "")
    shown["foreign_buy"] = (number(row.get("foreign_buy_volume"), language), "")
    shown["foreign_sell"] = (number(row.get("foreign_sell_volume"), language), "")
    shown["room"] = (millions(row.get("foreign_room"), language), "")
    shown |= active_cells(row)
    shown["spark"] = spark(row.get("spark") or (), row.get("reference"), shown["price"][1], row.get("time"))
    shown["symbol"] = (row["symbol"], shown["price"][1].removesuffix(" expected"))
    return shown


def row_cell(row: Row) -> Cell:
    """Give the row's time as epoch seconds, and its state, which says whether silence makes it stale."""
    time = row.get("time")
    phase = row.get("phase")
    state = "trading" if phase in TRADING else "halted" if phase == "halted" else "resting"
    if phase in AUCTIONS:
        state = "trading auction"
    return (f"{datetime.fromisoformat(time).timestamp():.0f}" if time else "", state)


def match_cells(row: Row, language: str, write: WritePrice = thousands) -> Cells:
    """Show the last match or, while an auction runs, the expected price marked as such.

    A symbol without a match shows blanks: the feed's last price 0 with a change of -100 % is no trade.
    """
    expected = expects(row)
    price = row.get("expected_price") if expected else row.get("price")
    if not price:
        return dict.fromkeys(("price", "volume", "change", "percent"), BLANK)
    state = colour(price, row)
    mark = " expected" if expected else ""
    reference = row.get("reference")
    change = price - reference if reference else None
    return {
        "price": (("≈" if expected else "") + write(price, language), state + mark),
        "volume": ("" if expected else number(row.get("volume"), language), state),
        "change": (write(change, language, sign=True), state + mark),
        "percent": (
            "" if change is None or not reference else number(100 * change / reference, language, 2, sign=True),
            state + mark,
        ),
    }


def level_cells(
    side: str,
    levels: Sequence[Sequence[float | None]],
    row: Row,
    language: str,
    count: int = LEVELS,
    write: WritePrice = thousands,
) -> Cells:
    """Show the best levels of one side. A volume without a price is an auction order: ATO or ATC."""
    shown: Cells = {}
    for place in range(1, count + 1):
        price, volume = levels[place - 1] if place <= len(levels) else (None, None)
        if price:
            text, state = write(price, language), colour(price, row)
        elif volume:
            text, state = ("ATO" if row.get("phase") in ("pre_open", "ato") else "ATC"), "auction"
        else:
            text, state = BLANK
        shown[f"{side}{place}_price"] = (text, state)
        shown[f"{side}{place}_volume"] = (number(volume or None, language), state)
    return shown


def book_cells(row: Row, language: str, write: WritePrice = thousands) -> Cells:
    """Show the spread and who waits; while an auction runs, the expected price stands for the spread.

    In an auction the best orders cross, and the book holds only what would be left over after the match. The feed tells
    the expected price and no expected volume.
    """
    phase = row.get("phase")
    bids, asks = row.get("bids") or (), row.get("asks") or ()
    spread = BLANK
    if phase in AUCTIONS:
        price = row.get("expected_price") or None
        spread = ("≈" + write(price, language) if price else "", f"{colour(price, row)} expected".strip())
    elif phase in CALM and bids and asks and bids[0][0] and asks[0][0] and asks[0][0] > bids[0][0]:
        spread = (write(round(asks[0][0] - bids[0][0], 2), language), "")
    return {"spread": spread, "imbalance": imbalance(bids, asks, language) if phase in AUCTIONS | CALM else BLANK}


def imbalance(bids: Sequence[Sequence[float | None]], asks: Sequence[Sequence[float | None]], language: str) -> Cell:
    """Show orders to buy minus orders to sell, per cent of both, over the best levels."""
    bought, sold = (sum(level[1] or 0 for level in side[:LEVELS]) for side in (bids, asks))
    if not bought + sold:
        return BLANK
    share = round(100 * (bought - sold) / (bought + sold))
    return number(share, language, sign=True), "up" if share > 0 else "down" if share < 0 else "reference"


def active_cells(row: Row) -> Cells:
    """Show the share of active buying in the volume whose aggressor is known, and a bar of the whole volume.

    The bar holds buy, neutral, unclassified, sell. A row with unclassified volume is marked `partial`, since its
    share speaks for a part of the day only.
    """
    names = ("buy_volume", "neutral_volume", "unclassified_volume", "sell_volume")
    buy, neutral, unclassified, sell = (row.get(name) or 0 for name in names)
    if not buy + neutral + unclassified + sell:
        return {"active": BLANK, "active_bar": BLANK}
    share = f"{100 * buy / (buy + sell):.0f}" if buy + sell else ""
    return {
        "active": (share, "partial" if unclassified else ""),
        "active_bar": (shares(buy, neutral, unclassified, sell), ""),
    }


def shares(*parts: float) -> str:
    """Divide a bar of 100 among parts, rounded at the joints so that they always fill it."""
    total = sum(parts)
    ends = [round(100 * end / total) for end in accumulate(parts, initial=0)]
    return " ".join(str(high - low) for low, high in pairwise(ends))


def spark(prices: Sequence[float], base: float | None, state: str, time: str | None = None) -> Cell:
    """Draw a day's prices: the height of the base line, then a polyline's points, in whole units of the box.

    The box is as wide as the day. The line ends where the row's time is, so that a short line that begins late cannot
    be taken for the whole day.
    """
    if not prices:
        return BLANK
    low, high = min(prices), max(prices)
    if base:
        low, high = min(low, base), max(high, base)
    last = len(prices) - 1
    end = max(last, slot_of(time))
    step = SPARK_WIDTH / max(SPARK_SLOTS - 1, end)
    scale = (SPARK_HEIGHT - 2) / (high - low) if high > low else 0.0

    def height(price: float) -> int:
        return round(SPARK_HEIGHT - 1 - (price - low) * scale) if scale else SPARK_HEIGHT // 2

    points = " ".join(f"{round(step * (end - last + place))},{height(price)}" for place, price in enumerate(prices))
    return (f"{height(base) if base else SPARK_HEIGHT} {points}", state.removesuffix(" expected"))


def slot_of(time: str | None) -> int:
    """Count the five-minute steps of trading from 09:00 to an ISO time, without the lunch break."""
    if not time:
        return 0
    minutes = int(time[11:13]) * 60 + int(time[14:16]) - 9 * 60
    if minutes > LUNCH_FROM:
        minutes = max(LUNCH_FROM, minutes - LUNCH_MINUTES)
    return min(SPARK_SLOTS - 1, max(0, minutes // 5))
