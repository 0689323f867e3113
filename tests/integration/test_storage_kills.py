"""Nothing is lost or doubled by a kill -9 of ingest, of PostgreSQL or of both, at any moment.

Each test plays a recorded morning, kills at random moments, and holds every row and every state in the database
against those of a run that nothing disturbed. STORAGE_KILL_SEEDS="10-40" plays other moments than the usual ones.
"""

import os
import random
import time
from pathlib import Path

import pytest

from tests.integration.conftest import SEEDS_VARIABLE, StartIngest
from tests.integration.killable import Database, Ingest, assert_same_history

FIRST, _, LAST = os.environ.get(SEEDS_VARIABLE, "1-1").partition("-")
SEEDS = range(int(FIRST), int(LAST) + 1)
WITHOUT_REDIS = {"REDIS_URL": "redis://127.0.0.1:1/0"}  # nobody listens there
PACE = "400"  # times as fast as the market was: the morning takes some seconds, whatever the machine


def some_time(chance: random.Random, longest: float) -> None:
    """The random moment itself: nothing to wait for."""
    time.sleep(chance.uniform(0.0, longest))


def play(start_ingest: StartIngest, morning: Path, speed: str = PACE, **environment: str) -> Ingest:
    """Start to play the morning, or go on with it."""
    ingest = start_ingest("--source", f"file:{morning}", "--speed", speed, **environment)
    ingest.wait_for("Begins with")
    return ingest


@pytest.mark.parametrize("seed", SEEDS)
def test_history_after_ingest_was_killed_is_that_of_an_undisturbed_run(
    seed: int, start_ingest: StartIngest, morning: Path, database_url: str
) -> None:
    chance = random.Random(seed)
    for _ in range(3):
        ingest = play(start_ingest, morning, "max")
        some_time(chance, 0.5)
        ingest.kill()
    assert play(start_ingest, morning, "max").end() == 0
    assert_same_history(database_url, morning)


@pytest.mark.parametrize("seed", SEEDS)
def test_history_after_postgres_was_killed_is_that_of_an_undisturbed_run(
    seed: int, start_ingest: StartIngest, morning: Path, database_url: str, killable_database: Database
) -> None:
    chance = random.Random(seed)
    ingest = play(start_ingest, morning)
    some_time(chance, 2.0)
    killable_database.kill()
    some_time(chance, 0.8)
    killable_database.start()
    assert ingest.end() == 0
    assert "Traceback" not in ingest.output
    assert_same_history(database_url, morning)


@pytest.mark.parametrize("seed", SEEDS)
def test_history_after_both_were_killed_is_that_of_an_undisturbed_run(
    seed: int, start_ingest: StartIngest, morning: Path, database_url: str, killable_database: Database
) -> None:
    chance = random.Random(seed)
    ingest = play(start_ingest, morning, **WITHOUT_REDIS)
    some_time(chance, 2.0)
    for victim in chance.sample([ingest, killable_database], 2):
        victim.kill()
        some_time(chance, 0.2)
    ingest = play(start_ingest, morning, **WITHOUT_REDIS)  # without a database: the folder is all it has
    some_time(chance, 1.0)
    ingest.kill()
    ingest = play(start_ingest, morning, **WITHOUT_REDIS)
    killable_database.start()
    assert ingest.end() == 0
    assert_same_history(database_url, morning)
