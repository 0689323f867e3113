"""FastConnect's REST interface for synchronous code: management commands and Celery tasks."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, datetime, timedelta
from datetime import time as clock
from types import TracebackType
from typing import Final, Self, TypeVar

from django.conf import settings
from msgspec import Struct

from market.backfill.shown import look
from market.domain.calendar import VIETNAM
from market.feed.errors import FatalFeedError, QuotaExceeded, RetryableFeedError
from market.feed.rest import MAX_DAYS, FastConnectRest
from market.feed.rows import IndexComponents

logger = logging.getLogger(__name__)

PAUSES_SECONDS: Final = (0.5, 2.0)  # after a connection broke; longer outages are the caller's matter
MAIN_INDEX: Final = "VNINDEX"

Row = TypeVar("Row", bound=Struct)
Result = TypeVar("Result")


class Venue:
    """The venue, with an event loop of its own that runs only during a call.

    So database work between two calls happens in the caller's thread, with the caller's connection. Calls raise as
    those of `FastConnectRest` do; connections that break are tried again first.
    """

    def __init__(self, rest: FastConnectRest) -> None:
        self._rest = rest
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections and the event loop."""
        try:
            self._runner.run(self._rest.close())
        finally:
            self._runner.close()

    @property
    def simulated(self) -> bool:
        """Whether the venue said that it is a simulator; known after the first call."""
        return self._rest.simulated

    def rows(self, call: Callable[[FastConnectRest], AsyncIterator[Row]]) -> list[Row]:
        """Return all rows of a paged call, such as `lambda rest: rest.securities("HOSE")`."""
        return self._again(lambda: collect(call(self._rest)))

    def index_components(self, index: str) -> IndexComponents | None:
        """Return the members of an index, None where the venue knows no such index."""
        return self._again(lambda: self._rest.index_components(index))

    def moment(self) -> datetime:
        """Return what the market's clock shows, in Vietnam's time.

        A simulator plays any day: its time is told by ingest, or else its date by the newest day that it answers about,
        and three o'clock stands for the time. Raises RetryableFeedError where neither is known.
        """
        self._again(self._rest.access_token)  # any answer tells whether it is a simulator
        if not self._rest.simulated:
            return datetime.now(VIETNAM)
        shown = self._runner.run(look())
        return shown.moment if shown is not None and shown.source == "simulation" else self._newest_day()

    def _newest_day(self) -> datetime:
        today = datetime.now(VIETNAM).date()
        first = today - timedelta(days=MAX_DAYS - 1)
        days = [row.day for row in self.rows(lambda rest: rest.daily_index(MAIN_INDEX, first, today))]
        if not days:
            raise RetryableFeedError("The simulator's date is not known: expected a running ingest to tell it")
        return datetime.combine(max(days), clock(15), VIETNAM)

    def _again(self, call: Callable[[], Awaitable[Result]]) -> Result:
        for pause in PAUSES_SECONDS:
            try:
                return self._runner.run(wait(call))
            except QuotaExceeded:
                raise  # the client has waited long enough
            except RetryableFeedError as error:
                logger.info("%s; trying again in %s s", error, pause)
                time.sleep(pause)
        return self._runner.run(wait(call))


def open_venue() -> Venue:
    """Return the venue of the settings. Raises FatalFeedError without credentials."""
    missing = [name for name in ("SSI_CONSUMER_ID", "SSI_CONSUMER_SECRET") if not getattr(settings, name)]
    if missing:
        raise FatalFeedError(f"{' and '.join(missing)}: expected SSI FastConnect credentials in .env, was empty")
    return Venue(
        FastConnectRest(
            settings.SSI_DATA_URL,
            settings.SSI_CONSUMER_ID,
            settings.SSI_CONSUMER_SECRET,
            calls_per_second=settings.REST_CALLS_PER_SECOND,
        )
    )


async def wait(call: Callable[[], Awaitable[Result]]) -> Result:
    """Make a call inside the running loop."""
    return await call()


async def collect(rows: AsyncIterator[Row]) -> list[Row]:
    """Return every row."""
    return [row async for row in rows]


def day_of(moment: datetime) -> date:
    """The date in Vietnam."""
    return moment.astimezone(VIETNAM).date()
