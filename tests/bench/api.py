"""How fast the REST API is: live answers under load, history with ten million trades stored. docs/api.md explains."""

import asyncio
import http.client
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import msgspec
import psycopg
import redis
import redis.asyncio

from market.live import meta_key, rows_key
from tests.bench.figure import Figure, figure
from tests.bench.servers import Servers, running
from tests.market.live_rows import VN30, random_row, status
from tracker.launch.ports import LOOPBACK

SQL = Path(__file__).with_name("history.sql")
RATE = 500
SECONDS = 15.0
CLIENTS = 50
ONE_IN = 5  # polls of a client, of which one finds the snapshot changed
RUNS = 200
OPEN = {"ANONYMOUS_READ": "true", "API_REQUESTS_PER_MINUTE_PER_ADDRESS": "10000000"}
SNAPSHOT = "/api/market/snapshot"
HISTORY = {
    "candles_of_a_minute_day": "/api/history/{symbol}/candles?interval=1m&from=2026-11-{day}&to=2026-11-{day}",
    "candles_of_a_year_of_days": "/api/history/{symbol}/candles?interval=1d&from=2025-11-20&to=2026-11-20&limit=260",
    "ticks_page": "/api/history/{symbol}/ticks?limit=100&to=2026-11-{day}",
    "ticks_page_of_large_buys": "/api/history/{symbol}/ticks?limit=100&side=buy&min_volume=1000&to=2026-11-{day}",
    "foreign_day_by_minutes": "/api/history/{symbol}/foreign?interval=1m&from=2026-11-{day}&to=2026-11-{day}",
}


def figures() -> Iterator[Figure]:
    """Measure on servers of our own."""
    with running(2, **OPEN) as servers:
        publish(servers.redis_url)
        yield from live_figures(servers)
        started = time.perf_counter()
        trades = fill(servers.database_url)
        yield figure(
            "api_trades_stored",
            trades,
            "trades",
            at_least=10_000_000,
            note=f"{time.perf_counter() - started:.0f} s to fill",
        )
        for name, address in HISTORY.items():
            took = sorted(timed(servers.web_ports[0], address))
            note = f"p95 {took[int(len(took) * 0.95)]:.1f} ms, {busy()}"
            yield figure(f"api_{name}", median(took), "ms", at_most=20, note=note)


# --- Live -----------------------------------------------------------------------------------------------------


class Load(NamedTuple):
    """What a run of many clients saw."""

    per_second: float
    p50: float
    p95: float
    changed: float
    failed: int

    def words(self) -> str:
        return f"p50 {self.p50:.1f} ms, {100 * self.changed:.0f} % with a body, {self.failed} failed, {busy()}"


def live_figures(servers: Servers) -> Iterator[Figure]:
    """The snapshot: at the wanted rate with and without tags, then as fast as it goes."""
    for name, tags in (("tagged", True), ("always_whole", False)):
        load = asyncio.run(under_load(servers, RATE, tags))
        held = load.per_second >= 0.98 * RATE and not load.failed
        yield figure(
            f"api_snapshot_{name}_rate_of_{RATE}", load.per_second, "1/s", at_least=0.98 * RATE, note=load.words()
        )
        yield figure(f"api_snapshot_{name}_p95_at_{RATE}", load.p95 if held else 1e9, "ms", at_most=100, note=busy())
    load = asyncio.run(under_load(servers, None, True))
    yield figure("api_snapshot_most", load.per_second, "1/s", note=load.words())


async def under_load(servers: Servers, rate: int | None, tags: bool) -> Load:
    """Let clients poll for a while, each on a connection of its own, evenly spread, over all web processes."""
    took: list[float] = []
    seen = {200: 0, 304: 0}
    pause = CLIENTS / rate if rate else 0.0
    ends = asyncio.get_running_loop().time() + SECONDS
    stop = asyncio.Event()
    publishing = asyncio.create_task(keep_publishing(servers.redis_url, ONE_IN * pause or 0.2, stop))
    started = time.perf_counter()
    polls = [
        poll(
            servers.web_ports[number % len(servers.web_ports)], pause, number / CLIENTS * pause, ends, tags, took, seen
        )
        for number in range(CLIENTS)
    ]
    await asyncio.gather(*polls)
    lasted = time.perf_counter() - started
    stop.set()
    await publishing
    took.sort()
    failed = sum(count for code, count in seen.items() if code not in (200, 304))
    p50, p95 = (took[int(len(took) * part)] * 1000 for part in (0.5, 0.95))
    return Load(len(took) / lasted, p50, p95, seen[200] / len(took), failed)


