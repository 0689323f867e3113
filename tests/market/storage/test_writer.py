"""The writer's thread: batches reach the database in order, over the spool while it is away; nothing waits for it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from market.models import IngestRun, SymbolState, Trade
from market.storage import database
from market.storage.batch import Batch, StoredState
from market.storage.database import DatabaseAway, LockTaken, Session, connection_parameters
from market.storage.folder import Folder
from market.storage.journal import Journal
from market.storage.spool import Spool
from market.storage.tables import HISTORY
from market.storage.writer import Writer
from tests.integration.killable import wait_until
from tests.market.storage.batches import DAY, OPEN, batch, trade

pytestmark = pytest.mark.django_db(transaction=True)
TABLES = {table.name: table for table in HISTORY}


class Line:
    """The way to the database, which may be down."""

    def __init__(self) -> None:
        self.is_down = False
        self.sessions: list[Session] = []

    def connect(self) -> Session:
        """Open a session, or fail as an absent server does."""
        if self.is_down:
            raise DatabaseAway("the line is down")
        self.sessions.append(Session(connection_parameters(), HISTORY))
        return self.sessions[-1]

    def break_off(self) -> None:
        """Interrupt it."""
        self.is_down = True
        for session in self.sessions:
            session.cut()


class Storing:
    """A writer in a folder, and what is behind it."""

    def __init__(self, path: Path, line: Line) -> None:
        self.line = line
        self.folder = Folder(path)
        self.journal = Journal(self.folder.journal)
        self.spool = Spool(self.folder.spool, 2**24, TABLES)
        session = None
        if not line.is_down:
            session = line.connect()
            wait_until(session.lead, "the lock")
        self.writer = Writer("one", line.connect, session, self.folder, self.journal, self.spool, TABLES)

    def stored(self, seq: int) -> None:
        """Wait until a batch is in the database."""
        wait_until(lambda: self.writer.progress.stored_seq >= seq, f"batch {seq} to be stored", 15)

    def end(self) -> None:
        """End the writer and leave the folder."""
        if self.writer.is_alive():
            self.writer.close()
        self.folder.close()


@pytest.fixture
def line() -> Line:
    """A way to the tests' database."""
    return Line()


@pytest.fixture
def begin(tmp_path: Path, line: Line) -> Iterator[Callable[[], Storing]]:
    """Begin to store; also again, after the first ended."""
    begun: list[Storing] = []

    def begin_one() -> Storing:
        begun.append(Storing(tmp_path / "folder", line))
        return begun[-1]

    yield begin_one
    begun[-1].end()


def with_state(seq: int, total: int, **rows: Any) -> Batch:
    """A batch with a trade and the state after it, which may be a checkpoint."""
    made = batch(seq, [trade(seq)])
    made.states = [StoredState("symbol", "HPG", DAY, OPEN, {"total": total}.copy)]
    made.is_complete = True
    return made


def numbers() -> list[int]:
    """Numbers of the trades stored."""
    return sorted(Trade.objects.values_list("number", flat=True))


def test_writer_while_the_database_is_away_spools_and_then_stores_all_in_order(
    begin: Callable[[], Storing], line: Line
) -> None:
    storing = begin()
    storing.writer.start()
    storing.writer.put(with_state(1, 100))
    storing.stored(1)
    line.break_off()
    for seq in (2, 3, 4):
        storing.writer.put(with_state(seq, seq * 100))
    wait_until(lambda: storing.writer.progress.spooled_batches == 3, "three batches in the spool")
    assert "the database is away" in storing.writer.progress.trouble
    assert numbers() == [1]
    line.is_down = False
    storing.stored(4)
    storing.writer.put(with_state(5, 500))
    storing.stored(5)
    assert numbers() == [1, 2, 3, 4, 5]
    assert SymbolState.objects.get(kind="symbol").state == {"total": 500}
    assert storing.spool.is_empty
    assert storing.writer.progress.trouble == ""


def test_writer_of_the_next_process_stores_what_the_first_left_in_the_spool(
    begin: Callable[[], Storing], line: Line
) -> None:
    line.is_down = True
    first = begin()
    first.writer.start()
    for seq in (1, 2):
        first.writer.put(with_state(seq, seq * 100))
    first.end()
    assert numbers() == []
    line.is_down = False
    second = begin()
    second.writer.start()
    second.stored(2)
    assert numbers() == [1, 2]


def test_writer_skips_in_the_spool_what_was_stored_already(begin: Callable[[], Storing], line: Line) -> None:
    storing = begin()
    storing.writer.start()
    storing.writer.put(with_state(2, 200))
    storing.stored(2)
    storing.end()
    Trade.objects.all().delete()
    storing = begin()
    storing.spool.append(with_state(1, 100))
    storing.spool.append(with_state(2, 200))
    storing.spool.append(with_state(3, 300))
    storing.writer.start()
    storing.stored(3)
    assert numbers() == [3]
    assert IngestRun.objects.get().seq == 3


