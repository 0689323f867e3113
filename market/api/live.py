"""Answers from the live copy in Redis: read at most ten times a second, encoded once for all who ask the same.

A `LiveView` says which channel it shows and builds a body from a snapshot and from what was wanted. Whoever asks within
`FRESH_SECONDS` of a read gets the same moment, and of one moment each different question is encoded once.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextvars import Context
from datetime import date
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary
from zlib import crc32

import msgspec
from asgiref.sync import sync_to_async
from django.core.exceptions import SuspiciousOperation
from django.db import DatabaseError, InterfaceError, connection
from django.http import QueryDict
from django.utils import timezone
from rest_framework.exceptions import ParseError, ValidationError

from market import live
from market.api.errors import FAULTS, Unavailable
from market.api.parameters import LiveQuery, validated
from market.live import LiveSnapshot
from market.reference import basket_codes

FRESH_SECONDS: Final = 0.1
MEMBERS_SECONDS: Final = 300.0
MEMBERS_RETRY_SECONDS: Final = 15.0
SILENT_SECONDS: Final = 15.0  # ingest writes at least every five
MOST_BODIES: Final = 256  # kept of one moment; beyond that they are encoded again for each who asks
LONGEST_QUERY: Final = 8192
NO_STATUS: Final[dict[str, Any]] = {"feed": "starting", "detail": "no data yet"}
CACHE_CONTROL: Final = "private, max-age=1"

Members: TypeAlias = frozenset[str]


class Wanted(NamedTuple):
    """Which rows a request names: some symbols, or a list."""

    symbols: frozenset[str] | None
    list: str


class LiveView(NamedTuple):
    """One endpoint: its channel, and what its answer holds besides the moment. `build` raises NotFound."""

    channel: str
    build: Callable[[LiveSnapshot, Wanted, Members], Mapping[str, Any]]


class Reply(NamedTuple):
    """An answer to a GET, ready to send."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Moment:
    """A snapshot and what was encoded of it."""

    def __init__(self, snapshot: LiveSnapshot, silent: bool) -> None:
        self.snapshot = snapshot
        self.silent = silent
        self.bodies: dict[tuple[LiveView, Wanted, Members], Reply] = {}

    def is_same(self, other: "Moment") -> bool:
        """Whether both give the same answers."""
        mine, its = self.snapshot, other.snapshot
        return (mine.epoch, mine.seq, mine.time, self.silent, mine.status) == (
            its.epoch, its.seq, its.time, other.silent, its.status,
        )  # fmt: skip

    def head(self) -> dict[str, Any]:
        """What every live answer says of itself."""
        snapshot = self.snapshot
        status = snapshot.status
        if self.silent:
            status = status | {"feed": "reconnecting", "detail": "ingest is silent"}
        return {
            "served_from": "live copy",
            "channel": snapshot.channel,
            "epoch": snapshot.epoch,
            "seq": snapshot.seq,
            "time": snapshot.time,
            "status": status,
        }


