"""What listens to the Channels groups for all sockets of this web process.

One subscription a channel, however many clients: Channels would give each consumer a queue without a bound and a copy
of each message to decode. The hub joins the group first, reads the snapshot second and applies what came meanwhile.
It runs while somebody listens.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

import redis
from channels.layers import get_channel_layer

from market import live
from market.broadcast import goes_on
from market.sockets.channel import LiveChannel

logger = logging.getLogger(__name__)

Read: TypeAlias = Callable[[str], Awaitable["live.LiveSnapshot | None"]]

RETRY_SECONDS: Final = 1.0
STOP_SECONDS: Final = 2.0
WOKEN_AT_ONCE: Final = 25


class Listener(Protocol):
    """A socket."""

    wake: asyncio.Event

    def tick(self, now: float) -> None:
        """Look at the clock: once a second, by the event loop's."""

    def close(self, code: int) -> None:
        """Say good-bye."""


class Rhythm(NamedTuple):
    """Seconds."""

    tick: float = 1.0
    heartbeat: float = 5.0
    silent_after: float = 15.0  # ingest beats every 5 s
    first_wait: float = 3.0  # how long a client waits for the first snapshot while Redis does not answer


class Subscription:
    """One channel, the task that follows it, and who listens."""

    def __init__(self, name: str, read: Read, rhythm: Rhythm) -> None:
        self.channel = LiveChannel(name)
        self.listeners: set[Listener] = set()
        self.ready = asyncio.Event()  # set when the first answer is there, be it that there is none
        self._read = read
        self._rhythm = rhythm
        self._heard_at = self._now()
        self._told_at = 0.0
        self._stopping = False
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._watch())]

    async def stop(self) -> None:
        """Leave the group."""
        self._stopping = True
        while pending := [task for task in self._tasks if not task.done()]:
            for task in pending:
                task.cancel()
            # Again if need be: redis-py swallows a cancellation that comes just as a command is answered.
            await asyncio.wait(pending, timeout=STOP_SECONDS)

    def _now(self) -> float:
        return time.monotonic()

    async def _wake_all(self) -> None:
        """Let all send; some at a time, so that the first frames are on the wire before the last are made."""
        for number, listener in enumerate(tuple(self.listeners), start=1):
            listener.wake.set()
            if number % WOKEN_AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _follow(self) -> None:
        while goes_on() and not self._stopping:
            try:
                # First as a probe: the layer would keep the queue of a channel that it could not subscribe.
                await self._reach()
                await self._listen()
            except (live.LiveUnavailable, redis.RedisError, OSError) as error:
                logger.info("%s waits for Redis: %s", self.channel.name, error)
                self.ready.set()
            except Exception:
                logger.exception("%s starts again after a fault", self.channel.name)
            if not self._stopping:
                await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self) -> None:
        layer: Any = get_channel_layer()
        group = live.group(self.channel.name)
        queue: str = await layer.new_channel()
        try:
            await layer.group_add(group, queue)
            await self._try_to_reach()
            while goes_on() and not self._stopping:
                message = await layer.receive(queue)
                try:
                    await self._take(message)
                except Exception:
                    logger.exception("%s reads the snapshot instead of a message that it cannot use", self.channel.name)
                    await self._try_to_reach()
        finally:
            with suppress(redis.RedisError, OSError):
                await layer.group_discard(group, queue)

    async def _take(self, message: dict[str, Any]) -> None:
        self._heard_at = self._now()
        channel, epoch, seq = self.channel, message["epoch"], message["seq"]
        if message["kind"] == "update" and channel.follows(epoch, seq):
            channel.update(seq, message["text"])
        elif not channel.has(epoch, seq):
            await self._try_to_reach()
        if message["kind"] != "update" and (epoch, seq) == (channel.epoch, channel.seq):
            channel.beat(message["text"])
        await self._wake_all()

    async def _try_to_reach(self) -> None:
        with suppress(live.LiveUnavailable):  # the next message or heartbeat tries again
            await self._reach()

    async def _reach(self) -> bool:
        """Read the snapshot; True if it held news. Raises LiveUnavailable."""
        snapshot = await self._read(self.channel.name)
        news = snapshot is not None and self.channel.load(snapshot)
        self.ready.set()
        if news:
            await self._wake_all()
        return news

    async def _watch(self) -> None:
        """Let listeners look at the clock, and say so when ingest is silent."""
        loop = asyncio.get_running_loop()
        while goes_on():
            await asyncio.sleep(self._rhythm.tick)
            now = loop.time()
            for listener in list(self.listeners):
                listener.tick(now)
            silence = self._now() - self._heard_at
            if silence > self._rhythm.silent_after and self._now() - self._told_at > self._rhythm.heartbeat:
                self._told_at = self._now()
                try:
                    await self._tell_silence()
                except Exception:  # the sockets' clock is this task
                    logger.exception("%s: the silence could not be told", self.channel.name)

    async def _tell_silence(self) -> None:
        try:
            if await self._reach():  # so it is our subscription that is dead, not ingest
                logger.warning("%s: no messages though there is news; subscribing again", self.channel.name)
                self._tasks[0].cancel()
                self._tasks[0] = asyncio.create_task(self._follow())
            detail = "ingest gives no sign of life"
        except live.LiveUnavailable:
            detail = "Redis does not answer"
        self.channel.tell(self.channel.status | {"feed": "reconnecting", "detail": detail})
        await self._wake_all()


class LiveHub:
    """The subscriptions of one web process."""

    def __init__(self, read: Read = live.snapshot, rhythm: Rhythm = Rhythm()) -> None:  # noqa: B008  (immutable)
        self._read = read
        self._rhythm = rhythm
        self._subscriptions: dict[str, Subscription] = {}

    def join(self, name: str, listener: Listener) -> LiveChannel:
        """Let a socket listen to a channel. Wait for `ready` before looking at it."""
        subscription = self._subscriptions.get(name)
        if subscription is None:
            subscription = self._subscriptions[name] = Subscription(name, self._read, self._rhythm)
        subscription.listeners.add(listener)
        return subscription.channel

    async def ready(self, name: str) -> None:
        """Wait until there is something to see of a channel that was joined, or no hope for it soon."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._rhythm.first_wait):
                await self._subscriptions[name].ready.wait()

    async def leave(self, name: str, listener: Listener) -> None:
        """Let a socket go; with the last one the channel is not followed any more."""
        subscription = self._subscriptions.get(name)
        if subscription is None:
            return
        subscription.listeners.discard(listener)
        if not subscription.listeners:
            del self._subscriptions[name]
            await subscription.stop()

    def close_all(self, code: int) -> None:
        """Let every socket say good-bye."""
        for subscription in self._subscriptions.values():
            for listener in subscription.listeners:
                listener.close(code)
