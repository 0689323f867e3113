"""The one door for what the market does: it keeps the live snapshot in Redis and tells the Channels groups.

Frames are encoded here and only here. An update holds, for each row that changed, the fields that changed, absolute;
`seq` grows by one with each update of a channel, and `epoch` names the start of the ingest. What is lost on the way can
be found out by anybody who counts, and mended by reading the snapshot: losing any message is harmless.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

import msgspec
import redis
import redis.asyncio
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer

from market.domain.calendar import IsTradingDay, is_weekday
from market.domain.changes import Changes
from market.domain.events import Event, ForeignUpdate, IndexUpdate
from market.domain.rows import Row, derivatives_row, foreign_row, index_row, market_row
from market.domain.state import MarketState
from market.fence import Fence
from market.live import ANSWER_SECONDS, CHANNELS, group, meta_key, rows_key, user_group
from market.metrics import BROADCAST_INTERVAL_SECONDS, FRAME_BYTES

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS: Final = 5.0
FOREIGN_REFRESH_SECONDS: Final = 5.0  # speeds fall while nobody trades, so rows change without a message
FOREIGN_ACTIVE_SECONDS: Final = 360
WARN_EVERY_SECONDS: Final = 10.0
PRIVATE_KEPT: Final = 1_000  # messages to users while Redis is slow; the oldest go, their pages show them when loaded
TELL_SECONDS: Final = 1.0  # whoever changed a list waits for it
ALERTS_KEPT: Final = 200  # in the snapshot; older ones are in the database


def encode_frame(kind: str, channel: str, epoch: str, seq: int, moment: str | None, data: dict[str, Any]) -> str:
    """The text of one frame of the WebSocket API."""
    frame = {"type": kind, "channel": channel, "epoch": epoch, "seq": seq, "time": moment, "data": data}
    return msgspec.json.encode(frame).decode()


def tell_pages(user: int) -> None:
    """Tell the open pages of one user that the user's lists or alerts were changed; for code outside an event loop.

    Without Redis nobody is told: pages compare again when their socket is back.
    """
    try:
        async_to_sync(_tell_pages)(user)
    except (redis.RedisError, OSError, TimeoutError) as error:
        logger.info("Pages of a user could not be told of a change: %s", type(error).__name__)


async def _tell_pages(user: int) -> None:
    layer = get_channel_layer()
    assert layer is not None
    async with asyncio.timeout(TELL_SECONDS):
        await layer.group_send(user_group(user), {"type": "user.changed"})


class ChannelRows:
    """One channel's rows as they were last published."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.seq = 0
        self.rows: dict[str, Row] = {}
        self.dirty: set[str] = set()
        self.rewrite = True  # the hash in Redis may hold another epoch's rows, or miss ours
        self.lock = asyncio.Lock()  # one writer at a time, or an older seq could end up in Redis

    def changed_fields(self, key: str, row: Row) -> Row:
        """What differs from the row as last published; all of it for a new row."""
        before = self.rows.get(key)
        if before is None:
            return row
        return {field: value for field, value in row.items() if before.get(field, self) != value}


