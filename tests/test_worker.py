"""What surrounds Celery's tasks, and the port of a process's metrics."""

import logging
import socket
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from pytest_django import Settings
from structlog.contextvars import get_contextvars

from market import heartbeat
from market.metrics import serve
from tracker import tallies
from tracker.worker import Watch

TASK: Any = SimpleNamespace(name="market.fill_new", request=SimpleNamespace(is_eager=False))


def samples(url: str) -> dict[tuple[str, ...], float]:
    with redis.Redis.from_url(url) as client:
        found = [sample for family in tallies.families(client) for sample in family.samples]
    return {(sample.name, *sample.labels.values()): sample.value for sample in found}


def test_task_names_the_lines_it_writes_and_is_counted_when_it_ends(redis_url: str) -> None:
    watch = Watch()
    for number, state in enumerate(("SUCCESS", "FAILURE", "SUCCESS")):
        watch.begin(task_id=f"t{number}", task=TASK)
        assert get_contextvars() == {"task_id": f"t{number}", "task": "market.fill_new"}
        watch.end(task_id=f"t{number}", task=TASK, state=state)
        assert get_contextvars() == {}
    told = samples(redis_url)
    assert told["tracker_tasks_total", "market.fill_new", "success"] == 2
    assert told["tracker_tasks_total", "market.fill_new", "failure"] == 1
    assert told["tracker_task_seconds_count", "market.fill_new"] == 3
    assert 0 < told["tracker_task_seconds_sum", "market.fill_new"] < 10


def test_times_of_tasks_are_counted_up_to_each_bound(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        for seconds in (0.005, 0.3, 0.5, 1000.0):
            tallies.note(client, "slow", "success", seconds)
        assert 0 < client.ttl(tallies.key()) <= tallies.FORGOTTEN_SECONDS
    told = samples(redis_url)
    bounds = ("0.01", "0.1", "0.5", "600.0", "+Inf")
    assert [told["tracker_task_seconds_bucket", "slow", bound] for bound in bounds] == [1, 1, 3, 3, 4]


def test_task_that_ends_while_redis_is_away_is_not_hindered(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    watch = Watch()
    watch.begin(task_id="t", task=TASK)
    watch.end(task_id="t", task=TASK, state="SUCCESS")
    heartbeat.Heartbeat("beat").beat()
    assert get_contextvars() == {}


def test_workers_beat_under_the_name_of_their_work(redis_url: str) -> None:
    watch = Watch()
    watch.turn(SimpleNamespace(eventer=SimpleNamespace(hostname="courier@here")))
    with redis.Redis.from_url(redis_url) as client:
        assert {name for name, age in heartbeat.ages(client).items() if age is not None} == {"courier"}
        watch.turn(SimpleNamespace(eventer=SimpleNamespace(hostname="celery@here")))
        assert {name for name, age in heartbeat.ages(client).items() if age is not None} == {"courier", "worker"}


def test_port_of_metrics_that_is_taken_stops_nothing(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken, caplog.at_level(logging.ERROR):
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings.METRICS_PORT = taken.getsockname()[1]
        assert serve("web") is None
    assert "METRICS_PORT: nothing serves the metrics of this process" in caplog.text
