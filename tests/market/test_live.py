"""Reading the live snapshot where Redis is slow, or holds what nobody can read."""

import asyncio

import msgspec
import pytest
import redis
from pytest_django import Settings

from market import live
from market.pages.live_board import LiveBoard
from tests.market.live_rows import Publisher, market_row

READERS = 8


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A little patience with Redis."""
    monkeypatch.setattr(live, "ANSWER_SECONDS", 0.05)


async def test_readers_that_wait_for_a_hung_redis_learn_of_it_together(quick: None, settings: Settings) -> None:
    asked = 0

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1") as server:
        settings.REDIS_URL = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        client = live.connect()
        reader = live.LiveReader(client)
        board, other = LiveBoard(read=reader.snapshot), LiveBoard(read=reader.snapshot)
        with pytest.raises(live.LiveUnavailable):
            await reader.snapshot("market")
        once, asked = asked, 0
        reads = [board.refresh() for _ in range(READERS)] + [other.refresh() for _ in range(READERS)]
        answers = await asyncio.gather(*reads, return_exceptions=True)
        assert [type(each) for each in answers] == [live.LiveUnavailable] * len(reads)
        assert asked == once
        await client.aclose()


async def test_row_that_cannot_be_read_is_an_outage_and_leaves_no_old_row_behind(redis_url: str) -> None:
    publisher, client = Publisher(), live.connect()
    reader = live.LiveReader(client)
    publisher.store_all({"ACB": market_row("ACB", price=1.0), "HPG": market_row()})
    await reader.snapshot("market")
    publisher.store_all({"ACB": market_row("ACB", price=2.0), "HPG": market_row()})
    with redis.Redis.from_url(redis_url) as admin:
        good = msgspec.json.encode(market_row())
        admin.hset(live.rows_key("market"), "HPG", b"{")
        with pytest.raises(live.LiveUnavailable):
            await reader.snapshot("market")
        admin.hset(live.rows_key("market"), "HPG", good)
    snapshot = await reader.snapshot("market")
    assert snapshot is not None
    assert snapshot.rows["ACB"]["price"] == 2.0
    await client.aclose()
