"""The live snapshot and the group messages, against a real Valkey."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio
import redis.asyncio
from channels.layers import get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer

from market import broadcast, live
from market.channel_layer import ChannelLayer
from market.domain.events import IndexUpdate
from market.domain.state import MarketState
from market.sockets.channel import LiveChannel
from tests.market.live_market import CODES, DAY, OPEN, Market, trade
from tests.patience import PATIENT_SECONDS

Rows = dict[str, dict[str, Any]]


class Copy:
    """A listener's copy of one channel, kept as docs tell listeners to: count, and take a snapshot after a gap."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.epoch = ""
        self.seq = 0
        self.rows: Rows = {}
        self.resyncs = 0

    async def resync(self, reader: live.LiveReader) -> None:
        """Take the snapshot."""
        snapshot = await reader.snapshot(self.channel)
        assert snapshot is not None
        self.resyncs += 1
        self.epoch, self.seq = snapshot.epoch, snapshot.seq
        self.rows = {key: dict(row) for key, row in snapshot.rows.items()}

    async def take(self, message: dict[str, Any], reader: live.LiveReader) -> None:
        """Apply one group message."""
        if message["kind"] != "update" and message["seq"] == self.seq and message["epoch"] == self.epoch:
            return
        if message["epoch"] == self.epoch and message["seq"] <= self.seq:
            return
        if message["epoch"] != self.epoch or message["seq"] != self.seq + 1 or message["kind"] != "update":
            await self.resync(reader)
            return
        for key, fields in json.loads(message["text"])["data"]["rows"].items():
            if fields is None:
                self.rows.pop(key, None)
            else:
                self.rows.setdefault(key, {}).update(fields)
        self.seq = message["seq"]


@pytest_asyncio.fixture
async def market(redis_url: str) -> AsyncIterator[Market]:
    """A market with a real Valkey behind it."""
    client = live.connect()
    yield Market(client, get_channel_layer())
    await client.aclose()


async def listen(layer: RedisPubSubChannelLayer, channel: str) -> str:
    """Join a group; the name to receive by."""
    name: str = await layer.new_channel()
    await layer.group_add(live.group(channel), name)
    return name


async def drain(layer: RedisPubSubChannelLayer, name: str, until: tuple[str, int]) -> list[dict[str, Any]]:
    """Receive until the message of an epoch and seq has come."""
    messages = []
    while not messages or (messages[-1]["epoch"], messages[-1]["seq"]) < until:
        messages.append(await asyncio.wait_for(layer.receive(name), timeout=PATIENT_SECONDS))
    return messages


async def test_update_after_one_trade_holds_only_the_fields_that_changed(market: Market) -> None:
    market.apply(trade("ACB", OPEN, 100.0, 25_000.0))
    await market.broadcaster.flush()
    name = await listen(market.layer, "market")
    market.apply(trade("ACB", OPEN + 1, 200.0, 25_000.0))
    await market.broadcaster.flush()
    message = await asyncio.wait_for(market.layer.receive(name), timeout=PATIENT_SECONDS)
    frame = json.loads(message["text"])
    assert (frame["type"], frame["channel"], frame["seq"]) == ("update", "market", 2)
    row = frame["data"]["rows"]["ACB"]
    assert row["total_volume"] == 200
    assert "reference" not in row and "ceiling" not in row and "price" not in row


async def test_flush_without_changes_publishes_nothing(market: Market) -> None:
    market.apply(trade("ACB", OPEN, 100.0, 25_000.0))
    await market.broadcaster.flush()
    published = market.broadcaster.published
    market.broadcaster.observe(trade("ACB", OPEN, 100.0, 25_000.0), ())
    await market.broadcaster.flush()
    assert market.broadcaster.published == published


async def test_future_row_follows_its_index_without_a_trade_of_its_own(market: Market) -> None:
    market.apply(IndexUpdate(index="VN30", value=1900.0, at=OPEN, day=DAY))
    market.apply(trade("41I1GC000", OPEN, 100.0, 1905.0))
    await market.broadcaster.flush()
    market.apply(IndexUpdate(index="VN30", value=1910.0, at=OPEN + 5, day=DAY))
    await market.broadcaster.flush()
    snapshot = await live.LiveReader(market.client).snapshot("derivatives")
    assert snapshot is not None
    assert snapshot.rows["41I1GC000"]["basis"] == -5.0
    stocks = await live.LiveReader(market.client).snapshot("market")
    assert stocks is not None and "41I1GC000" not in stocks.rows


