"""A recording as a stage: its messages leave when their own time has come; totals so far come from what it said."""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from market.feed.errors import FeedError
from market.feed.recording import read_messages
from market.feed.simulator.frames import Frame
from market.feed.simulator.history import DailyRow, History, Minute
from market.feed.simulator.instruments import IndexSpec, Instrument, Universe, weights
from market.feed.simulator.names import VN30
from market.feed.simulator.options import SimulatorError
from market.feed.simulator.schedule import SESSIONS, at, session_at
from market.feed.simulator.tally import Tally

SCANNED = 300_000  # messages that are looked at to learn which symbols there are
KNOWN = {company.symbol: company for company in VN30}


class Outer(Struct, rename="pascal"):
    """One line."""

    data_type: str
    content: str | msgspec.Raw


class Inner(Struct, rename="pascal"):
    """What of a Content is needed here."""

    symbol: str = ""
    index_id: str = ""
    trading_date: str = ""
    time: str = ""
    exchange: str = ""
    trading_session: str | None = None
    ref_price: float = 0.0
    last_price: float = 0.0
    last_vol: float = 0.0
    total_vol: float = 0.0
    total_val: float = 0.0
    index_value: float = 0.0
    prior_index_value: float = 0.0

    @property
    def name(self) -> str:
        return self.symbol or self.index_id

    @property
    def at(self) -> int | None:
        """Return ms since midnight, None where the message has no clock."""
        parts = self.time.split(":")
        if len(parts) != 3 or not all(part.isdigit() for part in parts):
            return None
        return at(int(parts[0]), int(parts[1]), int(parts[2]))


_outer = msgspec.json.Decoder(Outer)
_inner = msgspec.json.Decoder(Inner)


def read_line(line: bytes) -> tuple[Outer, Inner] | None:
    """Read one line, None where it cannot be read: a recording holds what the feed sent, good or bad."""
    try:
        outer = _outer.decode(line)
        content = outer.content.encode() if isinstance(outer.content, str) else bytes(outer.content)
        return outer, _inner.decode(content)
    except msgspec.DecodeError:
        return None


