"""One at a time: two that fetch at once would spend the venue's quota together and both be refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from zlib import crc32

from django.db import connection

NAMESPACE: Final = 0x6266  # of our advisory locks on a server that others may share


class Busy(Exception):
    """Another process does the same already: expected to be alone; trying later helps."""


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Hold a name for the block. Raises Busy when another process holds it.

    PostgreSQL lets go of it when the connection ends, so a process that is killed leaves nothing behind.
    """
    key = key_of(name)
    if not ask("SELECT pg_try_advisory_lock(%s, %s)", key):
        raise Busy(f"{name}: another process does that now")
    try:
        yield
    finally:
        if connection.connection is not None and not connection.connection.closed:
            ask("SELECT pg_advisory_unlock(%s, %s)", key)


def key_of(name: str) -> int:
    """The number that stands for a name."""
    return crc32(name.encode()) - 2**31


def ask(query: str, key: int) -> bool:
    """Answer of a function of locks."""
    with connection.cursor() as cursor:
        cursor.execute(query, [NAMESPACE, key])
        row = cursor.fetchone()
    return bool(row and row[0])
