"""What the database server is: community TimescaleDB, its Apache edition, or plain PostgreSQL. Found by looking."""

from typing import Literal, TypeAlias

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

Level: TypeAlias = Literal["community", "apache", "plain"]

DESCRIPTIONS: dict[Level, str] = {
    "community": "TimescaleDB (community): hypertables, compression, continuous aggregates, retention by policy",
    "apache": "TimescaleDB (Apache edition): hypertables; roll-up at query time, pruning by Celery",
    "plain": "PostgreSQL: ordinary tables; roll-up at query time, pruning by Celery",
}
LOADED = """
    SELECT EXISTS (SELECT FROM pg_settings WHERE name = 'timescaledb.max_background_workers')
       AND EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
"""


def database_level(connection: BaseDatabaseWrapper) -> Level:
    """The level that our tables are on now. Raises OperationalError when the database is away."""
    with connection.cursor() as cursor:
        if not ask(cursor, "SELECT to_regclass('timescaledb_information.hypertables') IS NOT NULL"):
            return "plain"
        if not ask(
            cursor,
            "SELECT EXISTS (SELECT FROM timescaledb_information.hypertables WHERE hypertable_name = 'market_bar')",
        ):
            return "plain"
        return "community" if has_aggregates(cursor) else "apache"


def has_aggregates(cursor: CursorWrapper) -> bool:
    """Whether the continuous aggregates over the bars are there: readers ask each time, it costs 0.1 ms."""
    return ask(cursor, "SELECT to_regclass('market_bar_1d') IS NOT NULL")


def server_offers(connection: BaseDatabaseWrapper) -> Level:
    """The level that the server could give, whether or not our tables are on it."""
    with connection.cursor() as cursor:
        if ask(cursor, "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')"):
            cursor.execute("SHOW timescaledb.license")
            row = cursor.fetchone()
            return "community" if row and row[0] == "timescale" else "apache"
        # The edition shows only once the extension is created; Apache's is the least that is there.
        return "apache" if ask(cursor, LOADED) else "plain"


def ask(cursor: CursorWrapper, query: str) -> bool:
    """Answer of a yes-or-no query."""
    cursor.execute(query)
    row = cursor.fetchone()
    return bool(row and row[0])
