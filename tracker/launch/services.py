"""PostgreSQL and Redis for a demo or a developer: the ones that are given, else our own."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tracker.launch.accounts import unprivileged_account
from tracker.launch.places import data_directory
from tracker.launch.postgres import Postgres
from tracker.launch.run_directory import RunDirectory
from tracker.launch.supervisor import Supervisor
from tracker.launch.valkey import Valkey

# Not the well-known ports: a server that somebody starts later shall find its own free.
POSTGRES_PORT = 15432
VALKEY_PORT = 16379


@dataclass(frozen=True)
class Services:
    """Addresses of the running servers."""

    database_url: str
    redis_url: str


def start_services(
    supervisor: Supervisor, run_directory: Path, database: str, database_url: str = "", redis_url: str = ""
) -> Services:
    """Start what is not given. `database` is the name of the database to make in our own PostgreSQL."""
    return Services(
        database_url or start_postgres(supervisor, run_directory, database),
        redis_url or start_valkey(supervisor, run_directory),
    )


def remove_data(run_directory: Path) -> None:
    """Remove what our own servers keep. Raises LaunchError while a launcher runs."""
    held = RunDirectory(run_directory)
    shutil.rmtree(data_directory(run_directory, unprivileged_account()))
    held.close()


def start_postgres(supervisor: Supervisor, run_directory: Path, database: str) -> str:
    server = Postgres(data_directory(run_directory, unprivileged_account()), POSTGRES_PORT, lasting=True)
    server.prepare()
    supervisor.start_on_port(server.port, server.command_on, lambda port: server.is_ready())
    return server.ensure_database(database)


def start_valkey(supervisor: Supervisor, run_directory: Path) -> str:
    server = Valkey(run_directory, VALKEY_PORT)
    supervisor.start_on_port(server.port, server.command_on, lambda port: server.is_ready())
    return server.url
