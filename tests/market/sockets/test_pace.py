"""How much a socket sends ahead of its client, and how long it bears silence."""

import json
import time

from market import live
from market.sockets.consumers import Pace
from market.sockets.hub import Rhythm
from tests.market.live_market import OPEN, Market, trade
from tests.market.sockets.web_process import Socket, web_process
from tests.patience import PATIENT_SECONDS

SMALL = Pace(ahead=2_000, ping_after=1e9, close_after=2e9)


async def churn(market: Market, times: int, start: int = 0) -> None:
    """Publish so many updates."""
    for number in range(start, start + times):
        market.apply(trade("ACB", OPEN + number, 200.0 + number, 25_000.0 + number))
        await market.broadcaster.flush()


async def dealt_with(quick: Socket) -> None:
    """Wait until the web process has dealt with all updates: a message wakes all of its sockets at the same time."""
    snapshot = await live.snapshot("market")
    assert snapshot is not None
    while (seq := (await quick.frame())["seq"]) < snapshot.seq:
        await quick.say(type="ack", seq=seq)
    await quick.say(type="ack", seq=seq)


async def unread(socket: Socket) -> list[str]:
    """What was sent and not read yet."""
    texts = []
    while not await socket.receive_nothing(timeout=0):
        texts.append(await socket.receive_from(timeout=PATIENT_SECONDS))
    return texts


async def test_client_that_never_acknowledges_gets_a_bounded_amount_then_one_snapshot(market: Market) -> None:
    opened = web_process(SMALL)
    async with opened() as socket, opened() as quick:
        snapshot = await socket.receive_from(timeout=PATIENT_SECONDS)
        await churn(market, 60)
        await dealt_with(quick)
        got = [snapshot, *await unread(socket)]
        updates = [json.loads(text)["seq"] for text in got[1:]]
        assert 0 < len(updates) < 60
        assert sum(map(len, got)) <= SMALL.ahead + len(snapshot) + max(map(len, got[1:]))
        await churn(market, 5, start=100)
        await dealt_with(quick)
        assert await unread(socket) == []
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
    opened = web_process(SMALL)
    async with opened() as socket, opened() as quick:
        await socket.frame("snapshot")
        for seq in range(100, 160):
            await socket.say(type="ack", seq=seq)
        await churn(market, 60)
        await dealt_with(quick)
        assert 0 < len(await unread(socket)) < 60


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
    async with web_process(Pace(ping_after=0.1, close_after=1.5), Rhythm(tick=0.02))() as socket:
        await socket.frame("snapshot")
        assert (await socket.frame())["type"] == "ping"
        assert await socket.closed() == 4408


async def test_client_that_answers_pings_stays(market: Market) -> None:
    pace = Pace(ping_after=0.05, close_after=1.5)
    async with web_process(pace, Rhythm(tick=0.02))() as socket:
        long_after = time.monotonic() + 1.5 * pace.close_after
        while time.monotonic() < long_after:
            await socket.frame("ping")
            await socket.say(type="pong")
