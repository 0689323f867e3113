"""Celery's slow and periodic work: history and reference data from the venue, and housekeeping. When: settings.

Every task may run twice or be killed at any time. Those that call the venue run one at a time, end after a few minutes
and go on in a next run. An outage is tried again with growing pauses; refused credentials are not.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Final

import redis
from celery import shared_task
from celery.signals import beat_init, task_retry
from django.conf import settings
from django.core.management import call_command
from django.db import Error as DatabaseError
from django.utils import timezone

from market.backfill import gaps, plan, reference
from market.backfill.lock import Busy, alone
from market.backfill.run import run
from market.backfill.shown import look, moment_shown
from market.backfill.venue import Venue, day_of, open_venue
from market.feed.errors import FatalFeedError, FeedError, RetryableFeedError
from market.models import TradingDay
from market.storage.retention import prune
from market.storage.rollup import missed_days, roll_up_days

logger = logging.getLogger(__name__)

VENUE: Final = "venue"
SECONDS_OF_A_RUN: Final = 240.0
PAUSE_SECONDS: Final = 600  # of the tasks that run every few minutes, after an outage
REFUSED_SECONDS: Final = 3600  # the same, after refused credentials
ROLLED_UP: Final = timedelta(days=2)
TROUBLES: Final = (FeedError, DatabaseError, redis.RedisError)
PATIENT: Final[dict[str, Any]] = {
    "autoretry_for": (RetryableFeedError, Busy, DatabaseError, redis.RedisError),
    "retry_backoff": 15,
    "retry_backoff_max": 900,
    "max_retries": 10,
    "throws": (Busy, *TROUBLES),  # said in one line, without a traceback
}
# A call may wait five minutes for the quota; the limits are for what hangs.
LIMITS: Final[dict[str, Any]] = {"soft_time_limit": 840, "time_limit": 900}


@contextmanager
def fatal_is_said() -> Iterator[None]:
    """Say in one line what only a person can change. Celery does not try again after it."""
    try:
        yield
    except FatalFeedError as error:
        logger.error("The venue cannot be used: %s", error)
        raise


def unattended(work: Callable[[], None]) -> Callable[[], None]:
    """For tasks that come every few minutes: trouble is said once, then they pause; a busy venue is no trouble."""

    @wraps(work)
    def carefully() -> None:
        with closing(gaps.connect()) as client:
            if client.exists(pause_key()):
                return
            try:
                work()
            except Busy:
                return
            except TROUBLES as error:
                seconds = REFUSED_SECONDS if isinstance(error, FatalFeedError) else PAUSE_SECONDS
                logger.warning("History waits for %s minutes: %s", seconds // 60, error)
                client.set(pause_key(), str(error)[:200], ex=seconds)

    return carefully


def pause_key() -> str:
    """Redis key of the pause. Other credentials or another address end it."""
    used = f"{settings.SSI_DATA_URL} {settings.SSI_CONSUMER_ID} {settings.SSI_CONSUMER_SECRET}"
    return f"backfill:pause:{hashlib.sha256(used.encode()).hexdigest()[:16]}"


def task(name: str, **options: Any) -> Callable[[Callable[..., None]], Any]:
    """Make a function a task of Celery, which comes without types."""
    made: Callable[[Callable[..., None]], Any] = shared_task(name=f"market.{name}", **options)
    return made


@task("refresh_reference", **PATIENT, **LIMITS)
def refresh_reference(always: bool = False) -> None:
    """Bring instruments, contracts and baskets up to date: on trading days before the open, or always."""
    with alone(VENUE), fatal_is_said(), open_venue() as venue:
        today = day_of(venue.moment())
        if always or venue.simulated or TradingDay.objects.status(today).open:
            logger.info("Reference data of %s: %s", today, reference.refresh(venue, today))


@task("fill_history", **PATIENT, **LIMITS)
def fill_history() -> None:
    """Fetch what is missing of the last weeks, and once more the newest days, which the venue may have corrected."""
    with alone(VENUE), fatal_is_said(), open_venue() as venue:
        moment = venue.moment()
        complete = fetch(venue, plan.watched(day_of(moment)), moment)
    if not complete:
        fill_history.delay()


@task("fill_new", **LIMITS)
@unattended
def fill_new() -> None:
    """Fetch the last weeks of what has none: everything at the first start, later new members and contracts.

    Runs every few minutes, so that it also goes on with what was broken off; mostly there is nothing to do.
    """
    if not new_targets(moment_shown()):
        return
    with alone(VENUE), open_venue() as venue:
        moment = venue.moment()
        complete = fetch(venue, new_targets(moment), moment)
    if not complete:
        fill_new.delay()


def new_targets(moment: datetime) -> list[plan.Target]:
    """What has no history as of the market's time."""
    today = day_of(moment)
    return plan.new_targets(plan.watched(today), today, timezone.now())


