"""How often Celery's tasks ran and how long they took, counted in Redis.

The worker's children run the tasks, and its parent answers Prometheus: what a child counts in its memory nobody sees.
Each machine has a hash of its own, so that no worker shows what another one did.
"""

import logging
import socket
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import redis
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

logger = logging.getLogger(__name__)

BOUNDS: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0)
LABELS: Final = (*(str(bound) for bound in BOUNDS), "+Inf")
FORGOTTEN_SECONDS: Final = 7 * 86_400


def key() -> str:
    """Redis key of this machine's hash: field `what|task|of which` to a number."""
    return f"monitor:tasks:{socket.gethostname()}"


def note(client: "redis.Redis", task: str, outcome: str, seconds: float) -> None:
    """Count a task that ended. Redis away: not counted."""
    try:
        with client.pipeline(transaction=False) as pipe:
            pipe.hincrby(key(), f"ended|{task}|{outcome}", 1)
            pipe.hincrby(key(), f"bucket|{task}|{LABELS[bisect_left(BOUNDS, seconds)]}", 1)
            pipe.hincrbyfloat(key(), f"seconds|{task}|", seconds)
            pipe.expire(key(), FORGOTTEN_SECONDS)
            pipe.execute()
    except redis.RedisError as error:
        logger.debug("A task was not counted: %s", error)


def families(client: "redis.Redis") -> Iterator[Metric]:
    """What was counted, as Prometheus takes it. Raises redis.RedisError."""
    ended = CounterMetricFamily("tracker_tasks", "Tasks that ended, by outcome.", labels=("task", "outcome"))
    took = HistogramMetricFamily("tracker_task_seconds", "Time that tasks took.", labels=("task",))
    buckets: defaultdict[str, dict[str, float]] = defaultdict(dict)
    sums: dict[str, float] = {}
    for field, value in client.hgetall(key()).items():
        what, task, which = (field.decode() if isinstance(field, bytes) else field).split("|", 2)
        if what == "ended":
            ended.add_metric((task, which), float(value))
        elif what == "bucket":
            buckets[task][which] = float(value)
        else:
            sums[task] = float(value)
    for task, counts in buckets.items():
        below, rising = 0.0, []
        for label in LABELS:
            below += counts.get(label, 0.0)
            rising.append((label, below))
        took.add_metric((task,), rising, sums.get(task, 0.0))
    yield ended
    yield took
