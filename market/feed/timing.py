"""How patient a connection is, and the watchdog that ends it when patience is over."""

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, time, timedelta
from types import TracebackType
from typing import Self

from msgspec import Struct

from market.domain.calendar import VIETNAM
from market.feed.errors import RetryableFeedError


class Timing(Struct, frozen=True, kw_only=True):
    """The waits of a connection, in seconds unless a name says otherwise."""

    open_timeout: float = 10.0  # for each step of connecting
    close_timeout: float = 1.0
    silence_floor: float = 45.0  # no frame for so long, or for twice the server's keep-alive time: lost
    silence_without_keep_alive: float = 600.0  # when the server says that it sends no keep-alives
    quiet_after: float = 60.0  # no message for so long: shown as silent
    retry_first: float = 1.0
    retry_limit: float = 30.0
    blocked_first: float = 60.0
    blocked_limit: float = 600.0
    healthy_after: float = 60.0  # a connection that lasted so long starts again with short waits
    refusals: int = 5  # so many tokens refused in a row end it
    token_max_age: float = 60.0  # connecting wants a token as fresh as this; those that connect together share one
    renew_at: time | None = time(8, 0)  # planned reconnect by Vietnam's clock, before the market opens
    renew_after: float | None = None  # planned reconnect at this age
    renew_spread: float = 30.0  # connections do not renew all at once

    def silence(self, keep_alive_timeout: float | None) -> float:
        """Return how long a connection may be without any frame, given what negotiate said."""
        if keep_alive_timeout is None:
            return max(self.silence_without_keep_alive, self.silence_floor)
        return max(2 * keep_alive_timeout, self.silence_floor)

    def retry_wait(self, attempts: int, chance: float) -> float:
        """Return the wait after so many failures: anywhere (`chance`, 0 to 1) below a bound that doubles."""
        longest = min(self.retry_limit, self.retry_first * 2.0 ** min(attempts, 20))
        return self.retry_first + chance * (longest - self.retry_first)

    def blocked_wait(self, blocks: int, chance: float) -> float:
        """Return the wait after the venue's quota was exceeded so many times in a row: never shorter than the first."""
        return min(self.blocked_limit, self.blocked_first * 2.0 ** min(blocks - 1, 20)) * (1 + chance / 4)

    def renewal(self, now: datetime, chance: float) -> float | None:
        """Return in how many seconds a connection made `now` is to be renewed, or None for never."""
        waits = [] if self.renew_after is None else [self.renew_after]
        if self.renew_at is not None:
            local = now.astimezone(VIETNAM)
            planned = datetime.combine(local.date(), self.renew_at, VIETNAM)
            if planned <= local:
                planned += timedelta(days=1)
            waits.append((planned - local).total_seconds())
        return min(waits) + chance * self.renew_spread if waits else None


class Watchdog:
    """An async context that ends its block when no frame comes, and when it is time to renew the connection.

    The block sets `last_frame` and `last_message` (the event loop's clock) and needs nothing else: a timer looks at
    them when they could be due, so that a frame costs no timer of its own. Raises RetryableFeedError for silence;
    leaves the block quietly, with `planned_end` set, for a renewal.
    """

    def __init__(self, timing: Timing, silence: float, on_quiet: Callable[[float], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self.last_frame = self.last_message = now = self._loop.time()
        self.is_silent = False
        self.planned_end = ""
        self._silence = silence
        self._quiet_after = timing.quiet_after
        self._on_quiet = on_quiet
        renewal = timing.renewal(datetime.now(VIETNAM), random.random())
        self._renew = None if renewal is None else now + renewal
        self._guard = asyncio.timeout(None)
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        """Start to watch."""
        await self._guard.__aenter__()
        self._look()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Stop watching, and turn the watchdog's own interruption into what it means."""
        if self._timer is not None:
            self._timer.cancel()
        try:
            await self._guard.__aexit__(kind, error, trace)
        except TimeoutError as ours:
            if self.is_silent:
                raise RetryableFeedError(f"stream: no frame for {self._silence:g} s") from ours
            return True
        return False

    def _look(self) -> None:
        now = self._loop.time()
        if now >= self.last_frame + self._silence:
            self.is_silent = True
            self._guard.reschedule(now)
            return
        if self._renew is not None and now >= self._renew:
            self.planned_end = "planned renewal"
            self._guard.reschedule(now)
            return
        due = self.last_frame + self._silence
        quiet = self.last_message + self._quiet_after
        if quiet > now:
            due = min(due, quiet)
        else:
            self._on_quiet(self._quiet_after)
        if self._renew is not None:
            due = min(due, self._renew)
        self._timer = self._loop.call_at(due, self._look)
