"""Housekeeping: what nobody needs any longer about who came when."""

from datetime import timedelta
from typing import Final

from axes.models import AccessAttempt, AccessLog
from celery import shared_task
from django.core.management import call_command
from django.utils import timezone

KEPT_DAYS: Final = 30  # of log-ins and of wrong passwords


@shared_task(name="accounts.prune")  # type: ignore[untyped-decorator]  # Celery has no types
def prune() -> None:
    """Delete sessions that ended, and old records of log-ins."""
    call_command("clearsessions")
    before = timezone.now() - timedelta(days=KEPT_DAYS)
    for model in (AccessAttempt, AccessLog):
        model.objects.filter(attempt_time__lt=before).delete()
