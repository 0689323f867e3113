"""A candle chart as shapes that a template draws as SVG, for whoever has no chart script. Pure.

Shapes live in a box of 1000 by 1000 that is stretched to the size of the page; labels are placed in per cent of it, so
that text keeps its size. Prices take the upper part, volumes the lower.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from math import ceil, floor, log10
from typing import Final, NamedTuple, Protocol

from market.domain.calendar import VIETNAM
from market.pages.formatting import WritePrice

BOX: Final = 1000
RIGHT: Final = 925  # where the last candle ends; labels of prices stand beyond
PRICE_TOP, PRICE_BOTTOM = 30, 700
VOLUME_TOP, VOLUME_BOTTOM = 760, 1000
BODY: Final = 0.7  # of a candle's slot
WIDEST: Final = 24.0  # a slot, so that three candles do not fill the page
THINNEST: Final = 2.0  # the body of a candle that closed as it opened
PRICE_LINES: Final = 5
TIME_LABELS: Final = 6
STACK: Final = ("buy", "sell", "neutral", "unclassified")  # from the bottom


class Bar(Protocol):
    """What is drawn: a candle as `market.queries` gives it."""

    @property
    def at(self) -> int: ...
    @property
    def open(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def close(self) -> float: ...
    @property
    def volume(self) -> int: ...
    @property
    def buy_volume(self) -> int: ...
    @property
    def sell_volume(self) -> int: ...
    @property
    def neutral_volume(self) -> int: ...
    @property
    def unclassified_volume(self) -> int: ...


class Shape(NamedTuple):
    """All candles that ended alike, as SVG paths: lines from high to low, and rectangles from open to close.

    One path for many candles: a template renders a hundred small elements in the time of all the rest of a page.
    """

    state: str  # up, down, or reference where it closed as it opened
    wicks: str
    bodies: str


class Volume(NamedTuple):
    """The volume of one kind of aggressor in all bars, as an SVG path of rectangles."""

    kind: str
    path: str


class Label(NamedTuple):
    """A text beside a line; `place` in the box, `percent` of it."""

    text: str
    place: float
    percent: float


class Drawing(NamedTuple):
    """A whole chart."""

    candles: list[Shape]
    volumes: list[Volume]
    prices: list[Label]
    times: list[Label]
    last: Label
    last_state: str
    mark: Label | None = None  # the candle of a moment, with its time


def drawing(
    candles: Sequence[Bar], daily: bool, language: str, write: WritePrice, at: datetime | None = None
) -> Drawing | None:
    """Draw candles, oldest first, and mark that of a moment; None where there are none."""
    if not candles:
        return None
    low, high = min(bar.low for bar in candles), max(bar.high for bar in candles)
    margin = (high - low) * 0.04 or abs(high) * 0.01 or 1.0
    low, high = low - margin, high + margin
    scale = (PRICE_BOTTOM - PRICE_TOP) / (high - low)

    def height(price: float) -> float:
        return round(PRICE_BOTTOM - (price - low) * scale, 1)

    slot = min(WIDEST, RIGHT / len(candles))
    start = RIGHT - slot * len(candles)
    middles = [round(start + slot * (place + 0.5), 1) for place in range(len(candles))]
    width = round(slot * BODY, 1)
    close = height(candles[-1].close)
    return Drawing(
        list(shapes(candles, middles, width, height)),
        list(volumes(candles, middles, width)),
        [label(write(price, language), height(price)) for price in price_lines(low, high)],
        list(time_labels(candles, middles, daily)),
        label(write(candles[-1].close, language), close),
        state_of(candles[-1]),
        mark(candles, middles, daily, at) if at else None,
    )


def mark(candles: Sequence[Bar], middles: Sequence[float], daily: bool, at: datetime) -> Label | None:
    """Place the candle that a moment is in, or the one before a moment without trades; None before the first."""
    place = bisect_right([bar.at for bar in candles], at.timestamp()) - 1
    text = f"{at.astimezone(VIETNAM):{'%d/%m' if daily else '%H:%M:%S'}}"
    return label(text, middles[place]) if place >= 0 else None


def label(text: str, place: float) -> Label:
    return Label(text, place, round(100 * place / BOX, 1))


class Height(Protocol):
    """Where a price is."""

    def __call__(self, price: float) -> float: ...


def state_of(bar: Bar) -> str:
    """Tell how a candle ended."""
    return "up" if bar.close > bar.open else "down" if bar.close < bar.open else "reference"


def rectangle(middle: float, top: float, width: float, bottom: float) -> str:
    """Draw a rectangle as a part of a path."""
    return f"M{middle - width / 2:.1f} {top:.1f}h{width:.1f}v{bottom - top:.1f}h{-width:.1f}z"


def shapes(candles: Sequence[Bar], middles: Sequence[float], width: float, height: Height) -> Iterator[Shape]:
    """Draw candles by how they ended."""
    for state in ("up", "down", "reference"):
        wicks = bodies = ""
        for bar, middle in zip(candles, middles, strict=True):
            if state_of(bar) == state:
                top, bottom = height(max(bar.open, bar.close)), height(min(bar.open, bar.close))
                wicks += f"M{middle} {height(bar.high)}V{height(bar.low)}"
                bodies += rectangle(middle, top, width, max(bottom, top + THINNEST))
        if wicks:
            yield Shape(state, wicks, bodies)


def volumes(candles: Sequence[Bar], middles: Sequence[float], width: float) -> Iterator[Volume]:
    """Stack each bar's volume by aggressor, against the largest bar."""
    scale = (VOLUME_BOTTOM - VOLUME_TOP) / (max(bar.volume for bar in candles) or 1)
    filled = [0] * len(candles)
    for kind in STACK:
        path = ""
        for place, bar in enumerate(candles):
            volume = getattr(bar, f"{kind}_volume")
            if volume:
                bottom = VOLUME_BOTTOM - filled[place] * scale
                filled[place] += volume
                path += rectangle(middles[place], VOLUME_BOTTOM - filled[place] * scale, width, bottom)
        if path:
            yield Volume(kind, path)


def price_lines(low: float, high: float) -> list[float]:
    """Round prices within a range, about five of them."""
    rough = (high - low) / PRICE_LINES
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)
    return [round(place * step, 6) for place in range(ceil(low / step), floor(high / step) + 1)]


def time_labels(candles: Sequence[Bar], middles: Sequence[float], daily: bool) -> Iterator[Label]:
    """Say the time of some candles; the first label of another day says the date instead."""
    count = min(TIME_LABELS, len(candles))
    shown = ""
    for place in sorted({(2 * step + 1) * len(candles) // (2 * count) for step in range(count)}):
        moment = datetime.fromtimestamp(candles[place].at, tz=VIETNAM)
        day = f"{moment:%d/%m}"
        yield label(day if daily or day != shown else f"{moment:%H:%M}", middles[place])
        shown = day
