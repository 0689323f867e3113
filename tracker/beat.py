"""Celery beat's scheduler, with a sign of life: a beat that hangs is a process that runs."""

from typing import Any

from django_celery_beat.schedulers import DatabaseScheduler

from market.heartbeat import Heartbeat


class WatchedScheduler(DatabaseScheduler):  # type: ignore[misc]  # comes without types
    """The schedule of the database; each turn, every five seconds or more often, is noted."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._heartbeat = Heartbeat("beat")
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due."""
        pause: float = super().tick(*args, **kwargs)
        self._heartbeat.beat()
        return pause
