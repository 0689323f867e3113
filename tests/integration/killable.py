"""Real processes to kill: a PostgreSQL, an ingest, and what an undisturbed run would have stored."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from alerts.desk import MEMORY, AlertDesk
from alerts.domain.evaluate import Evaluator
from alerts.domain.rules import DEFAULT_RULES
from alerts.personal.desk import PERSONAL
from alerts.rows import ALERTS
from market.domain.memory import dump_index, dump_symbol
from market.domain.state import MarketState
from market.feed.parse import Parser
from market.feed.recording import read_messages
from market.feed.simulator.day import Day
from market.feed.simulator.history import History
from market.feed.simulator.instruments import vn30_universe
from market.pipeline import Pipeline
from market.storage.batch import Run
from market.storage.collect import Collector
from market.storage.tables import HISTORY, Row
from tests.ports import held_port
from tracker.launch.accounts import unprivileged_account
from tracker.launch.places import temporary_directory
from tracker.launch.postgres import Postgres
from tracker.launch.process import Process, Warden

ROOT = Path(__file__).parents[2]
PATIENT_SECONDS = 180.0  # a whole recording at full speed, while others have the machine
MORNING = 33_480_000  # 09:18, ms since midnight
TEMPLATE = "template_of_storage"
STORED = (*HISTORY, ALERTS)
# As a new database has them.
RULES = [msgspec.structs.replace(rule, id=number) for number, rule in enumerate(DEFAULT_RULES, 1)]
Rows = dict[str, list[Row]]


class Database:
    """A PostgreSQL that can be killed and started again on the same port; `url` is one database in it."""

    def __init__(self, warden: Warden) -> None:
        self._directory = temporary_directory(unprivileged_account())
        self._server = Postgres(self._directory, held_port(), lasting=False)
        self._warden = warden
        self._process: Process | None = None
        self.start()
        self._server.ensure_database(TEMPLATE)
        run("migrate", "--verbosity", "0", DATABASE_URL=self._server.url(TEMPLATE))

    def start(self) -> None:
        """Start it, after a kill too."""
        self._server.prepare()
        self._process = Process(self._server.command(), self._warden)
        self._process.wait_until(self._server.is_ready)

    def fresh(self, name: str) -> str:
        """Address of a new, empty database with our tables."""
        with psycopg.connect(self._server.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"'.encode())
        return self._server.url(name)

    def empty(self, name: str) -> str:
        """Address of a new database with nothing in it."""
        return self._server.ensure_database(name)

    def kill(self) -> None:
        """Kill every process of it, as a machine out of memory might."""
        assert self._process is not None
        for pid in [self._process.pid, *children_of(self._process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.popen.wait()

    def close(self) -> None:
        """Stop it and remove its data."""
        assert self._process is not None
        self._process.stop()
        shutil.rmtree(self._directory)


def children_of(parent: int) -> list[int]:
    """Numbers of a process's children."""
    task = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(word) for word in task.read_text().split()]


def run(*arguments: str, **environment: str) -> None:
    """Run a command of ours to its end."""
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=settings_of(environment), check=True)


def settings_of(environment: dict[str, str]) -> dict[str, str]:
    """The environment of a process: ours, without what test settings say of servers."""
    return os.environ | {"DJANGO_SETTINGS_MODULE": "tracker.settings", "ENV_FILE": os.devnull} | environment


