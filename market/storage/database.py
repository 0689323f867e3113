"""The writer's own session with PostgreSQL: batches in, one transaction each, and the lock that says who leads.

`DatabaseAway` means that retrying helps (`DatabaseBusy`: in the same session), `LockTaken` that another ingest leads.
Everything here blocks; it runs in the writer's thread, never in the event loop.
"""

import logging
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any, Final

import psycopg
from django.db import connections
from msgspec import Struct
from psycopg import errors, sql

from market.domain.calendar import to_date
from market.storage.batch import Batch, EncodedState
from market.storage.tables import HISTORY, STATES, Row, Table, copy_text

logger = logging.getLogger(__name__)

LEADER_LOCK: Final = 0x56_4E_53_54  # "VNST"; advisory locks are the database's own, so one constant will do
CONNECT_SECONDS: Final = 3
STATEMENT_SECONDS: Final = 30
HUNG_SECONDS: Final = 45.0  # longer than any statement may take: who says nothing for so long will not answer
DAY_SECONDS: Final = 86_400
NO_DAY: Final = date(1970, 1, 1)

REGISTER = """
    INSERT INTO market_ingestrun (epoch, source, identity, started_at, last_seen_at, seq, first_day, last_day, detail)
    VALUES (%(epoch)s, %(source)s, %(identity)s, to_timestamp(%(started_at)s), to_timestamp(%(now)s), %(seq)s,
        %(day)s, %(day)s, '')
    ON CONFLICT (epoch) DO UPDATE SET last_seen_at = excluded.last_seen_at, seq = excluded.seq,
        first_day = least(market_ingestrun.first_day, excluded.first_day),
        last_day = greatest(market_ingestrun.last_day, excluded.last_day)
"""
# The newest run that stored rows of a day: a seq is larger than those of all runs before it.
NEWEST_OF_DAY = """
    SELECT identity FROM market_ingestrun
    WHERE first_day <= %(day)s AND last_day >= %(day)s ORDER BY seq DESC LIMIT 1
"""
REAL_OF_DAY = """
    SELECT EXISTS (SELECT FROM market_ingestrun WHERE source = 'ssi' AND first_day <= %(day)s AND last_day >= %(day)s)
"""


LAST_RUN = """
    SELECT epoch, source, identity, seq, extract(epoch FROM last_seen_at)::double precision,
        source = 'replay' AND stopped_at IS NOT NULL
    FROM market_ingestrun ORDER BY seq DESC, started_at DESC LIMIT 1
"""
STATES_OF = """
    SELECT kind, code, extract(epoch FROM day::timestamp)::bigint - 25200, extract(epoch FROM at)::bigint,
        state::text
    FROM market_symbolstate JOIN market_ingestrun USING (epoch) WHERE identity = %s
"""


class DatabaseAway(Exception):
    """PostgreSQL does not answer, or not as a database of ours: retrying helps, sooner or later."""


class DatabaseBusy(DatabaseAway):
    """PostgreSQL answers, but could not do it now, as while a table is locked. The session stays, with its lock."""


class LockTaken(Exception):
    """Another ingest holds the lock: it leads, and only it may write."""


class LastRun(Struct, frozen=True):
    """The run that stored last, and the states that it and earlier ones of its identity left.

    `is_over`: a replay that ended, so that the next one begins at the beginning.
    """

    epoch: str
    source: str
    identity: str
    seq: int
    seen_at: float
    is_over: bool
    states: list[EncodedState]


