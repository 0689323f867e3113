"""What Celery's worker says to Prometheus: queues, signs of life, tasks, deliveries, and how the database does.

The database is asked here and not by the web processes: one of few, and no visitor waits for it.
"""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Count, QuerySet
from django.utils import timezone
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from alerts.models import Delivery
from market import heartbeat
from market.metrics import gauge, number
from market.storage.level import Level, database_level
from tracker import tallies

LEVELS: Final[dict[Level, int]] = {"plain": 0, "apache": 1, "community": 2}
RECENT: Final = timedelta(minutes=15)
DATABASE_EVERY_SECONDS: Final = 10.0


def queues() -> list[str]:
    """Names of the queues in Redis."""
    routes: dict[str, dict[str, str]] = getattr(settings, "CELERY_TASK_ROUTES", {})
    return sorted({"celery", *(route["queue"] for route in routes.values() if "queue" in route)})


class WorkerCollector(Collector):
    """The worker's numbers, of its parent process. What the database says is asked for every few seconds at most."""

    def __init__(self) -> None:
        self._client = heartbeat.connect()
        self._asked_at = -DATABASE_EVERY_SECONDS
        self._database: list[Metric] = []

    def collect(self) -> Iterator[Metric]:
        """Ask Redis and the database."""
        try:
            found = list(self._redis())
        except redis.RedisError:
            found = [number("tracker_redis_up", "Whether Redis answers.", 0)]
        yield from found
        if time.monotonic() - self._asked_at >= DATABASE_EVERY_SECONDS:
            self._asked_at = time.monotonic()  # first: a scrape that waits is not joined by the next one
            self._database = self._ask_database()
        yield from self._database

    def _redis(self) -> Iterator[Metric]:
        ages = {(name,): age for name, age in heartbeat.ages(self._client).items() if age is not None}
        yield number("tracker_redis_up", "Whether Redis answers.", 1)
        yield gauge("tracker_heartbeat_age_seconds", "Time since a process last turned.", ["process"], ages)
        lengths = {(name,): float(self._length(name)) for name in queues()}
        yield gauge("tracker_queue_length", "Tasks that wait for a worker.", ["queue"], lengths)
        yield from tallies.families(self._client)

    def _length(self, queue: str) -> int:
        return int(self._client.llen(queue))

    def _ask_database(self) -> list[Metric]:
        try:
            return list(database_families())
        except DatabaseError:
            return [number("tracker_database_up", "Whether PostgreSQL answers.", 0)]
        finally:
            connection.close()  # of the thread that serves this scrape, which ends with it


def database_families() -> Iterator[Metric]:
    """How PostgreSQL does, and what delivery did lately. Raises django.db.Error."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '3s'")
    level = database_level(connection)
    yield number("tracker_database_up", "Whether PostgreSQL answers.", 1)
    text = "What the tables are on: 0 plain PostgreSQL, 1 TimescaleDB's Apache edition, 2 its community edition."
    yield number("tracker_database_level", text, LEVELS[level])
    ended = Delivery.objects.filter(finished_at__gte=timezone.now() - RECENT)
    counts = {(kind, status): float(count) for kind, status, count in by_channel(ended)}
    text = "Deliveries that ended in the last 15 minutes, by outcome."
    yield gauge("tracker_deliveries_recent", text, ["channel", "outcome"], counts)
    waiting: dict[tuple[str], float] = {}
    for kind, _, count in by_channel(Delivery.objects.filter(finished_at=None)):
        waiting[(kind,)] = waiting.get((kind,), 0.0) + count
    yield gauge("tracker_deliveries_open", "Deliveries that are to be made.", ["channel"], waiting)


def by_channel(deliveries: "QuerySet[Delivery]") -> Iterator[tuple[str, str, int]]:
    """Channel, status and count of deliveries."""
    counted = deliveries.order_by().values_list("channel__kind", "status").annotate(count=Count("pk"))
    yield from counted
