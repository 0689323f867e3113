"""/health: it answers whatever else is away, and says what is."""

import json
from typing import Any

import msgspec
import pytest
import redis
from django.test import Client
from pytest_django import Settings

from market.live import meta_key
from tests.market.live_rows import Publisher, market_row

DEAD = "127.0.0.1:1"


def health(client: Client, query: str = "") -> tuple[int, dict[str, Any]]:
    response = client.get(f"/health{query}")
    assert "no-store" in response.headers["Cache-Control"]
    return response.status_code, json.loads(response.content)


def write_meta(age: float, redis_url: str) -> None:
    publisher = Publisher()
    publisher.store("market", {"HPG": market_row()})
    with redis.Redis.from_url(redis_url) as client:
        seconds, microseconds = client.time()
        meta = publisher.meta("market") | {"written_at": seconds + microseconds / 1e6 - age}
        client.set(meta_key("market"), msgspec.json.encode(meta))


@pytest.mark.django_db
def test_health_of_a_running_market_is_ok_in_every_part(client: Client, redis_url: str) -> None:
    write_meta(1.0, redis_url)
    status, body = health(client)
    assert (status, body["status"]) == (200, "ok")
    assert body["database"]["state"] == "ok"
    assert body["database"]["level"] in ("plain", "apache", "community")
    assert body["feed"] | {"age_seconds": 1} == {
        "state": "ok", "feed": "live", "source": "ssi", "age_seconds": 1, "time": "2026-11-20T10:15:04+07:00",
        "delay_seconds": 1,
    }  # fmt: skip
    assert 1.0 <= body["feed"]["age_seconds"] < 10


@pytest.mark.django_db
def test_health_with_a_silent_ingest_is_degraded(client: Client, redis_url: str) -> None:
    write_meta(60.0, redis_url)
    status, body = health(client)
    assert (status, body["status"], body["feed"]["state"]) == (200, "degraded", "silent")


@pytest.mark.django_db
def test_health_before_the_first_data_says_so(client: Client, redis_url: str) -> None:
    assert health(client)[1]["feed"] == {"state": "none"}


@pytest.mark.django_db
def test_health_without_redis_answers_and_holds_no_address(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = f"redis://:hidden@{DEAD}/0"
    status, body = health(client)
    assert (status, body["status"], body["redis"]) == (200, "degraded", {"state": "away"})
    assert "hidden" not in json.dumps(body) and "127.0.0.1" not in json.dumps(body)
    assert health(client, "?require=redis,database")[0] == 503
    assert health(client, "?require=database")[0] == 200


def test_health_requirement_that_does_not_exist_is_named(client: Client) -> None:
    status, body = health(client, "?require=moon")
    assert (status, body["code"]) == (400, "invalid")
    assert "'moon'" in body["detail"]
