"""A database of its own for tests that migrate back and forth, on the server of the tests.

Their own, because `transactional_db` would empty the seeded tables for every test after it.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor


@contextmanager
def scratch_database(name: str) -> Iterator[BaseDatabaseWrapper]:
    """Make an empty database, yield a connection to it, drop it."""
    full_name = f"test_{name}_{secrets.token_hex(4)}"
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{full_name}"')
    connections.settings[name] = connection.settings_dict | {"NAME": full_name}
    try:
        yield connections[name]
    finally:
        connections[name].close()
        del connections[name], connections.settings[name]
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{full_name}" WITH (FORCE)')


def migrate_market(database: BaseDatabaseWrapper, target: str | None) -> None:
    """Bring the tables of `market` to a migration; None takes them all away."""
    executor = MigrationExecutor(database)
    executor.migrate([("market", target)])
