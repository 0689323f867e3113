"""History from a streaming replica: a primary, what pg_basebackup makes of it, and a web process that knows both."""

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from market.history_database import REPLICA
from tests.ports import held_port
from tests.stand import Stand
from tracker.launch.accounts import switch_to, unprivileged_account
from tracker.launch.places import temporary_directory
from tracker.launch.postgres import Postgres

BAR = """
    INSERT INTO market_bar (symbol, at, open, high, low, close, volume, value,
        buy_volume, sell_volume, neutral_volume, trades, source)
    VALUES ('HPG', '2026-11-20 09:30+07', 26000, 26000, 26000, 26000, %s, 2.6e6, 0, 0, 0, 1, 'live')
    ON CONFLICT (symbol, at) DO UPDATE SET volume = excluded.volume
"""
CANDLES = "/api/history/HPG/candles?from=2026-11-20&to=2026-11-20"


@pytest.fixture
def stand() -> Iterator[Stand]:
    with Stand() as stand:
        stand.start_database()
        yield stand


def start_replica(stand: Stand) -> str:
    """Copy the running primary, start the copy as its replica, and return its address."""
    directory = temporary_directory(unprivileged_account())
    stand.directories.append(directory)
    primary = stand.environment["DATABASE_URL"]
    server = Postgres(directory, held_port(), lasting=False, password=urlsplit(primary).password or "")
    copy = (server.programs / "pg_basebackup", "--write-recovery-conf", "--checkpoint", "fast", "--no-sync")
    subprocess.run(
        [*copy, "--dbname", primary, "--pgdata", server.data],
        cwd=directory, check=True, capture_output=True, **switch_to(server.account),
    )  # fmt: skip
    command = server.command()
    stand._run(type(command)(**vars(command) | {"name": REPLICA})).wait_until(server.is_ready)
    return server.url("postgres")


def ask(port: int, path: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def volumes(answer: tuple[int, bytes]) -> list[int]:
    assert answer[0] == 200, answer
    return [candle["volume"] for candle in json.loads(answer[1])["candles"]]


def test_history_comes_from_the_replica_as_far_as_that_has_come(stand: Stand) -> None:
    replica = start_replica(stand)
    stand.environment["READ_DATABASE_URL"] = replica
    stand.start_web()
    port = stand.ports["web"]
    with (
        psycopg.connect(stand.environment["DATABASE_URL"], autocommit=True) as primary,
        psycopg.connect(replica, autocommit=True) as copy,
    ):

        def holds(volume: int) -> bool:
            return copy.execute("SELECT volume FROM market_bar").fetchone() == (volume,)

        primary.execute(BAR, [100])
        stand.processes[REPLICA].wait_until(lambda: holds(100))
        assert volumes(ask(port, CANDLES)) == [100]
        copy.execute("SELECT pg_wal_replay_pause()")
        primary.execute(BAR, [200])
        assert volumes(ask(port, CANDLES)) == [100]  # it lags, and that is what is shown
        copy.execute("SELECT pg_wal_replay_resume()")
        stand.processes[REPLICA].wait_until(lambda: holds(200))
        assert volumes(ask(port, CANDLES)) == [200]
    stand.processes[REPLICA].stop()
    code, body = ask(port, CANDLES)
    assert (code, json.loads(body)["code"]) == (503, "unavailable")
    assert ask(port, "/account/log-in/")[0] == 200
    assert json.loads(ask(port, "/health")[1])["database"]["state"] == "ok"
