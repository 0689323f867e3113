"""A running source, and waiting for what it does."""

import asyncio

from market.feed.client import FastConnectSource
from market.feed.source import ConnectionState
from market.feed.timing import Timing
from tests.market.feed.venue import Session, Venue

QUICK = Timing(
    open_timeout=10.0, close_timeout=0.2, silence_floor=0.5, quiet_after=10.0, retry_first=0.01, retry_limit=0.02,
    blocked_first=0.1, blocked_limit=0.2, token_max_age=0.0, renew_at=None,
)  # fmt: skip
PATIENT = 30.0  # seconds after which a test gives up waiting


class Feed:
    """A running source and what came out of it: messages, and each state that a connection was in, in order."""

    def __init__(self, source: FastConnectSource) -> None:
        self.source = source
        self.messages: asyncio.Queue[tuple[str | bytes, float]] = asyncio.Queue()
        self.states: list[str] = []
        self._changes: asyncio.Queue[ConnectionState] = asyncio.Queue()
        self._known = source.connections()
        self.task = asyncio.create_task(
            source.run(lambda text, at: self.messages.put_nowait((text, at)), self._on_change)
        )

    def _on_change(self) -> None:
        for channel, state in self.source.connections().items():
            if state is not self._known[channel]:
                self._known[channel] = state
                self.states.append(state.state)
                self._changes.put_nowait(state)

    async def message(self) -> str | bytes:
        """Wait for the next message text."""
        return (await asyncio.wait_for(self.messages.get(), PATIENT))[0]

    async def state(self, wanted: str) -> ConnectionState:
        """Wait for the next time that a connection is in the state `wanted`, however short it may last."""
        async with asyncio.timeout(PATIENT):
            while (state := await self._changes.get()).state != wanted:
                pass
            return state

    async def stop(self) -> None:
        """Cancel the source and wait for its end."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def session_of(venue: Venue) -> Session:
    """Wait for the next connection that has subscribed."""
    return await asyncio.wait_for(venue.sessions.get(), PATIENT)
