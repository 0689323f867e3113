"""Migrations: forwards, backwards, and what they would say to a server with TimescaleDB."""

import ast
import importlib
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
import pytest_django
from django.core.management import call_command
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from market import migrations as package
from market.models import Bar, Trade
from market.queries import SECONDS
from market.storage.level import DESCRIPTIONS, database_level, server_offers
from market.storage.retention import BARS, KEEP
from tests.market.scratch import migrate_market, scratch_database

timescale = importlib.import_module("market.migrations.0004_timescale")
FOLDER = Path(next(iter(package.__path__)))
NEWEST = next(name for app, name in MigrationLoader(None).graph.leaf_nodes() if app == "market")


@pytest.fixture
def scratch(postgres_url: str, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[BaseDatabaseWrapper]:
    with django_db_blocker.unblock(), scratch_database("migrations") as database:
        yield database


def rows(database: BaseDatabaseWrapper, query: str) -> list[tuple[object, ...]]:
    with database.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def tables(database: BaseDatabaseWrapper) -> set[str]:
    found = rows(
        database, "SELECT relname FROM pg_class WHERE relname LIKE 'market\\_%' AND relkind IN ('r', 'v', 'm')"
    )
    return {str(name) for (name,) in found}


@pytest.mark.django_db
def test_migrations_cover_the_models() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("0*.py")), ids=lambda path: path.stem)
def test_migration_imports_no_app_code(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not [name for name in names if name.split(".")[0] in {"market", "alerts", "tracker", "holidays"}]


def test_migrations_to_zero_and_back_leave_nothing_and_bring_all(scratch: BaseDatabaseWrapper) -> None:
    migrate_market(scratch, NEWEST)
    full = tables(scratch)
    migrate_market(scratch, None)
    assert tables(scratch) == set()
    migrate_market(scratch, NEWEST)
    assert tables(scratch) == full
    assert rows(scratch, 'SELECT count(*) FROM market_basketmember WHERE "left" IS NULL') == [(30,)]


def test_migration_of_seed_again_keeps_edited_rows(scratch: BaseDatabaseWrapper) -> None:
    migrate_market(scratch, "0002_seed")
    with scratch.cursor() as cursor:
        cursor.execute("UPDATE market_instrument SET name = 'mine' WHERE code = 'HPG'")
    before = rows(scratch, "SELECT * FROM market_basketmember ORDER BY id")
    migrate_market(scratch, "0001_reference")
    migrate_market(scratch, "0002_seed")
    assert rows(scratch, "SELECT name FROM market_instrument WHERE code = 'HPG'") == [("mine",)]
    assert rows(scratch, "SELECT * FROM market_basketmember ORDER BY id") == before


def store_trades(database: BaseDatabaseWrapper) -> None:
    with database.cursor() as cursor:
        cursor.execute("""
            INSERT INTO market_trade
                (symbol, at, total_volume, number, price, volume, value, side, method, phase, gap)
            SELECT 'HPG', TIMESTAMPTZ '2026-11-20 09:15+07' + n * INTERVAL '1 day', n, 1, 1, 1, 1, '', '', '', FALSE
            FROM generate_series(1, 30) AS n""")


def test_migration_of_timescale_back_and_again_keeps_rows(scratch: BaseDatabaseWrapper) -> None:
    migrate_market(scratch, "0003_history")
    assert database_level(scratch) == "plain"
    store_trades(scratch)
    migrate_market(scratch, "0004_timescale")
    assert database_level(scratch) == server_offers(scratch)
    migrate_market(scratch, "0003_history")
    assert database_level(scratch) in ("plain", "apache")
    migrate_market(scratch, "0004_timescale")
    assert database_level(scratch) == server_offers(scratch)
    assert rows(scratch, "SELECT count(*), count(DISTINCT at) FROM market_trade") == [(30, 30)]


def test_use_timescale_on_tables_made_without_it_moves_the_rows(scratch: BaseDatabaseWrapper) -> None:
    migrate_market(scratch, "0003_history")
    MigrationRecorder(scratch).record_applied("market", "0004_timescale")
    migrate_market(scratch, NEWEST)
    store_trades(scratch)
    assert database_level(scratch) == "plain"
    call_command("use_timescale", database=scratch.alias, stdout=StringIO())
    assert database_level(scratch) == server_offers(scratch)
    assert rows(scratch, "SELECT count(*), count(DISTINCT at) FROM market_trade") == [(30, 30)]


def test_use_timescale_again_changes_nothing(scratch: BaseDatabaseWrapper) -> None:
    migrate_market(scratch, NEWEST)
    objects = "SELECT relname FROM pg_class WHERE relname NOT LIKE 'pg_toast%' ORDER BY 1"
    before = rows(scratch, objects)
    answer = StringIO()
    call_command("use_timescale", database=scratch.alias, stdout=answer)
    assert rows(scratch, objects) == before
    assert DESCRIPTIONS[server_offers(scratch)] in answer.getvalue()


# --- The text for TimescaleDB, which most test servers lack -----------------------------------------------------


def test_timescale_hypertables_are_the_pruned_tables() -> None:
    assert set(timescale.HYPERTABLES) == {model._meta.db_table for model in KEEP}


@pytest.mark.parametrize("model", KEEP, ids=lambda model: model.__name__)
def test_timescale_key_holds_the_time_column_and_fits_the_compression(model: type[Trade]) -> None:
    key = model._meta.pk_fields
    _, _, (segment, order), _ = timescale.HYPERTABLES[model._meta.db_table]
    laid_out = [segment.strip('"'), *order.split(", ")]
    assert [field.column for field in key] == laid_out
    assert "at" in laid_out


@pytest.mark.parametrize("model", KEEP, ids=lambda model: model.__name__)
def test_timescale_retention_is_that_of_pruning(model: type[Trade]) -> None:
    assert timescale.HYPERTABLES[model._meta.db_table][3] == f"{KEEP[model].days} days"


def test_timescale_compression_comes_before_retention_and_after_a_chunk() -> None:
    for chunk, compress, _, keep in timescale.HYPERTABLES.values():
        chunk_days, compress_days, keep_days = (int(text.split()[0]) for text in (chunk, compress, keep))
        assert chunk_days < compress_days < keep_days


def test_timescale_aggregates_are_those_that_queries_read() -> None:
    assert set(timescale.AGGREGATES) == {f"{Bar._meta.db_table}_{name}" for name in SECONDS if name != "1m"}
    policies = [text for text in timescale.community_statements() if "add_retention_policy('market_bar_" in text]
    assert len(policies) == 4
    assert all(f"INTERVAL '{BARS.days} days'" in text for text in policies)


def test_timescale_apache_statements_use_no_community_feature() -> None:
    statements = list(timescale.hypertable_statements())
    assert len(statements) == len(timescale.HYPERTABLES)
    for word in ("policy", "compress", "continuous"):
        assert not [text for text in statements if word in text]


def test_timescale_backwards_undoes_every_object_that_forwards_made() -> None:
    undone = " ".join(timescale.undo_statements())
    for view in timescale.AGGREGATES:
        assert f"DROP MATERIALIZED VIEW IF EXISTS {view}" in undone
    for table in timescale.HYPERTABLES:
        for kind in ("compression", "retention"):
            assert f"remove_{kind}_policy('{table}'" in undone