class LiveAnswers:
    """The answers of one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._moments: dict[str, tuple[Moment, float]] = {}
        self._turns = {channel: live.Turns() for channel in live.CHANNELS}
        self._members: Members = frozenset()
        self._members_day: date | None = None
        self._members_until = 0.0
        self._members_lock = asyncio.Lock()
        self._reading: asyncio.Task[None] | None = None  # the loop itself holds tasks weakly

    async def answer(self, view: LiveView, query: str, if_none_match: str | None) -> Reply:
        """The answer to a query string. Raises what the API answers with an error."""
        wanted = parsed(query)
        moment = await self.moment(view.channel)
        members: Members = frozenset()
        if wanted.symbols is None and wanted.list == "VN30":
            members = await self._vn30(moment.snapshot.status)
        key = (view, wanted, members)
        reply = moment.bodies.get(key)
        if reply is None:
            reply = encode(moment, view, wanted, members)
            if len(moment.bodies) < MOST_BODIES:
                moment.bodies[key] = reply
        if if_none_match and matches(if_none_match, reply.headers[0][1]):
            return Reply(304, reply.headers[:2], b"")
        return reply

    async def moment(self, channel: str) -> Moment:
        """The newest moment of a channel. Raises Unavailable."""
        kept = self._moments.get(channel)
        if kept and self._clock() - kept[1] < FRESH_SECONDS:
            return kept[0]
        try:
            async with self._turns[channel].take():
                kept = self._moments.get(channel)
                if kept and self._clock() - kept[1] < FRESH_SECONDS:  # another request read while this one waited
                    return kept[0]
                snapshot = await live.snapshot(channel) or LiveSnapshot(channel, "", 0, None, NO_STATUS, {})
                silent = snapshot.written_at is not None and time.time() - snapshot.written_at > SILENT_SECONDS
                moment = Moment(snapshot, silent)
                if kept and kept[0].is_same(moment):
                    moment = kept[0]
                self._moments[channel] = moment, self._clock()
                return moment
        except live.LiveUnavailable as error:
            raise Unavailable("Redis does not answer; try again later.") from error

    async def _vn30(self, status: Mapping[str, Any]) -> Members:
        """VN30's members on the market's day. Only a first question waits for the database."""
        text = status.get("trading_date")
        day = date.fromisoformat(text) if text else timezone.localdate()
        if day != self._members_day:
            async with self._members_lock:
                if day != self._members_day:
                    await self._read_vn30(day)
        elif self._clock() >= self._members_until and not self._members_lock.locked():
            # Not in the context of a request, whose thread is gone by then.
            self._reading = asyncio.create_task(self._read_vn30_again(day), context=Context())
        return self._members

    async def _read_vn30_again(self, day: date) -> None:
        async with self._members_lock:
            await self._read_vn30(day)

    async def _read_vn30(self, day: date) -> None:
        """Ask the database; what was known stays while it is away."""
        seconds = MEMBERS_SECONDS
        try:
            self._members = await sync_to_async(vn30_on)(day)
        except (DatabaseError, InterfaceError):
            seconds = MEMBERS_RETRY_SECONDS
        self._members_day, self._members_until = day, self._clock() + seconds


def vn30_on(day: date) -> Members:
    """VN30's members as stored. Often no request ends here that would give the connection back, so it is done here."""
    try:
        return frozenset(basket_codes("VN30", day))
    finally:
        if not connection.in_atomic_block:
            connection.close()


def encode(moment: Moment, view: LiveView, wanted: Wanted, members: Members) -> Reply:
    """The answer, with a strong tag: epoch, seq and a checksum of the rest, because a status comes without a seq."""
    snapshot = moment.snapshot
    body = msgspec.json.encode(moment.head() | dict(view.build(snapshot, wanted, members)))
    headers = (
        ("ETag", f'"{snapshot.epoch}-{snapshot.seq}-{crc32(body):08x}"'),
        ("Cache-Control", CACHE_CONTROL),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
    )
    return Reply(200, headers, body)


def matches(if_none_match: str, tag: str) -> bool:
    """Whether a client has this answer already (RFC 9110, 13.1.2)."""
    return if_none_match.strip() == "*" or tag in (each.strip().removeprefix("W/") for each in if_none_match.split(","))


@lru_cache(maxsize=1024)
def parsed(query: str) -> Wanted:
    """What a query string asks for. Raises ValidationError, ParseError."""
    if len(query) > LONGEST_QUERY:
        raise ValidationError({"symbols": f"expected a query of at most {LONGEST_QUERY} bytes, was {len(query)}"})
    try:
        wanted = validated(LiveQuery, QueryDict(query))
    except SuspiciousOperation as error:
        code, words = FAULTS[400]  # too many parameters
        raise ParseError(words, code) from error
    return Wanted(frozenset(wanted["symbols"]) if wanted["symbols"] else None, wanted["list"])


# One an event loop, as in market.live: a web process has no composition root.
_answers: "WeakKeyDictionary[asyncio.AbstractEventLoop, LiveAnswers]" = WeakKeyDictionary()


async def answer(view: LiveView, query: str, if_none_match: str | None) -> Reply:
    """The answer of this process's event loop; see LiveAnswers.answer."""
    return await _own().answer(view, query, if_none_match)


async def rows(channel: str) -> tuple[dict[str, Any], dict[str, live.Row]]:
    """What a live answer says of itself, and all rows of a channel. Raises Unavailable."""
    moment = await _own().moment(channel)
    return moment.head(), moment.snapshot.rows


def _own() -> LiveAnswers:
    loop = asyncio.get_running_loop()
    answers = _answers.get(loop)
    if answers is None:
        answers = _answers[loop] = LiveAnswers()
    return answers
