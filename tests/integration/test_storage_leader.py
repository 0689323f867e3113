"""One ingest leads: by the lock in PostgreSQL, and by its folder."""

import json
import time
from contextlib import closing
from pathlib import Path

import psycopg
import redis

from market.live import meta_key
from market.storage.database import LEADER_LOCK
from tests.integration.conftest import StartIngest, patient
from tests.integration.killable import Database, assert_same_history, wait_until

AS_IT_WAS = "1"  # slow enough to find both at work
STILL_AT_WORK = "10"  # lasts for longer than another process needs to start
TAKEOVER_SECONDS = 30.0  # it looks each second; the rest is for a busy machine


def publisher(url: str) -> str | None:
    """The epoch that the live snapshot in Redis is of."""
    with redis.Redis.from_url(url) as client:
        meta = client.get(meta_key("market"))
    return None if meta is None else str(json.loads(meta)["epoch"])  # type: ignore[arg-type]


def epochs(url: str) -> list[str]:
    """Runs in the database, oldest first."""
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT epoch FROM market_ingestrun ORDER BY started_at")]


def test_ingest_while_another_leads_says_so_and_ends(start_ingest: StartIngest, morning: Path) -> None:
    source = ("--source", f"file:{morning}", "--speed", AS_IT_WAS)
    start_ingest(*source).wait_for("Begins with")
    on_this_machine, on_another = start_ingest(*source), start_ingest(*source, folder="two")
    assert (on_this_machine.end(), on_another.end()) == (1, 1)
    assert "another one uses it" in on_this_machine.output.splitlines()[-1]
    assert "start this one with --standby" in on_another.output.splitlines()[-1]


def test_standby_after_the_leader_was_killed_goes_on_within_seconds(
    start_ingest: StartIngest, morning: Path, redis_url: str, database_url: str
) -> None:
    leader = start_ingest("--source", f"file:{morning}", "--speed", STILL_AT_WORK)
    leader.wait_for("Begins with")
    standby = start_ingest("--source", f"file:{morning}", "--speed", "max", "--standby")
    standby.wait_for("Standing by")
    wait_until(lambda: publisher(redis_url) is not None, "the leader to publish")
    first = publisher(redis_url)
    assert "Taking over" not in standby.output
    leader.kill()
    died = time.monotonic()
    wait_until(lambda: publisher(redis_url) != first, "the standby to publish")
    assert time.monotonic() - died < TAKEOVER_SECONDS
    assert standby.end() == 0
    assert_same_history(database_url, morning)
    assert epochs(database_url)[0] == first


@patient
def test_standby_elsewhere_leaves_the_lead_to_who_had_it_before_postgres_restarted(
    start_ingest: StartIngest, morning: Path, killable_database: Database, database_url: str
) -> None:
    source = ("--source", f"file:{morning}", "--speed", "100")
    leader = start_ingest(*source)
    leader.wait_for("Begins with")
    standby = start_ingest(*source, "--standby", folder="two")
    standby.wait_for("Standing by")
    wait_until(lambda: len(epochs(database_url)) == 1, "the leader to store")
    killable_database.kill()
    killable_database.start()
    leader.wait_for("PostgreSQL answers again")
    assert leader.popen.poll() is None
    assert "Taking over" not in standby.output


def test_leader_that_lost_its_lock_to_another_stores_nothing_more_and_ends(
    start_ingest: StartIngest, morning: Path, database_url: str
) -> None:
    leader = start_ingest("--source", f"file:{morning}", "--speed", STILL_AT_WORK)
    leader.wait_for("Begins with")
    wait_until(lambda: len(epochs(database_url)) == 1, "the leader to store")
    with closing(psycopg.connect(database_url)) as other, psycopg.connect(database_url, autocommit=True) as third:
        other.pgconn.send_query(f"SELECT pg_advisory_lock({LEADER_LOCK})".encode())  # waits in line
        third.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'ingest' AND datname = current_database()"
        )
        assert leader.end() == 1
    assert "another ingest took the lead" in leader.output.splitlines()[-1]