class Ingest:
    """An ingest process. Its output is in `output`."""

    def __init__(self, directory: Path, *arguments: str, **environment: str) -> None:
        self._log = directory / f"ingest-{time.monotonic_ns()}.log"
        given = {"SPOOL_DIR": str(directory / "spool"), "STORE_INTERVAL_MS": "50", "RECOVERY_WAIT_SECONDS": "0"}
        with self._log.open("wb") as log:
            self.popen = subprocess.Popen(
                [sys.executable, "manage.py", "ingest", *arguments],
                cwd=ROOT,
                env=settings_of(given | environment),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        """What it has said so far."""
        return self._log.read_text()

    def wait_for(self, words: str) -> None:
        """Wait until it has said something."""
        wait_until(lambda: words in self.output or self.popen.poll() is not None, f"{words!r} of ingest")
        assert words in self.output, self.output

    def kill(self) -> None:
        """Kill it, at once and for good."""
        self.popen.send_signal(signal.SIGKILL)
        self.popen.wait()

    def end(self) -> int:
        """Wait for its end; the exit code."""
        try:
            return self.popen.wait(PATIENT_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"ingest did not end:\n{self.output}") from None


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = PATIENT_SECONDS) -> None:
    """Look until something is so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.02)


def record_morning(path: Path, begin: int = 0, end: int = MORNING) -> Path:
    """Write the simulated market of VN30 between two moments (ms since midnight), as it comes over the wire."""
    universe = vn30_universe(7)
    day = Day(universe, History(universe), date(2026, 11, 20))
    day.want(("X", "R", "MI", "F"))
    for _ in day.advance(begin):
        pass
    with path.open("wb") as file:
        while day.now < end:
            for frame in day.advance(day.now + 60_000):
                file.write(frame.text.encode() + b"\n")
    return path


def undisturbed(recording: Path) -> tuple[Rows, dict[tuple[str, str], Any]]:
    """Rows by table and states by kind and code, as a process that is never disturbed ends up with."""
    state = MarketState()
    evaluator = Evaluator(RULES)
    collector = Collector(
        state, Run("undisturbed", "replay", "replay:undisturbed", 0.0), {MEMORY: evaluator.dump_symbol}
    )
    desk = AlertDesk(evaluator, state, lambda row: None, collector.add)
    pipeline = Pipeline(state, Parser(), [collector.observe, desk.observe])
    for message in read_messages(recording):
        pipeline.take(message)
    batch = collector.seal(1, 0, complete=True)
    rows = {table.name: sorted(map(comparable, batch.rows.get(table.name, []))) for table in STORED}
    states: dict[tuple[str, str], Any] = {
        ("symbol", code): dump_symbol(symbol, state.basis.get(code))
        | {MEMORY: evaluator.dump_symbol(code), PERSONAL: 0}
        for code, symbol in state.symbols.items()
    }
    states |= {
        ("index", code): dump_index(index) | {MEMORY: evaluator.dump_symbol(index.index), PERSONAL: 0}
        for code, index in state.indices.items()
    }
    return rows, {key: msgspec.json.decode(msgspec.json.encode(dump)) for key, dump in states.items()}


def stored(url: str) -> tuple[Rows, dict[tuple[str, str], Any]]:
    """The same from a database."""
    rows: Rows = {}
    with psycopg.connect(url) as connection:
        for table in STORED:
            columns = ", ".join(
                "extract(epoch FROM at)::bigint" if column.name == "at" else f'"{column.name}"'
                for column in table.columns
            )
            found = connection.execute(f"SELECT {columns} FROM {table.name}".encode()).fetchall()
            rows[table.name] = sorted(map(comparable, found))
        states = connection.execute(
            "SELECT kind, code, state FROM market_symbolstate WHERE kind <> 'market'"
        ).fetchall()
    return rows, {(kind, code): state for kind, code, state in states}


def comparable(row: Row) -> Row:
    """A row whose JSON is text in one form, wherever it comes from."""
    return tuple(
        msgspec.json.encode(msgspec.json.decode(value) if isinstance(value, str) else value, order="sorted").decode()
        if isinstance(value, dict) or (isinstance(value, str) and value.startswith("{"))
        else value
        for value in row
    )


def assert_same_history(url: str, recording: Path) -> None:
    """Every row and every state is as if nothing had happened."""
    wanted_rows, wanted_states = undisturbed(recording)
    assert wanted_rows[ALERTS.name], "expected a recording in which rules fire"
    rows, states = stored(url)
    for name, wanted in wanted_rows.items():
        missing, surplus = set(wanted) - set(rows[name]), set(rows[name]) - set(wanted)
        assert (missing, surplus, len(rows[name])) == (set(), set(), len(wanted)), name
    assert states.keys() == wanted_states.keys()
    for key, wanted in wanted_states.items():
        assert states[key] == wanted, key
