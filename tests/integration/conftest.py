"""What the tests that kill processes share: one PostgreSQL of their own, and a recorded morning."""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.integration.killable import Database, Ingest, record_morning
from tracker.launch.process import Warden

SEEDS_VARIABLE = "STORAGE_KILL_SEEDS"
# For a machine with time: more moments to kill at, and the rarer ways to change who leads.
patient = pytest.mark.skipif(SEEDS_VARIABLE not in os.environ, reason=f"{SEEDS_VARIABLE} is not set")
_numbers = count()
StartIngest = Callable[..., Ingest]
Play = Callable[[Path, str], Ingest]


@pytest.fixture(scope="session")
def killable_database(warden: Warden) -> Iterator[Database]:
    """A PostgreSQL that may be killed."""
    database = Database(warden)
    yield database
    database.close()


@pytest.fixture
def database_url(killable_database: Database) -> str:
    """Address of an empty database in it."""
    return killable_database.fresh(f"storage_{next(_numbers)}")


@pytest.fixture(scope="session")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of a busy opening."""
    return record_morning(tmp_path_factory.mktemp("recording") / "morning.jsonl")


@pytest.fixture
def start_ingest(tmp_path: Path, database_url: str, valkey_server: str) -> Iterator[StartIngest]:
    """Start an ingest on the database; `folder` names the folder for its spool. None outlives the test."""
    started: list[Ingest] = []

    def start(*arguments: str, folder: str = "one", **environment: str) -> Ingest:
        directory = tmp_path / folder
        directory.mkdir(exist_ok=True)
        given = {"DATABASE_URL": database_url, "REDIS_URL": valkey_server} | environment
        started.append(Ingest(directory, *arguments, **given))
        return started[-1]

    yield start
    for each in started:
        each.kill()


@pytest.fixture
def play(process_environment: dict[str, str], tmp_path: Path) -> Iterator[Play]:
    """Start an ingest of a recording at a speed, on the tests' own database. None outlives the test."""
    started: list[Ingest] = []

    def start(recording: Path, speed: str) -> Ingest:
        given = process_environment | {"RECOVERY_WAIT_SECONDS": "5"}
        started.append(Ingest(tmp_path, "--source", f"file:{recording}", "--speed", speed, **given))
        return started[-1]

    yield start
    for each in started:
        each.kill()
