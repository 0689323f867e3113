"""The live feed against a real server on a real socket."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from market.feed.client import FastConnectSource
from market.feed.rest import FastConnectRest
from market.feed.timing import Timing
from tests.market.feed.venue import MESSAGE, Venue, broadcast

QUICK = Timing(
    open_timeout=2.0, close_timeout=0.2, silence_floor=0.3, quiet_after=0.15, retry_first=0.01, retry_limit=0.02,
    blocked_first=0.1, blocked_limit=0.2, token_max_age=0.0, renew_at=None,
)  # fmt: skip
PATIENT = 5.0  # seconds after which a test gives up waiting


class Feed:
    """A running source and what came out of it."""

    def __init__(self, source: FastConnectSource) -> None:
        self.source = source
        self.messages: asyncio.Queue[tuple[str | bytes, float]] = asyncio.Queue()
        self.states: list[str] = []
        self.changed = asyncio.Event()
        self.task = asyncio.create_task(
            source.run(lambda text, at: self.messages.put_nowait((text, at)), self._on_change)
        )

    def _on_change(self) -> None:
        self.states.append(next(iter(self.source.connections().values())).state)
        self.changed.set()

    async def message(self) -> str | bytes:
        """Wait for the next message text."""
        return (await asyncio.wait_for(self.messages.get(), PATIENT))[0]

    async def state(self, wanted: str) -> str:
        """Wait until a connection is in the state `wanted` and return its detail."""
        async with asyncio.timeout(PATIENT):
            while True:
                for state in self.source.connections().values():
                    if state.state == wanted:
                        return state.detail
                self.changed.clear()
                await self.changed.wait()

    async def stop(self) -> None:
        """Cancel the source and wait for its end."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    """A server that behaves until told otherwise."""
    async with Venue() as venue:
        yield venue


@pytest.fixture
async def rest(venue: Venue) -> AsyncIterator[FastConnectRest]:
    """A REST client of that server."""
    async with FastConnectRest(venue.url, "id", "secret", calls_per_second=1000) as rest:
        yield rest


@pytest.fixture
async def feed(venue: Venue, rest: FastConnectRest) -> AsyncIterator[Feed]:
    """A running source with one channel."""
    feed = Feed(FastConnectSource(rest, venue.url, ["X:ALL"], timing=QUICK))
    yield feed
    await feed.stop()


async def session_of(venue: Venue):
    return await asyncio.wait_for(venue.sessions.get(), PATIENT)


async def test_source_after_subscribing_hands_over_each_message_text(venue: Venue, feed: Feed) -> None:
    session = await session_of(venue)
    await session.send(broadcast(MESSAGE, MESSAGE.replace("ACB", "BID")))
    assert [await feed.message(), await feed.message()] == [MESSAGE, MESSAGE.replace("ACB", "BID")]
    assert session.channel == "X:ALL"
    assert venue.steps() == ["AccessToken", "negotiate", "connect", "start"]
    assert venue.calls[2][1]["connectionToken"] == "AQ+/b=="
    assert feed.source.connections()["X:ALL"].state == "connected"


async def test_source_after_a_drop_connects_again_with_a_fresh_token(venue: Venue, feed: Feed) -> None:
    await (await session_of(venue)).drop()
    session = await session_of(venue)
    await session.send(broadcast(MESSAGE))
    assert await feed.message() == MESSAGE
    assert len(venue.tokens) == 2
    assert "waiting" in feed.states
