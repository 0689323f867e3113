"""System check `manage.py check --database default`: says which level the database is on."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Info, Warning
from django.db import DatabaseError, connections

from market.storage.level import DESCRIPTIONS, Level, ask, database_level, server_offers

RANK: dict[Level, int] = {"plain": 0, "apache": 1, "community": 2}


def check_database_level(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """One Info per database with its level; a Warning where it is away or could do more."""
    return [message for alias in databases or () for message in look_at(alias)]


def look_at(alias: str) -> list[CheckMessage]:
    """The messages about one database."""
    connection = connections[alias]
    try:
        with connection.cursor() as cursor:
            if not ask(cursor, "SELECT to_regclass('market_bar') IS NOT NULL"):
                return []  # before the first `migrate` there is nothing to say
        level, offered = database_level(connection), server_offers(connection)
    except DatabaseError as error:
        reason = str(error).strip().splitlines()[0]
        hint = "Start PostgreSQL or correct DATABASE_URL. The live board works without; history does not."
        return [Warning(f"The database {alias!r} is away: {reason}", hint=hint, id="market.W101")]
    messages: list[CheckMessage] = [Info(f"Database {alias!r}: {DESCRIPTIONS[level]}.", id="market.I101")]
    if RANK[offered] > RANK[level]:
        hint = "Run `manage.py use_timescale`, after `manage.py migrate`; stored rows move along."
        messages.append(
            Warning(
                f"The server of {alias!r} offers TimescaleDB, our tables do not use it.", hint=hint, id="market.W102"
            )
        )
    return messages
