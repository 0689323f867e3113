"""What `manage.py ingest` says when it cannot start, one line and an exit code, and how it ends when it is told to."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from market.feed.recording import read_messages
from market.storage.folder import Folder
from tests.integration.killable import wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
DAY = ROOT / "tests" / "data" / "small-day.jsonl"
NO_DATABASE = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "RECOVERY_WAIT_SECONDS": "0"}


def refused_port() -> int:
    """A loopback port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command until it ends by itself."""
    with begin(*arguments, **environment) as process:
        output, errors = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def begin(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start the command."""
    settings = {"DJANGO_SETTINGS_MODULE": "tracker.settings", "ENV_FILE": os.devnull, **NO_DATABASE, **environment}
    command = [sys.executable, "manage.py", "ingest", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | settings, stdout=pipe, stderr=pipe, text=True)


def test_ingest_without_credentials_names_both_variables() -> None:
    done = start(SSI_CONSUMER_ID="", SSI_CONSUMER_SECRET="")
    assert done.returncode != 0
    assert "SSI_CONSUMER_ID and SSI_CONSUMER_SECRET" in done.stderr.splitlines()[-1]


def test_ingest_with_an_address_that_never_answers_ends_with_its_name(tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{refused_port()}/"
    done = start(SSI_CONSUMER_ID="a", SSI_CONSUMER_SECRET="hidden", SSI_DATA_URL=address, SPOOL_DIR=str(tmp_path))
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].startswith(f"CommandError: SSI_DATA_URL: expected SSI FastConnect at {address}")
    assert "hidden" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--source", "elsewhere"), "--source: expected ssi or file:PATH, was 'elsewhere'"),
        (("--source", "file:/nonexistent.jsonl"), "/nonexistent.jsonl: expected a recording"),
        (("--source", "file:pyproject.toml"), "pyproject.toml: expected a recording"),
        (("--source", "file:pyproject.toml", "--speed", "-1"), "--speed: expected a number above 0 or max, was '-1'"),
    ],
)
def test_ingest_with_a_bad_source_ends_with_one_line(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = start(*arguments, SPOOL_DIR=str(tmp_path))
    assert done.returncode != 0
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_ingest_with_a_bad_setting_names_variable_value_and_expectation() -> None:
    done = start(BROADCAST_INTERVAL_MS="soon")
    assert done.returncode != 0
    assert "BROADCAST_INTERVAL_MS: expected a whole number from 20 to 5000, was 'soon'" in done.stderr


def test_ingest_told_to_end_closes_what_it_opened_and_ends_well(tmp_path: Path) -> None:
    records, spool = tmp_path / "records", tmp_path / "spool"
    with begin("--source", f"file:{DAY}", "--record", str(records), SPOOL_DIR=str(spool)) as process:
        wait_until(lambda: (records / "2026-11-20.jsonl.gz").exists(), "messages to be recorded")
        process.send_signal(signal.SIGTERM)
        said = "".join(process.communicate(timeout=60))
    assert process.returncode == 0
    assert "Stopped after" in said
    assert "Traceback" not in said
    recorded = [line for file in sorted(records.iterdir()) for line in read_messages(file)]
    assert 0 < len(recorded) < len(DAY.read_bytes().splitlines())
    folder = Folder(spool / "none")
    assert list(folder.spool.iterdir())  # what was left went there, as there is no database
    assert folder.read_checkpoint() is None  # a replay that was stopped begins anew
    folder.close()
