"""How long the server takes for a page, while the market moves, and what a page weighs on the wire."""

import asyncio
import gzip
import http.client
import re
import time
from collections.abc import Iterator
from urllib.parse import urljoin

from tests.bench.figure import Figure, figure
from tests.bench.market_day import keep_publishing, market, publish
from tests.bench.servers import Servers, running
from tracker.launch.ports import LOOPBACK

OPEN = {"ANONYMOUS_READ": "true"}
RUNS = 60
PAUSE_SECONDS = 0.03  # less often, and every page would find the rows that an earlier one has read
DEMO = (
    "/",
    "/?list=FUTURES",
    "/overview/",
    "/foreign/",
    "/volume/",
    "/derivatives/",
    "/symbol/HPG/",
    "/signals/",
    "/summary/",
    "/about/",
)
WHOLE = ("/?list=HOSE", "/?list=HNX", "/?list=UPCOM", "/?list=ALL", "/foreign/?list=HOSE", "/volume/?list=HOSE")
WEIGHED = ("/", "/?list=HOSE")
ASSET = re.compile(r'(?:src|href)="(/static/[^"]+)"')
IMPORT = re.compile(rb'from "(\./[^"]+)"')


def figures() -> Iterator[Figure]:
    """Measure on servers of our own: demo data first, then the whole market."""
    with running(1, **OPEN) as servers:
        rows = market()
        few = dict(list(rows.items())[:30])
        publish(servers.redis_url, few)
        for path, took in timed(servers, few, DEMO).items():
            yield figure(f"pages_demo {path} p95", took, "ms", at_most=60)
        publish(servers.redis_url, rows)
        for path, took in timed(servers, rows, WHOLE).items():
            yield figure(f"pages_whole {path} p95", took, "ms", at_most=250)
        for path in WEIGHED:
            size, parts = weight(servers.web_ports[0], path)
            yield figure(f"pages_bytes {path}", size, "bytes", at_most=200_000, note=parts)


def timed(servers: Servers, rows: dict[str, dict[str, object]], paths: tuple[str, ...]) -> dict[str, float]:
    """The 95th percentile of each path, milliseconds to the last byte, with an update every fifth of a second."""

    async def measure() -> dict[str, float]:
        stop = asyncio.Event()
        publishing = asyncio.create_task(keep_publishing(servers.redis_url, rows, stop))
        found = {path: await asyncio.to_thread(percentile, servers.web_ports[0], path) for path in paths}
        stop.set()
        await publishing
        return found

    return asyncio.run(measure())


def percentile(port: int, path: str) -> float:
    took = []
    for run in range(RUNS + 3):
        started = time.perf_counter()
        fetch(port, path)
        if run >= 3:  # the first ones of a process import and compile
            took.append((time.perf_counter() - started) * 1000)
        time.sleep(PAUSE_SECONDS)
    return sorted(took)[int(RUNS * 0.95)]


def fetch(port: int, path: str) -> tuple[int, bytes]:
    """The bytes of an answer on the wire, head included, and its body as a browser sees it."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
    try:
        connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{path}: expected 200, was {response.status}")
        head = sum(len(name) + len(value) + 4 for name, value in response.getheaders())
        packed = response.getheader("Content-Encoding") == "gzip"
        return len(body) + head, gzip.decompress(body) if packed else body
    finally:
        connection.close()


def weight(port: int, path: str) -> tuple[int, str]:
    """Bytes of a page and everything that it loads, the scripts that its scripts import included; and of its parts."""
    size, html = fetch(port, path)
    sizes = {"html": size}
    waiting = [address for address in ASSET.findall(html.decode()) if not address.startswith("/static/vendor/")]
    while waiting:
        address = waiting.pop()
        if address not in sizes:
            sizes[address], text = fetch(port, address)
            if address.endswith(".js"):
                waiting += [urljoin(address, each.decode()) for each in IMPORT.findall(text)]
    largest = sorted(sizes.items(), key=lambda each: -each[1])[:4]
    return sum(sizes.values()), ", ".join(f"{name.rsplit('/', 1)[-1]} {each}" for name, each in largest)
