"""The housekeeping of alerts."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from alerts.models import KEEP, Alert
from alerts.tasks import prune_alerts
from tests.alerts.test_models import make_alert
from tracker.celery import app


@pytest.mark.django_db
def test_prune_deletes_what_is_too_old_and_keeps_the_rest() -> None:
    kept = make_alert(1, timezone.now())
    make_alert(1, timezone.now() - KEEP - timedelta(minutes=1))
    prune_alerts()
    assert list(Alert.objects.all()) == [kept]


def test_prune_is_known_and_planned() -> None:
    app.loader.import_default_modules()
    planned = [entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()]
    assert prune_alerts.name in planned
    assert prune_alerts.name in app.tasks
