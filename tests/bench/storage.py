"""How fast the writer stores trades, how long a day takes into PostgreSQL, and what storing costs the event loop."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import psycopg

from market.domain.state import MarketState
from market.feed.parse import Parser
from market.feed.recording import read_messages
from market.pipeline import Pipeline
from market.storage.batch import Batch, Run
from market.storage.collect import Collector
from market.storage.database import Session
from market.storage.journal import Journal
from market.storage.tables import HISTORY, TRADES, Row
from tests.bench.data import recorded_day
from tests.bench.figure import Figure, figure
from tests.ports import held_port
from tracker.launch.accounts import unprivileged_account
from tracker.launch.places import temporary_directory
from tracker.launch.postgres import Postgres
from tracker.launch.process import Process, Warden

ROOT = Path(__file__).resolve().parent.parent.parent
DAY = 1_795_107_600  # 20 Nov 2026
TRADES_PER_SECOND = 50_000
SYMBOLS = 1700
BATCHES = 50
BATCH_ROWS = 10_000
RUN = Run("bench", "replay", "replay:bench", 0.0)


def figures() -> Iterator[Figure]:
    """Measure on a PostgreSQL of our own that keeps its promises (fsync and all)."""
    with server() as url:
        migrate(url)
        session = Session(parameters(url), HISTORY)
        session.lead()
        rates = [rate(session, number) for number in range(3)]
        session.close()
        yield figure("storage_trades_per_second", median(rates), "trades/s", at_least=TRADES_PER_SECOND)
        empty(url)
        seconds, messages = replayed_day(url)
        yield figure(
            "storage_day_replayed_seconds", seconds, "s", at_most=30, note=f"{messages} messages, start included"
        )
    yield from loop_costs()


@contextmanager
def server() -> Iterator[str]:
    """A real PostgreSQL, and its address; gone afterwards."""
    directory, warden = temporary_directory(unprivileged_account()), Warden()
    postgres = Postgres(directory, held_port(), lasting=True)
    postgres.prepare()
    process = Process(postgres.command(), warden)
    try:
        process.wait_until(postgres.is_ready)
        yield postgres.ensure_database("bench")
    finally:
        process.stop()
        warden.close()
        shutil.rmtree(directory)


def parameters(url: str) -> dict[str, object]:
    """What psycopg needs to connect."""
    return dict(psycopg.conninfo.conninfo_to_dict(url))


def migrate(url: str) -> None:
    """Make the tables."""
    environment = os.environ | {"DATABASE_URL": url, "ENV_FILE": os.devnull}
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def empty(url: str) -> None:
    """Remove what a measurement stored."""
    with psycopg.connect(url, autocommit=True) as connection:
        for table in (*(table.name for table in HISTORY), "market_symbolstate", "market_ingestrun"):
            connection.execute(f"TRUNCATE {table}".encode())
        connection.execute("CHECKPOINT")


def rate(session: Session, number: int) -> float:
    """Trades a second, from tuples in memory to committed rows of the table with all its indexes."""
    batches = [
        Batch(number * BATCHES + turn + 1, RUN, DAY, 0.0, 0, {TRADES.name: trades(number * BATCHES + turn)}, [])
        for turn in range(BATCHES)
    ]
    started = time.perf_counter()
    for batch in batches:
        session.write(batch)
    return BATCHES * BATCH_ROWS / (time.perf_counter() - started)


def trades(turn: int) -> list[Row]:
    """A batch as a busy market makes it: every symbol in it, in the order of time."""
    at = DAY + 33_000 + turn * 5
    return [
        (f"S{number % SYMBOLS:04d}", at + number // 2000, (turn * BATCH_ROWS + number) * 100, turn,
         27150.0 + number % 7, 100 * (number % 90), 2715000.0 * number, "buy", "feed", "continuous", False)
        for number in range(BATCH_ROWS)
    ]  # fmt: skip


def replayed_day(url: str) -> tuple[float, int]:
    """Seconds that `manage.py ingest` takes for a recorded day, from its start to its end, all rows stored."""
    day = recorded_day()
    with tempfile.TemporaryDirectory() as spool:
        environment = os.environ | {"DATABASE_URL": url, "ENV_FILE": os.devnull, "SPOOL_DIR": spool}
        started = time.perf_counter()
        command = [sys.executable, "manage.py", "ingest", "--source", f"file:{day}", "--speed", "max"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
        seconds = time.perf_counter() - started
    return seconds, sum(1 for _ in read_messages(day))


def loop_costs() -> Iterator[Figure]:
    """What the event loop pays: the journal and the collector for each message, the seal for each batch."""
    messages = list(read_messages(recorded_day()))
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder))
        journal.open(1)
        started = time.thread_time()
        for message in messages:
            journal.append(message)
        yield figure("storage_journal_microseconds", (time.thread_time() - started) / len(messages) * 1e6, "us/message")
    state = MarketState()
    collector = Collector(state, RUN)
    pipeline = Pipeline(state, Parser(), [collector.observe])
    for message in messages[: len(messages) * 2 // 3]:
        pipeline.take(message)
    yield figure("storage_seal_whole_market_milliseconds", whole_market_seal(state, collector), "ms", at_most=20)


def whole_market_seal(state: MarketState, collector: Collector) -> float:
    """Milliseconds to seal 1,700 symbols that all changed: as many as the whole market has."""
    collector.seal(0, 0, complete=True)
    symbols = dict(state.symbols)
    state.symbols = {
        f"{code}{turn}": symbol for turn in range(SYMBOLS // len(symbols) + 1) for code, symbol in symbols.items()
    }
    times = []
    for turn in range(5):
        collector.touch_all()
        started = time.thread_time()
        collector.seal(turn, 0, complete=True)
        times.append((time.thread_time() - started) * 1000)
    return median(times)