def fetch(venue: Venue, targets: list[plan.Target], moment: datetime) -> bool:
    """Fetch the last weeks of targets for some minutes; True if nothing is left."""
    steps = plan.steps(targets, plan.spans(day_of(moment), plan.WHATS), timezone.now())
    if not steps:
        return True
    logger.info("Fetching history: %s calls or more of %s symbols", len(steps), len(targets))
    state = run(venue, steps, moment, seconds=SECONDS_OF_A_RUN)
    logger.info("Fetched history: %s of %s steps, %s rows, %s new", state.done, state.total, state.rows, state.changed)
    return state.is_complete


@task("fill_gap", **PATIENT, **LIMITS)
def fill_gap(start: datetime | str, end: datetime | str) -> None:
    """Fetch the minutes from start to end by the market's clock, in which ingest saw nothing.

    Times carry an offset. What the venue cannot tell yet, and what takes too long, is left to `fill_gaps`.
    """
    times = [datetime.fromisoformat(each) if isinstance(each, str) else each for each in (start, end)]
    if any(each.tzinfo is None for each in times):
        raise ValueError(f"expected times with an offset, was {start} and {end}")
    gaps.record_gap(times[0], times[1], "asked for")
    with alone(VENUE), fatal_is_said(), open_venue() as venue:
        moment = venue.moment()
        gaps.fill(venue, plan.watched(day_of(moment)), moment, time.monotonic() + SECONDS_OF_A_RUN)


@task("fill_gaps", **LIMITS)
@unattended
def fill_gaps() -> None:
    """Repair today's minutes where ingest was away or volume grew unseen. Runs every few minutes."""
    with closing(gaps.connect()) as client, alone(VENUE):
        until = time.monotonic() + SECONDS_OF_A_RUN
        shown = asyncio.run(look("market", "derivatives"))
        moment = moment_shown()
        unseen = gaps.Unseen(client, day_of(moment))
        codes: list[str] = []
        if shown is not None and shown.source != "replay":  # a replay tells nothing about the venue's today
            codes = unseen.look(shown.rows["market"] | shown.rows["derivatives"])
        if TradingDay.objects.status(day_of(moment)).open:
            gaps.find_gaps(moment)
        if not codes and not gaps.due(moment):
            return
        with open_venue() as venue:
            targets = plan.watched(day_of(moment))
            changed = gaps.fill(venue, targets, moment, until)
            changed += gaps.repair(venue, targets, codes, unseen, moment, until)
            logger.info("Repaired %s minutes; symbols with unseen volume: %s", changed, len(codes))


@task("roll_up", **PATIENT, soft_time_limit=540, time_limit=600)
def roll_up() -> None:
    """Write the newest days from their minutes, after the close."""
    with alone("roll up"):
        today = day_of(moment_shown())
        logger.info("Rolled up %s days of symbols", roll_up_days(today - ROLLED_UP, today))


@task("roll_up_missed", soft_time_limit=540, time_limit=600)
@unattended
def roll_up_missed() -> None:
    """Write days that ended by the market's clock and have none of our own sums: a simulation ends when it likes."""
    with alone("roll up"):
        for day in missed_days(moment_shown()):
            logger.info("Rolled up %s: %s symbols", day, roll_up_days(day, day))


@task("prune_history", **PATIENT, soft_time_limit=3000, time_limit=3600)
def prune_history() -> None:
    """Delete what is older than it is kept."""
    with alone("prune"):
        logger.info("Pruned: %s", prune(timezone.now()) or "the server does it")


@task("seed_calendar", **PATIENT, soft_time_limit=60, time_limit=120)
def seed_calendar() -> None:
    """Bring the trading calendar's holidays up to date."""
    with alone("calendar"):
        call_command("seed_calendar", verbosity=0)


def say_why(sender: Any, reason: BaseException, **kwargs: Any) -> None:
    """Log that a task is tried again."""
    logger.warning("%s is tried again later: %s", sender.name, reason)


def begin(**kwargs: Any) -> None:
    """Queue what makes a new installation useful, whenever beat starts: who is listed, then the last weeks."""
    (refresh_reference.si(always=True) | fill_new.si()).apply_async()


task_retry.connect(say_why)
beat_init.connect(begin)