@pytest.mark.parametrize("loss", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_snapshot_and_updates_with_losses_equal_a_fresh_snapshot(market: Market, loss: float, seed: int) -> None:
    source = random.Random(seed)
    reader = live.LiveReader(market.client)
    copies = [Copy(channel) for channel in ("market", "foreign", "index", "derivatives")]
    for _ in range(20):
        market.happen(source)
    await market.broadcaster.flush()
    names = [await listen(market.layer, copy.channel) for copy in copies]
    for copy in copies:
        await copy.resync(reader)
    for _ in range(30):
        for _ in range(source.randint(0, 5)):
            market.happen(source)
        await market.broadcaster.flush()
    await market.broadcaster.beat()
    for copy, name in zip(copies, names, strict=True):
        fresh = await live.LiveReader(market.client).snapshot(copy.channel)
        assert fresh is not None
        messages = await drain(market.layer, name, (fresh.epoch, fresh.seq))
        heartbeat = (
            await asyncio.wait_for(market.layer.receive(name), timeout=PATIENT_SECONDS)
            if messages[-1]["kind"] == "update"
            else None
        )
        for message in messages:
            if message["kind"] == "heartbeat" or source.random() >= loss:
                await copy.take(message, reader)
        if heartbeat is not None:
            await copy.take(heartbeat, reader)
        assert copy.rows == fresh.rows
        assert copy.seq == fresh.seq


async def test_new_epoch_replaces_the_rows_of_the_one_before(market: Market) -> None:
    market.apply(trade("ACB", OPEN, 100.0, 25_000.0))
    await market.broadcaster.flush()
    market.state = MarketState()
    market.start("epoch-two")
    market.apply(trade("HPG", OPEN, 100.0, 25_000.0))
    await market.broadcaster.flush()
    snapshot = await live.LiveReader(market.client).snapshot("market")
    assert snapshot is not None
    assert (snapshot.epoch, set(snapshot.rows)) == ("epoch-two", {"HPG"})


async def test_redis_that_came_back_empty_is_filled_again(market: Market) -> None:
    for code in CODES[:3]:
        market.apply(trade(code, OPEN, 100.0, 25_000.0))
    await market.broadcaster.flush()
    await market.client.flushdb()
    market.apply(trade("ACB", OPEN + 1, 200.0, 25_100.0))
    await market.broadcaster.flush()
    await market.broadcaster.flush()
    snapshot = await live.LiveReader(market.client).snapshot("market")
    assert snapshot is not None
    assert set(snapshot.rows) == set(CODES[:3])
    assert snapshot.rows["ACB"]["total_volume"] == 200


async def test_listener_that_comes_before_an_empty_redis_is_filled_again_has_every_row_after_it(market: Market) -> None:
    for code in CODES[:3]:
        market.apply(trade(code, OPEN, 100.0, 25_000.0))
    await market.broadcaster.flush()
    await market.client.flushdb()
    market.apply(trade("ACB", OPEN + 1, 200.0, 25_100.0))
    await market.broadcaster.flush()
    channel = LiveChannel("market")
    if early := await live.LiveReader(market.client).snapshot("market"):
        channel.load(early)
    name = await listen(market.layer, "market")
    await market.broadcaster.flush()
    fresh = await live.LiveReader(market.client).snapshot("market")
    assert fresh is not None
    for message in await drain(market.layer, name, (fresh.epoch, fresh.seq)):
        if channel.follows(message["epoch"], message["seq"]):
            channel.update(message["seq"], message["text"])
        elif not channel.has(message["epoch"], message["seq"]):
            channel.load(fresh)
    assert channel.rows == fresh.rows
    assert set(channel.rows) == set(CODES[:3])


async def test_redis_that_came_back_empty_is_filled_again_by_a_heartbeat(market: Market) -> None:
    market.apply(trade("ACB", OPEN, 100.0, 25_000.0))
    await market.broadcaster.flush()
    await market.client.flushdb()
    await market.broadcaster.beat()
    assert await live.LiveReader(market.client).snapshot("market") is None
    await market.broadcaster.flush()
    snapshot = await live.LiveReader(market.client).snapshot("market")
    assert snapshot is not None and set(snapshot.rows) == {"ACB"}


async def test_broadcaster_without_redis_goes_on_and_reader_says_unavailable(market: Market) -> None:
    away = redis.asyncio.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=1)
    market.client, client = away, market.client
    market.start("epoch-one")
    market.apply(trade("ACB", OPEN, 100.0, 25_000.0))
    await market.broadcaster.flush()
    assert not market.broadcaster.redis_up
    with pytest.raises(live.LiveUnavailable):
        await live.LiveReader(away).snapshot("market")
    market.broadcaster._client = client
    await market.broadcaster.flush()
    assert market.broadcaster.redis_up
    snapshot = await live.LiveReader(client).snapshot("market")
    assert snapshot is not None and set(snapshot.rows) == {"ACB"}
    await away.aclose()


