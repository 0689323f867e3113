"""Starts processes one after the other, keeps them running, and stops all of them on a signal."""

import contextlib
import os
import queue
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import FrameType, TracebackType
from typing import Self

from tracker.launch.errors import LaunchError, ProcessEnded
from tracker.launch.ports import accepts, free_port
from tracker.launch.process import Command, Process, Warden

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FIRST_RESTART_SECONDS = 1.0
LONGEST_RESTART_SECONDS = 30.0
STEADY_SECONDS = 60.0  # a process that ran for so long starts its back-off anew
POLL_SECONDS = 0.05
PORT_ATTEMPTS = 4

Say = Callable[[str, str], None]  # name of the speaker, line


class StopRequested(Exception):
    """A signal asked us to stop while things were still being started."""


@dataclass
class Child:
    """A supervised command, its present process and its next pause before a restart."""

    command: Command
    process: Process
    restart_seconds: float = FIRST_RESTART_SECONDS
    restart_at: float | None = None


class Supervisor:
    """A context: on entry it listens to signals, on exit every child is stopped.

    While children are being started the end of any one of them is an error; once `supervise` runs, a child that
    ends is started again after a growing pause, except one that ends with EX_CONFIG: its configuration is wrong,
    trying again cannot help, so everything stops.
    """

    def __init__(self, say: Say) -> None:
        self.say_line = say
        self.children: list[Child] = []
        self.ended: queue.SimpleQueue[Process | None] = queue.SimpleQueue()  # None: a signal came
        self.stop_signals = 0
        self.output_lock = threading.Lock()

    def __enter__(self) -> Self:
        self.previous = {number: signal.signal(number, self.on_signal) for number in STOP_SIGNALS}
        self.warden = Warden()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_all()
        self.warden.close()
        for number, handler in self.previous.items():
            signal.signal(number, handler)

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        self.request_stop()

    def request_stop(self) -> None:
        self.stop_signals += 1
        self.ended.put(None)

    def say(self, name: str, line: str) -> None:
        """Pass a line on. Nobody left to read it is a reason to stop, as for any program in a pipe."""
        try:
            with self.output_lock:
                self.say_line(name, line)
        except (OSError, ValueError):
            if not self.stop_signals:
                self.request_stop()

    def start(self, command: Command, is_ready: Callable[[], bool] | None = None, seconds: float = 60.0) -> Process:
        """Start a child and, with a check, wait until it is ready.

        Raises ProcessEnded when it or any child before it ends, LaunchError when it is not ready in time,
        StopRequested on a signal.
        """
        self.raise_if_over()
        child = Child(command, self.launch(command))
        self.children.append(child)
        if is_ready is not None:
            try:
                self.wait_until(child.process, is_ready, seconds)
            except ProcessEnded:
                self.forget_if_ended(child)
                raise
        return child.process

    def start_on_port(self, preferred: int, command: Callable[[int], Command], is_ready: Callable[[int], bool]) -> int:
        """Start a server on the preferred port where it is free, else on any, wait for it, and return the port.

        Somebody may take a free port before the server does; then it is started on another one.
        Raises as `start` does.
        """
        for attempts_left in reversed(range(PORT_ATTEMPTS)):
            port = free_port(preferred)
            server = command(port)
            try:
                self.start(server, partial(is_ready, port))
            except ProcessEnded as error:
                if error.name != server.name or not attempts_left or not accepts(port):
                    raise
            else:
                return port
        raise AssertionError("the last attempt returns or raises")

    def wait_until(self, process: Process, is_ready: Callable[[], bool], seconds: float = 60.0) -> None:
        def is_ready_or_over() -> bool:
            self.raise_if_over()
            return is_ready()

        process.wait_until(is_ready_or_over, seconds)

    def run_once(self, command: Command, seconds: float = 300.0) -> None:
        """Run a command to its end. Raises ProcessEnded when it fails."""
        self.raise_if_over()
        process = Process(command, self.warden, self.say)
        try:
            deadline = time.monotonic() + seconds
            while process.code is None:
                self.raise_if_over()
                if time.monotonic() > deadline:
                    raise LaunchError(f"{command.name}: expected to end within {seconds:.0f} s, did not.")
                time.sleep(POLL_SECONDS)
        finally:
            process.stop(grace_seconds=5)
        if process.code:
            process.pump.join(timeout=1)  # its last words are on their way
            raise ProcessEnded(command.name, process.code, list(process.last_lines))

    def supervise(self) -> int:
        """Keep the children running until a signal comes (0) or a child's configuration is wrong (its code)."""
        while not self.stop_signals:
            with contextlib.suppress(queue.Empty):
                process = self.ended.get(timeout=self.seconds_to_next_restart())
                child = self.child_of(process)
                if child is not None and child.process.code == os.EX_CONFIG:
                    self.say("launch", f"{child.command.name} cannot run as it is configured; stopping.")
                    return os.EX_CONFIG
                if child is not None:
                    self.plan_restart(child)
            self.restart_what_is_due()
        return 0

    def stop_all(self) -> None:
        """Stop the children: first, all at once, those that serve no other, then the rest, last started first.

        A second signal cuts their grace time short.
        """
        impatient_at = max(self.stop_signals, 1) + 1
        users = [child for child in self.children if not child.command.serves]
        for group in (users, *([child] for child in reversed(self.children) if child.command.serves)):
            for child in group:
                child.restart_at = None
                child.process.ask_to_stop()
            for child in group:
                self.wait_for_end(child, impatient_at)
                child.process.stop(grace_seconds=0)
        self.children.clear()

    # Helpers of the above.

    def launch(self, command: Command) -> Process:
        return Process(command, self.warden, self.say, self.ended.put)

    def forget_if_ended(self, child: Child) -> None:
        if child.process.code is not None:
            child.process.stop(grace_seconds=0)  # what it left in its process group
            self.children.remove(child)

    def wait_for_end(self, child: Child, impatient_at: int) -> None:
        deadline = time.monotonic() + child.command.grace_seconds
        while child.process.code is None and time.monotonic() < deadline and self.stop_signals < impatient_at:
            time.sleep(POLL_SECONDS)

    def raise_if_over(self) -> None:
        if self.stop_signals:
            raise StopRequested
        with contextlib.suppress(queue.Empty):
            while True:
                process = self.ended.get_nowait()
                if process is not None and self.child_of(process) is not None:
                    raise ProcessEnded(process.name, process.code or 0, list(process.last_lines))

    def child_of(self, process: Process | None) -> Child | None:
        return next((child for child in self.children if child.process is process), None)

    def plan_restart(self, child: Child) -> None:
        child.process.stop(grace_seconds=0)  # what it left in its process group
        if time.monotonic() - child.process.started_at > STEADY_SECONDS:
            child.restart_seconds = FIRST_RESTART_SECONDS
        pause = child.restart_seconds
        child.restart_at = time.monotonic() + pause
        child.restart_seconds = min(2 * pause, LONGEST_RESTART_SECONDS)
        self.say("launch", f"{child.command.name} ended with code {child.process.code}; again in {pause:.0f} s.")

    def seconds_to_next_restart(self) -> float | None:
        times = [child.restart_at for child in self.children if child.restart_at is not None]
        return max(0.0, min(times) - time.monotonic()) if times else None

    def restart_what_is_due(self) -> None:
        for child in self.children:
            if child.restart_at is not None and child.restart_at <= time.monotonic():
                child.restart_at = None
                try:
                    child.process = self.launch(child.command)
                except LaunchError as error:
                    self.say("launch", str(error))
                    child.restart_at = time.monotonic() + child.restart_seconds
