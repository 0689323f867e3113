"""The page of one symbol: what a name stands for, and what is read and shown of it.

The live copy says what trades now, the database what was. Either may be away: the page then shows the other and says
so. Only a name that a database which answers does not know, and nobody trades, is unknown.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

from django.core.cache import cache
from django.db import DatabaseError
from django.utils.translation import gettext as _
from msgspec import Struct
from rest_framework.exceptions import NotFound

from market import live
from market.api.symbols import ALIAS, CODE, stored_code
from market.domain.calendar import VIETNAM
from market.domain.contracts import parse_code
from market.pages.candle_chart import Drawing, drawing, state_of
from market.pages.card import CHANNELS, DECIMALS, WRITE, Kind, card_cells
from market.pages.formatting import Cells, Row, WritePrice, number
from market.pages.price_profile import PriceLine, profile
from market.pages.strip import INDEX_NAMES
from market.pages.symbol_asked import INTERVALS, Asked
from market.pages.symbol_day import Day, Tape, day_text, foreign_context, tape_lines
from market.queries import Candle
from market.reference import InstrumentInfo, find

Answer = TypeVar("Answer")

logger = logging.getLogger(__name__)

DRAWN: Final = 120  # candles of the drawing
LISTED: Final = 30  # candles of the table
AWAY_SECONDS: Final = 5  # how long a page does not ask again a database that did not answer
DESCRIBED_SECONDS: Final = 60
SMALLEST_STEP: Final[dict[Kind, float]] = {"stock": 10.0, "future": 0.1, "index": 0.01}


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
        return Known(code, described(code) if code else None)
    except NotFound:
        return Known(None, None)
    except DatabaseError as error:
        raise away(error) from error


def described(code: str) -> InstrumentInfo | None:
    """What is known of an instrument, kept for a minute."""
    key = f"instrument:{code}"
    info: InstrumentInfo | None = cache.get(key)
    if info is None and (info := find(code)) is not None:
        cache.set(key, info, DESCRIBED_SECONDS)
    return info


def away(error: DatabaseError) -> HistoryAway:
    """Remember that the database did not answer, and say so."""
    logger.warning("a symbol's page goes without history: %s", error)
    cache.set("history-away", True, AWAY_SECONDS)
    return HistoryAway(str(error))


def read_stored(read: Callable[[], Answer]) -> Answer:
    """Call a read of the database. Raises HistoryAway."""
    try:
        return read()
    except DatabaseError as error:
        raise away(error) from error


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


def chart_context(subject: Subject, shown: list[Candle] | None, wanted: Asked, language: str) -> ChartContext:
    """Draw, list and describe candles, and mark a moment; None: the database does not answer."""
    write, interval = subject.write, wanted.interval
    daily = interval == "1d"
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
    if wanted.at:
        words += " " + _("Marked: %(moment)s.") % {"moment": wanted.clock}
    drawn = drawing(shown, daily, language, write, wanted.at)
    return ChartContext(drawn, candle_lines(shown, daily, language, write), words, False)


def day_context(subject: Subject, day: Day | None, foreign: Row | None, language: str) -> dict[str, Any]:
    """What the panels of the day show; None: the database does not answer."""
    lines: list[PriceLine] = []
    if day:
        lines = profile(day.traded, subject.row or {}, SMALLEST_STEP[subject.kind], language, subject.write)
    return {
        "subject": subject,
        "day_away": day is None,
        "day_date": day_text(day.at) if day else "",
        "profile": lines,
        "average": subject.write((subject.row or {}).get("average") or None, language),
    } | foreign_context(day, foreign, language)


def tape_context(subject: Subject, tape: Tape | None, wanted: Asked, language: str) -> dict[str, Any]:
    """What the tape shows; None: the database does not answer."""
    ticks = tape.ticks if tape else []
    return {
        "subject": subject,
        "tape_away": tape is None,
        "tape": tape_lines(tape, subject.row or {}, language, subject.write) if tape else [],
        "big_lot": number(tape.big, language) if tape else "",
        "tape_day": day_text(ticks[0].at) if ticks else "",
        "tape_filter": wanted.tape,
    }


def page_cells(subject: Subject, language: str) -> Cells:
    """The live cells; none while nothing of it is live."""
    return card_cells(subject.row, subject.kind, language) if subject.row and "phase" in subject.row else {}


def live_rows(snapshots: Mapping[str, live.LiveSnapshot | None]) -> dict[str, Mapping[str, Row]]:
    """Rows by channel."""
    return {name: snapshot.rows for name, snapshot in snapshots.items() if snapshot}


def decimals(subject: Subject) -> int:
    """Decimals of its prices on the page."""
    return DECIMALS[subject.kind]
