"""How many anonymous snapshots a second nginx serves in front of two web processes, while the market moves."""

import asyncio
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.api import OPEN, SNAPSHOT, busy, keep_publishing, publish
from tests.bench.figure import Figure, figure
from tests.bench.servers import running
from tests.nginx import Nginx, find_nginx
from tracker.launch.ports import LOOPBACK, accepts
from tracker.launch.process import Process, Warden

SECONDS = 10
CLIENTS = 50
CHANGES_EVERY = 0.2
BAR = 3000


def figures() -> Iterator[Figure]:
    """Measure, or say in one line why not."""
    generator = shutil.which("wrk") or shutil.which("ab")
    if find_nginx() is None or generator is None:
        missing = "nginx" if find_nginx() is None else "wrk or ab"
        print(f"proxy: skipped, {missing} is not installed (Debian: nginx-light, wrk)", file=sys.stderr)
        return
    with running(2, **OPEN, TRUSTED_PROXIES=LOOPBACK, BEHIND_PROXY="true") as servers, TemporaryDirectory() as folder:
        publish(servers.redis_url)
        nginx = Nginx(Path(folder), servers.web_ports)
        warden = Warden()
        process = Process(nginx.command(), warden)
        stop, loop = asyncio.Event(), asyncio.new_event_loop()
        moving = threading.Thread(
            target=loop.run_until_complete, args=(keep_publishing(servers.redis_url, CHANGES_EVERY, stop),)
        )
        try:
            process.wait_until(lambda: accepts(nginx.https), seconds=20)
            moving.start()
            rate, failed = load(generator, nginx.url + SNAPSHOT)
            asked = sum('"cache":"HIT"' not in line for line in nginx.access_log.read_text().splitlines())
            note = f"{Path(generator).name}, TLS, {CLIENTS} clients, {failed} failed, {asked} went to Python, {busy()}"
            yield figure("proxy_snapshots", 0.0 if failed else rate, "1/s", at_least=BAR, note=note)
        finally:
            loop.call_soon_threadsafe(stop.set)
            moving.join()
            process.stop()
            warden.close()


def load(generator: str, url: str) -> tuple[float, int]:
    """Ask for as long and as fast as it goes: answers a second, and how many were none."""
    if generator.endswith("wrk"):
        arguments = [generator, "-t1", f"-c{CLIENTS}", f"-d{SECONDS}s", url]
        rate, bad = r"Requests/sec:\s+([\d.]+)", (r"Non-2xx or 3xx responses: (\d+)", r"timeout (\d+)")
    else:
        arguments = [generator, "-q", "-k", f"-c{CLIENTS}", f"-t{SECONDS}", "-n10000000", url]
        rate, bad = r"Requests per second:\s+([\d.]+)", (r"Non-2xx responses:\s+(\d+)", r"Failed requests:\s+(\d+)")
    said = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    found = re.search(rate, said)
    failed = sum(int(match[1]) for pattern in bad if (match := re.search(pattern, said)))
    return float(found[1]) if found else 0.0, failed
