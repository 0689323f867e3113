"""The page of one symbol: what a name stands for, and what is read and shown of it.

The live copy says what trades now, the database what was. Either may be away: the page then shows the other and says
so. Only a name that a database which answers does not know, and nobody trades, is unknown.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.core.cache import cache
from django.db import DatabaseError
from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Struct
from rest_framework.exceptions import NotFound

from market import history, live
from market.api.symbols import ALIAS, CODE, stored_code
from market.candle_chart import Drawing, drawing, state_of
from market.card import CHANNELS, DECIMALS, WRITE, Kind, card_cells
from market.domain.calendar import VIETNAM, day_of
from market.domain.contracts import parse_code
from market.formatting import Cells, Row, WritePrice, billions, colour, millions, number
from market.models import Trade
from market.pages import Text
from market.price_profile import PriceLine, profile
from market.queries import Candle, Interval, candles
from market.reference import InstrumentInfo, find
from market.strip import INDEX_NAMES, colour_of_sign

logger = logging.getLogger(__name__)

INTERVALS: Final[dict[Interval, Text]] = {
    "1m": gettext_lazy("1 minute"),
    "5m": gettext_lazy("5 minutes"),
    "15m": gettext_lazy("15 minutes"),
    "1h": gettext_lazy("1 hour"),
    "1d": gettext_lazy("1 day"),
}
DEFAULT_INTERVAL: Final[Interval] = "5m"
DRAWN: Final = 120  # candles of the drawing
LISTED: Final = 30  # candles of the table
TAPE: Final = 50  # trades
AWAY_SECONDS: Final = 5  # how long a page does not ask again a database that did not answer
PROFILE_SECONDS: Final = 3  # how long volume by price is kept
SMALLEST_STEP: Final[dict[Kind, float]] = {"stock": 10.0, "future": 0.1, "index": 0.01}
SIDES: Final[dict[str, Text]] = {
    "buy": gettext_lazy("Buy"),
    "sell": gettext_lazy("Sell"),
    "neutral": gettext_lazy("Neutral"),
}
METHODS: Final[dict[str, Text]] = {
    "feed": gettext_lazy("Feed"),
    "quote": gettext_lazy("Quote"),
    "auction": gettext_lazy("Auction"),
    "none": gettext_lazy("Undecided"),
    "unclassified": gettext_lazy("Unclassified"),
}


class HistoryAway(Exception):
    """The database does not answer: expected history, asking again in some seconds may help."""


class Subject(Struct, frozen=True):
    """What a page is about. `key` is its row in the live channel, `row` None while nothing of it is live."""

    name: str  # as in the address, in capital letters
    kind: Kind
    key: str
    row: Row | None

    @property
    def channel(self) -> str:
        """The live channel that it is in."""
        return CHANNELS[self.kind]

    @property
    def write(self) -> WritePrice:
        """How its prices are written."""
        return WRITE[self.kind]

    @property
    def board(self) -> str:
        """Where it trades."""
        if self.kind == "future":
            return "DERIVATIVES"
        return str((self.row or {}).get("board") or "HOSE")


def kind_of(name: str) -> Kind:
    """What a name looks like."""
    if ALIAS.fullmatch(name) or parse_code(name):
        return "future"
    return "index" if name.lower() in INDEX_NAMES or name in ("VN30", "VN100", "HNX30") else "stock"


def find_live(name: str, rows: Mapping[str, Mapping[str, Row]]) -> Subject | None:
    """Look a name, in capital letters, up among the live rows by channel: by key, alias of a future, or index name."""
    for kind, channel in CHANNELS.items():
        if name in rows.get(channel, {}):
            return Subject(name, kind, name, rows[channel][name])
    for key, row in rows.get("derivatives", {}).items():
        if row.get("alias") == name:
            return Subject(name, "future", key, row)
    for key, row in rows.get("index", {}).items():
        if INDEX_NAMES.get(key.lower()) == name:
            return Subject(name, "index", key, row)
    return None


def subject_of(name: str, code: str | None, info: InstrumentInfo | None) -> Subject:
    """Describe what is not live, from what the database says of it, or from the looks of its name."""
    kind: Kind = kind_of(name)
    if info is not None:
        kind = "index" if info.kind == "index" else "future" if info.kind == "future" else "stock"
    return Subject(name, kind, (code or name).upper(), {"board": info.board} if info else None)


class Known(Struct, frozen=True):
    """A name looked up in the database: the stored code, None for no such symbol, and the instrument if described."""

    code: str | None
    info: InstrumentInfo | None


def look_up(name: str) -> Known:
    """Look a name up in the database. Raises HistoryAway."""
    try:
        code = stored_code(name) if CODE.fullmatch(name) else None
        return Known(code, find(code) if code else None)
    except NotFound:
        return Known(None, None)
    except DatabaseError as error:
        raise away(error) from error


def away(error: DatabaseError) -> HistoryAway:
    """Remember that the database did not answer, and say so."""
    logger.warning("a symbol's page goes without history: %s", error)
    cache.set("history-away", True, AWAY_SECONDS)
    return HistoryAway(str(error))


def read_candles(code: str, interval: Interval, limit: int = DRAWN) -> list[Candle]:
    """The newest candles. Raises HistoryAway."""
    try:
        return candles(code, interval, limit=limit)
    except DatabaseError as error:
        raise away(error) from error


class Day(Struct, frozen=True):
    """Trades of the newest day: the latest of them, and volumes by price and side."""

    ticks: list[history.Tick]
    traded: list[tuple[float, str, int]]
    flow: list[tuple[int, float]]  # epoch second, net foreign value so far


def read_day(code: str) -> Day:
    """Read a symbol's newest trading day. Raises HistoryAway."""
    try:
        ticks = history.ticks(code, limit=TAPE)
        if not ticks:
            return Day([], [], [])
        start = datetime.fromtimestamp(day_of(ticks[0].at), tz=UTC)
        return Day(ticks, by_price(code, start), foreign_flow(code, start))
    except DatabaseError as error:
        raise away(error) from error


