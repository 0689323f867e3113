"""/health/live and /health/ready."""

import json
import time
from datetime import datetime
from typing import Any

import pytest
import redis
import time_machine
from django.test import Client
from pytest_django import Settings

from market.domain.calendar import VIETNAM
from market.health import judged_by_session
from market.heartbeat import Heartbeat, key
from tests.market.api.test_health import DEAD, write_meta

SUNDAY = datetime(2026, 11, 22, 10, 0, tzinfo=VIETNAM)
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=VIETNAM)
LUNCH = datetime(2026, 11, 23, 12, 0, tzinfo=VIETNAM)


def ready(client: Client, query: str = "") -> tuple[int, dict[str, Any]]:
    response = client.get(f"/health/ready{query}")
    assert "no-store" in response.headers["Cache-Control"]
    return response.status_code, json.loads(response.content)


def feed(session: str, age: float, said: str = "live", source: str = "ssi") -> dict[str, Any]:
    state = "silent" if age > 15 else "ok"
    return {"state": state, "session": session, "feed": said, "source": source, "age_seconds": age}


def test_live_answers_without_asking_anybody(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = f"redis://{DEAD}/0"
    response = client.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_ready_with_every_part_is_ok(client: Client, redis_url: str) -> None:
    write_meta(1.0, redis_url)
    Heartbeat("worker").beat()
    Heartbeat("courier").beat()
    Heartbeat("beat").beat()
    status, body = ready(client, "?require=feed,worker,beat")
    assert (status, body["status"]) == (200, "ok")
    assert set(body) == {"status", "database", "redis", "feed", "worker", "courier", "beat"}
    assert {part["state"] for name, part in body.items() if name != "status"} == {"ok"}
    assert body["worker"]["age_seconds"] < 10


@pytest.mark.django_db
def test_ready_with_a_beat_that_hangs_and_no_worker_is_degraded(client: Client, redis_url: str) -> None:
    write_meta(1.0, redis_url)
    with redis.Redis.from_url(redis_url) as store:
        store.set(key("beat"), time.time() - 300)
    status, body = ready(client)
    assert (status, body["status"]) == (200, "degraded")
    assert body["worker"] == {"state": "none"}
    assert body["beat"]["state"] == "late" and body["beat"]["age_seconds"] >= 300
    assert ready(client, "?require=beat")[0] == 503
    assert ready(client, "?require=feed")[0] == 200


@pytest.mark.django_db
def test_ready_without_redis_is_unavailable_and_holds_no_address(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = f"redis://:hidden@{DEAD}/0"
    status, body = ready(client)
    assert (status, body["status"], body["database"]["state"]) == (503, "unavailable", "ok")
    assert {body[name]["state"] for name in ("redis", "feed", "worker", "courier", "beat")} == {"away"}
    assert "hidden" not in json.dumps(body) and "127.0.0.1" not in json.dumps(body)


def test_ready_requirement_that_does_not_exist_is_named(client: Client) -> None:
    status, body = ready(client, "?require=moon")
    assert (status, body["code"]) == (400, "invalid")


@pytest.mark.parametrize(
    ("moment", "part", "state"),
    [
        (MONDAY, feed("open", 1), "ok"),
        (MONDAY, feed("open", 60), "silent"),
        (MONDAY, feed("closed", 60), "silent"),  # it ended before the session began
        (LUNCH, feed("closed", 60), "ok"),
        (SUNDAY, feed("closed", 9999), "ok"),
        (SUNDAY, feed("closed", 60, source="simulation"), "ok"),
        (SUNDAY, feed("open", 60, source="simulation"), "silent"),
        (MONDAY, feed("open", 1, said="delayed"), "delayed"),
        (SUNDAY, feed("closed", 1, said="reconnecting"), "ok"),
        (MONDAY, feed("open", 1, said="reconnecting"), "reconnecting"),
        (MONDAY, {"state": "none"}, "none"),
    ],
)
def test_feed_has_to_flow_only_while_a_board_trades(moment: datetime, part: dict[str, Any], state: str) -> None:
    with time_machine.travel(moment, tick=False):
        assert judged_by_session(part)["state"] == state
