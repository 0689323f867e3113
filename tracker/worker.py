"""What surrounds Celery's tasks: ids in their log lines, counts of them, signs of life of worker and beat."""

import time
from typing import Any

from celery.signals import beat_init, heartbeat_sent, task_postrun, task_prerun, worker_init
from prometheus_client import REGISTRY
from structlog.contextvars import bind_contextvars, unbind_contextvars

from market.heartbeat import Heartbeat, Name, connect
from market.metrics import serve
from tracker import tallies
from tracker.worker_metrics import WorkerCollector


class Watch:
    """The receivers of Celery's signals, for one process."""

    def __init__(self) -> None:
        self._heartbeats: dict[Name, Heartbeat] = {"worker": Heartbeat("worker"), "courier": Heartbeat("courier")}
        self._client = connect()
        self._started: dict[str, float] = {}

    def connect(self) -> None:
        """Begin to listen."""
        task_prerun.connect(self.begin)
        task_postrun.connect(self.end)
        heartbeat_sent.connect(self.turn)
        worker_init.connect(self.open_worker)
        beat_init.connect(self.open_beat)

    def open_worker(self, **kwargs: Any) -> None:
        """Serve the metrics of a worker's parent process."""
        REGISTRY.register(WorkerCollector())
        serve("worker")

    def open_beat(self, **kwargs: Any) -> None:
        """Serve the metrics of beat."""
        serve("beat")

    def turn(self, sender: Any, **kwargs: Any) -> None:
        """Write that the worker's event loop turns; the one that delivers alerts has a name of its own."""
        is_courier = sender.eventer.hostname.startswith("courier@")
        self._heartbeats["courier" if is_courier else "worker"].beat()

    def begin(self, task_id: str, task: Any, **kwargs: Any) -> None:
        """Name what the lines to come belong to."""
        bind_contextvars(task_id=task_id, task=task.name)
        self._started[task_id] = time.monotonic()

    def end(self, task_id: str, task: Any, state: str | None = None, **kwargs: Any) -> None:
        """Count a task that ended."""
        unbind_contextvars("task_id", "task")
        started = self._started.pop(task_id, None)
        if started is not None and not task.request.is_eager:
            tallies.note(self._client, task.name, (state or "unknown").lower(), time.monotonic() - started)


# Celery has no composition root: it imports this module, in worker and beat.
watch = Watch()
watch.connect()
