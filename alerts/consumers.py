"""The socket of signals: `/ws/signals/`, one for every open page. It tells what the rules notice while it is noticed.

The server filters: a line for the feed comes only with `feed=1` and only of alerts that pass `kind`, `severity` and
`symbol`; toasts come of all critical alerts, wherever the reader is. A page confirms each frame, and the next one
waits for that: who does not read costs one frame, and what piles up meanwhile is dropped beyond the feed's memory.
"""

import asyncio
import logging
from contextlib import AsyncExitStack, suppress
from typing import Any, Final, NamedTuple

import msgspec
import redis
from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils import translation

from alerts.personal.words import hit_line
from alerts.signals.feed import SignalFeed, Told
from alerts.signals.lines import BadSignalQuery, Wanted, wanted
from market.live import user_group
from market.sockets.door import CHECK_SECONDS, Door, Entry
from market.sockets.terms import (
    BAD_REQUEST,
    COME_BACK,
    CROWDED,
    NOT_AUTHORISED,
    STALLED,
    Refused,
    still_known,
)

logger = logging.getLogger(__name__)

LONGEST_MESSAGE: Final = 100
MOST_AT_ONCE: Final = 50  # in one frame, the newest; the others count, and are there when the page is loaded again
LATEST: Final = 2**33  # epoch seconds


class Pace(NamedTuple):
    """Seconds."""

    interval: float = 0.1
    beat_after: float = 15.0
    close_after: float = 40.0
    check_after: float = CHECK_SECONDS  # whether its session still holds


class Asked(NamedTuple):
    """What a page asks for. `seen` and `after` are epoch seconds: when its reader last looked, what it last got."""

    wanted: Wanted
    language: str
    feed: bool
    seen: int
    after: int


def asked(query: bytes) -> Asked | None:
    """Read the address of a socket; None if it cannot be used."""
    try:
        given = QueryDict(query)
        numbers = [int(given.get(name) or 0) for name in ("seen", "after")]
        found = wanted(given)
    except (ValueError, UnicodeDecodeError, BadSignalQuery):
        return None
    language = given.get("language", settings.LANGUAGE_CODE)
    if language not in dict(settings.LANGUAGES) or not all(0 <= each <= LATEST for each in numbers):
        return None
    return Asked(found, language, given.get("feed") == "1", *numbers)


