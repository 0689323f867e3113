"""A client that reads in fits and starts and loses frames ends with what the market is."""

import random

import pytest

from market import live
from tests.client import Copy
from tests.market.live_market import Market
from tests.market.sockets.web_process import Open, Socket


@pytest.mark.parametrize("seed", range(3))
async def test_copy_of_a_client_that_reads_in_fits_and_starts_equals_a_fresh_snapshot(
    market: Market, server: Open, seed: int
) -> None:
    source = random.Random(seed)
    copy = Copy()
    async with server() as socket:
        for _ in range(60):
            for _ in range(source.randint(0, 5)):
                market.happen(source)
            if source.random() < 0.05:
                market.start(f"epoch-{source.random()}")
            if source.random() < 0.1:
                await market.client.flushdb()
            await market.broadcaster.flush()
            if source.random() < 0.3:
                await socket.say(type=source.choice(["resync", "pong"]))
            while source.random() < 0.6:
                await read_one(socket, copy, lose=source.random() < 0.2)
        await market.broadcaster.flush()
        await market.broadcaster.beat()
        fresh = await live.LiveReader(market.client).snapshot("market")
        assert fresh is not None
        while (copy.epoch, copy.seq, copy.complete) != (fresh.epoch, fresh.seq, True):
            await read_one(socket, copy, lose=False)
        assert copy.rows == fresh.rows


async def read_one(socket: Socket, copy: Copy, *, lose: bool) -> None:
    """Read a frame, if one comes soon, and answer it; or lose it."""
    if await socket.receive_nothing(timeout=0.02, interval=0.005):  # `receive_from` would end the application instead
        return
    text = await socket.receive_from()
    if not lose:
        for reply in copy.take(text):
            await socket.send_to(reply)
