"""What the real processes tell Prometheus, and whether alerts and dashboards ask for nothing else."""

import asyncio
import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websockets
import yaml
from django.conf import settings
from prometheus_client.parser import text_string_to_metric_families

from tests.monitoring.queries import FOREIGN, PROMETHEUS, dashboard_queries, names_used
from tests.ports import held_port
from tests.stand import Stand
from tracker.launch.ports import LOOPBACK
from tracker.launch.process import Command, Process

JOBS = ("ingest", "standby", "web", "worker", "courier", "beat")
# Nothing happened that these count: no fault of the feed, no delivery. A simulation has no delay.
MAY_BE_EMPTY = {
    "market-data: Behind the exchange", "market-data: Not used, by reason", "market-data: Alerts by kind",
    "application: Deliveries of the last 15 minutes", "application: Deliveries to be made",
}  # fmt: skip


class Monitored(Stand):
    """A whole stack in which each process serves its metrics; `told` asks one of them."""

    def measured(self, name: str) -> int:
        """Give the next process that starts a port for its metrics."""
        port = self.ports[f"metrics {name}"] = held_port()
        self.environment["METRICS_PORT"] = str(port)
        return port

    def start_all(self) -> None:
        """Start everything, with an open market."""
        self.start_database()
        self.start_simulator("--start", "09:15", "--speed", "5")
        celery = ("-m", "celery", "--quiet", "--app", "tracker")
        self.measured("ingest")
        self.start("ingest", "manage.py", "ingest")
        self.measured("worker")
        self.start("worker", *celery, "worker", "--concurrency", "1")
        self.measured("courier")
        self.start("courier", *celery, "worker", "--pool", "solo", "--hostname", "courier@%h", "--queues", "delivery")
        self.measured("beat")
        self.start("beat", *celery, "beat")
        self.measured("web")
        self.start_web()
        self.wait_for_line("ingest", "live snapshot is complete")
        self.measured("standby")
        self.start("standby", "manage.py", "ingest", "--standby")

    def told(self, name: str) -> str:
        """The metrics of a process, in Prometheus's form; empty while it does not answer."""
        try:
            with urllib.request.urlopen(
                f"http://{LOOPBACK}:{self.ports[f'metrics {name}']}/metrics", timeout=5
            ) as said:
                return str(said.read().decode())
        except OSError:
            return ""

    def values(self, name: str) -> dict[str, float]:
        """Samples of a process: `name{label="value"}` to value."""
        families = text_string_to_metric_families(self.told(name))
        return {
            sample.name + (json.dumps(sample.labels, sort_keys=True) if sample.labels else ""): sample.value
            for family in families
            for sample in family.samples
        }

    def get(self, path: str) -> Any:
        """A JSON answer of the web process, whatever its status."""
        with urllib.request.urlopen(f"http://{LOOPBACK}:{self.ports['web']}{path}", timeout=10) as said:
            return json.load(said)


@pytest.fixture(scope="module")
def stand() -> Iterator[Monitored]:
    """Everything, once worker and beat have turned and a client has listened."""
    with Monitored() as stand:
        stand.start_all()
        asyncio.run(listen(f"ws://{LOOPBACK}:{stand.ports['web']}/ws/market/"))
        until(lambda: stand.get("/health/ready")["status"] == "ok", "every part to be ready")
        until(lambda: 'outcome="success"' in stand.told("worker"), "a task to end")
        until(lambda: "tracker_ingest_leader 0.0" in stand.told("standby"), "the standby to stand by")
        yield stand
        for name in ("standby", "ingest", "worker", "courier", "beat", "web"):
            stand.kill(name)  # none has anything to lose


async def listen(address: str) -> None:
    """Take a snapshot and some updates, and say so."""
    async with websockets.connect(address) as socket:
        for _ in range(5):
            frame = json.loads(await asyncio.wait_for(socket.recv(), 20))
            await socket.send(json.dumps({"type": "ack", "seq": frame["seq"]}))


