"""Fetches what a plan says, one step after another: call, write, remember."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from datetime import time as clock
from typing import Final, TypeAlias

from django.db import transaction
from django.utils import timezone
from msgspec import Struct

from market.backfill import progress
from market.backfill.convert import day_of_bar, day_of_index, day_of_price, minute_of, within
from market.backfill.plan import Step
from market.backfill.store import store_days, store_minutes
from market.backfill.venue import Venue, day_of
from market.domain.calendar import VIETNAM
from market.feed.errors import FatalFeedError, FeedError, RetryableFeedError
from market.feed.rows import Bar, DailyIndex, DailyStockPrice

logger = logging.getLogger(__name__)

DAY_IS_OVER: Final = clock(15, 15)  # the last messages of a day come minutes after the close


class Progress(Struct):
    """How far a run is. `rows` came from the venue, `changed` were new or better than the stored ones."""

    total: int
    done: int = 0
    rows: int = 0
    changed: int = 0
    refused: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left."""
        return self.done == self.total


Watcher: TypeAlias = Callable[[Step, Progress], None]
Write: TypeAlias = Callable[[], int]


def run(
    venue: Venue,
    steps: Sequence[Step],
    moment: datetime,
    *,
    watcher: Watcher | None = None,
    seconds: float = float("inf"),
) -> Progress:
    """Take the steps in order; `moment` is the market's time, `watcher` sees each finished step.

    Rows and the memory of having them are written together, so a run can be killed at any time and go on later. A step
    that the venue refuses is noted and left out. After `seconds` no further step begins. Raises FatalFeedError and
    RetryableFeedError.
    """
    until = time.monotonic() + seconds
    state = Progress(len(steps))
    for step in steps:
        if time.monotonic() >= until:
            break
        take(venue, step, moment, state)
        state.done += 1
        if watcher is not None:
            watcher(step, state)
    return state


def take(venue: Venue, step: Step, moment: datetime, state: Progress) -> None:
    """One step."""
    refusal = ""
    count, write = 0, nothing
    try:
        count, write = fetch(venue, step, moment)
    except (FatalFeedError, RetryableFeedError):
        raise
    except FeedError as error:
        logger.warning("%s is refused, going on without: %s", step, error)
        refusal = str(error)
        state.refused += 1
    with transaction.atomic():
        changed = write()
        days = (step.first, min(step.last, day_of(moment)))
        progress.mark(step.what, step.target.code, days, day_of(moment), timezone.now(), refusal)
    state.rows += count
    state.changed += changed


def fetch(venue: Venue, step: Step, moment: datetime) -> tuple[int, Write]:
    """Call the venue; return how many rows came, and what stores them."""
    target, first, last = step.target, step.first, step.last
    code, over = target.code, min(last, last_day_over(moment))
    if step.what == "prices":
        prices: list[DailyStockPrice] = venue.rows(lambda rest: rest.daily_stock_price(code, first, last))
        days = [day_of_price(target, row) for row in within(prices, first, over)]
        return len(prices), lambda: store_days(filter(None, days))
    if step.what == "index":
        values: list[DailyIndex] = venue.rows(lambda rest: rest.daily_index(code, first, last))
        closes = [day_of_index(target, row) for row in within(values, first, over)]
        return len(values), lambda: store_days(filter(None, closes), only_closes=True)
    bars: list[Bar]
    if step.what == "daily":
        bars = venue.rows(lambda rest: rest.daily_ohlc(code, first, last))
        dailies = [day_of_bar(target, row) for row in within(bars, first, over)]
        return len(bars), lambda: store_days(filter(None, dailies))
    bars = venue.rows(lambda rest: rest.intraday_ohlc(code, first, last))
    minutes = [minute_of(target, row, moment) for row in within(bars, first, last)]
    return len(bars), lambda: store_minutes(filter(None, minutes))


def last_day_over(moment: datetime) -> date:
    """The last day of which the venue tells the end: half a day would stand as if it were whole."""
    local = moment.astimezone(VIETNAM)
    return local.date() - (timedelta() if local.time() >= DAY_IS_OVER else timedelta(days=1))


def nothing() -> int:
    """Store nothing."""
    return 0
