"""Who leads: one ingest for each database, told by an advisory lock of its session, and one for each folder."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from market.storage.database import DatabaseAway, LastRun, LockTaken, Session, connection_parameters
from market.storage.folder import Folder, FolderTaken
from market.storage.tables import Table

logger = logging.getLogger(__name__)

RETRY_SECONDS: Final = 0.5
POLL_SECONDS: Final = 1.0  # of an ingest that stands by
LOCK_PATIENCE_SECONDS: Final = 4.0  # a killed leader's session may finish its statement first
FOLDER_PATIENCE_SECONDS: Final = 10.0  # a leader that lost its lock needs that long to see it
RECONNECTED_SECONDS: Final = 3.0  # after a restart of the database the leader comes first


class Leadership(Struct):
    """What leading gives: the folder, the session that holds the lock, and what the last run left.

    `session` and `last_run` are None while the database is away; `connect` opens a session later.
    """

    folder: Folder
    session: Session | None
    last_run: LastRun | None
    connect: Callable[[], Session]


async def lead_now(path: Path, tables: Sequence[Table], wait_seconds: float) -> Leadership:
    """Lead at once; after `wait_seconds` without the database too, when only the folder can tell who leads.

    Raises LockTaken or FolderTaken when another ingest does.
    """
    connect = connector(tables)
    folder = await open_folder(path, 0.0)
    try:
        session = await asyncio.to_thread(locked_session, connect, wait_seconds)
    except LockTaken:
        folder.close()
        raise
    return await leadership(folder, session, connect)


async def lead_later(path: Path, tables: Sequence[Table]) -> Leadership:
    """Stand by until no other ingest leads any more, however long that takes."""
    connect = connector(tables)
    logger.info("Standing by: another ingest may lead; this one looks each second whether it still does")
    while True:
        session = await asyncio.to_thread(wait_for_lock, connect)
        try:
            folder = await open_folder(path, FOLDER_PATIENCE_SECONDS)
        except FolderTaken as error:
            logger.warning("Standing by again: %s", error)
            session.close()
            await asyncio.sleep(RECONNECTED_SECONDS)
            continue
        logger.info("Taking over: no other ingest leads")
        return await leadership(folder, session, connect)


async def leadership(folder: Folder, session: Session | None, connect: Callable[[], Session]) -> Leadership:
    """Lead, with what the last run left."""
    last_run = await asyncio.to_thread(session.last_run) if session is not None else None
    return Leadership(folder, session, last_run, connect)


async def open_folder(path: Path, patience_seconds: float) -> Folder:
    """Open the folder when nobody else has it. Raises FolderTaken after a while."""
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return Folder(path)
        except FolderTaken:
            if time.monotonic() >= deadline:
                raise
        await asyncio.sleep(RETRY_SECONDS)


def connector(tables: Sequence[Table]) -> Callable[[], Session]:
    """What opens a session with Django's database."""
    parameters: dict[str, Any] = connection_parameters()
    return lambda: Session(parameters, tables)


def locked_session(connect: Callable[[], Session], wait_seconds: float) -> Session | None:
    """A session that holds the lock, None if the database stays away. Raises LockTaken."""
    deadline = time.monotonic() + wait_seconds
    told = False
    while True:
        try:
            session = connect()
            patience = time.monotonic() + LOCK_PATIENCE_SECONDS
            while not session.lead():
                if time.monotonic() >= patience:
                    session.close()
                    raise LockTaken("another ingest leads on this database; stop it, or start this one with --standby")
                time.sleep(RETRY_SECONDS)
            return session
        except DatabaseAway as error:
            if time.monotonic() >= deadline:
                logger.warning("History: the database is away: %s; starting without it", error)
                return None
            if not told:
                told = True
                logger.warning("Waiting up to %.0f s for the database: %s", wait_seconds, error)
        time.sleep(RETRY_SECONDS)


def wait_for_lock(connect: Callable[[], Session]) -> Session:
    """A session that holds the lock, whenever that comes."""
    session: Session | None = None
    was_away = False
    while True:
        try:
            if session is None:
                session = connect()
                if was_away:
                    time.sleep(RECONNECTED_SECONDS)
            if session.lead():
                return session
        except DatabaseAway:
            session, was_away = None, True
        time.sleep(POLL_SECONDS)
