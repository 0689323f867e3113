"""docker/backup and docker/restore on a real PostgreSQL, with the programs of its own wheel."""

import os
import shutil
import stat
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.integration.killable import ROOT, Database, run
from tracker.launch.accounts import unprivileged_account
from tracker.launch.places import common_temporary_directory
from tracker.launch.postgres import programs, wheel

TIMESCALE_URL = os.environ.get("TIMESCALE_URL", "")
TABLES = ("market_instrument", "market_bar", "alerts_alertrule", "django_migrations", "auth_user")
BAR = """
    INSERT INTO market_bar (symbol, at, open, high, low, close, volume, value, buy_volume, sell_volume, neutral_volume,
                            trades, source)
    SELECT 'HPG', timestamptz '2026-11-20 09:15+07' + n * interval '1 minute', 1, 2, 1, 2, n, n, 0, 0, n, 1, 'live'
    FROM generate_series(0, 99) AS n
"""

OF_TIMESCALE = (
    "SELECT hypertable_name, num_chunks FROM timescaledb_information.hypertables ORDER BY 1",
    "SELECT hypertable_name, is_compressed FROM timescaledb_information.chunks WHERE hypertable_name = 'market_bar'",
    "SELECT view_name FROM timescaledb_information.continuous_aggregates ORDER BY 1",
    "SELECT proc_name, hypertable_name, scheduled FROM timescaledb_information.jobs WHERE job_id >= 1000 ORDER BY 1, 2",
    "SELECT * FROM market_bar_5m ORDER BY at",
)


def script(name: str, *arguments: str, url: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one of docker's scripts on a database."""
    folder = programs(wheel(), unprivileged_account(), common_temporary_directory())
    ours = {"DATABASE_URL": url, "PATH": f"{folder}:{os.environ['PATH']}", **environment}
    command = ["sh", str(ROOT / "docker" / name), *arguments]
    return subprocess.run(command, env=os.environ | ours, capture_output=True, text=True, timeout=120, check=False)


def counts(url: str) -> dict[str, int]:
    """Rows of some tables."""
    with psycopg.connect(url) as connection:
        found = {table: connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() for table in TABLES}
    return {table: int(row[0]) if row else 0 for table, row in found.items()}


def test_backup_is_restored_into_an_empty_database_and_only_there(killable_database: Database, tmp_path: Path) -> None:
    source, target = killable_database.fresh("backup_source"), killable_database.empty("backup_target")
    with psycopg.connect(source) as connection:
        connection.execute(BAR.encode())
    done = script("backup", str(tmp_path), url=source)
    assert done.returncode == 0, done.stderr
    file = Path(done.stdout.strip())
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    done = script("restore", str(file), url=target)
    assert done.returncode == 0, done.stderr
    assert "100 bars" in done.stdout
    assert counts(target) == counts(source)
    run("migrate", "--check", DATABASE_URL=target)

    again = script("restore", str(file), url=target)
    assert (again.returncode, "expected an empty database" in again.stderr) == (1, True)
    assert counts(target) == counts(source)


@pytest.mark.timescale
@pytest.mark.skipif(not TIMESCALE_URL, reason="TIMESCALE_URL is not set")
def test_backup_of_timescale_is_restored_with_chunks_aggregates_and_policies(tmp_path: Path) -> None:
    """On a server no newer than the wheel's programs; its role makes databases and the extension."""
    urls = [urlsplit(TIMESCALE_URL)._replace(path=f"/backup_{name}").geturl() for name in ("source", "target")]
    with psycopg.connect(TIMESCALE_URL, dbname="postgres", autocommit=True) as connection:
        for name in ("source", "target"):
            connection.execute(f"DROP DATABASE IF EXISTS backup_{name} WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE backup_{name}".encode())
    source, target = urls
    run("migrate", "--verbosity", "0", DATABASE_URL=source)
    with psycopg.connect(source, autocommit=True) as connection:
        connection.execute(BAR.replace("2026-11-20", "2026-03-20").encode())
        connection.execute("CALL refresh_continuous_aggregate('market_bar_5m', NULL, '2026-04-01')")
        connection.execute("SELECT compress_chunk(c, if_not_compressed => TRUE) FROM show_chunks('market_bar') AS c")
    file = script("backup", str(tmp_path), url=source).stdout.strip()

    (tmp_path / "torn").write_bytes(Path(file).read_bytes()[:-9000])
    done = script("restore", str(tmp_path / "torn"), url=target)
    assert (done.returncode, "drop the database" in done.stderr) == (1, True), done.stderr
    with psycopg.connect(TIMESCALE_URL, dbname="postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE backup_target WITH (FORCE)")
        connection.execute("CREATE DATABASE backup_target")

    done = script("restore", file, url=target)
    assert done.returncode == 0, done.stderr
    assert "100 bars" in done.stdout
    assert counts(target) == counts(source)
    for query in OF_TIMESCALE:
        with psycopg.connect(source) as one, psycopg.connect(target) as other:
            wanted = one.execute(query.encode()).fetchall()
            assert wanted and other.execute(query.encode()).fetchall() == wanted
    run("migrate", "--check", DATABASE_URL=target)


def test_backup_of_something_else_is_refused_and_leaves_nothing(killable_database: Database, tmp_path: Path) -> None:
    done = script("backup", str(tmp_path), url=killable_database.empty("backup_nothing"))
    assert (done.returncode, "expected the table market_bar" in done.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_backup_keeps_the_newest_ones(killable_database: Database, tmp_path: Path) -> None:
    source = killable_database.fresh("backup_kept")
    for day in range(10, 16):
        (tmp_path / f"tracker-202611{day}T000000Z.dump").touch()
    done = script("backup", str(tmp_path), url=source, KEEP="3")
    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names[:2] == ["tracker-20261114T000000Z.dump", "tracker-20261115T000000Z.dump"]
    assert len(names) == 3


@pytest.mark.parametrize("file", ["address", "missing"])
def test_backup_takes_its_address_from_a_file(killable_database: Database, tmp_path: Path, file: str) -> None:
    (tmp_path / "address").write_text(killable_database.fresh(f"backup_by_{file}"))
    (tmp_path / "backups").mkdir()
    done = script("backup", str(tmp_path / "backups"), url="", DATABASE_URL_FILE=str(tmp_path / file))
    assert (done.returncode == 0) == (file == "address")
    shutil.rmtree(tmp_path / "backups")
