"""How much a socket sends ahead of its client, and how long it bears silence."""

import json

from market.sockets.consumers import Pace
from market.sockets.hub import Rhythm
from tests.market.live_market import OPEN, Market, trade
from tests.market.sockets.web_process import web_process

SMALL = Pace(ahead=2_000, ping_after=1e9, close_after=2e9)


async def churn(market: Market, times: int, start: int = 0) -> None:
    """Publish so many updates."""
    for number in range(start, start + times):
        market.apply(trade("ACB", OPEN + number, 200.0 + number, 25_000.0 + number))
        await market.broadcaster.flush()


async def test_client_that_never_acknowledges_gets_a_bounded_amount_then_one_snapshot(market: Market) -> None:
    async with web_process(SMALL)() as socket:
        snapshot = await socket.receive_from(timeout=5)
        await churn(market, 60)
        got = [snapshot]
        while not await socket.receive_nothing(timeout=0.3):
            got.append(await socket.receive_from())
        updates = [json.loads(text)["seq"] for text in got[1:]]
        assert 0 < len(updates) < 60
        assert sum(map(len, got)) <= SMALL.ahead + len(snapshot) + max(map(len, got[1:]))
        await churn(market, 5, start=100)
        assert await socket.receive_nothing(timeout=0.3)
        await socket.say(type="ack", seq=updates[-1])
        frame = await socket.frame()
        assert frame["type"] == "snapshot"
        assert frame["data"]["rows"]["ACB"]["total_volume"] == 304
        assert await socket.receive_nothing(timeout=0.3)


async def test_client_that_acknowledges_gets_every_update(market: Market) -> None:
    async with web_process(SMALL)() as socket:
        first = await socket.frame("snapshot")
        for number in range(60):
            await churn(market, 1, start=number)
            frame = await socket.frame()
            assert (frame["type"], frame["seq"]) == ("update", first["seq"] + 1 + number)
            await socket.say(type="ack", seq=frame["seq"])


async def test_acknowledging_what_was_never_sent_opens_nothing(market: Market) -> None:
    async with web_process(SMALL)() as socket:
        await socket.frame("snapshot")
        for seq in range(100, 160):
            await socket.say(type="ack", seq=seq)
        await churn(market, 60)
        count = 0
        while not await socket.receive_nothing(timeout=0.3):
            await socket.receive_from()
            count += 1
        assert count < 60


async def test_resync_of_a_client_that_never_acknowledges_is_not_answered_for_ever(market: Market) -> None:
    async with web_process(SMALL)() as socket:
        await churn(market, 60)
        sizes = []
        for _ in range(20):
            await socket.say(type="resync")
        while not await socket.receive_nothing(timeout=1.2):
            sizes.append(len(await socket.receive_from()))
        assert sum(sizes) <= SMALL.ahead + 2 * max(sizes)


async def test_silent_client_is_pinged_and_then_closed(market: Market) -> None:
    async with web_process(Pace(ping_after=0.1, close_after=0.3), Rhythm(tick=0.02))() as socket:
        await socket.frame("snapshot")
        assert (await socket.frame())["type"] == "ping"
        assert await socket.closed() == 4408


async def test_client_that_answers_pings_stays(market: Market) -> None:
    async with web_process(Pace(ping_after=0.05, close_after=0.5), Rhythm(tick=0.02))() as socket:
        for _ in range(15):
            await socket.frame("ping")
            await socket.say(type="pong")
