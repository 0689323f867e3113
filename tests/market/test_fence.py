"""Two ingests never write to one Redis: the newer one stands, the older one finds out."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import redis.asyncio
from channels.layers import get_channel_layer

from market import live
from market.broadcast import Broadcaster
from market.fence import LEADER_KEY, Deposed
from tests.market.live_market import OPEN, Market, trade


@pytest_asyncio.fixture
async def client(redis_url: str) -> AsyncIterator["redis.asyncio.Redis"]:
    """A connection to a real Valkey."""
    client = live.connect()
    yield client
    await client.aclose()


@pytest.fixture
def market(client: "redis.asyncio.Redis") -> Market:
    """A market with a broadcaster."""
    return Market(client, get_channel_layer())


def go_on(market: Market) -> None:
    """Let something happen that has to be published."""
    market.total += 100
    market.apply(trade("ACB", OPEN + market.total, float(market.total), 25_000.0))


async def published_by(client: "redis.asyncio.Redis") -> str:
    """The epoch of the live snapshot."""
    snapshot = await live.LiveReader(client).snapshot("market")
    assert snapshot is not None
    return snapshot.epoch


async def test_broadcaster_after_another_took_over_writes_nothing_more(
    market: Market, client: "redis.asyncio.Redis"
) -> None:
    old = market.broadcaster
    go_on(market)
    await old.flush()
    new: Broadcaster = market.start("epoch-two")
    go_on(market)
    await new.flush()
    old.observe_all()
    go_on(market)
    with pytest.raises(Deposed, match="epoch-two"):
        await old.flush()
    with pytest.raises(Deposed):
        await old.beat()
    assert await published_by(client) == "epoch-two"
    await new.flush()


async def test_broadcaster_that_runs_ends_when_it_is_deposed(market: Market, client: "redis.asyncio.Redis") -> None:
    go_on(market)
    await market.broadcaster.flush()
    await client.set(LEADER_KEY, "another")
    with pytest.raises(Deposed):
        await market.broadcaster.run()


async def test_broadcaster_after_redis_forgot_everything_takes_the_lead_again(
    market: Market, client: "redis.asyncio.Redis"
) -> None:
    go_on(market)
    await market.broadcaster.flush()
    await client.flushdb()
    go_on(market)
    await market.broadcaster.flush()
    assert await client.get(LEADER_KEY) == b"epoch-one"


async def test_transaction_that_began_before_another_took_over_writes_nothing(
    market: Market, client: "redis.asyncio.Redis"
) -> None:
    go_on(market)
    await market.broadcaster.flush()
    fence = market.broadcaster._fence
    async with client.pipeline(transaction=True) as pipe:
        await fence.enter(pipe)
        await client.set(LEADER_KEY, "another")
        pipe.set("live:market:meta", "old")
        with pytest.raises(redis.WatchError):
            await fence.commit(pipe)
    assert await published_by(client) == "epoch-one"
