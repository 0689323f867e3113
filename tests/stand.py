"""Real processes of ours, each to be started, killed and started again: Valkey, simulator, ingest, Daphne.

Without `start_database` DATABASE_URL leads nowhere: sockets have to do without one.
"""

import os
import secrets
import shutil
import signal
import sys
import urllib.error
import urllib.request
from collections import defaultdict
from pathlib import Path
from typing import Self

from django.conf import settings

from tests.ports import held_port
from tracker.launch.accounts import unprivileged_account
from tracker.launch.errors import LaunchError
from tracker.launch.places import temporary_directory
from tracker.launch.ports import LOOPBACK, accepts
from tracker.launch.postgres import Postgres
from tracker.launch.process import Command, Process, Warden
from tracker.launch.stack import APPLICATION, SOCKET_LIMITS
from tracker.launch.valkey import Valkey

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")
LEAVING_SECONDS = 3.0  # none of them has anything to lose


class Stand:
    """What runs, by name. Every line that a process wrote is in `said`, or `said_before`."""

    postgres: Postgres

    def __init__(self, **environment: str) -> None:
        self.warden = Warden()
        self.directory = temporary_directory(None)
        self.directories = [self.directory]
        self.said: defaultdict[str, list[str]] = defaultdict(list)
        self.said_before: defaultdict[str, list[str]] = defaultdict(list)  # of processes of that name that ended
        self.processes: dict[str, Process] = {}
        self.ports: dict[str, int] = {}
        self.valkey = Valkey(self.directory, held_port(), password=secrets.token_hex(8))
        self.environment = {
            "DATABASE_URL": f"postgres://nobody@{LOOPBACK}:1/none",
            "REDIS_URL": self.valkey.url,
            "DJANGO_SETTINGS_MODULE": "tracker.settings",
            "ENV_FILE": os.devnull,
            "RUN_DIR": str(self.directory / "run"),
            "ANONYMOUS_READ": "true",
            "WS_CONNECTIONS_PER_ADDRESS": "10000",
            **environment,
        }

    def __enter__(self) -> Self:
        self.start_valkey()
        return self

    def __exit__(self, *exception: object) -> None:
        for process in self.processes.values():
            if not process.command.serves:
                process.ask_to_stop()  # all at once: workers take their time
        for process in reversed(self.processes.values()):
            process.stop(grace_seconds=LEAVING_SECONDS)
        self.warden.close()
        for directory in self.directories:
            shutil.rmtree(directory, ignore_errors=True)

    def start(self, name: str, *arguments: str) -> Process:
        """Start a Python program of ours in the project's root."""
        command = Command(name, [sys.executable, *arguments], settings.BASE_DIR, environment=self.environment)
        return self._run(command)

    def _run(self, command: Command) -> Process:
        self.said_before[command.name] += self.said.pop(command.name, [])
        process = Process(command, self.warden, lambda name, line: self.said[name].append(line))
        self.processes[command.name] = process
        return process

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal, by default the one that leaves no time for anything, and wait for the end."""
        process = self.processes[name]
        process.popen.send_signal(number)
        process.popen.wait(timeout=30)

    def start_valkey(self) -> None:
        """Start an empty Valkey, always at the same address."""
        self._run(self.valkey.command()).wait_until(self.valkey.is_ready)

    def start_postgres(self) -> None:
        """Start the server of `start_database` again, after a kill too."""
        self.postgres.prepare()
        self._run(self.postgres.command()).wait_until(self.postgres.is_ready)

    def start_database(self) -> None:
        """Start a PostgreSQL with our tables."""
        directory = temporary_directory(unprivileged_account())
        self.directories.append(directory)
        self.postgres = Postgres(directory, held_port(), lasting=False)
        self.start_postgres()
        self.environment["DATABASE_URL"] = self.postgres.url("postgres")
        migrate = self.start("migrate", "manage.py", "migrate", "--verbosity", "0")
        if migrate.popen.wait(timeout=120):
            raise LaunchError("\n".join(self.said["migrate"]))

    def start_simulator(self, *options: str) -> None:
        """Start the exchange."""
        port = self.ports["simulator"] = held_port()
        process = self.start("simulator", "manage.py", "simulate", "--port", str(port), *options)
        process.wait_until(lambda: accepts(port), seconds=60)
        address = f"http://{LOOPBACK}:{port}/"
        self.environment |= {"SSI_DATA_URL": address, "SSI_STREAM_URL": address}
        self.environment |= {"SSI_CONSUMER_ID": "test", "SSI_CONSUMER_SECRET": "test"}

    def start_ingest(self, *options: str, program: tuple[str, ...] = ("manage.py", "ingest")) -> None:
        """Start ingest; it is ready when Redis holds its rows."""
        self.start("ingest", *program, *options)
        self.wait_for_line("ingest", "live snapshot is complete")

    def wait_for_line(self, name: str, part: str) -> None:
        """Wait until a running process writes such a line, or has written it."""
        self.processes[name].wait_until(lambda: any(part in line for line in self.said[name]), seconds=60)

    def start_web(self, name: str = "web", *options: str, port: int = 0) -> str:
        """Start a Daphne, and return the address of its sockets."""
        port = self.ports[name] = port or held_port()
        daphne = ("-m", "daphne", "--verbosity", "0", "--bind", LOOPBACK, "--port", str(port), *SOCKET_LIMITS)
        process = self.start(name, *daphne, *options, APPLICATION)
        process.wait_until(lambda: answers(port), seconds=60)
        return f"ws://{LOOPBACK}:{port}"

    def memory(self, name: str) -> float:
        """Resident MB of a process."""
        statm = Path(f"/proc/{self.processes[name].pid}/statm").read_text().split()
        return int(statm[1]) * PAGE_BYTES / 1e6

    def cpu(self, name: str) -> float:
        """Seconds of CPU that a process has used."""
        fields = Path(f"/proc/{self.processes[name].pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def waited(self, name: str) -> float:
        """Seconds that a process was ready to run and got no core: the share of others in what was measured."""
        return int(Path(f"/proc/{self.processes[name].pid}/schedstat").read_text().split()[1]) / 1e9


def answers(port: int) -> bool:
    """Whether a web server answers, with whatever."""
    try:
        urllib.request.urlopen(f"http://{LOOPBACK}:{port}/nothing-here", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
