"""The database tests once more, on a server with TimescaleDB: `TIMESCALE_URL=postgres://... pytest -m timescale`.

Both editions are worth a run. The first test is for any server; the others say what only the community edition does.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_django
from django.db.backends.base.base import BaseDatabaseWrapper

from market.queries import SECONDS, candles
from market.storage.level import database_level
from market.storage.retention import KEEP
from tests.market.scratch import migrate_market, scratch_database

TIMESCALE_URL = os.environ.get("TIMESCALE_URL", "")
EXPECTED = "TIMESCALE_EXPECTED" in os.environ  # set for the inner run: no level may pass by being skipped
SAME_EVERYWHERE = [
    "market/test_models.py", "market/test_migrations.py", "market/test_level.py", "market/test_queries.py",
    "market/storage", "alerts/test_models.py",
]  # fmt: skip

pytestmark = pytest.mark.timescale


@pytest.mark.skipif(not TIMESCALE_URL, reason="TIMESCALE_URL is not set")
def test_database_tests_pass_on_a_timescale_server() -> None:
    files = [f"tests/{name}" for name in [*SAME_EVERYWHERE, "market/test_timescale.py"]]
    environment = os.environ | {"DATABASE_URL": TIMESCALE_URL, "TIMESCALE_URL": "", "TIMESCALE_EXPECTED": "yes"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "--create-db", *files]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.fixture
def scratch(postgres_url: str, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[BaseDatabaseWrapper]:
    """A migrated database outside any transaction, as refreshing aggregates demands."""
    with django_db_blocker.unblock(), scratch_database("timescale") as database:
        migrate_market(database, "0004_timescale")
        if database_level(database) == "plain" and not EXPECTED:
            pytest.skip("the tests' server is plain PostgreSQL")
        yield database


@pytest.fixture
def community(scratch: BaseDatabaseWrapper) -> BaseDatabaseWrapper:
    if database_level(scratch) != "community":
        pytest.skip("the server has the Apache edition")
    return scratch


def column(database: BaseDatabaseWrapper, query: str) -> set[object]:
    with database.cursor() as cursor:
        cursor.execute(query)
        return {row[0] for row in cursor.fetchall()}


TABLES = {model._meta.db_table for model in KEEP}
VIEWS = {f"market_bar_{name}" for name in SECONDS if name != "1m"}


def test_tables_are_hypertables(scratch: BaseDatabaseWrapper) -> None:
    assert column(scratch, "SELECT hypertable_name FROM timescaledb_information.hypertables") >= TABLES


def test_community_has_policies_for_every_table_and_aggregate(community: BaseDatabaseWrapper) -> None:
    query = "SELECT view_name, materialization_hypertable_name FROM timescaledb_information.continuous_aggregates"
    with community.cursor() as cursor:
        cursor.execute(query)
        view_of = {behind: view for view, behind in cursor.fetchall()}
    assert set(view_of.values()) == VIEWS

    def with_policy(kind: str) -> set[object]:
        query = f"SELECT hypertable_name FROM timescaledb_information.jobs WHERE proc_name = 'policy_{kind}'"
        return {view_of.get(name, name) for name in column(community, query)}  # servers name one or the other

    assert with_policy("compression") == TABLES
    assert with_policy("retention") == TABLES | VIEWS
    assert with_policy("refresh_continuous_aggregate") == VIEWS
    refresh = "FROM timescaledb_information.jobs WHERE proc_name = 'policy_refresh_continuous_aggregate'"
    assert column(community, f"SELECT config->>'refresh_newest_first' {refresh}") == {"false"}


def test_community_candles_refreshed_and_compressed_are_the_same(
    community: BaseDatabaseWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half the days aggregated, half not; then a late row and a compressed chunk."""
    monkeypatch.setattr("market.queries.history_connection", lambda: community)
    start = datetime(2026, 9, 1, tzinfo=UTC)
    with community.cursor() as cursor:
        cursor.execute(
            "INSERT INTO market_bar SELECT 'HPG', at, n, n + 5, n - 5, n + 1, 100, 7.5, 40, 30, 20, 3, 'live' FROM "
            "generate_series(0, 3999) AS n, LATERAL (SELECT %s + n * INTERVAL '13 minutes' AS at) AS moments",
            [start],
        )
        before = {interval: candles("HPG", interval, limit=9999) for interval in SECONDS}
        for view in VIEWS:
            cursor.execute(f"CALL refresh_continuous_aggregate('{view}', NULL, %s)", [start + timedelta(days=20)])
        assert {interval: candles("HPG", interval, limit=9999) for interval in SECONDS} == before
        cursor.execute("SELECT compress_chunk(c, if_not_compressed => TRUE) FROM show_chunks('market_bar') AS c")
        assert {interval: candles("HPG", interval, limit=9999) for interval in SECONDS} == before
        late = start + timedelta(days=1, minutes=1)
        insert = (
            "INSERT INTO market_bar VALUES ('HPG', %s, 1, 1, 1, 1, 9, 1, 0, 0, 0, 1, 'backfill') ON CONFLICT DO NOTHING"
        )
        for _ in range(2):
            cursor.execute(insert, [late])
        for view in VIEWS:
            cursor.execute(f"CALL refresh_continuous_aggregate('{view}', NULL, %s)", [start + timedelta(days=20)])
    for interval in SECONDS:
        volumes = sum(row.volume for row in candles("HPG", interval, limit=9999))
        assert volumes == sum(row.volume for row in before[interval]) + 9


def test_community_trades_stored_again_into_a_compressed_chunk_change_nothing(community: BaseDatabaseWrapper) -> None:
    insert = """
        INSERT INTO market_trade
        SELECT 'HPG', TIMESTAMPTZ '2026-09-01 09:15+07' + n * INTERVAL '1 second', n, n, 1, 1, 1, 'buy', 'feed',
            'continuous', FALSE
        FROM generate_series(1, 500) AS n ON CONFLICT DO NOTHING"""
    with community.cursor() as cursor:
        cursor.execute(insert)
        cursor.execute("SELECT compress_chunk(c, if_not_compressed => TRUE) FROM show_chunks('market_trade') AS c")
        cursor.execute(insert)
        cursor.execute("SELECT count(*), sum(volume) FROM market_trade")
        assert cursor.fetchone() == (500, 500)
