"""The simulator as a server: it plays a day at its pace and serves it. `async with Simulator(options) as server`."""

import asyncio
import logging
import socket
import time
from datetime import date, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from market.domain.calendar import VIETNAM
from market.feed.simulator.endpoint import Endpoint
from market.feed.simulator.faults import Faults
from market.feed.simulator.hub import Hub
from market.feed.simulator.instruments import Universe, vn30_universe
from market.feed.simulator.options import SimulatorError, SimulatorOptions
from market.feed.simulator.pace import Pace
from market.feed.simulator.recorded import RecordedStage
from market.feed.simulator.rest import Rest
from market.feed.simulator.schedule import DAY_START, clock_text
from market.feed.simulator.stage import Stage, SyntheticStage
from market.feed.simulator.whole import whole_universe

logger = logging.getLogger(__name__)
TICK = 0.05  # seconds between two looks at the clock; what happened meanwhile goes out as one frame
SLICE = 250  # ms of market that are played without letting others run


def default_day(today: date) -> date:
    """Return today, or the next weekday."""
    while today.weekday() >= 5:
        today += timedelta(days=1)
    return today


def universe_of(options: SimulatorOptions) -> Universe:
    """Return the symbols that the options ask for."""
    return whole_universe(options.seed) if options.symbols == "all" else vn30_universe(options.seed)


def day_of(options: SimulatorOptions) -> date:
    """Return the day that the options ask for."""
    return options.day or default_day(datetime.now(VIETNAM).date())


def stage_of(options: SimulatorOptions) -> Stage:
    """Return what the options ask to play."""
    if options.recording is not None:
        return RecordedStage(options.recording, options.seed)
    return SyntheticStage(universe_of(options), day_of(options))


class Simulator:
    """A local FastConnect v2. Entering starts it, leaving stops it; `url` is its root, `faults` its switches.

    A `stage` replaces what the options would play. Entering raises SimulatorError when the port cannot be had.
    """

    def __init__(self, options: SimulatorOptions, stage: Stage | None = None) -> None:
        self.options = options
        self.faults = Faults()
        self.stage = stage or stage_of(options)
        self.hub = Hub(self.stage, self.faults, options.lists, options.switch)
        self.pace = Pace(options.start, options.speed, time.monotonic)
        self.url = ""
        self._rest = Rest(self.stage.history, self.stage, lambda: datetime.now(VIETNAM).date())
        self._runner: web.AppRunner | None = None
        self._player: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.stage.advance(self.options.start)  # nobody wants a frame yet: only the state is made
        endpoint = Endpoint(self.options, self._rest, self.hub, self.faults, self)
        self._runner = web.AppRunner(endpoint.application(), access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        try:
            listener = _listen(self.options.host, self.options.port)
        except OSError as error:
            await self._runner.cleanup()
            raise SimulatorError(
                f"cannot listen on {self.options.host}:{self.options.port}: {error.strerror or error}"
            ) from error
        await web.SockSite(self._runner, listener).start()
        port = listener.getsockname()[1]
        self.url = f"http://{self.options.host}:{port}/"
        self.pace.set(self.options.start)
        self._player = asyncio.create_task(self._play())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._player is not None:
            self._player.cancel()
            await asyncio.gather(self._player, return_exceptions=True)
        self.hub.drop(None)
        if self._runner is not None:
            await self._runner.cleanup()

    async def wait(self) -> None:
        """Return when the player has died, which it does only by an error."""
        if self._player is not None:
            await self._player

    async def _play(self) -> None:
        while True:
            await self._catch_up()
            if self.stage.is_over() and self.options.loop:
                await asyncio.sleep(self.options.loop_pause)
                self.stage.next_day()
                self.pace.set(DAY_START)
                logger.info("next trading day: %s", self.stage.day)
            await asyncio.sleep(TICK)

    async def _catch_up(self) -> None:
        """Play up to the clock, in slices so that sockets are served in between."""
        while not self.stage.is_over() and self.stage.now < (target := self.pace.now()):
            self.hub.publish(self.stage.advance(min(target, self.stage.now + SLICE)))
            await asyncio.sleep(0)

    # --- What control commands act on -------------------------------------------------------------------------------

    def pause(self) -> None:
        self.pace.pause()

    def resume(self) -> None:
        self.pace.resume()

    def change_speed(self, speed: float) -> None:
        """Go on at another speed. Raises ValueError unless it is above 0."""
        self.pace.change_speed(speed)

    def skip_to(self, now: int) -> None:
        """Play up to `now` (ms since midnight) at once; subscribers get nothing of what lies between."""
        if now < self.stage.now:
            raise ValueError(f"expected a time after {clock_text(self.stage.now // 1000)}")
        self.stage.advance(now)
        self.pace.set(now)

    def state(self) -> dict[str, Any]:
        """Return clock, sessions, connections and faults."""
        return {
            "day": self.stage.day.isoformat(),
            "time": clock_text(max(0, self.stage.now) // 1000),
            "sessions": self.stage.sessions(),
            "over": self.stage.is_over(),
            "speed": self.pace.speed,
            "paused": self.pace.paused,
            "connections": [sorted(client.subscription.types) for client in self.hub.clients],
            "messages_sent": self.hub.sent,
            "faults": self.faults.state(),
        }

    def truth(self) -> dict[str, Any]:
        """Return the totals so far of every symbol, and the indices' values."""
        return self.stage.truth()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
