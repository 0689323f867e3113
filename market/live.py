"""The live market in Redis: how it is written there, and how web processes read it.

Per channel one hash `live:<channel>:rows` (row id -> JSON row, complete) and one string `live:<channel>:meta` (JSON:
epoch, seq, time, status), both always of the same moment. Only `broadcast` writes.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from weakref import WeakKeyDictionary

import msgspec
import redis
import redis.asyncio
from django.conf import settings
from msgspec import Struct

CHANNELS: Final = ("market", "foreign", "index", "derivatives", "alerts")
CONNECT_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 2.0
FAULTS: Final = (redis.RedisError, OSError, msgspec.MsgspecError)

Row = dict[str, Any]


class LiveUnavailable(Exception):
    """Redis does not answer, or not with what ingest writes: expected the live snapshot, try again later."""


class Meta(Struct, frozen=True):
    """Where a channel stands."""

    epoch: str
    seq: int
    time: str | None
    status: dict[str, Any]
    written_at: float | None = None  # epoch seconds by the wall clock of ingest: its last sign of life


class LiveSnapshot(Struct, frozen=True):
    """All rows of one channel at one moment."""

    channel: str
    epoch: str
    seq: int
    time: str | None
    status: dict[str, Any]
    rows: dict[str, Row]
    written_at: float | None = None  # as in Meta


_decode_meta: Final = msgspec.json.Decoder(Meta).decode
_decode_row: Final = msgspec.json.Decoder(dict[str, Any]).decode


def rows_key(channel: str) -> str:
    """Redis key of a channel's rows."""
    return f"live:{channel}:rows"


def meta_key(channel: str) -> str:
    """Redis key of a channel's meta."""
    return f"live:{channel}:meta"


def group(channel: str) -> str:
    """Channels group of a channel."""
    return f"live.{channel}"


def user_group(user: int) -> str:
    """Channels group of one user's open pages, by the user's key."""
    return f"user.{user}"


def connect() -> "redis.asyncio.Redis":
    """A client that answers or fails within seconds: the library's default retries would block for four."""
    return redis.asyncio.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        retry=redis.asyncio.retry.Retry(redis.backoff.NoBackoff(), 1),
        health_check_interval=15,
    )


class Turns:
    """Lets one reader at a time ask Redis. Who waits for one that fails fails with it: each waiting in turn for a Redis
    that hangs, the last would wait for minutes.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._failures = 0

    @asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        """Wait for a turn. Raises LiveUnavailable if the one before ended so."""
        failures = self._failures
        async with self._lock:
            if failures != self._failures:
                raise LiveUnavailable(f"expected Redis at {_where()}, which somebody else asked in vain just now")
            try:
                yield
            except LiveUnavailable:
                self._failures += 1
                raise


class LiveReader:
    """Reads snapshots and keeps the newest of each channel, so that many readers of one moment cost one read."""

    def __init__(self, client: "redis.asyncio.Redis") -> None:
        self._client = client
        self._kept: dict[str, LiveSnapshot] = {}
        self._texts: dict[str, dict[bytes, bytes]] = {channel: {} for channel in CHANNELS}
        self._turns = {channel: Turns() for channel in CHANNELS}

    async def snapshot(self, channel: str) -> LiveSnapshot | None:
        """The newest rows of a channel; None while nothing was ever written. Raises LiveUnavailable."""
        async with self._turns[channel].take():
            try:
                return await self._read(channel)
            except FAULTS as error:
                raise LiveUnavailable(f"expected Redis at {_where()}, was: {error}") from error

    async def meta(self, channel: str) -> Meta | None:
        """Where a channel stands, without its rows; None while nothing was ever written. Raises LiveUnavailable."""
        try:
            text = await self._client.get(meta_key(channel))
            return None if text is None else _decode_meta(text)
        except FAULTS as error:
            raise LiveUnavailable(f"expected Redis at {_where()}, was: {error}") from error

    async def _read(self, channel: str) -> LiveSnapshot | None:
        meta_text = await self._client.get(meta_key(channel))
        if meta_text is None:
            return None
        meta = _decode_meta(meta_text)
        kept = self._kept.get(channel)
        if kept is None or (kept.epoch, kept.seq) != (meta.epoch, meta.seq):
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.get(meta_key(channel))
                pipe.hgetall(rows_key(channel))
                meta_text, texts = await pipe.execute()
            if meta_text is None:
                return None
            meta = _decode_meta(meta_text)
            rows = self._decode(channel, texts, kept.rows if kept else {})
        else:
            rows = kept.rows
        kept = LiveSnapshot(channel, meta.epoch, meta.seq, meta.time, meta.status, rows, meta.written_at)
        self._kept[channel] = kept
        return kept

    def _decode(self, channel: str, texts: dict[bytes, bytes], before: dict[str, Row]) -> dict[str, Row]:
        """Decode what changed. An unchanged row stays the same object: pages tell by that what to format anew."""
        old = self._texts[channel]
        rows = {
            (id := key.decode()): before[id] if old.get(key) == text and id in before else _decode_row(text)
            for key, text in texts.items()
        }
        self._texts[channel] = texts  # with the rows that they became, or an old row would pass for a new one
        return rows


# One reader an event loop: connections belong to the loop that opened them, and a web process has no composition root.
_readers: "WeakKeyDictionary[asyncio.AbstractEventLoop, LiveReader]" = WeakKeyDictionary()


async def snapshot(channel: str) -> LiveSnapshot | None:
    """The newest rows of a channel from this process's reader; None while nothing was ever written.

    Raises LiveUnavailable when Redis does not answer.
    """
    return await _reader().snapshot(channel)


async def meta(channel: str) -> Meta | None:
    """Where a channel stands, without its rows; None while nothing was ever written. Raises LiveUnavailable."""
    return await _reader().meta(channel)


def _reader() -> LiveReader:
    loop = asyncio.get_running_loop()
    reader = _readers.get(loop)
    if reader is None:
        reader = _readers[loop] = LiveReader(connect())
    return reader


def _where() -> str:
    return settings.REDIS_URL.rsplit("@", 1)[-1]
