"""A real PostgreSQL and a real Valkey for the tests, started when the first test asks for them.

PostgreSQL starts with pytest-django's database (`db`, `transactional_db`, `@pytest.mark.django_db`), Valkey
with the fixture `redis_url`, which empties it. Where DATABASE_URL or REDIS_URL is set, those servers are used
instead; that Redis database must be empty, because tests empty it.
"""

import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from django.apps import apps
from django.db import connections
from hypothesis import settings as hypothesis_settings

from tests import settings as test_settings
from tracker.launch.accounts import unprivileged_account
from tracker.launch.places import temporary_directory
from tracker.launch.postgres import Postgres
from tracker.launch.process import Process, Warden
from tracker.launch.valkey import Valkey

hypothesis_settings.register_profile("any machine", deadline=None)  # a busy one needs a second for nothing
hypothesis_settings.load_profile("any machine")


@pytest.fixture(scope="session")
def warden() -> Iterator[Warden]:
    """The process that ends the servers should this test run be killed."""
    warden = Warden()
    yield warden
    warden.close()


@pytest.fixture(scope="session")
def postgres_url(warden: Warden) -> Iterator[str]:
    """Address of a running PostgreSQL server; the tests' database is made in it by pytest-django."""
    url = os.environ["DATABASE_URL"]
    if test_settings.POSTGRES_PORT is None:
        yield url
        return
    directory = temporary_directory(unprivileged_account())
    warden.remove(directory)
    server = Postgres(directory, test_settings.POSTGRES_PORT.port, lasting=False, password=urlsplit(url).password or "")
    server.prepare()
    process = Process(server.command(), warden)
    try:
        process.wait_until(server.is_ready)
        yield url
    finally:
        process.stop()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None, postgres_url: str) -> None:
    """Start the server before pytest-django makes its database."""


@pytest.fixture(scope="session")
def valkey_server(warden: Warden) -> Iterator[str]:
    """Address of a running Redis-compatible server. Ask for `redis_url`, which is empty for each test."""
    url = os.environ["REDIS_URL"]
    if test_settings.VALKEY_PORT is None:
        with redis.Redis.from_url(url) as client:
            assert client.dbsize() == 0, "REDIS_URL: expected an empty database, because tests empty it"
        yield url
        return
    directory = temporary_directory(None)
    warden.remove(directory)
    server = Valkey(directory, test_settings.VALKEY_PORT.port, password=urlsplit(url).password or "")
    process = Process(server.command(), warden)
    try:
        process.wait_until(server.is_ready)
        yield url
    finally:
        process.stop()


@pytest.fixture
def redis_url(valkey_server: str) -> str:
    """Address of a running, empty Redis: the one in settings.REDIS_URL and in the channel layer."""
    with redis.Redis.from_url(valkey_server) as client:
        client.flushdb()
    return valkey_server


@pytest.fixture
def seeded_database(transactional_db: None) -> None:
    """What a fresh installation's migrations put there; a transactional test before may have emptied the database.

    Not `serialized_rollback`: it stumbles over the content types that Django makes again after a flush.
    """
    with connections["default"].schema_editor() as editor:
        import_module("market.migrations.0002_seed").seed(apps, editor)


@pytest.fixture
def process_environment(transactional_db: None, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment for a process of ours (`manage.py ...`) that sees the tests' database and Redis."""
    database = connections["default"].settings_dict["NAME"]
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}").geturl()
    ours = {"DJANGO_SETTINGS_MODULE": "tracker.settings", "SPOOL_DIR": str(tmp_path / "spool")}
    return os.environ | ours | {"DATABASE_URL": address}
