"""Storage as ingest sees it: every message goes through `take`; history, journal and recovery follow from that."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from market.domain.state import MarketState
from market.pipeline import Pipeline
from market.storage import recovery
from market.storage.batch import dump_book
from market.storage.collect import Collector
from market.storage.database import HUNG_SECONDS
from market.storage.folder import Checkpoint, KeptState
from market.storage.journal import LOST_SIGHT, LOST_SIGHT_OF_FOREIGNERS, MARKS, NOTE, Journal
from market.storage.leader import Leadership
from market.storage.recovery import Found, Load
from market.storage.spool import Spool
from market.storage.tables import Table
from market.storage.writer import Progress, Writer

logger = logging.getLogger(__name__)

CHECKPOINT_SECONDS: Final = 5.0
CHECKPOINT_BYTES: Final = 32 * 2**20  # of the journal: bounds what a start has to play again
BATCH_ROWS: Final = 10_000
HEARTBEAT_SECONDS: Final = 10.0
QUEUE_ENOUGH: Final = 4  # batches; a source that can wait does when more are on their way

TakeNote: TypeAlias = Callable[[Any], None]
"""Takes up what `Store.note` was given, as plain values."""


class Waiting(NamedTuple):
    """What is not stored yet, and what a full spool dropped."""

    batches: int
    spool_bytes: int
    spool_segments: int
    spool_max_bytes: int
    lost_rows: int


class Store:
    """Journal in front of the pipeline, collector behind it, writer beside it.

    Build it, `recover` once, then `take` messages while `run` runs, then `close`.
    """

    def __init__(
        self,
        state: MarketState,
        pipeline: Pipeline,
        collector: Collector,
        leadership: Leadership,
        tables: Mapping[str, Table],
        *,
        spool_bytes: int,
        interval_seconds: float,
    ) -> None:
        self.deaf = False  # messages are of another market
        self.position = 0  # messages of the source that the state has seen
        self.sealed = 0  # number of the newest batch that the writer was given
        self.longest_seal = 0.0  # seconds in the event loop
        self._state = state
        self._pipeline = pipeline
        self._collector = collector
        self._interval = interval_seconds
        self._folder = leadership.folder
        self._last_run = leadership.last_run
        self._journal = Journal(self._folder.journal)
        self._spool_bytes = spool_bytes
        self._spool = Spool(self._folder.spool, spool_bytes, tables)
        self._writer = Writer(
            collector.run.epoch,
            leadership.connect,
            leadership.session,
            self._folder,
            self._journal,
            self._spool,
            tables,
        )
        self._sealed_at = self._complete_at = time.monotonic()
        self._messages_sealed = 0

    @property
    def trouble(self) -> str:
        """What is wrong with storing, in a few words; empty if nothing."""
        return self._writer.progress.trouble

    @property
    def progress(self) -> Progress:
        """What the writer has done so far."""
        return self._writer.progress

    def waiting(self) -> Waiting:
        """How much is on its way; for any thread."""
        spool = self._spool
        return Waiting(self._writer.waiting, spool.size, spool.segments, self._spool_bytes, spool.lost_rows)

    def recover(self, loads: Mapping[str, Load] | None = None, notes: Mapping[str, TakeNote] | None = None) -> Found:
        """Bring the state to where the last run left it, and begin to store.

        `loads` give other parts back what the collector's memories kept, by the same names; `notes` what they noted
        among the messages since.
        """
        run = self._collector.run
        found = recovery.find(self._folder, self._journal, self._spool.newest_seq(), self._last_run, run.identity)
        try:
            recovery.load(self._state, found.states, loads or {})
        except (KeyError, TypeError, ValueError) as error:
            logger.error("What the last run left cannot be read, starting anew: %r", error)
            forget(self._state)
            found = Found("nothing", [], [], 0, found.newest_seq, 0.0)
        self.position = found.position
        for seq in found.segments:
            self._play(seq, notes or {})
        if found.origin != "folder":
            self._folder.forget_state()  # first: what is noted next would make an old checkpoint count
        if self._last_run is not None:
            self._folder.add_run(self._last_run.epoch, self._last_run.seq)
        self._folder.add_run(run.epoch)
        if found.origin != "folder":
            self._write_first_checkpoint(found)
        self._writer.remember(found.states, owed=found.origin == "folder")
        self._journal.open(found.newest_seq + 1)
        self._writer.start()
        logger.info("Begins with %s symbols from %s", len(self._state.symbols), found.origin)
        return found

    def _play(self, seq: int, notes: Mapping[str, TakeNote]) -> None:
        """Take the messages of a segment again."""
        for line in self._journal.read(seq):
            if line in MARKS:
                self._lose_sight(line)
                continue
            is_note = line.startswith(NOTE)
            self.position += not is_note
            try:
                if is_note:
                    read_note(line, notes)
                else:
                    self._pipeline.take(line)
            except Exception:  # what ended the last run must not end each one after it
                logger.exception("A message of the journal cannot be used: %r", line[:300])

    def note(self, name: str, value: Any) -> None:
        """Write among the messages what another part of the process did between them, as plain values."""
        self._journal.mark(msgspec.json.encode({"Note": name, "Value": value}))

    def _write_first_checkpoint(self, found: Found) -> None:
        """Make the folder's state ours before the first message comes."""
        self._folder.journal.mkdir()
        states = [
            KeptState(each.kind, each.code, each.day, each.at, each.text, dump_book(each.book)) for each in found.states
        ]
        run = self._collector.run
        self._folder.write_checkpoint(Checkpoint(found.newest_seq, run, self._state.day, found.position, states))

    def take(self, message: str | bytes, received_at: float) -> None:
        """Use one message, once it is in the journal."""
        if self.deaf:
            return
        self._journal.append(message)
        self.position += 1
        self._pipeline.take(message, received_at)
        if self._collector.count >= BATCH_ROWS:
            self.seal()

    def lose_sight(self) -> None:
        """The wire of trades was interrupted."""
        self._journal.mark(LOST_SIGHT)
        self._lose_sight(LOST_SIGHT)

    def lose_sight_of_foreigners(self) -> None:
        """The wire of foreign flow was interrupted."""
        self._journal.mark(LOST_SIGHT_OF_FOREIGNERS)
        self._lose_sight(LOST_SIGHT_OF_FOREIGNERS)

    def _lose_sight(self, mark: bytes) -> None:
        if mark == LOST_SIGHT:
            self._state.lose_sight()
        else:
            self._state.lose_sight_of_foreigners()
        self._collector.touch_all()

    def seal(self, *, complete: bool = False) -> None:
        """Hand what came since the last time to the writer."""
        now = time.monotonic()
        complete = complete or now - self._complete_at >= CHECKPOINT_SECONDS or self._journal.size >= CHECKPOINT_BYTES
        self._sealed_at = now
        if complete:
            self._complete_at = now
        self._messages_sealed = self._journal.messages
        self.sealed = self._journal.rotate()
        self._writer.put(self._collector.seal(self.sealed, self.position, complete=complete))
        self.longest_seal = max(self.longest_seal, time.monotonic() - now)

    async def run(self) -> None:
        """Store until cancelled. Raises what ended the writer: LockTaken when another ingest leads by now."""
        while True:
            await asyncio.sleep(self._interval)
            self._look_after_writer()
            now = time.monotonic()
            heard = self._journal.messages != self._messages_sealed
            overdue = now - self._sealed_at >= HEARTBEAT_SECONDS
            if self._collector.count or overdue or (heard and now - self._complete_at >= CHECKPOINT_SECONDS):
                self.seal()

    def _look_after_writer(self) -> None:
        progress = self._writer.progress
        if progress.failure is not None:
            raise progress.failure
        busy_since = progress.busy_since
        if busy_since is not None and time.monotonic() - busy_since >= HUNG_SECONDS:
            logger.warning("PostgreSQL has not answered for %.0f s; the session is given up", HUNG_SECONDS)
            progress.busy_since = None
            self._writer.cut()

    async def breathe(self) -> None:
        """Let others run, and wait until the writer has caught up: for sources that can wait."""
        await asyncio.sleep(0)
        while self._writer.waiting > QUEUE_ENOUGH and self._writer.is_alive():
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        """Store what is left and let the folder go. A replay that was not killed begins anew next time."""
        if self._writer.is_alive():
            self.seal(complete=True)
            await asyncio.to_thread(self._writer.close)
        self._journal.close()
        if self._collector.run.source == "replay":
            self._folder.forget_state()
        self._folder.close()


def read_note(line: bytes, notes: Mapping[str, TakeNote]) -> None:
    """Give a note of the journal back to who wrote it."""
    note = msgspec.json.decode(line)
    if take := notes.get(note["Note"]):
        take(note["Value"])


def forget(state: MarketState) -> None:
    """Make a state new again."""
    fresh = MarketState()
    state.symbols, state.indices, state.basis, state.boards = fresh.symbols, fresh.indices, fresh.basis, fresh.boards
    state.day = state.now = 0
