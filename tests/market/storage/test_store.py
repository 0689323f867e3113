"""A start goes on where the last run ended: from its folder exactly, from the database as far as that knows."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from market.domain.memory import dump_index, dump_symbol
from market.domain.rows import market_row
from market.domain.state import MarketState
from market.feed.parse import Parser
from market.pipeline import Pipeline
from market.storage.batch import EncodedState, Run
from market.storage.collect import Collector
from market.storage.database import DatabaseAway, LastRun, Session
from market.storage.folder import Folder
from market.storage.leader import Leadership
from market.storage.store import Store
from market.storage.tables import HISTORY
from tests.integration.killable import wait_until

DAY = Path(__file__).parents[2] / "data" / "small-day.jsonl"
TABLES = {table.name: table for table in HISTORY}
ELSEWHERE = LastRun("elsewhere", "simulation", "simulation:a", 100, 0.0, False, [])


def no_database() -> Session:
    """The way to a database that is away."""
    raise DatabaseAway("no database in this test")


class Started:
    """A started ingest without feed and database, in a folder."""

    def __init__(
        self, path: Path, epoch: str, identity: str = "simulation:a", last_run: LastRun | None = None, kept: Any = None
    ) -> None:
        self.state = MarketState()
        self.kept: dict[str, Any] = {}
        collector = Collector(self.state, Run(epoch, "simulation", identity, 0.0), {"kept": lambda code: kept})
        self.pipeline = Pipeline(self.state, Parser(), [collector.observe])
        self.folder = Folder(path)
        self.store = Store(
            self.state,
            self.pipeline,
            collector,
            Leadership(self.folder, None, last_run, no_database),
            TABLES,
            spool_bytes=2**24,
            interval_seconds=1.0,
        )
        self.found = self.store.recover({"kept": self.kept.__setitem__})

    def take(self, messages: list[bytes]) -> None:
        """Take messages."""
        for message in messages:
            self.store.take(message, 0.0)

    def checkpoint(self) -> None:
        """Seal, and wait until that is a checkpoint."""
        position = self.store.position
        self.store.seal(complete=True)
        wait_until(lambda: read_position(self.folder) == position, "the checkpoint", 10)

    def die(self) -> None:
        """End without a word, as far as a thread can."""
        self.store._writer.close()
        self.store._journal.close()
        self.folder.close()


def read_position(folder: Folder) -> int:
    """Where the folder's checkpoint stands."""
    checkpoint = folder.read_checkpoint()
    return -1 if checkpoint is None else checkpoint.position


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of one ingest."""
    return tmp_path / "folder"


@pytest.fixture(scope="module")
def messages() -> list[bytes]:
    """A small day."""
    return DAY.read_bytes().splitlines()


def everything(state: MarketState) -> dict[str, Any]:
    """All that a state knows, books included."""
    symbols = {
        code: [dump_symbol(each, state.basis.get(code)), market_row(each)] for code, each in state.symbols.items()
    }
    indices = {code: dump_index(each) for code, each in state.indices.items()}
    whole: dict[str, Any] = msgspec.json.decode(msgspec.json.encode([symbols, indices, state.day, state.now]))
    return whole


def undisturbed(messages: list[bytes]) -> dict[str, Any]:
    """What a state knows that was never interrupted."""
    state = MarketState()
    pipeline = Pipeline(state, Parser())
    for message in messages:
        pipeline.take(message)
    return everything(state)


@pytest.mark.parametrize("cut", range(20, 354, 37))
def test_store_that_died_after_any_message_goes_on_as_if_it_had_not(
    folder: Path, messages: list[bytes], cut: int
) -> None:
    first = Started(folder, "one")
    first.take(messages[: cut // 2])
    first.checkpoint()
    first.take(messages[cut // 2 : cut])
    first.store.seal()  # rows of the last messages wait in the spool; their states are in no checkpoint
    first.die()
    second = Started(folder, "two")
    assert (second.found.origin, second.store.position) == ("folder", cut)
    second.take(messages[cut:])
    assert everything(second.state) == undisturbed(messages)
    second.die()


def test_store_plays_again_that_sight_was_lost(folder: Path, messages: list[bytes]) -> None:
    half = len(messages) // 2
    first = Started(folder, "one")
    first.take(messages[:half])
    first.checkpoint()
    first.store.lose_sight()
    first.take(messages[half:])
    told = everything(first.state)
    first.die()
    second = Started(folder, "two")
    assert everything(second.state) == told
    assert any(each.volumes.of_kind("unclassified") for each in second.state.symbols.values())
    second.die()


def test_store_gives_other_parts_back_what_they_kept(folder: Path, messages: list[bytes]) -> None:
    first = Started(folder, "one", kept=[1, "two"])
    first.take(messages)
    first.checkpoint()
    first.die()
    second = Started(folder, "two")
    assert second.kept
    assert set(map(str, second.kept.values())) == {"[1, 'two']"}
    second.die()


@pytest.mark.parametrize(
    ("identity", "last_run"),
    [
        ("simulation:b", None),
        ("simulation:a", ELSEWHERE),
    ],
    ids=["another simulation", "another ingest has stored since"],
)
def test_store_whose_folder_is_not_the_newest_word_begins_anew(
    folder: Path, messages: list[bytes], identity: str, last_run: LastRun | None
) -> None:
    first = Started(folder, "one")
    first.take(messages)
    first.checkpoint()
    first.die()
    second = Started(folder, "two", identity, last_run)
    assert (second.found.origin, second.state.symbols, second.store.position) == ("nothing", {}, 0)
    assert second.found.newest_seq >= (last_run.seq if last_run else 1)
    second.die()


def test_store_without_a_folder_begins_with_the_states_of_the_database(folder: Path, messages: list[bytes]) -> None:
    state = MarketState()
    pipeline = Pipeline(state, Parser())
    for message in messages:
        pipeline.take(message)
    code, symbol = next(iter(state.symbols.items()))
    text = msgspec.json.encode(dump_symbol(symbol)).decode()
    last = msgspec.structs.replace(ELSEWHERE, states=[EncodedState("symbol", code, state.day, state.now, text)])
    started = Started(folder, "one", last_run=last)
    assert (started.found.origin, list(started.state.symbols)) == ("database", [code])
    assert started.state.symbols[code].total_volume == symbol.total_volume
    started.die()
    again = Started(folder, "two", last_run=last)  # its own folder knows by now
    assert (again.found.origin, list(again.state.symbols)) == ("folder", [code])
    again.die()
    went_on = Started(folder, "three", last_run=msgspec.structs.replace(last, seq=last.seq + 1))
    assert went_on.found.origin == "database"
    went_on.die()


@pytest.mark.parametrize("damage", [b"", b"\0\0\0\0", b"broken"])
def test_store_with_a_damaged_checkpoint_begins_anew(folder: Path, messages: list[bytes], damage: bytes) -> None:
    first = Started(folder, "one")
    first.take(messages)
    first.checkpoint()
    first.die()
    (folder / "checkpoint").write_bytes(damage)
    second = Started(folder, "two")
    assert second.found.origin == "nothing"
    second.die()


def test_store_with_states_of_another_form_begins_anew(
    folder: Path, messages: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    last = msgspec.structs.replace(
        ELSEWHERE,
        states=[EncodedState("symbol", "HPG", 0, 0, '{"board":"HOSE"}'), EncodedState("market", "", 0, 0, "{}")],
    )
    started = Started(folder, "one", last_run=last)
    assert (started.found.origin, started.state.symbols) == ("nothing", {})
    assert "starting anew" in caplog.text
    started.take(messages)
    assert everything(started.state) == undisturbed(messages)
    started.die()


def test_store_message_that_ended_the_last_run_does_not_end_the_next(
    folder: Path, messages: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    first = Started(folder, "one")
    first.take(messages[:100])
    first.pipeline.add_sink(lambda event, changes: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        first.take(messages[100:])
    first.die()
    second = Started(folder, "two")
    assert second.store.position == 101
    second.die()


def test_store_with_a_book_of_another_form_begins_anew(
    folder: Path, messages: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    first = Started(folder, "one")
    first.take(messages)
    first.checkpoint()
    first.die()
    kept = Folder(folder)
    checkpoint = kept.read_checkpoint()
    assert checkpoint is not None
    older = [msgspec.structs.replace(each, book={"code": "HPG"}) for each in checkpoint.states]
    kept.write_checkpoint(msgspec.structs.replace(checkpoint, states=older))
    kept.close()
    second = Started(folder, "two")
    assert (second.found.origin, second.state.symbols) == ("nothing", {})
    assert "of another form" in caplog.text
    second.die()


@pytest.mark.parametrize("damage", [bytes(40), b"one 1 2\n", b"one x\n", b"\xff\n"])
def test_store_with_a_damaged_list_of_runs_begins(folder: Path, messages: list[bytes], damage: bytes) -> None:
    first = Started(folder, "one")
    first.take(messages)
    first.checkpoint()
    first.die()
    (folder / "runs").write_bytes(damage)
    second = Started(folder, "two", last_run=ELSEWHERE)
    assert second.found.origin == "nothing"
    second.die()