def until(holds: Any, what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited for {what}"
        time.sleep(0.2)


def plain(name: str) -> str:
    """The name of a histogram's family."""
    return name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum")


def names_exposed(stand: Monitored) -> set[str]:
    """Every name that some process tells, be it without a value yet."""
    found: set[str] = set()
    for job in JOBS:
        for family in text_string_to_metric_families(stand.told(job)):
            suffixes = {"histogram": ("_bucket", "_count", "_sum"), "counter": ("_total",)}.get(family.type, ("",))
            found |= {family.name + suffix for suffix in suffixes}
    return found


def test_processes_tell_every_metric_that_alerts_and_dashboards_ask_for(stand: Monitored) -> None:
    assert names_used() - FOREIGN - names_exposed(stand) == set()


def test_dashboards_and_alerts_leave_no_metric_of_ours_unused(stand: Monitored) -> None:
    ours = {plain(name) for name in names_exposed(stand) if name.startswith("tracker_")}
    assert ours - {plain(name) for name in names_used()} == set()


def test_ingest_tells_what_it_took_stored_and_sent(stand: Monitored) -> None:
    told = stand.values("ingest")
    assert told["tracker_ingest_leader"] == told["tracker_feed_session_open"] == told["tracker_ingest_redis_up"] == 1
    assert told['tracker_feed_messages_total{"type": "Snapshot"}'] > 100
    assert told["tracker_storage_rows_total"] > 0
    assert told['tracker_broadcast_frame_bytes_count{"channel": "market", "kind": "update"}'] > 0
    assert told["tracker_feed_age_seconds"] < 30
    assert stand.values("standby")["tracker_ingest_leader"] == 0


def test_web_tells_of_its_sockets_and_answers(stand: Monitored) -> None:
    told = stand.values("web")
    assert told['tracker_sockets_opened_total{"channel": "market"}'] == 1
    assert told['tracker_socket_frames_total{"channel": "market"}'] >= 5
    assert told['tracker_socket_acks_total{"channel": "market"}'] == 5
    assert told['tracker_sockets_closed_total{"channel": "market", "code": "0"}'] == 1
    assert told['tracker_http_seconds_count{"method": "GET", "route": "health/ready", "status": "200"}'] > 0


def test_worker_tells_of_queues_tasks_and_the_database(stand: Monitored) -> None:
    told = stand.values("worker")
    assert told["tracker_database_up"] == told["tracker_redis_up"] == 1
    assert told['tracker_heartbeat_age_seconds{"process": "beat"}'] < 45
    assert 'tracker_queue_length{"queue": "celery"}' in told
    ended = sum(value for name, value in told.items() if name.startswith("tracker_tasks_total"))
    assert ended == sum(value for name, value in told.items() if name.startswith("tracker_task_seconds_count")) > 0


def test_crowd_of_the_load_file_says_what_it_saw(stand: Monitored) -> None:
    address = f"ws://{LOOPBACK}:{stand.ports['web']}/ws/index/"
    arguments = [sys.executable, "-m", "tests.load.against", address, "--clients", "5", "--seconds", "3"]
    done = subprocess.run(arguments, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    said = {line["name"]: line["value"] for line in map(json.loads, done.stdout.splitlines())}
    assert said["against_connected"] == 5 and said["against_updates"] > 0 and said["against_gaps"] == 0


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed (Debian: prometheus)")
def test_dashboards_show_something_on_a_real_prometheus(stand: Monitored, tmp_path: Path) -> None:
    port = held_port()
    process = start_prometheus(stand, tmp_path, port)
    try:
        until(lambda: up(port) == len(JOBS), "all targets to be up")
        until(lambda: query(port, "min(count_over_time(up[1m]))") != [] and oldest(port) >= 4, "some scrapes")
        queries = dashboard_queries()
        ours = {panel: each for panel, each in queries.items() if not any(name in q for name in FOREIGN for q in each)}
        empty = {panel for panel, each in ours.items() if not all(query(port, one) for one in each)}
        assert empty - MAY_BE_EMPTY == set()
        for each in queries.values():
            for one in each:
                query(port, one)
        assert {alert["labels"]["alertname"] for alert in alerts(port)} <= {"ProcessRestarting"}
    finally:
        process.stop()


def start_prometheus(stand: Monitored, directory: Path, port: int) -> Process:
    """Start one with our rules, which asks the stand's processes every second."""
    jobs = {"standby": "ingest", "courier": "worker"}
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(PROMETHEUS / "rules.yml")],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": targets}]}
            for job, targets in grouped({name: jobs.get(name, name) for name in JOBS}, stand).items()
        ],
    }
    file = directory / "prometheus.yml"
    file.write_text(yaml.safe_dump(config))
    arguments = ["prometheus", f"--config.file={file}", f"--storage.tsdb.path={directory / 'data'}"]
    arguments += [f"--web.listen-address={LOOPBACK}:{port}", "--log.level=error"]
    process = Process(Command("prometheus", arguments, directory), stand.warden)
    process.wait_until(lambda: is_ready(port), seconds=60)
    return process


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/-/ready", timeout=5) as said:
            return bool(said.status == 200)
    except OSError:
        return False


def grouped(jobs: dict[str, str], stand: Monitored) -> dict[str, list[str]]:
    """Targets by job."""
    found: dict[str, list[str]] = {}
    for name, job in jobs.items():
        found.setdefault(job, []).append(f"{LOOPBACK}:{stand.ports[f'metrics {name}']}")
    return found


def api(port: int, path: str) -> Any:
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/api/v1/{path}", timeout=10) as said:
            return json.load(said)["data"]
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{path}: {error.read().decode()[:300]}") from error


def query(port: int, text: str) -> list[Any]:
    """The result of a query; an error of it fails the test."""
    found: list[Any] = api(port, f"query?{urllib.parse.urlencode({'query': text})}")["result"]
    return found


def up(port: int) -> int:
    return sum(int(each["value"][1]) for each in query(port, "up"))


def oldest(port: int) -> float:
    return float(query(port, "min(count_over_time(up[1m]))")[0]["value"][1])


def alerts(port: int) -> list[Any]:
    return [each for each in api(port, "alerts")["alerts"] if each["state"] == "firing"]
