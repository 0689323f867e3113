"""The launcher's commands as a person runs them: real processes, real servers, real signals."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from tests.launched import Launched, children_of, is_running, launch, wait_until
from tracker.launch.accounts import unprivileged_account
from tracker.launch.places import data_directory
from tracker.launch.ports import accepts


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
