"""The launcher's commands as a person runs them: real processes, real servers, real signals."""

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from django.conf import settings

from tracker.launch.accounts import unprivileged_account
from tracker.launch.places import data_directory
from tracker.launch.ports import accepts

ENVIRONMENT_OF_A_TEST = ("DATABASE_URL", "REDIS_URL", "SSI_CONSUMER_ID", "SSI_CONSUMER_SECRET")


def launch(run_directory: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ENVIRONMENT_OF_A_TEST}
    environment |= {"RUN_DIR": str(run_directory), "DJANGO_SETTINGS_MODULE": "tracker.settings"}
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


class Launched:
    """A running manage.py command and the lines it printed."""

    def __init__(self, run_directory: Path, *arguments: str) -> None:
        self.process = launch(run_directory, *arguments)
        self.lines: list[str] = []
        self.fresh: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.fresh.put(line.rstrip())
        self.fresh.put(None)

    def line(self, start: str, seconds: float = 60) -> str:
        """Wait for a line that starts so, and return what follows."""
        deadline = time.monotonic() + seconds
        while True:
            line = self.fresh.get(timeout=max(0.01, deadline - time.monotonic()))
            assert line is not None, f"ended without a line {start!r}: {self.lines}"
            self.lines.append(line)
            if line.startswith(start):
                return line.removeprefix(start)

    def output(self) -> str:
        self.process.wait(60)
        while (line := self.fresh.get(timeout=30)) is not None:
            self.lines.append(line)
        return "\n".join(self.lines)


def children_of(pid: int) -> list[int]:
    """Every descendant of the process, itself not counted. Linux only."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [found for child in map(int, children) for found in (child, *children_of(child))]


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def run_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run directory; shared, because making PostgreSQL's data takes longest of all."""
    path = tmp_path_factory.mktemp("launch") / "run"
    yield path
    if path.exists():
        shutil.rmtree(data_directory(path, unprivileged_account()))


pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks at processes through /proc")


def test_devservices_killed_and_started_again_keeps_its_data_and_leaves_no_process(run_directory: Path) -> None:
    first = Launched(run_directory, "devservices")
    database_url = first.line("export DATABASE_URL=")
    redis_url = first.line("export REDIS_URL=")
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with redis.Redis.from_url(redis_url) as client:
        assert client.config_get("maxmemory")["maxmemory"] != "0"
    refused = Launched(run_directory, "devservices")
    assert f"Already running from this folder (process {first.process.pid})" in refused.output()
    assert refused.process.returncode == 1

    children = children_of(first.process.pid)
    assert len(children) > 2
    first.process.kill()
    first.process.wait()
    wait_until(lambda: not any(map(is_running, children)))

    second = Launched(run_directory, "devservices")
    database_url = second.line("export DATABASE_URL=")
    second.line("export REDIS_URL=")
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    children = children_of(second.process.pid)
    second.process.terminate()
    assert second.process.wait(60) == 0
    assert not any(map(is_running, children))
    assert not accepts(urlsplit(database_url).port or 0)
    assert not accepts(urlsplit(redis_url).port or 0)


def test_devservices_stopped_while_it_starts_leaves_no_process(run_directory: Path) -> None:
    launched = Launched(run_directory, "devservices")
    launched.line("postgres  |")
    children = children_of(launched.process.pid)
    launched.process.send_signal(signal.SIGINT)
    assert launched.process.wait(60) == 0
    assert not any(map(is_running, children))


def test_devservices_whose_reader_has_gone_stops(run_directory: Path) -> None:
    process = launch(run_directory, "devservices")
    assert process.stdout is not None
    with process.stdout as lines:
        assert any(line.startswith("export REDIS_URL=") for line in lines)
        children = children_of(process.pid)
        assert children
    process.wait(60)
    assert not any(map(is_running, children))


def test_live_without_credentials_names_them_and_starts_nothing(tmp_path: Path) -> None:
    launched = Launched(tmp_path / "run", "live")
    assert launched.output() == (
        "CommandError: SSI_CONSUMER_ID and SSI_CONSUMER_SECRET: expected in .env (see .env.example), not set."
    )
    assert launched.process.returncode == 1
    assert not (tmp_path / "run").exists()
