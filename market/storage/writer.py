"""The thread that stores batches: into PostgreSQL while it answers, else into the spool, in order either way.

A batch leaves memory only when it is in one of the two. States are written with the last rows that led to them; those
of batches in the spool follow with the first batch after it.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import msgspec
import psycopg

from market.storage.batch import Batch, EncodedState, StateKey, dump_book, encode_state
from market.storage.database import DatabaseAway, DatabaseBusy, LockTaken, Session
from market.storage.folder import Checkpoint, Folder, KeptState
from market.storage.journal import Journal
from market.storage.merge import merged
from market.storage.spool import Spool
from market.storage.tables import Table

logger = logging.getLogger(__name__)

IDLE_SECONDS: Final = 1.0
FIRST_RETRY_SECONDS: Final = 0.5
LAST_RETRY_SECONDS: Final = 5.0
ENDING_SECONDS: Final = 20.0
MAX_WAITING: Final = 2000  # batches, when neither database nor disk takes them; then the oldest go


@dataclass
class Progress:
    """What the writer has done; read by other threads."""

    stored_batches: int = 0
    stored_rows: int = 0
    spooled_batches: int = 0
    refused_rows: int = 0
    lost_batches: int = 0
    stored_seq: int = 0
    trouble: str = "starting"
    busy_since: float | None = None
    failure: Exception | None = None


@dataclass
class Backoff:
    """When to try again."""

    wait: float = FIRST_RETRY_SECONDS
    at: float = 0.0

    def failed(self) -> None:
        """Wait longer, up to a limit."""
        self.at = time.monotonic() + self.wait
        self.wait = min(self.wait * 2, LAST_RETRY_SECONDS)

    def worked(self) -> None:
        """Begin again with the shortest wait."""
        self.wait, self.at = FIRST_RETRY_SECONDS, 0.0


class Writer(threading.Thread):
    """Takes batches by `put`; `close` ends it when all are stored or spooled.

    `connect` opens a session (it may raise DatabaseAway). When another process leads, `progress.failure` is LockTaken
    and the thread ends, after the rows that wait went to the spool.
    """

    def __init__(
        self,
        epoch: str,
        connect: Callable[[], Session],
        session: Session | None,
        folder: Folder,
        journal: Journal,
        spool: Spool,
        tables: Mapping[str, Table],
    ) -> None:
        super().__init__(name="writer", daemon=True)
        self.progress = Progress()
        self._connect_session = connect
        self._session = session
        self._folder = folder
        self._journal = journal
        self._spool = spool
        self._tables = tables
        self._queue: deque[Batch] = deque()
        self._wake = threading.Event()
        self._ending = False
        self._backoff = Backoff()
        self._own_pid = session.pid if session else 0
        self._committed = session.committed() if session else {}
        self._kept: dict[StateKey, EncodedState] = {}
        self._owed: set[StateKey] = set()
        self._epoch = epoch
        if session is not None:
            self.progress.trouble = ""

    @property
    def waiting(self) -> int:
        """Batches in memory."""
        return len(self._queue)

    def remember(self, states: Iterable[EncodedState], *, owed: bool) -> None:
        """Take the states that this process starts from; `owed`: the database has not got them. Before `start`."""
        for state in states:
            self._kept[state.key] = state
            if owed:
                self._owed.add(state.key)

    def put(self, batch: Batch) -> None:
        """Hand over a batch; never waits."""
        self._queue.append(batch)
        self._wake.set()

    def close(self) -> None:
        """End when everything is stored or spooled; waits for that, within reason."""
        self._ending = True
        self._wake.set()
        self.join(ENDING_SECONDS)

    def cut(self) -> None:
        """Give up waiting for an answer of the database; for another thread."""
        session = self._session
        if session is not None:
            session.cut()

    def run(self) -> None:
        """The thread."""
        try:
            while self._queue or not self._ending:
                self._turn()
            self._finish()
        except LockTaken as error:
            self.progress.failure = error
            self._spool_all()
        except Exception as error:  # the boundary of the thread: ingest must hear of whatever it is
            logger.exception("The writer failed")
            self.progress.failure = error
        finally:
            if self._session is not None:
                self._session.close()

    def _turn(self) -> None:
        if not self._queue and self._spool.is_empty:
            self._wake.wait(IDLE_SECONDS)
            self._wake.clear()
            if not self._queue:
                self._look_after_session()
                return
        if self._queue:
            self._take(self._queue[0])
            self._queue.popleft()
        if not self._spool.is_empty and not self._drain() and not self._queue:
            self._wake.wait(min(IDLE_SECONDS, self._backoff.wait))
            self._wake.clear()

    def _take(self, batch: Batch) -> None:
        for state in map(encode_state, batch.states):
            self._kept[state.key] = state
            self._owed.add(state.key)
        if not (self._spool.is_empty and self._store(batch, self._states_owed())):
            self._append_to_spool(batch)
        if batch.is_complete:
            self._checkpoint(batch)

    def _states_owed(self) -> list[EncodedState]:
        return [self._kept[key] for key in self._owed]

    def _store(self, batch: Batch, states: list[EncodedState]) -> bool:
        """Write to the database; False when it is away."""
        session = self._connected()
        if session is None:
            return False
        try:
            with self._busy():
                if not self._write(session, batch, states):
                    self._say(
                        f"the rows of {batch.run.identity} are not stored: the database holds real ones of that day"
                    )
        except DatabaseAway as error:
            self._lose_session(error)
            return False
        if self._backoff.at:  # the session stayed while the database was busy
            self._answered()
        self._owed.difference_update(state.key for state in states)
        self.progress.stored_batches += 1
        self.progress.stored_rows += batch.count
        self.progress.stored_seq = batch.seq
        return True

    def _write(self, session: Session, batch: Batch, states: list[EncodedState]) -> bool:
        try:
            return session.write(batch, states)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            logger.error("PostgreSQL refuses rows of batch %s, trying them one by one: %s", batch.seq, error)
        refused = session.write_what_can_be_stored(batch, states)
        self.progress.refused_rows += len(refused)
        try:
            with self._folder.refused.open("ab") as file:
                file.writelines(msgspec.json.encode([table, *row]) + b"\n" for table, row in refused)
        except OSError as error:  # those that can be stored are; ending now would meet these again after the start
            logger.error("%s rows that PostgreSQL refuses cannot be put aside: %s", len(refused), error)
        else:
            logger.error("%s rows went to %s", len(refused), self._folder.refused)
        return True

    def _append_to_spool(self, batch: Batch) -> None:
        """Keep trying while the disk refuses, too: the rows stay in memory meanwhile, within bounds."""
        while True:
            try:
                self._spool.append(batch)
                self.progress.spooled_batches += 1
                return
            except OSError as error:
                self._say(f"the spool cannot be written: {error}")
            if self._is_drained() and self._store(batch, self._states_owed()):
                return
            if len(self._queue) > MAX_WAITING or self._ending:
                self.progress.lost_batches += 1
                logger.error("Batch %s of %s rows is lost: neither database nor disk takes it", batch.seq, batch.count)
                return
            time.sleep(IDLE_SECONDS)

    def _spool_all(self) -> None:
        while self._queue:
            self._append_to_spool(self._queue.popleft())

    def _is_drained(self) -> bool:
        """Store all of the spool; False when that has to wait."""
        while not self._spool.is_empty:
            if not self._drain():
                return False
        return True

    def _drain(self) -> bool:
        """Store the oldest segment of the spool; False when that has to wait."""
        session = self._connected()
        if session is None:
            return False
        records = [each for each in self._spool.oldest() if each.seq > self._committed.get(each.run.epoch, 0)]
        for batch in merged(records, self._tables):
            if not self._store(batch, []):
                return False
        self._spool.forget_oldest()
        if self._spool.is_empty:
            logger.info("The spool is drained; history is complete again")
        return True

    def _checkpoint(self, batch: Batch) -> None:
        states = [
            KeptState(each.kind, each.code, each.day, each.at, each.text, dump_book(each.book))
            for each in self._kept.values()
        ]
        try:
            self._folder.write_checkpoint(Checkpoint(batch.seq, batch.run, batch.day, batch.position, states))
        except OSError as error:
            self._say(f"the checkpoint cannot be written: {error}")
            return
        self._journal.forget(batch.seq)

    def _finish(self) -> None:
        self._is_drained()
        session = self._connected()
        if session is not None and self._epoch:
            session.finish(self._epoch, time.time())

    # --- The session ----------------------------------------------------------------------------------------------

    def _connected(self) -> Session | None:
        """The session, opened again if it is time to try. Raises LockTaken when another process leads by now."""
        if time.monotonic() < self._backoff.at:
            return None
        if self._session is not None:
            return self._session
        session = None
        try:
            with self._busy():
                session = self._connect_session()
                if session.lead():
                    self._committed = session.committed()
                    self._adopt(session)
                    return session
                self._look_at_holder(session)
        except DatabaseAway as error:
            self._lose_session(error)
        finally:
            if session is not None and session is not self._session:
                session.close()
        self._backoff.failed()
        return None

    def _adopt(self, session: Session) -> None:
        self._session = session
        self._own_pid = session.pid
        self._answered()

    def _answered(self) -> None:
        self._backoff.worked()
        if self.progress.trouble:
            logger.info("PostgreSQL answers again")
        self.progress.trouble = ""

    def _look_at_holder(self, session: Session) -> None:
        """The lock is held: by a session of our own that the server still waits for, or by another ingest."""
        holder = session.lock_holder()
        if holder == self._own_pid:
            session.end_session(holder)
        elif holder is not None:
            raise LockTaken("another ingest took the lead while the database was away")

    def _lose_session(self, error: Exception) -> None:
        if self._session is not None and not isinstance(error, DatabaseBusy):
            self._session.close()
            self._session = None
        self._backoff.failed()
        self._say(f"the database is away: {error}")

    def _look_after_session(self) -> None:
        session = self._connected()
        try:
            if session is not None:
                with self._busy():
                    session.ping()
        except DatabaseAway as error:
            self._lose_session(error)

    @contextmanager
    def _busy(self) -> Iterator[None]:
        self.progress.busy_since = time.monotonic()
        try:
            yield
        finally:
            self.progress.busy_since = None

    def _say(self, trouble: str) -> None:
        """Log trouble once, not each time it is met again."""
        if trouble.partition(":")[0] != self.progress.trouble.partition(":")[0]:
            logger.warning("History: %s; parsing and the live board go on", trouble)
        self.progress.trouble = trouble
