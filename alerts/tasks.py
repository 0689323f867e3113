"""Celery's work for alerts: delivery and housekeeping. When: settings."""

import logging

import redis
from celery import shared_task
from django.db import Error as DatabaseError
from django.db import transaction
from django.utils import timezone

from alerts.delivery import linking, sending
from alerts.delivery.summary import deliver_summary
from alerts.models import Alert, DayEnd, Delivery, PersonalHit, PlannedSubject
from alerts.models.delivery import KEEP_PLANNED
from alerts.summary.reads import SETTLED, read_summary
from alerts.summary.words import summary_texts
from market.backfill.shown import moment_shown
from market.models import TradingDay

logger = logging.getLogger(__name__)


@shared_task(  # type: ignore[untyped-decorator]
    name="alerts.prune", autoretry_for=(DatabaseError, redis.RedisError), retry_backoff=15, max_retries=10
)
def prune_alerts() -> None:
    """Delete alerts that are too old."""
    if deleted := Alert.objects.prune(timezone.now()):
        logger.info("%s old alerts deleted", deleted)
    if deleted := PersonalHit.objects.prune(timezone.now()):
        logger.info("%s old hits of users' alerts deleted", deleted)


@shared_task(  # type: ignore[untyped-decorator]
    name="alerts.sum_up", autoretry_for=(DatabaseError, redis.RedisError), retry_backoff=15, max_retries=3
)
def sum_up() -> None:
    """Make a trading day's summary once, some time after its close by the market's clock, and hand it to delivery.

    Where the day's data end before the close, its text says so.
    """
    moment = moment_shown()
    day = moment.date()
    if moment.time() < SETTLED or DayEnd.objects.filter(day=day).exists() or not TradingDay.objects.status(day).open:
        return
    summary = read_summary(day, moment)
    if not summary.symbols:
        return  # nothing was seen of it: history may come later
    with transaction.atomic():
        _, is_new = DayEnd.objects.get_or_create(day=day)
        if is_new:
            told = deliver_summary(day, summary_texts(summary))
            logger.info("Summary of %s made, for %s channels", day, told)
            if summary.ends_early:
                logger.warning("The data of %s end at %s: its summary says so", day, summary.until)


@shared_task(name="alerts.deliver")  # type: ignore[untyped-decorator]
def deliver() -> None:
    """Send what is new and what is due. It runs every other second: without a database it says so and leaves it."""
    try:
        sending.deliver()
    except DatabaseError as error:
        logger.warning("Delivery: the database does not answer: %s", str(error).strip())


@shared_task(name="alerts.link_telegram")  # type: ignore[untyped-decorator]
def link_telegram() -> None:
    """Link chats whose users wrote their code to the bot."""
    try:
        linking.link_telegram()
    except DatabaseError as error:
        logger.warning("Telegram: the database does not answer: %s", str(error).strip())


@shared_task(  # type: ignore[untyped-decorator]
    name="alerts.prune_deliveries", autoretry_for=(DatabaseError, redis.RedisError), retry_backoff=15, max_retries=10
)
def prune_deliveries() -> None:
    """Delete deliveries that ended long ago, and what nobody asks about any more."""
    now = timezone.now()
    PlannedSubject.objects.filter(planned_at__lt=now - KEEP_PLANNED).delete()
    if deleted := Delivery.objects.prune(now):
        logger.info("%s old deliveries deleted", deleted)
