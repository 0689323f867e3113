"""Runs a start on a terminal: lines with the name of their process in front, one clear line for an error."""

import select
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from tracker.launch.run_directory import RunDirectory
from tracker.launch.supervisor import StopRequested, Supervisor

NAME_WIDTH = 10


def show(name: str, line: str) -> None:
    print(f"{name:<{NAME_WIDTH}}| {line}" if name else line, flush=True)


def run(run_directory: Path, start: Callable[[Supervisor, RunDirectory], str]) -> int:
    """Start, print what `start` returns, supervise until a signal comes, stop. Returns the exit code.

    Raises LaunchError when something could not be started, after everything was stopped.
    """
    held = RunDirectory(run_directory)
    try:
        with Supervisor(show) as supervisor:
            stop_without_reader(supervisor)
            try:
                supervisor.say("", start(supervisor, held))
                code = supervisor.supervise()
            except StopRequested:
                code = 0
            supervisor.say("launch", "Stopping.")
    finally:
        held.close()
    return code


def stop_without_reader(supervisor: Supervisor) -> None:
    """Stop when the terminal or the pipe that we print to is gone, even while there is nothing to print.

    A terminal that closes signals the first process in it, which may be make; that waits for us and says nothing.
    """

    def watch() -> None:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)  # errors and hang-ups are reported unasked
        if any(events & (select.POLLHUP | select.POLLERR) for _, events in poll.poll()):
            supervisor.request_stop()

    threading.Thread(target=watch, daemon=True).start()
