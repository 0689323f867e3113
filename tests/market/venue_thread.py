"""A simulator beside the test: synchronous code, and processes of ours, talk to it over real sockets."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TypeVar

from market.feed.simulator import Simulator, SimulatorOptions
from market.feed.simulator.instruments import Universe
from market.feed.simulator.stage import SyntheticStage

Result = TypeVar("Result")
ANSWER_SECONDS = 10.0


class Beside:
    """A simulator in a thread of its own."""

    def __init__(self, simulator: Simulator, loop: asyncio.AbstractEventLoop) -> None:
        self.simulator = simulator
        self._loop = loop

    @property
    def url(self) -> str:
        """Its address."""
        return self.simulator.url

    def do(self, work: Callable[[Simulator], Result]) -> Result:
        """Run something in its thread: its state belongs there."""

        async def call() -> Result:
            return work(self.simulator)

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(ANSWER_SECONDS)


@contextmanager
def simulator_beside(universe: Universe, day: date, start: int, calls_per_second: float = 1000.0) -> Iterator[Beside]:
    """Serve a market whose clock stands still."""
    options = SimulatorOptions(
        start=start, calls_per_second=calls_per_second, consumer_id="id", consumer_secret="secret"
    )
    simulator = Simulator(options, SyntheticStage(universe, day))
    simulator.pace.pause()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(simulator.__aenter__(), loop).result(60)
        try:
            yield Beside(simulator, loop)
        finally:
            asyncio.run_coroutine_threadsafe(simulator.__aexit__(None, None, None), loop).result(60)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