class Session:
    """One connection. `holds_lock` says whether this process leads."""

    def __init__(self, parameters: Mapping[str, Any], tables: Sequence[Table] = HISTORY) -> None:
        self._tables = {table.name: table for table in tables}
        try:
            self._connection = psycopg.connect(
                **{**parameters, "connect_timeout": CONNECT_SECONDS},
                autocommit=True,
                application_name="ingest",
                keepalives_idle=5,
                keepalives_interval=2,
                keepalives_count=3,
            )
        except psycopg.Error as error:
            raise DatabaseAway(first_line(error)) from error
        self.pid = self._connection.info.backend_pid
        self.holds_lock = False
        self._cleared: set[tuple[str, int]] = set()

    def close(self) -> None:
        """Close; PostgreSQL lets the lock go."""
        with suppress(psycopg.Error):
            self._connection.close()

    def cut(self) -> None:
        """End what hangs, from another thread: the thread that waits for an answer gets an error."""
        with suppress(OSError, psycopg.Error), socket.socket(fileno=self._connection.fileno()) as wire:
            try:
                wire.shutdown(socket.SHUT_RDWR)
            finally:
                wire.detach()

    def lead(self) -> bool:
        """Try to become the one that writes; at once, without waiting. Prepares the session when it succeeds."""
        with guarded():
            row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", [LEADER_LOCK]).fetchone()
            self.holds_lock = bool(row and row[0])
            if self.holds_lock:
                self._prepare()
        return self.holds_lock

    def lock_holder(self) -> int | None:
        """The server's process number of the session that holds the lock."""
        query = """
            SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = %s
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """
        with guarded():
            row = self._connection.execute(query, [LEADER_LOCK]).fetchone()
        return None if row is None else int(row[0])

    def end_session(self, pid: int) -> None:
        """End another session of this role: one of our own that the server still waits for."""
        with guarded():
            self._connection.execute("SELECT pg_terminate_backend(%s)", [pid])

    def _prepare(self) -> None:
        self._connection.execute(f"SET statement_timeout = '{STATEMENT_SECONDS}s'".encode())
        # A server that was told not to wait for its log would lose what it confirmed when it is killed.
        self._connection.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
        for table in (*self._tables.values(), STATES):
            self._connection.execute(table.create_staging().encode())

    def finish(self, epoch: str, now: float) -> None:
        """Note that a run ended by itself or was asked to."""
        with guarded():
            self._connection.execute(
                "UPDATE market_ingestrun SET stopped_at = to_timestamp(%s) WHERE epoch = %s", [now, epoch]
            )

    def ping(self) -> None:
        """Raise DatabaseAway if the session is gone."""
        with guarded():
            self._connection.execute("SELECT 1")

    def committed(self) -> dict[str, int]:
        """The newest batch of each run that is stored."""
        with guarded():
            rows = self._connection.execute("SELECT epoch, seq FROM market_ingestrun").fetchall()
        return dict(rows)

    def last_run(self) -> LastRun | None:
        """What the run before this one left; None in a new database."""
        with guarded():
            row = self._connection.execute(LAST_RUN).fetchone()
            if row is None:
                return None
            states = self._connection.execute(STATES_OF, [row[2]]).fetchall()
        epoch, source, identity, seq, seen_at, is_over = row
        listed = [EncodedState(*values) for values in states]
        return LastRun(epoch, source, identity, seq, seen_at, is_over, listed)

    def write(self, batch: Batch, states: Sequence[EncodedState] = ()) -> bool:
        """Store a batch, all of it or nothing; False if its day belongs to the exchange and the batch does not.

        Raises DatabaseAway; psycopg.DataError for a row that cannot be stored.
        """
        with guarded(), self._connection.transaction():
            if not self._make_room(batch):
                return False
            for name, rows in batch.rows.items():
                self._store(self._tables[name], rows)
            self._store(STATES, [state_row(state, batch) for state in states])
            self._register(batch)
        self._cleared.add((batch.run.identity, batch.day))
        return True

    def write_what_can_be_stored(self, batch: Batch, states: Sequence[EncodedState] = ()) -> list[tuple[str, Row]]:
        """Store a batch without the rows that PostgreSQL refuses; those are returned with their tables' names."""
        refused: list[tuple[str, Row]] = []
        with guarded(), self._connection.transaction():
            if not self._make_room(batch):
                return []
            for name, rows in batch.rows.items():
                refused += [(name, row) for row in self._store_halves(self._tables[name], rows)]
            kept = [state_row(state, batch) for state in states]
            refused += [(STATES.name, row) for row in self._store_halves(STATES, kept)]
            self._register(batch)
        return refused

    def _store_halves(self, table: Table, rows: list[Row]) -> list[Row]:
        try:
            with self._connection.transaction():
                self._store(table, rows)
                self._connection.execute(f"DELETE FROM {table.staging}".encode())  # the next half shares it
        except (psycopg.DataError, psycopg.IntegrityError):
            if len(rows) == 1:
                return rows
            half = len(rows) // 2
            return self._store_halves(table, rows[:half]) + self._store_halves(table, rows[half:])
        return []

    def _store(self, table: Table, rows: list[Row]) -> None:
        if not rows:
            return
        with self._connection.cursor() as cursor:
            with cursor.copy(table.copy().encode()) as copy:
                copy.write(copy_text(rows).encode(errors="replace"))
            cursor.execute(table.insert().encode())

    def _register(self, batch: Batch) -> None:
        run = batch.run
        self._connection.execute(
            REGISTER,
            {
                "epoch": run.epoch,
                "source": run.source,
                "identity": run.identity,
                "started_at": run.started_at,
                "now": batch.sealed_at,
                "seq": batch.seq,
                "day": to_date(batch.day) if batch.day else None,
            },
        )

    def _make_room(self, batch: Batch) -> bool:
        """Clear a day of what another simulation or replay left of it; False if the day is the exchange's."""
        run, day = batch.run, batch.day
        if not day or (run.identity, day) in self._cleared:
            return True
        parameters = {"day": to_date(day)}
        newest = self._connection.execute(NEWEST_OF_DAY, parameters).fetchone()
        if newest is None or newest[0] == run.identity:
            return True
        real = self._connection.execute(REAL_OF_DAY, parameters).fetchone()
        if real is not None and real[0]:
            return run.source == "ssi"
        logger.warning("Removing the rows of %s that %s stored", to_date(day), newest[0])
        for table in (each.name for each in self._tables.values() if not each.is_lasting):
            where = sql.SQL("DELETE FROM {} WHERE at >= to_timestamp(%s) AND at < to_timestamp(%s)")
            self._connection.execute(where.format(sql.Identifier(table)), [day, day + DAY_SECONDS])
        self._connection.execute("DELETE FROM market_symbolstate WHERE day = %s", [to_date(day)])
        return True


@contextmanager
def guarded() -> Iterator[None]:
    """Tell rows that cannot be stored, which pass, from a database that is away or not ours yet: DatabaseAway."""
    try:
        yield
    except (psycopg.DataError, psycopg.IntegrityError):
        raise
    except (errors.QueryCanceled, errors.LockNotAvailable, errors.DeadlockDetected) as error:
        raise DatabaseBusy(first_line(error)) from error
    except psycopg.Error as error:
        raise DatabaseAway(first_line(error)) from error


def state_row(state: EncodedState, batch: Batch) -> Row:
    """A state as a row of its table."""
    day = to_date(state.day) if state.day else NO_DAY
    return state.kind, state.code, day, state.at, batch.run.epoch, batch.seq, state.text


def connection_parameters(alias: str = "default") -> dict[str, Any]:
    """What a plain psycopg connection needs to reach a database of Django's settings."""
    values = connections[alias].settings_dict
    named = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    options = {name: value for name, value in values.get("OPTIONS", {}).items() if name != "pool"}
    return {name: values[key] for name, key in named.items() if values.get(key)} | options


def first_line(error: Exception) -> str:
    """The first line of what went wrong, for a log that says it once."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
