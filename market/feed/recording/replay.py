"""A recording as a source: the same messages at the pace of the day, faster, or as fast as possible."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import closing
from datetime import datetime
from functools import lru_cache
from itertools import islice
from math import inf
from pathlib import Path

import msgspec
from msgspec import Struct

from market.domain.calendar import VIETNAM
from market.feed.errors import FatalFeedError
from market.feed.recording.reader import Line, read_messages
from market.feed.source import ConnectionState, Handle, Kind, State

log = logging.getLogger(__name__)

STINT_SECONDS = 0.01  # other tasks get their turn after so much work
STINT_MESSAGES = 64  # looking at the clock costs too much to do it for each
SHORTEST_WAIT = 0.001
LONGEST_WAIT = 2 * 3600.0  # a longer gap (a night, the old date of a first message) is skipped


class _Stamp(Struct, rename="pascal"):
    """When the exchange said something; B has TradingTime in some documents."""

    trading_date: str | None = None
    time: str | None = None
    trading_time: str | None = None


_decode_line = msgspec.json.Decoder(Line).decode
_decode_stamp = msgspec.json.Decoder(_Stamp).decode


class RecordingSource:
    """Play the recording at `path`: `speed` 1 as on the day, 10 ten times as fast, None without any waiting.

    `begin` sets how many messages to leave out, `breathe` is awaited now and then, so that who stores can keep up.
    The pace follows ReceivedAt where lines have it, else the exchange's time. `run` raises FatalFeedError for a file
    that is no recording, or is damaged.
    """

    def __init__(self, path: Path, speed: float | None) -> None:
        if speed is not None and speed <= 0:
            raise ValueError(f"expected a speed above 0, was {speed}")
        self.begin = 0
        self.breathe: Callable[[], Awaitable[None]] | None = None
        self._path = path
        self._speed = speed
        self._state = ConnectionState("connecting", time.time())

    @property
    def kind(self) -> Kind:
        """Return `replay`."""
        return "replay"

    @property
    def identity(self) -> str:
        """Name this very file."""
        stat = self._path.stat() if self._path.exists() else None
        words = f"{self._path.resolve()} {stat and (stat.st_size, stat.st_mtime_ns)}"
        return f"replay:{self._path.name[:100]} {hashlib.sha256(words.encode()).hexdigest()[:12]}"

    def connections(self) -> dict[str, ConnectionState]:
        """Return one state, under the file's name."""
        return {self._path.name: self._state}

    async def run(self, handle: Handle, on_change: Callable[[], None]) -> None:
        """Hand over every line, then return. What `handle` gets as time of arrival is the recorded one."""
        detail = "stopped"
        try:
            lines = await asyncio.to_thread(read_messages, self._path)
            self._set("connected", "", on_change)
            with closing(lines):
                await self._play(islice(lines, self.begin, None), handle)
            detail = "the recording is over"
        except FatalFeedError as error:
            detail = str(error)
            raise
        finally:
            self._set("closed", detail, on_change)

    async def _play(self, lines: Iterable[bytes], handle: Handle) -> None:
        pace = Pace(self._speed) if self._speed is not None else None
        at = 0.0
        turn = time.monotonic() + STINT_SECONDS
        for count, line in enumerate(lines):
            at = message_time(line) or at
            wait = pace.wait(at, time.monotonic()) if pace is not None else 0.0
            if wait > SHORTEST_WAIT:
                await asyncio.sleep(wait)
            elif count % STINT_MESSAGES == 0 and time.monotonic() >= turn:
                await (asyncio.sleep(0) if self.breathe is None else self.breathe())
                turn = time.monotonic() + STINT_SECONDS
            handle(line, at)

    def _set(self, state: State, detail: str, on_change: Callable[[], None]) -> None:
        self._state = ConnectionState(state, time.time(), detail)
        on_change()


class Pace:
    """Say how long to wait before a moment of the recording, at `speed`."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._latest = -inf
        self._start = 0.0  # what the caller's clock would have shown at moment 0

    def wait(self, at: float, now: float) -> float:
        """Return the seconds from `now`, by the caller's clock, to the moment `at`; 0 or less is no wait."""
        if at > self._latest + LONGEST_WAIT:
            self._start = now - at / self._speed
        self._latest = max(self._latest, at)  # what overtook others on the wire does not turn the time back
        return self._start + self._latest / self._speed - now


def message_time(line: bytes) -> float | None:
    """Return the epoch seconds at which a line was received, or else the exchange said it; None if it does not tell."""
    try:
        envelope = _decode_line(line)
        if envelope.received_at is not None:
            return envelope.received_at
        if not isinstance(envelope.content, str):
            return None
        stamp = _decode_stamp(envelope.content)
        return exchange_time(stamp.trading_date, stamp.time or stamp.trading_time)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        return None  # the parser will count it


@lru_cache(maxsize=256)
def exchange_time(day: str | None, clock: str | None) -> float:
    """Return the epoch second of the exchange's dd/MM/yyyy and HH:mm:ss. Raises ValueError."""
    moment = datetime.strptime(f"{day} {clock}", "%d/%m/%Y %H:%M:%S")  # noqa: DTZ007 - the next line says where
    return moment.replace(tzinfo=VIETNAM).timestamp()