async def poll(
    port: int, pause: float, offset: float, ends: float, tags: bool, took: list[float], seen: dict[int, int]
) -> None:
    """One client. What comes late is asked for at once, and its time counts from when it was due."""
    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    due = loop.time() + offset
    tag = b""
    while due < ends:
        await asyncio.sleep(max(0.0, due - loop.time()))
        asked = due if pause else loop.time()
        match = b"If-None-Match: %b\r\n" % tag if tags and tag else b""
        writer.write(b"GET %b HTTP/1.1\r\nHost: localhost\r\n%b\r\n" % (SNAPSHOT.encode(), match))
        code, tag = await answer(reader)
        took.append(loop.time() - asked)
        seen[code] = seen.get(code, 0) + 1
        due = due + pause if pause else loop.time()
    writer.close()


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and tag of an answer; its body is read and dropped."""
    head = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in head[1:])}
    code = int(head[0].split()[1])
    if code != 304:
        await reader.readexactly(int(headers[b"content-length"]))
    return code, headers.get(b"etag", b"")


async def keep_publishing(url: str, every: float, stop: asyncio.Event) -> None:
    """Change a few rows of the snapshot, again and again."""
    draw = random.Random(7)
    loop = asyncio.get_running_loop()
    seq, due = int(time.time() * 1000), loop.time()
    async with redis.asyncio.Redis.from_url(url) as client:
        while not stop.is_set():
            seq += 1
            rows = {symbol: msgspec.json.encode(random_row(symbol, draw)) for symbol in draw.sample(VN30, 5)}
            async with client.pipeline(transaction=True) as pipe:
                pipe.hset(rows_key("market"), mapping=rows)  # type: ignore[arg-type]
                pipe.set(meta_key("market"), meta(seq))
                await pipe.execute()
            due += every
            await asyncio.sleep(max(0.0, due - loop.time()))


def publish(url: str) -> None:
    """Write a first snapshot."""
    draw = random.Random(7)
    with redis.Redis.from_url(url) as client:
        rows = {symbol: msgspec.json.encode(random_row(symbol, draw)) for symbol in VN30}
        client.hset(rows_key("market"), mapping=rows)  # type: ignore[arg-type]
        client.set(meta_key("market"), meta(1))


def meta(seq: int) -> bytes:
    said = status()
    return msgspec.json.encode(
        {"epoch": "bench", "seq": seq, "time": said["time"], "status": said, "written_at": time.time()}
    )


# --- History --------------------------------------------------------------------------------------------------


def fill(url: str) -> int:
    """Store ten million trades and what belongs to them; return how many there are."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute(SQL.read_bytes())
        connection.execute("VACUUM ANALYZE market_trade, market_bar, market_dailybar, market_foreignflow")
        row = connection.execute("SELECT count(*) FROM market_trade").fetchone()
    return int(row[0]) if row else 0


def timed(port: int, address: str) -> list[float]:
    """Milliseconds from asking to the last byte, over one connection, of ever other symbols and days."""
    draw = random.Random(3)
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
    took = []
    for _ in range(RUNS):
        path = address.format(symbol=draw.choice(VN30), day=draw.choice((16, 17, 18, 19, 20)))
        started = time.perf_counter()
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        took.append((time.perf_counter() - started) * 1000)
        if response.status != 200 or len(body) < 2000:
            raise RuntimeError(f"{path}: expected rows, was {response.status} {body[:200]!r}")
    connection.close()
    return took


def busy() -> str:
    """How busy the machine is now."""
    return f"load {os.getloadavg()[0]:.1f}"
