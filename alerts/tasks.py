"""Celery's work for alerts: delivery and housekeeping. When: settings."""

import logging

import redis
from celery import shared_task
from django.db import Error as DatabaseError
from django.utils import timezone

from alerts.delivery import linking, sending
from alerts.models import Alert, Delivery, PlannedSubject
from alerts.models.delivery import KEEP_PLANNED

logger = logging.getLogger(__name__)


@shared_task(  # type: ignore[untyped-decorator]
    name="alerts.prune", autoretry_for=(DatabaseError, redis.RedisError), retry_backoff=15, max_retries=10
)
def prune_alerts() -> None:
    """Delete alerts that are too old."""
    if deleted := Alert.objects.prune(timezone.now()):
        logger.info("%s old alerts deleted", deleted)


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
