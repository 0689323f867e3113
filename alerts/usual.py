"""The usual course of each symbol's volume over the day, from the stored minutes of the last weeks."""

import asyncio
import logging
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Final

from asgiref.sync import sync_to_async
from django.db import Error as DatabaseError
from django.db import connection

from alerts.domain.model import Rule
from market.domain.calendar import VIETNAM_OFFSET, midnight

logger = logging.getLogger(__name__)

BEHIND: Final = timedelta(days=30)  # about twenty trading days
FEWEST_DAYS: Final = 5  # with fewer there is nothing usual yet
LOOK_SECONDS: Final = 10.0
RETRY_SECONDS: Final = 60.0
# The mean day of each symbol: its volume up to the end of each minute in which it trades, over its days with bars.
MEAN_DAY: Final = f"""
    WITH bars AS (
        SELECT symbol, volume, extract(epoch FROM at)::bigint + {VIETNAM_OFFSET} AS local
        FROM market_bar WHERE at >= %(start)s AND at < %(end)s
    ), days AS (
        SELECT symbol, count(DISTINCT local / 86400) AS days FROM bars GROUP BY symbol
    ), minutes AS (
        SELECT symbol, local %% 86400 / 60 AS minute, sum(volume) AS volume FROM bars GROUP BY 1, 2
    )
    SELECT symbol, minute, (sum(volume) OVER (PARTITION BY symbol ORDER BY minute) / days)::float
    FROM minutes JOIN days USING (symbol) WHERE days >= {FEWEST_DAYS} ORDER BY symbol, minute
"""

Course = tuple["array[int]", "array[float]"]


class StoredVolumes:
    """A `UsualVolume`; it knows nothing until it was loaded for a day."""

    def __init__(self, day: date | None = None) -> None:
        self.day: date | None = None
        self._courses: dict[str, Course] = {}
        if day is not None:
            self.load(day)

    def until(self, symbol: str, minute: int) -> float | None:
        """Usual total volume at the end of a minute of the day; None before a symbol's usual first trade."""
        course = self._courses.get(symbol)
        if course is None:
            return None
        place = bisect_right(course[0], minute)
        return course[1][place - 1] if place else None

    def load(self, day: date) -> None:
        """Read the weeks before a day. Raises django.db.Error."""
        courses: dict[str, Course] = {}
        with connection.cursor() as cursor:
            cursor.execute(MEAN_DAY, {"start": midnight(day - BEHIND), "end": midnight(day)})
            for symbol, minute, volume in cursor:
                minutes, volumes = courses.setdefault(symbol, (array("H"), array("d")))
                minutes.append(minute)
                volumes.append(volume)
        self._courses, self.day = courses, day

    async def refresh(self, rules: Iterable[Rule], day: date, *, wanted: bool = False) -> bool:
        """Load a day, if a rule asks or others want it and it is another one; False if that was not possible."""
        if day == self.day:
            return True
        if not wanted and not any(rule.enabled and rule.kind == "relative_volume" for rule in rules):
            return True
        try:
            await sync_to_async(self._load_apart, thread_sensitive=False)(day)
        except DatabaseError as error:
            logger.warning("Alerts: the usual volumes cannot be read: %s", str(error).strip())
            return False
        logger.info("Alerts: the usual volumes of %s symbols are known", len(self._courses))
        return True

    async def keep_fresh(
        self, rules: Callable[[], Iterable[Rule]], wanted: Callable[[], bool], today: Callable[[], date]
    ) -> None:
        """Until cancelled, look whether another day, a rule or others want them; `today()` is the market's date."""
        while True:
            done = await self.refresh(rules(), today(), wanted=wanted())
            await asyncio.sleep(LOOK_SECONDS if done else RETRY_SECONDS)

    def _load_apart(self, day: date) -> None:
        """Load in a thread of its own: weeks of the whole market take seconds, and rules must not wait for that."""
        try:
            self.load(day)
        finally:
            connection.close()
