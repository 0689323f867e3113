"""One child process: started in a process group of its own, its output passed on, stopped for certain."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tracker.launch.accounts import switch_to
from tracker.launch.errors import LaunchError, ProcessEnded

POLL_SECONDS = 0.03
LAST_LINES = 20

OnLine = Callable[[str, str], None]  # name of the process, one line of its output
OnExit = Callable[["Process"], None]


def ignore_line(name: str, line: str) -> None:
    """Drop the line: `Process.last_lines` keeps the last ones anyway."""


@dataclass(frozen=True)
class Command:
    """What to run.

    `environment` is added to our own, `account` is the user to run as (None: the present one), `given` is the text
    for its standard input. `serves`: others need it until they have ended, so it is stopped after them.
    """

    name: str
    arguments: Sequence[str]
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    account: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 10.0
    given: str = ""
    serves: bool = False


class Warden:
    """The watch process that ends our children should we be killed; see warden.py."""

    def __init__(self) -> None:
        program = Path(__file__).with_name("warden.py")
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(program)],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def watch(self, pid: int, stop_signal: int) -> None:
        self.tell(f"+ {pid} {int(stop_signal)}\n")

    def forget(self, pid: int) -> None:
        self.tell(f"- {pid}\n")

    def remove(self, path: Path) -> None:
        """Have the folder removed when the warden goes, or when we are killed."""
        self.tell(f"rm {path}\n")

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        # A warden that somebody killed leaves us without a net, no worse.
        with contextlib.suppress(OSError, ValueError):
            self.process.stdin.write(line)
            self.process.stdin.flush()

    def close(self) -> None:
        """Let it go: it ends what it still has on its list."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.wait()


class Process:
    """A running child. Threads pass its lines on and wait for its end, so that nobody has to poll."""

    def __init__(
        self,
        command: Command,
        warden: Warden,
        on_line: OnLine = ignore_line,
        on_exit: OnExit = lambda process: None,
    ) -> None:
        self.command = command
        self.warden = warden
        self.on_line = on_line
        self.on_exit = on_exit
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self.started_at = time.monotonic()
        self.popen = start(command)
        self.warden.watch(self.popen.pid, command.stop_signal)
        self.pump = threading.Thread(target=self.pass_lines_on, daemon=True)
        self.pump.start()
        self.waiter = threading.Thread(target=self.wait_for_end, daemon=True)
        self.waiter.start()

    @property
    def name(self) -> str:
        return self.command.name

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def code(self) -> int | None:
        """The exit code, or None while it runs."""
        return self.popen.poll()

    def pass_lines_on(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self.last_lines.append(line.rstrip())
            self.on_line(self.name, line.rstrip())

    def wait_for_end(self) -> None:
        self.popen.wait()
        self.pump.join(timeout=1)  # a grandchild may hold the pipe open
        self.on_exit(self)

    def wait_until(self, is_ready: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until the check holds.

        Raises ProcessEnded when the process ends first, LaunchError when the time is over.
        """
        deadline = time.monotonic() + seconds
        while not is_ready():
            if self.code is not None:
                self.pump.join(timeout=1)
                raise ProcessEnded(self.name, self.code, list(self.last_lines))
            if time.monotonic() > deadline:
                lines = "".join(f"\n  {line}" for line in self.last_lines)
                raise LaunchError(f"{self.name}: expected to be ready within {seconds:.0f} s, was not.{lines}")
            time.sleep(POLL_SECONDS)

    def ask_to_stop(self) -> None:
        """Send the stop signal to the process itself, which knows best how to end its own children."""
        with contextlib.suppress(ProcessLookupError):
            self.popen.send_signal(self.command.stop_signal)

    def stop(self, grace_seconds: float | None = None) -> None:
        """Stop it and everything in its process group; kills what is left after the grace time."""
        self.ask_to_stop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(self.command.grace_seconds if grace_seconds is None else grace_seconds)
        kill_group(self.popen.pid)
        self.popen.wait()
        self.warden.forget(self.popen.pid)


def kill_group(group: int) -> None:
    """Kill what is left of a process group and wait until it is gone."""
    deadline = time.monotonic() + 1  # a dead orphan that nobody reaps counts as there for ever
    with contextlib.suppress(ProcessLookupError, PermissionError):
        while time.monotonic() < deadline:
            os.killpg(group, signal.SIGKILL)
            time.sleep(0.01)


def start(command: Command) -> subprocess.Popen[str]:
    try:
        popen = subprocess.Popen(
            list(command.arguments),
            cwd=command.directory,
            env=os.environ | dict(command.environment),
            stdin=subprocess.PIPE if command.given else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
            **switch_to(command.account),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise LaunchError(f"{command.name}: cannot start {command.arguments[0]}: {error}") from error
    if command.given:
        assert popen.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            popen.stdin.write(command.given)
            popen.stdin.close()
    return popen
