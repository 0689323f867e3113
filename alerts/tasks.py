"""Celery's work for alerts: housekeeping. When: settings."""

import logging

import redis
from celery import shared_task
from django.db import Error as DatabaseError
from django.utils import timezone

from alerts.models import Alert

logger = logging.getLogger(__name__)


@shared_task(  # type: ignore[untyped-decorator]
    name="alerts.prune", autoretry_for=(DatabaseError, redis.RedisError), retry_backoff=15, max_retries=10
)
def prune_alerts() -> None:
    """Delete alerts that are too old."""
    if deleted := Alert.objects.prune(timezone.now()):
        logger.info("%s old alerts deleted", deleted)
