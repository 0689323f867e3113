"""A manage.py command that a test runs as a person would: with nothing of the test's own servers."""

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

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