def by_price(code: str, start: datetime) -> list[tuple[float, str, int]]:
    """Price, side and volume of a day; kept some seconds, because it adds up all of its trades."""
    key = f"by-price:{code}:{start:%Y%m%d}"
    kept: list[tuple[float, str, int]] | None = cache.get(key)
    if kept is None:
        rows = Trade.objects.filter(symbol=code, at__gte=start, at__lt=start + timedelta(days=1))
        kept = list(rows.values_list("price", "side").annotate(Sum("volume")).order_by())
        cache.set(key, kept, PROFILE_SECONDS)
    return kept


def foreign_flow(code: str, start: datetime) -> list[tuple[int, float]]:
    """Net foreign value through a day, every five minutes."""
    columns = history.FOREIGN.columns
    buy, sell = columns.index("buy_value") + 1, columns.index("sell_value") + 1
    rows = history.samples(history.FOREIGN, code, 300, start, start + timedelta(days=1), 100)
    return [(int(row[0].timestamp()), row[buy] - row[sell]) for row in rows]


class CandleLine(NamedTuple):
    """One candle as a line of the table."""

    time: str
    state: str
    prices: tuple[str, ...]
    volumes: tuple[str, ...]


def candle_lines(shown: Sequence[Candle], daily: bool, language: str, write: WritePrice) -> list[CandleLine]:
    """The newest candles as text, newest first."""
    lines = []
    for bar in reversed(shown[-LISTED:]):
        moment = datetime.fromtimestamp(bar.at, tz=VIETNAM)
        prices = tuple(write(price, language) for price in (bar.open, bar.high, bar.low, bar.close))
        volumes = (bar.volume, bar.buy_volume, bar.sell_volume, bar.neutral_volume)
        lines.append(
            CandleLine(
                f"{moment:%d/%m/%Y}" if daily else f"{moment:%d/%m %H:%M}",
                state_of(bar),
                prices,
                tuple(number(volume or None, language) for volume in volumes),
            )
        )
    return lines


class ChartContext(NamedTuple):
    """What the chart's templates show. `candles_away`: the database does not answer."""

    drawing: Drawing | None
    lines: list[CandleLine]
    sentence: str
    candles_away: bool


