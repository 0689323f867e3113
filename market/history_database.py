"""Which server history is read from: a replica, where READ_DATABASE_URL names one, for pages and the API alone.

Whoever writes has to read what was just written, so everything else keeps to the first server.
"""

from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

REPLICA: Final = "history"


def history_alias() -> str:
    """The database to read history from."""
    return REPLICA if REPLICA in connections.settings else DEFAULT_DB_ALIAS


def history_connection() -> BaseDatabaseWrapper:
    """A connection to it, as `django.db.connection` is one to the first server."""
    return connections[history_alias()]


class HistoryRouter:
    """Keeps migrations and writes away from the replica; rows from there may be set beside rows from here."""

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        """The first server for a row that was read from the replica."""
        instance = hints.get("instance")
        return DEFAULT_DB_ALIAS if instance is not None and instance._state.db == REPLICA else None

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool | None:
        """Both servers hold the same rows."""
        return True if REPLICA in (one._state.db, other._state.db) else None

    def allow_migrate(self, alias: str, app_label: str, **hints: Any) -> bool | None:
        """The replica gets its tables from the first server."""
        return False if alias == REPLICA else None
