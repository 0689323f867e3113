"""Servers of a bench's own: PostgreSQL, Valkey and web processes, ended with the bench whatever happens."""

import http.client
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.ports import held_port
from tracker.launch.accounts import unprivileged_account
from tracker.launch.places import temporary_directory
from tracker.launch.ports import LOOPBACK
from tracker.launch.postgres import Postgres
from tracker.launch.process import Command, Process, Warden
from tracker.launch.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent.parent
DATABASE = "bench"


class Servers(NamedTuple):
    """Addresses of what runs, and the environment that names them."""

    database_url: str
    redis_url: str
    web_ports: tuple[int, ...]
    environment: dict[str, str]


@contextmanager
def running(web_processes: int, **settings: str) -> Iterator[Servers]:
    """Run everything, migrated and empty; `settings` are variables for the web processes."""
    with ExitStack() as stack:
        warden = Warden()
        stack.callback(warden.close)
        account = unprivileged_account()
        directory = temporary_directory(account)
        stack.callback(shutil.rmtree, directory)
        postgres = Postgres(directory, held_port(), lasting=False)
        postgres.prepare()
        start(stack, warden, postgres.command()).wait_until(postgres.is_ready)
        redis_directory = temporary_directory(None)
        stack.callback(shutil.rmtree, redis_directory)
        valkey = Valkey(redis_directory, held_port())
        start(stack, warden, valkey.command()).wait_until(valkey.is_ready)
        own = {
            "DATABASE_URL": postgres.ensure_database(DATABASE), "REDIS_URL": valkey.url, "ENV_FILE": os.devnull,
            "DJANGO_SETTINGS_MODULE": "tracker.settings", "DATABASE_POOL_SIZE": "8", **settings,
        }  # fmt: skip
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, cwd=ROOT, env=os.environ | own, check=True)
        ports = tuple(start_web(stack, warden, own) for _ in range(web_processes))
        yield Servers(own["DATABASE_URL"], valkey.url, ports, own)


def start(stack: ExitStack, warden: Warden, command: Command) -> Process:
    process = Process(command, warden)
    stack.callback(process.stop)
    return process


def start_web(stack: ExitStack, warden: Warden, environment: dict[str, str]) -> int:
    port = held_port()
    daphne = ["-m", "daphne", "--verbosity", "0", "--bind", LOOPBACK, "--port", str(port), "tracker.asgi:application"]
    command = Command("web", [sys.executable, *daphne], ROOT, environment=environment)
    start(stack, warden, command).wait_until(lambda: answers(port))
    return port


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