class RecordedStage:
    """Plays one recording. Its day is the day most of it belongs to: the last date that its messages name."""

    def __init__(self, path: Path, seed: int) -> None:
        self._path = path
        self._seed = seed
        self.history, self.day = self._learn()
        self._wanted: frozenset[str] = frozenset()
        self._begin()

    def _begin(self) -> None:
        self.now = 0
        self._last: dict[tuple[str, str], str] = {}
        self._tallies: dict[str, Tally] = {}
        self._indices: dict[str, tuple[float, float]] = {}
        self._frames = self._read()
        self._next = next(self._frames, None)

    def _learn(self) -> tuple[History, date]:
        """Look through the recording once: its symbols, its indices, its date."""
        stocks: dict[str, Inner] = {}
        indices: dict[str, Inner] = {}
        day = ""
        try:
            for count, line in enumerate(read_messages(self._path)):
                read = read_line(line)
                if read is None:
                    continue
                inner = read[1]
                day = inner.trading_date or day
                if inner.index_id:
                    indices.setdefault(inner.index_id, inner)
                elif inner.symbol and inner.ref_price:
                    stocks.setdefault(inner.symbol, inner)
                if count > SCANNED:
                    break
        except FeedError as error:
            raise SimulatorError(str(error)) from error
        try:
            found = datetime.strptime(day, "%d/%m/%Y").date()  # noqa: DTZ007
        except ValueError:
            raise SimulatorError(f"{self._path}: expected messages with a TradingDate, found none") from None
        return History(_universe(stocks, indices, self._seed)), found

    def _read(self) -> Iterator[tuple[int, Frame, Inner]]:
        clock = 0
        for line in read_messages(self._path):
            read = read_line(line)
            if read is None:
                continue
            outer, inner = read
            clock = max(clock, inner.at or 0)
            text = msgspec.json.encode({"DataType": outer.data_type, "Content": outer.content}).decode()
            yield clock, Frame(outer.data_type, inner.name, text, clock), inner

    def want(self, kinds: Collection[str]) -> None:
        self._wanted = frozenset(kinds)

    def advance(self, until: int) -> list[Frame]:
        """Return the messages up to `until` that somebody wants."""
        frames = []
        while self._next is not None and self._next[0] <= until:
            _, frame, inner = self._next
            self._last[frame.kind, frame.symbol] = frame.text
            self._count(frame, inner)
            if frame.kind in self._wanted:
                frames.append(frame)
            self._next = next(self._frames, None)
        self.now = max(self.now, until)
        return frames

    def _count(self, frame: Frame, inner: Inner) -> None:
        if inner.index_id:
            self._indices[inner.index_id] = (inner.index_value, inner.prior_index_value)
        if frame.kind not in ("X", "X-TRADE") or not inner.total_vol:
            return
        tally = self._tallies.setdefault(inner.symbol, Tally(minutes=[]))
        added = int(inner.total_vol) - tally.volume
        if added > 0:
            session = inner.trading_session or "LO"
            tally.match(frame.at // 1000, session, inner.last_price, added, "neutral", 1)
            tally.value = inner.total_val

    def last_messages(self, kind: str, symbols: Collection[str] | None) -> list[Frame]:
        return [
            Frame(kind, symbol, text, self.now)
            for (of, symbol), text in self._last.items()
            if of == kind and (symbols is None or symbol.upper() in symbols)
        ]

    def is_over(self) -> bool:
        return self._next is None

    def next_day(self) -> None:
        """Play the same recording again."""
        self._begin()

    def sessions(self) -> dict[str, str]:
        return {board: session_at(board, self.now) for board in SESSIONS}

    def truth(self) -> dict[str, Any]:
        """Return the totals so far, without sides: a recording does not say who was right."""
        symbols = {symbol: tally.truth() for symbol, tally in self._tallies.items()}
        indices = {index: {"value": value} for index, (value, _) in self._indices.items()}
        return {"date": self.day.isoformat(), "symbols": symbols, "indices": indices}

    def is_closed(self) -> bool:
        return self.is_over()

    def row_so_far(self, symbol: str) -> DailyRow | None:
        tally = self._tallies.get(symbol)
        if tally is None:
            return None
        mean = round(tally.value / tally.volume, 2)
        return DailyRow(
            day=self.day, reference=tally.open, open=tally.open, high=tally.high, low=tally.low, close=tally.last,
            average=mean, volume=tally.volume, value=tally.value, trades=tally.trades,
        )  # fmt: skip

    def minutes_so_far(self, symbol: str) -> list[Minute]:
        tally = self._tallies.get(symbol)
        return tally.minutes if tally else []

    def index_so_far(self, index: str) -> tuple[float, float, int, float] | None:
        found = self._indices.get(index)
        return (*found, 0, 0.0) if found else None


def _universe(stocks: dict[str, Inner], indices: dict[str, Inner], seed: int) -> Universe:
    """Return what the recording trades; VN30 has its stocks of HOSE as members where there are thirty at most."""
    listed = [_instrument(symbol, inner) for symbol, inner in sorted(stocks.items()) if not symbol.startswith("41I")]
    hose = [stock for stock in listed if stock.board == "HOSE"]
    basket = hose if len(hose) <= 30 else [stock for stock in hose if stock.symbol in KNOWN]
    specs = [
        IndexSpec(
            index=name,
            board=inner.exchange or "HOSE",
            base=inner.prior_index_value,
            weights=weights(basket if name == "VN30" else hose, lambda stock: stock.price)
            if name.startswith("VN")
            else {},
            futures=name == "VN30",
        )
        for name, inner in indices.items()
    ]
    return Universe(stocks=listed, indices=specs, seed=seed)


def _instrument(symbol: str, inner: Inner) -> Instrument:
    known = KNOWN.get(symbol)
    return Instrument(
        symbol=symbol,
        board=inner.exchange or "HOSE",
        name=known.name if known else symbol,
        english=known.english if known else symbol,
        price=inner.ref_price,
        shares=int(known.shares * 1_000_000) if known else 100_000_000,
        free=known.free if known else 0.5,
        trades=known.trades if known else 300,
        mean_size=1000,
        foreign_part=0.1,
    )
