"""What ingest concludes from how its connections do, and from boards that trade unexpectedly."""

import asyncio
import logging
from collections.abc import Callable
from datetime import date

from market.domain.calendar import to_date
from market.domain.changes import Changes, PhaseChange
from market.domain.events import Event
from market.feed.errors import FeedError
from market.feed.source import Source
from market.status import ACTIVE_PHASES
from market.storage.store import Store
from market.tradingdays import TradingDays

logger = logging.getLogger(__name__)


class GapWatch:
    """Notices that a connection which carries trades or foreign flow was lost: what passes meanwhile was not seen.

    It also notices, as `check` says, that the source is not the one whose state was gone on from.
    """

    def __init__(self, store: Store, source: Source, identity: str) -> None:
        self._store = store
        self._source = source
        self._identity = identity
        self._before: dict[str, str] = {}
        self._changed = asyncio.Event()

    def on_change(self) -> None:
        """Compare the connections' states with those before."""
        if self._source.identity not in (None, self._identity):
            self._store.deaf = True
            self._changed.set()
        for channel, connection in self._source.connections().items():
            before = self._before.get(channel)
            if connection.state == before:
                continue
            self._before[channel] = connection.state
            logger.debug("Feed %s: %s %s", channel[:40], connection.state, connection.detail)
            lost = before in ("connected", "silent") and connection.state in ("connecting", "waiting", "blocked")
            if lost and channel.startswith("X"):
                self._store.lose_sight()
            elif lost and channel.startswith("R"):
                self._store.lose_sight_of_foreigners()

    async def check(self) -> None:
        """Raise FeedError once another feed or simulation answers than the one that this run began with."""
        await self._changed.wait()
        raise FeedError(f"expected {self._identity} to answer, was {self._source.identity}; start ingest again")


class Overrule:
    """A live board that trades on a day which the calendar calls closed, or is unsure of, corrects the calendar."""

    def __init__(self, days: TradingDays, source: Source, today: Callable[[], date]) -> None:
        self._days = days
        self._source = source
        self._today = today
        self._tasks: set[asyncio.Task[None]] = set()

    def observe(self, event: Event, changes: Changes) -> None:
        """Look for a board that began to trade."""
        for change in changes:
            if isinstance(change, PhaseChange) and change.phase in ACTIVE_PHASES and self._source.kind == "ssi":
                day = to_date(change.day)
                if day == self._today():
                    task = asyncio.get_running_loop().create_task(self._days.record_traded(day, change.board))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