class Broadcaster:
    """Collects what changed and publishes it at most once an interval, the first change at once.

    `observe` is the pipeline's sink. `status` gives the status object of the moment. When Redis is away nothing is kept
    for it: the next write that succeeds writes everything.
    """

    def __init__(
        self,
        state: MarketState,
        layer: RedisPubSubChannelLayer,
        client: "redis.asyncio.Redis",
        *,
        epoch: str,
        interval_seconds: float,
        status: Callable[[], dict[str, Any]],
        is_trading_day: IsTradingDay = is_weekday,
    ) -> None:
        self.epoch = epoch
        self.redis_up = False
        self.published = 0
        self._state = state
        self._layer = layer
        self._client = client
        self._interval = interval_seconds
        self._status = status
        self._is_trading_day = is_trading_day
        self._channels = {channel: ChannelRows(channel) for channel in CHANNELS}
        self._market = self._channels["market"].dirty
        self._foreign = self._channels["foreign"].dirty
        self._index = self._channels["index"].dirty
        self._alerts: dict[str, Row] = {}
        self._private: deque[tuple[int, Row]] = deque(maxlen=PRIVATE_KEPT)
        self._told = asyncio.Event()
        self._wake = asyncio.Event()
        self._alerted = asyncio.Event()
        self._fence = Fence(epoch)
        self._warned_at = -WARN_EVERY_SECONDS
        self._last_status: dict[str, Any] = {}

    def observe(self, event: Event, changes: Changes) -> None:
        """Remember whose row an event touched."""
        if isinstance(event, IndexUpdate):
            self._index.add(event.index.upper())
        else:
            self._market.add(event.symbol)
            if isinstance(event, ForeignUpdate):
                self._foreign.add(event.symbol)
        if not self._wake.is_set():
            self._wake.set()

    def observe_all(self) -> None:
        """Take every row as changed: the state was gone on from, not built up from events."""
        self._market.update(self._state.symbols)
        self._foreign.update(code for code, symbol in self._state.symbols.items() if symbol.foreign.last is not None)
        self._index.update(self._state.indices)
        self._wake.set()

    def publish_alert(self, row: Row) -> None:
        """Publish an alert row at once, not at the next interval; its `id` names it."""
        dirty = self._channels["alerts"].dirty
        self._alerts[str(row["id"])] = row
        dirty.add(str(row["id"]))
        if len(self._alerts) > ALERTS_KEPT:
            oldest = next(iter(self._alerts))
            del self._alerts[oldest]
            dirty.add(oldest)
        self._alerted.set()

    def tell(self, user: int, message: Row) -> None:
        """Tell the open pages of one user, and nobody else, at once; nothing is kept for who is not there."""
        self._private.append((user, message))
        self._told.set()

    async def run(self) -> None:
        """Publish until cancelled. Raises Deposed once another ingest publishes."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._run_alerts())
                tasks.create_task(self._run_private())
                tasks.create_task(self._run_market())
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _run_alerts(self) -> None:
        while goes_on():
            await self._alerted.wait()
            self._alerted.clear()
            await self._publish(self._channels["alerts"], self._status().get("time"))

    async def _run_private(self) -> None:
        while goes_on():
            await self._told.wait()
            self._told.clear()
            while self._private:
                user, message = self._private.popleft()
                try:
                    await self._tell(user_group(user), {"type": "user.message", "message": message})
                except (redis.RedisError, OSError) as error:
                    self._lost(error)

    async def _run_market(self) -> None:
        beat_at = refresh_at = last = 0.0
        while goes_on():
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._wake.wait()
            self._wake.clear()
            started = time.monotonic()
            if last:
                BROADCAST_INTERVAL_SECONDS.observe(started - last)
            last = started
            if started >= refresh_at:
                refresh_at = started + FOREIGN_REFRESH_SECONDS
                self._refresh_speeds()
            await self.flush()
            if started >= beat_at or self._status_changed():
                beat_at = started + HEARTBEAT_SECONDS
                await self.beat()
            await asyncio.sleep(max(0.0, self._interval - (time.monotonic() - started)))

    async def flush(self) -> None:
        """Publish what changed since the last call, in every channel."""
        self._spread()
        moment = self._status().get("time")
        for rows in self._channels.values():
            if rows.dirty or rows.rewrite:
                await self._publish(rows, moment)

    async def beat(self) -> None:
        """Tell every group the status, so that a listener knows that it missed nothing and how the feed does."""
        status = self._status()
        self._last_status = comparable_status(status)
        try:
            for rows in self._channels.values():
                async with rows.lock:
                    # Only where our meta still is: after a restart of Redis the rows have to come first.
                    if not await self._store_meta(rows, status):
                        self._forgotten(rows)
                        continue
                    await self._send(rows.channel, "heartbeat", rows.seq, status.get("time"), {"status": status})
        except (redis.RedisError, OSError) as error:
            self._lost(error)

    def _spread(self) -> None:
        """Split futures from stocks, and let a contract follow its index."""
        derivatives = self._channels["derivatives"].dirty
        basis = self._state.basis
        derivatives.update(code for code in self._market if code in basis)
        self._market.difference_update(basis)
        if self._index:
            derivatives.update(code for code, tracker in basis.items() if tracker.underlying in self._index)
        if self._market:
            self._index.update(self._counted_indices())

    def _counted_indices(self) -> Iterable[str]:
        """Indices whose breadth is counted from stocks that changed."""
        for index, members in self._state.members.items():
            if index in self._state.indices and not members.isdisjoint(self._market):
                yield index

    def _refresh_speeds(self) -> None:
        now = self._state.now
        for code, symbol in self._state.symbols.items():
            if symbol.foreign.last is not None and now - symbol.foreign.at < FOREIGN_ACTIVE_SECONDS:
                self._foreign.add(code)

    def _row(self, channel: str, key: str) -> Row | None:
        state = self._state
        if channel == "alerts":
            return self._alerts.get(key)
        if channel == "index":
            index = state.indices.get(key)
            return None if index is None else index_row(index, state)
        symbol = state.symbols.get(key)
        if symbol is None:
            return None
        if channel == "market":
            return market_row(symbol)
        if channel == "foreign":
            return foreign_row(symbol, state.now)
        return derivatives_row(symbol, state.basis[key], state, self._is_trading_day)

    async def _publish(self, rows: ChannelRows, moment: str | None) -> None:
        async with rows.lock:
            await self._publish_locked(rows, moment)

    async def _publish_locked(self, rows: ChannelRows, moment: str | None) -> None:
        keys = set(rows.rows) | rows.dirty if rows.rewrite else set(rows.dirty)
        rows.dirty.clear()
        built = {key: row for key in keys if (row := self._row(rows.channel, key)) is not None}
        changes: dict[str, Row | None] = {
            key: fields for key, row in built.items() if (fields := rows.changed_fields(key, row))
        }
        gone = [key for key in keys if key not in built and key in rows.rows]
        changes |= dict.fromkeys(gone)
        if not changes and not rows.rewrite:
            return
        rows.rows.update(built)
        for key in gone:
            del rows.rows[key]
        rows.seq += 1
        whole, rows.rewrite = rows.rewrite, True  # until it is written: who is cancelled on the way left out some
        written = built if whole else {key: built[key] for key in changes if key in built}
        try:
            if not await self._store(rows, written, gone, whole):
                self._forgotten(rows)
                return
            rows.rewrite = False
            await self._send(rows.channel, "update", rows.seq, moment, {"rows": changes})
            self._found()
        except (redis.RedisError, OSError) as error:
            self._lost(error)

    async def _store(self, rows: ChannelRows, written: dict[str, Row], gone: list[str], whole: bool) -> bool:
        """Write rows and meta in one transaction; False when Redis had forgotten what these rows add to.

        `whole`: they take the place of whatever is there.
        """
        async with self._client.pipeline(transaction=True) as pipe:
            await self._fence.enter(pipe)
            if whole:
                pipe.delete(rows_key(rows.channel))
            if written:
                encoded = {key: msgspec.json.encode(row) for key, row in written.items()}
                pipe.hset(rows_key(rows.channel), mapping=encoded)  # type: ignore[arg-type]
            if gone:
                pipe.hdel(rows_key(rows.channel), *gone)
            # Without meta nobody reads rows that are not all there, and then adds updates to them.
            pipe.set(meta_key(rows.channel), self._meta(rows.seq, self._status()), xx=not whole)
            return bool(await self._fence.commit(pipe))

    async def _store_meta(self, rows: ChannelRows, status: dict[str, Any]) -> bool:
        """Write the meta where one is; False when Redis had forgotten it."""
        async with self._client.pipeline(transaction=True) as pipe:
            await self._fence.enter(pipe)
            pipe.set(meta_key(rows.channel), self._meta(rows.seq, status), xx=True)
            return bool(await self._fence.commit(pipe))

    def _meta(self, seq: int, status: dict[str, Any]) -> bytes:
        meta = {"epoch": self.epoch, "seq": seq, "time": status.get("time"), "status": status}
        return msgspec.json.encode(meta | {"written_at": round(time.time(), 3)})

    async def _send(self, channel: str, kind: str, seq: int, moment: str | None, data: dict[str, Any]) -> None:
        text = encode_frame(kind, channel, self.epoch, seq, moment, data)
        numbers = {"epoch": self.epoch, "seq": seq}
        message = {"type": "live.message", "channel": channel, "kind": kind, "text": text, **numbers}
        await self._tell(group(channel), message)
        self.published += 1
        FRAME_BYTES.labels(channel, kind).observe(len(text))

    async def _tell(self, name: str, message: dict[str, Any]) -> None:
        """Send to a group. The layer itself would wait for ever for a Redis that is gone without a word."""
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._layer.group_send(name, message)

    def _status_changed(self) -> bool:
        return comparable_status(self._status()) != self._last_status

    def _forgotten(self, rows: ChannelRows) -> None:
        """Redis came back empty, and so fast that nobody noticed: write everything at the next interval."""
        rows.rewrite = True
        self._wake.set()

    def _found(self) -> None:
        if not self.redis_up:
            self.redis_up = True
            logger.info("Redis answers; the live snapshot is complete")

    def _lost(self, error: Exception) -> None:
        for rows in self._channels.values():
            rows.rewrite = True
        self._wake.set()  # try again at the next interval, even if the market is quiet
        if self.redis_up or time.monotonic() - self._warned_at >= WARN_EVERY_SECONDS:
            self._warned_at = time.monotonic()
            logger.warning("Redis does not answer; parsing goes on, pages stand still: %s", error)
        self.redis_up = False


def goes_on() -> bool:
    """Whether nobody has cancelled this task: a cancellation in the midst of a call to Redis may get lost there."""
    task = asyncio.current_task()
    return task is None or not task.cancelling()


def comparable_status(status: dict[str, Any]) -> dict[str, Any]:
    """A status without what changes all the time: two that are equal here say the same."""
    return {key: value for key, value in status.items() if key not in ("time", "counts", "delay_seconds", "speed")}
