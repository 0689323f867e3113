"""The trading calendar in memory: what the stored days say, for a process that must not wait for the database."""

import asyncio
import logging
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.db import Error as DatabaseError
from django.db import close_old_connections

from market.domain.calendar import is_weekday
from market.models import TradingDay

logger = logging.getLogger(__name__)

REFRESH_SECONDS: Final = 60.0
AHEAD: Final = timedelta(days=400)  # futures expire up to nine months ahead
BEHIND: Final = timedelta(days=40)


class TradingDays:
    """Days around the market's date, refreshed each minute; weekdays are open until the database has said otherwise."""

    def __init__(self) -> None:
        self.reachable = False
        self._open: frozenset[date] = frozenset()
        self._first = self._last = date.min
        self._notes: dict[date, dict[str, Any]] = {}

    def is_trading_day(self, day: date) -> bool:
        """Whether the market trades on a day, as far as known."""
        if self._first <= day <= self._last:
            return day in self._open
        return is_weekday(day)

    def note(self, day: date | None) -> dict[str, Any]:
        """What the calendar says of a day: open, confirmed, reason."""
        if day is None:
            return {}
        return self._notes.get(day) or {"open": self.is_trading_day(day), "confirmed": False, "reason": ""}

    async def refresh(self, day: date) -> None:
        """Read the days around a date; what was known stays when the database is away."""
        try:
            await sync_to_async(self._load)(day)
            self.reachable = True
        except DatabaseError as error:
            if self.reachable:
                logger.warning("The calendar cannot be read, keeping what is known: %s", error)
            self.reachable = False

    def _load(self, day: date) -> None:
        close_old_connections()
        first, last = day - BEHIND, day + AHEAD
        self._open = frozenset(TradingDay.objects.open_days(first, last))
        self._first, self._last = first, last
        self._notes = {day: TradingDay.objects.status(day)._asdict()}

    async def record_traded(self, day: date, board: str) -> None:
        """The live feed shows that a board trades: it overrules the calendar."""
        try:
            if await sync_to_async(TradingDay.objects.record_open)(day, board):
                logger.warning("%s trades on %s, which the calendar did not say", board, day)
        except DatabaseError as error:
            logger.warning("Could not note that %s trades on %s: %s", board, day, error)

    async def keep_fresh(self, today: Callable[[], date]) -> None:
        """Refresh until cancelled; `today()` is the market's date."""
        while True:
            await self.refresh(today())
            await asyncio.sleep(REFRESH_SECONDS)