def test_writer_forgets_the_journal_only_up_to_the_checkpoint(begin: Callable[[], Storing]) -> None:
    storing = begin()
    storing.journal.open(1)
    storing.journal.rotate()
    storing.writer.start()
    incomplete = with_state(1, 100)
    incomplete.is_complete = False
    storing.writer.put(incomplete)
    storing.stored(1)
    assert (storing.journal.segments(), storing.folder.read_checkpoint()) == ([1, 2], None)
    storing.journal.rotate()
    storing.writer.put(with_state(2, 200))
    wait_until(lambda: storing.journal.segments() == [3], "the journal to be forgotten")
    checkpoint = storing.folder.read_checkpoint()
    assert checkpoint is not None
    assert [(each.code, each.text) for each in checkpoint.states] == [("HPG", '{"total":200}')]


def test_writer_keeps_rows_that_postgres_refuses_aside_and_stores_the_rest(begin: Callable[[], Storing]) -> None:
    storing = begin()
    storing.writer.start()
    storing.writer.put(batch(1, [trade(1), trade(2, "A\0B"), trade(3)]))
    storing.stored(1)
    assert numbers() == [1, 3]
    assert storing.folder.refused.read_text().startswith('["market_trade","A\\u0000B",')
    assert storing.writer.progress.refused_rows == 1


def test_writer_that_finds_another_leader_spools_what_it_has_and_says_so(
    begin: Callable[[], Storing], line: Line
) -> None:
    storing = begin()
    line.break_off()
    other = Session(connection_parameters(), HISTORY)
    wait_until(other.lead, "the lock")
    line.is_down = False
    storing.writer.start()
    storing.writer.put(with_state(1, 100))
    storing.writer.put(with_state(2, 200))
    storing.writer.join(15)
    other.close()
    assert isinstance(storing.writer.progress.failure, LockTaken)
    assert numbers() == []
    assert storing.spool.newest_seq() == 2


def full_disk(_: Batch) -> None:
    raise OSError(28, "No space left on device")


def test_writer_when_the_disk_refuses_keeps_rows_until_the_database_is_back(
    begin: Callable[[], Storing], line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    storing = begin()
    line.break_off()
    monkeypatch.setattr(storing.spool, "append", full_disk)
    storing.writer.start()
    storing.writer.put(with_state(1, 100))
    storing.writer.put(with_state(2, 200))
    wait_until(lambda: "No space left" in storing.writer.progress.trouble, "the trouble to be told")
    line.is_down = False
    storing.stored(2)
    assert numbers() == [1, 2]


def test_writer_whose_disk_is_full_of_its_spool_empties_it_when_the_database_is_back(
    begin: Callable[[], Storing], line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    storing = begin()
    line.break_off()
    storing.writer.start()
    storing.writer.put(with_state(1, 100))
    wait_until(lambda: storing.writer.progress.spooled_batches == 1, "a batch in the spool")
    monkeypatch.setattr(storing.spool, "append", full_disk)
    storing.writer.put(with_state(2, 200))
    wait_until(lambda: "No space left" in storing.writer.progress.trouble, "the trouble to be told")
    line.is_down = False
    storing.stored(2)
    assert numbers() == [1, 2]
    assert storing.spool.is_empty


def test_writer_that_cannot_put_a_refused_row_aside_says_so_and_goes_on(
    begin: Callable[[], Storing], caplog: pytest.LogCaptureFixture
) -> None:
    storing = begin()
    storing.folder.refused.mkdir()  # nothing can be written there
    storing.writer.start()
    storing.writer.put(batch(1, [trade(1), trade(2, "A\0B")]))
    storing.writer.put(batch(2, [trade(3)]))
    storing.stored(2)
    assert numbers() == [1, 3]
    assert "cannot be put aside" in caplog.text


def test_writer_that_waits_for_a_table_too_long_keeps_the_lead(
    begin: Callable[[], Storing], line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "STATEMENT_SECONDS", 1)
    storing = begin()
    with (
        closing(Session(connection_parameters(), HISTORY)) as other,
        psycopg.connect(**connection_parameters()) as maintenance,
    ):
        maintenance.execute("LOCK TABLE market_trade")
        storing.writer.start()
        storing.writer.put(with_state(1, 100))
        storing.writer.put(with_state(2, 200))
        wait_until(lambda: storing.writer.progress.spooled_batches == 2, "two batches in the spool", 15)
        assert "statement timeout" in storing.writer.progress.trouble
        assert not other.lead()
    storing.stored(2)
    assert len(line.sessions) == 1
    assert numbers() == [1, 2]
    assert storing.writer.progress.trouble == ""