class SignalsConsumer(AsyncWebsocketConsumer):
    """One open page."""

    def __init__(
        self,
        feed: SignalFeed,
        pace: Pace = Pace(),  # noqa: B008  (immutable)
        door: Door | None = None,
    ) -> None:
        super().__init__()
        self.feed = feed
        self.pace = pace
        self.door = door
        self.entry: Entry | None = None
        self.own_group = ""
        self.check_at = 0.0
        self.asked = Asked(Wanted(), "", False, 0, 0)
        self.wake = asyncio.Event()
        self.position = 0
        self.seq = 0
        self.confirmed = 0
        self.heard_at = self.spoke_at = 0.0
        self.task: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async with AsyncExitStack() as leaving:  # the last first, and each although one before was cancelled
            leaving.push_async_callback(self.leave_door)
            leaving.push_async_callback(self.leave_group)
            leaving.push_async_callback(self.leave_feed)
            await super().__call__(scope, receive, send)

    async def leave_feed(self) -> None:
        if self.task:
            self.task.cancel()
            await self.feed.leave(self)

    async def leave_group(self) -> None:
        if self.own_group:
            with suppress(redis.RedisError, OSError):
                await self.channel_layer.group_discard(self.own_group, self.channel_name)

    async def leave_door(self) -> None:
        if self.door and self.entry:
            await self.door.leave(self.entry)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Call the handler without Channels' look at the database connections: this socket never uses one."""
        handler = getattr(self, get_handler_name(message), None)
        if handler is None:
            raise ValueError(f"expected a message type that has a handler, was {message['type']}")
        await handler(message)

    async def connect(self) -> None:
        await self.accept()
        try:
            self.asked = await self.enter()
        except Refused as refused:
            await self.close(refused.code)
            return
        self.heard_at = self.spoke_at = self.clock()
        self.check_at = self.clock() + self.pace.check_after
        self.task = asyncio.create_task(self.run())

    async def enter(self) -> Asked:
        """Judge what the page asks for, and who asks. Raises Refused."""
        found = asked(self.scope["query_string"])
        if found is None:
            raise Refused(BAD_REQUEST)
        if self.feed.full:
            raise Refused(CROWDED)
        if self.door:
            self.entry = await self.door.enter(dict(self.scope), self.say_goodbye)
            if self.entry.visitor.user is not None:
                await self.hear_own(self.entry.visitor.user.pk)
        return found

    async def hear_own(self, user: int) -> None:
        """Listen to what is told to one user alone. Raises Refused."""
        try:
            await self.channel_layer.group_add(user_group(user), self.channel_name)
        except (redis.RedisError, OSError) as error:
            raise Refused(COME_BACK) from error
        self.own_group = user_group(user)

    async def user_message(self, message: dict[str, Any]) -> None:
        """Tell of an alert of the reader's own that went off. Nobody else's socket is in the group."""
        if self.task is None:
            return  # not begun yet: the reader's page shows it
        with translation.override(self.asked.language):
            line = hit_line(message["message"], self.asked.language)
            toast = render_to_string("alerts/_hit.html", {"hit": line}) + ""  # plain text, as in the feed
        own = {"id": line.id, "toast": toast}
        await self.send(msgspec.json.encode({"type": "own", "seq": self.seq, "items": [own]}).decode())

    async def user_changed(self, message: dict[str, Any]) -> None:
        """Tell that the reader's lists or alerts were changed: a page that shows them compares."""
        if self.task is not None:
            await self.send(msgspec.json.encode({"type": "changed", "seq": self.seq}).decode())

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take in `{"ack": n}`."""
        try:
            if text_data is None or len(text_data) > LONGEST_MESSAGE:
                raise ValueError("expected a short text")
            self.confirmed = max(self.confirmed, msgspec.json.decode(text_data, type=dict[str, int])["ack"])
        except (ValueError, KeyError):
            await self.close(BAD_REQUEST)
            return
        self.heard_at = self.clock()
        self.wake.set()

    def tick(self, now: float) -> None:
        """Let the task look at the clock."""
        due = self.spoke_at + self.pace.beat_after, self.heard_at + self.pace.close_after, self.check_at
        if now > min(due):
            self.wake.set()

    async def say_goodbye(self) -> None:
        """Ask the page to come back, to the process that takes over."""
        if self.task:
            self.task.cancel()
        await self.close(COME_BACK)

    async def run(self) -> None:
        try:
            self.position = await self.feed.join(self)
            missed = self.feed.later(self.asked.after) if self.asked.after else []
            unseen = len(self.feed.later(self.asked.seen)) if self.asked.seen else 0
            await self.say("state", missed, newest=self.feed.newest, unseen=unseen)
            while True:
                await self.wake.wait()
                self.wake.clear()
                await self.step()
        except Refused as refused:
            await self.close(refused.code)
        except Exception:
            logger.exception("a socket of signals failed")
            await self.close(COME_BACK)

    async def step(self) -> None:
        """Tell what is new, or give a sign of life; wait for a confirmation before the next word. Raises Refused."""
        now = self.clock()
        if now - self.heard_at > self.pace.close_after:
            raise Refused(STALLED)
        if now > self.check_at:
            self.check_at = now + self.pace.check_after
            await self.check()
        if self.confirmed >= self.seq:
            if news := self.feed.since(self.position):
                self.position = news[-1].number
                await self.say("signals", news)
                await asyncio.sleep(self.pace.interval)
            elif now - self.spoke_at > self.pace.beat_after:
                await self.say("beat", [])

    async def check(self) -> None:
        """Look whether the session still holds. Raises Refused: what is told to one user alone ends with it, although
        whoever comes back may read the rest.
        """
        if self.entry and not await still_known(self.entry.visitor):
            raise Refused(COME_BACK if settings.ANONYMOUS_READ else NOT_AUTHORISED)

    async def say(self, kind: str, told: list[Told], **more: int) -> None:
        self.seq += 1
        self.spoke_at = self.clock()
        items = [self.item(each) for each in told[-MOST_AT_ONCE:]]
        frame = {"type": kind, "seq": self.seq, "count": len(told), "items": items, **more}
        await self.send(msgspec.json.encode(frame).decode())

    def item(self, told: Told) -> dict[str, Any]:
        """An alert for this page; `line` only where its filters let it through."""
        row, rules, language = told.row, self.feed.rules, self.asked.language
        item = {"id": row["id"], "time": row["time"], "symbol": row["symbol"], "severity": row["severity"]}
        if self.asked.feed and self.asked.wanted.holds(row):
            item["line"] = told.html("alerts/_signal.html", language, rules)
        if row["severity"] == "critical":
            item["toast"] = told.html("alerts/_toast.html", language, rules)
        return item

    def clock(self) -> float:
        return asyncio.get_running_loop().time()
