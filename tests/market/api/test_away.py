"""A real web process whose database is away, and later comes back: live answers go on, history says when to return."""

import json
import os
import shutil
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError

import pytest

from tests.launched import wait_until
from tests.market.api.web import web_process
from tests.market.live_rows import VN30, Publisher, future_row, market_row
from tests.ports import held_port
from tracker.launch.accounts import unprivileged_account
from tracker.launch.places import temporary_directory
from tracker.launch.postgres import Postgres
from tracker.launch.process import Process, Warden

SOON = 10.0  # seconds: a few waits for a connection, and a busy machine; psycopg's pool alone would wait for 30
NOWHERE = "postgres://tracker:hidden@127.0.0.1:1/tracker"
HISTORY = [
    *("/api/history/HPG/candles", "/api/history/HPG/ticks?format=csv", "/api/history/HPG/foreign"),
    *("/api/history/HPG/foreign/daily", "/api/history/index/VN30", "/api/history/derivatives/VN30F1M"),
    *("/api/vn30-components", "/api/symbols?q=hpg"),
]


@pytest.fixture(scope="module")
def address(valkey_server: str, warden: Warden) -> Iterator[str]:
    publisher = Publisher()
    publisher.store("market", {symbol: market_row(symbol) for symbol in VN30})
    publisher.store("derivatives", {code: future_row() | {"symbol": code} for code in ("41I1GC000", "41I1H1000")})
    environment = os.environ | {"DATABASE_URL": NOWHERE, "DJANGO_SETTINGS_MODULE": "tracker.settings"}
    with web_process(environment, warden) as address:
        yield address


def get(address: str, **headers: str) -> tuple[int, dict[str, str], bytes, float]:
    """Status, headers, body, seconds."""
    started = time.monotonic()
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            found = response.status, dict(response.headers), response.read()
    except HTTPError as error:
        found = error.code, dict(error.headers), error.read()
    return *found, time.monotonic() - started


def test_history_without_database_says_within_seconds_when_to_come_back(address: str) -> None:
    with ThreadPoolExecutor(len(HISTORY)) as threads:
        answers = list(threads.map(lambda path: get(address + path), HISTORY))
    for status, headers, body, seconds in answers:
        assert (status, headers["Retry-After"], json.loads(body)["code"]) == (503, "5", "unavailable")
        assert b"hidden" not in body and b"127.0.0.1" not in body
        assert seconds < SOON


def test_snapshot_without_database_answers_from_the_live_copy(address: str) -> None:
    get(f"{address}/api/market/snapshot")
    answers = [get(f"{address}/api/market/snapshot") for _ in range(5)]
    for status, _, body, _ in answers:
        said = json.loads(body)
        assert (status, said["served_from"], len(said["rows"])) == (200, "live copy", 30)
    assert min(seconds for *_, seconds in answers) < 1  # less than the wait for a connection


@pytest.mark.parametrize("path", ["/api/market/foreign-detail", "/api/market/basis-trend", "/api/market/alerts"])
def test_live_answers_need_no_database_nor_a_session_that_can_be_looked_up(address: str, path: str) -> None:
    assert get(address + path)[0] == 200
    status, _, _, seconds = get(address + path, Cookie="sessionid=abcdefghijklmnopqrstuvwxyz012345")
    assert (status, seconds < SOON) == (200, True)  # twice the wait for a connection: session, and points of the basis


def test_token_that_nobody_can_look_up_is_told_to_come_back(address: str) -> None:
    status, headers, body, seconds = get(f"{address}/api/market/snapshot", Authorization="Bearer vnst_unknown")
    assert seconds < SOON
    assert (status, headers["Retry-After"], json.loads(body)["code"]) == (503, "5", "unavailable")


def test_health_without_database_answers(address: str) -> None:
    status, _, body, _ = get(f"{address}/health")
    assert (status, json.loads(body)["database"]) == (200, {"state": "away"})


def test_history_answers_again_soon_after_the_database_is_back(
    valkey_server: str, warden: Warden, database_that_starts_late: Postgres
) -> None:
    server = database_that_starts_late
    environment = os.environ | {"DATABASE_URL": server.url("postgres"), "DJANGO_SETTINGS_MODULE": "tracker.settings"}
    with web_process(environment, warden, pool=2) as address:
        away_until = time.monotonic() + 5
        while time.monotonic() < away_until:
            assert get(f"{address}/api/symbols")[0] == 503
        process = Process(server.command(), warden)
        try:
            process.wait_until(server.is_ready)
            wait_until(lambda: json.loads(get(f"{address}/health")[2])["database"]["state"] == "unmigrated", seconds=20)
        finally:
            process.stop()


@pytest.fixture
def database_that_starts_late() -> Iterator[Postgres]:
    directory = temporary_directory(unprivileged_account())
    server = Postgres(directory, held_port(), lasting=False)
    server.prepare()
    yield server
    shutil.rmtree(directory)