async def test_groups_that_never_answer_are_an_outage(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast, "ANSWER_SECONDS", 0.05)
    await market.broadcaster.flush()
    assert market.broadcaster.redis_up

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        market.layer = market.broadcaster._layer = ChannelLayer(hosts=[f"redis://127.0.0.1:{port}/0"])
        market.apply(trade("ACB", OPEN, 100.0, 25_000.0))
        async with asyncio.timeout(PATIENT_SECONDS):
            await market.broadcaster.flush()
        assert not market.broadcaster.redis_up
        await market.layer.flush()


async def test_run_publishes_the_first_change_at_once(market: Market) -> None:
    market.broadcaster._interval = 30.0
    name = await listen(market.layer, "market")
    running = asyncio.create_task(market.broadcaster.run())
    market.apply(trade("ACB", OPEN, 100.0, 25_000.0))
    message = await asyncio.wait_for(market.layer.receive(name), timeout=PATIENT_SECONDS)
    assert json.loads(message["text"])["data"]["rows"]["ACB"]["total_volume"] == 100
    running.cancel()


async def test_run_publishes_a_burst_once_in_an_interval_and_nothing_after_it(market: Market) -> None:
    market.broadcaster._interval = interval = 0.2
    name = await listen(market.layer, "market")
    running = asyncio.create_task(market.broadcaster.run())
    begun, told = time.monotonic(), []
    for total in range(1, 301):
        market.apply(trade("ACB", OPEN, 100.0 * total, 25_000.0))
        await asyncio.sleep(0)
    while not told or told[-1] < 30_000:
        message = await asyncio.wait_for(market.layer.receive(name), timeout=PATIENT_SECONDS)
        told += [row["total_volume"] for row in rows_of(message).values() if "total_volume" in row]
    assert len(told) <= (time.monotonic() - begun) / interval + 2
    with suppress(TimeoutError):
        async with asyncio.timeout(3 * interval):
            while True:
                assert rows_of(await market.layer.receive(name)) == {}
    running.cancel()


def rows_of(message: dict[str, Any]) -> Rows:
    """The rows of an update; none of a heartbeat or status."""
    rows: Rows = json.loads(message["text"])["data"].get("rows", {})
    return rows


def alert(number: int) -> dict[str, Any]:
    """An alert's row."""
    return {"id": str(number), "kind": "volume_spike", "symbol": CODES[number % 3], "severity": "info", "title": "…"}


async def test_alert_is_published_at_once_and_not_at_the_interval(market: Market) -> None:
    market.broadcaster._interval = 30.0
    running = asyncio.create_task(market.broadcaster.run())
    name = await listen(market.layer, "alerts")
    for number in (1, 2):
        market.broadcaster.publish_alert(alert(number))
        rows: Rows = {}
        while not rows:
            message = await asyncio.wait_for(market.layer.receive(name), timeout=PATIENT_SECONDS)
            rows = json.loads(message["text"])["data"].get("rows", {})
        assert rows == {str(number): alert(number)}
    running.cancel()


async def test_alerts_snapshot_keeps_the_newest_and_updates_lead_to_it(market: Market) -> None:
    reader = live.LiveReader(market.client)
    await market.broadcaster.flush()
    copy = Copy("alerts")
    await copy.resync(reader)
    name = await listen(market.layer, "alerts")
    for number in range(230):
        market.broadcaster.publish_alert(alert(number))
        if number % 9 == 0:
            await market.broadcaster.flush()
    await market.broadcaster.flush()
    fresh = await live.LiveReader(market.client).snapshot("alerts")
    assert fresh is not None
    assert set(fresh.rows) == {str(number) for number in range(30, 230)}
    for message in await drain(market.layer, name, (fresh.epoch, fresh.seq)):
        await copy.take(message, reader)
    assert copy.rows == fresh.rows
    assert copy.resyncs == 1


async def test_write_that_was_cancelled_on_its_way_is_made_good_by_the_next(market: Market) -> None:
    reader = live.LiveReader(market.client)
    for steps in range(1, 25):  # wherever it is by then
        first = steps * 180
        for number in range(first, first + 90):
            market.broadcaster.publish_alert(alert(number))
        await market.broadcaster.flush()
        for number in range(first + 90, first + 180):
            market.broadcaster.publish_alert(alert(number))
        writing = asyncio.create_task(market.broadcaster.flush())
        for _ in range(steps):
            await asyncio.sleep(0)
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        await market.broadcaster.flush()
        snapshot = await reader.snapshot("alerts")
        assert snapshot is not None
        assert snapshot.rows.keys() == {str(each) for each in range(max(180, first - 20), first + 180)}, steps