def chart_context(subject: Subject, shown: list[Candle] | None, interval: Interval, language: str) -> ChartContext:
    """Draw, list and describe candles; None: the database does not answer."""
    write, daily = subject.write, interval == "1d"
    if not shown:
        return ChartContext(None, [], "", shown is None)
    last = shown[-1]
    words = _(
        "Candle chart of %(symbol)s, %(interval)s. Last candle: open %(open)s, high %(high)s, low %(low)s, "
        "close %(close)s, volume %(volume)s."
    ) % {
        "symbol": subject.name,
        "interval": INTERVALS[interval],
        **{name: write(getattr(last, name), language) for name in ("open", "high", "low", "close")},
        "volume": number(last.volume, language),
    }
    return ChartContext(
        drawing(shown, daily, language, write), candle_lines(shown, daily, language, write), words, False
    )


class TapeLine(NamedTuple):
    """One trade as text."""

    time: str
    price: str
    state: str
    volume: str
    side: str
    side_label: Text
    method: Text


def tape_lines(ticks: Sequence[history.Tick], row: Row, language: str, write: WritePrice) -> list[TapeLine]:
    """Trades as text, newest first as they come."""
    return [
        TapeLine(
            f"{datetime.fromtimestamp(tick.at, tz=VIETNAM):%H:%M:%S}",
            write(tick.price, language),
            colour(tick.price, row),
            number(tick.volume, language),
            tick.side,
            SIDES[tick.side],
            METHODS[tick.method],
        )
        for tick in ticks
    ]


def day_context(subject: Subject, day: Day | None, foreign: Row | None, language: str) -> dict[str, Any]:
    """What the panels of the day show; None: the database does not answer."""
    row = subject.row or {}
    ticks = day.ticks if day else []
    lines: list[PriceLine] = []
    if day:
        lines = profile(day.traded, row, SMALLEST_STEP[subject.kind], language, subject.write)
    return {
        "subject": subject,
        "day_away": day is None,
        "tape": tape_lines(ticks, row, language, subject.write),
        "tape_day": f"{datetime.fromtimestamp(ticks[0].at, tz=VIETNAM):%d/%m/%Y}" if ticks else "",
        "profile": lines,
        "foreign": foreign_lines(foreign, language) if foreign else {},
        "flow": flow_drawing(day.flow) if day else None,
    }


def foreign_lines(row: Row, language: str) -> Cells:
    """Foreign totals of the day as text, by name."""

    def signed(name: str) -> tuple[str, str]:
        return number(row.get(name), language, sign=True), colour_of_sign(row.get(name))

    used = row.get("room_used_percent")
    shown: Cells = {name: (number(row.get(name), language), "") for name in ("buy_volume", "sell_volume")}
    shown |= {name: (billions(row.get(name), language), "") for name in ("buy_value", "sell_value")}
    net = row.get("net_value")
    shown["net_volume"] = signed("net_volume")
    shown["net_value"] = (("+" if net and net > 0 else "") + billions(net, language), colour_of_sign(net))
    shown["net_speed"] = signed("net_speed")
    shown["room"] = (millions(row.get("room"), language), "")
    shown["room_used"] = ("" if used is None else number(used, language, 1) + "%", "")
    return shown


class Flow(NamedTuple):
    """A line of net foreign value through the day, in a box of 1000 by 100, and where zero is in it."""

    points: str
    zero: float
    state: str


def flow_drawing(samples: Sequence[tuple[int, float]]) -> Flow | None:
    """Draw net foreign value from 09:00 to 15:00; None with fewer than two samples."""
    if len(samples) < 2:
        return None
    low, high = min(0.0, *(value for _, value in samples)), max(0.0, *(value for _, value in samples))
    scale = 96 / (high - low) if high > low else 0.0
    opening, seconds = day_of(samples[0][0]) + 9 * 3600, 6 * 3600

    def place(at: int, value: float) -> str:
        return f"{min(1000, max(0, round(1000 * (at - opening) / seconds)))},{round(98 - (value - low) * scale, 1)}"

    points = " ".join(place(at, value) for at, value in samples)
    return Flow(points, round(98 + low * scale, 1), colour_of_sign(samples[-1][1]))


def page_cells(subject: Subject, language: str) -> Cells:
    """The live cells; none while nothing of it is live."""
    return card_cells(subject.row, subject.kind, language) if subject.row and "phase" in subject.row else {}


def live_rows(snapshots: Mapping[str, live.LiveSnapshot | None]) -> dict[str, Mapping[str, Row]]:
    """Rows by channel."""
    return {name: snapshot.rows for name, snapshot in snapshots.items() if snapshot}


def decimals(subject: Subject) -> int:
    """Decimals of its prices on the page."""
    return DECIMALS[subject.kind]
