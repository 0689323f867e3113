"""The Celery application: slow and periodic work only, never the life of a tick."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")

app = Celery("tracker")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["tracker"], related_name="worker")  # of worker and beat alone: what surrounds the tasks
