"""What is measured, each on processes of its own: Valkey, simulator at the open, ingest, two Daphnes, a crowd."""

import asyncio
import os
import platform
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.load.ages import alert_ages, market_ages, quantile
from tests.load.crowd import Crowd
from tests.load.wire import Wire
from tests.stand import Stand

OPENING: Final = ("--start", "09:15")
WEB: Final = ("web1", "web2")
WATCHED: Final = ("valkey", "ingest", *WEB)
ALERTING: Final = ("-m", "tests.load.alerting_ingest")


class Report:
    """Prints what was measured, and remembers whether all bars held."""

    def __init__(self, say: Callable[[dict[str, Any]], None], *, only_bars: bool) -> None:
        self.ok = True
        self._say = say
        self._only_bars = only_bars
        self._on = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"

    def bar(self, name: str, value: float, unit: str, bar: float, *, at_least: bool = False) -> None:
        """A value that must stay below its bar (or reach it)."""
        ok = value >= bar if at_least else value < bar
        self.ok &= ok
        better = "higher" if at_least else "lower"
        told = {"name": name, "value": round(value, 2), "unit": unit, "bar": bar, "ok": ok, "on": self._on}
        self._say(told | {"better": better})

    def note(self, name: str, value: float, unit: str) -> None:
        """A value without a bar."""
        if not self._only_bars:
            self._say({"name": name, "value": round(value, 2), "unit": unit, "bar": None, "ok": True, "on": self._on})


class Bench:
    """A stand with ingest and two web processes, and the addresses of a channel there."""

    def __init__(self, stand: Stand, addresses: list[str], recorded: Path) -> None:
        self.stand = stand
        self.recorded = recorded
        self._addresses = addresses
        self._cpu: dict[str, float] = {}
        self._waited: dict[str, float] = {}
        self._since = 0.0

    def urls(self, channel: str) -> list[str]:
        """Where to connect, one address for each web process."""
        return [f"{address}/ws/{channel}/" for address in self._addresses]

    def start_cpu(self) -> None:
        """Count CPU from here."""
        self._since = time.monotonic()
        self._cpu = {name: self.stand.cpu(name) for name in WATCHED}
        self._waited = {name: self.stand.waited(name) for name in WATCHED}

    def note_cost(self, report: Report, scenario: str, clients: int, empty: float) -> None:
        """Report the share of a core that each process took, and the memory of a client."""
        passed = time.monotonic() - self._since
        for name in WATCHED:
            cpu, waited = self.stand.cpu(name) - self._cpu[name], self.stand.waited(name) - self._waited[name]
            report.note(f"{scenario}_cpu_{name}", 100 * cpu / passed, "% of a core")
            report.note(f"{scenario}_waited_{name}", 100 * waited / passed, "% of the time for a core")
        report.note(f"{scenario}_memory_per_client", 1000 * (self.web_memory() - empty) / clients, "kB")

    def web_memory(self) -> float:
        """MB of the web processes together."""
        return sum(self.stand.memory(name) for name in WEB)


@asynccontextmanager
async def bench(
    *simulator: str, ingest: tuple[str, ...] = (), program: tuple[str, ...] = ("manage.py", "ingest")
) -> AsyncIterator[Bench]:
    """Start everything at the open of a simulated day."""
    with Stand() as stand:
        recorded = stand.directory / "recorded"
        await asyncio.to_thread(stand.start_database)
        addresses = [stand.start_web(name) for name in WEB]
        await asyncio.to_thread(stand.start_simulator, *OPENING, *simulator)
        await asyncio.to_thread(lambda: stand.start_ingest("--record", str(recorded), *ingest, program=program))
        yield Bench(stand, addresses, recorded)


async def measured(bench: Bench, report: Report, name: str, channel: str, clients: int, seconds: float) -> Crowd:
    """Connect a crowd, listen, and report what holds for every crowd."""
    crowd = Crowd()
    empty = bench.web_memory()
    started = time.monotonic()
    await crowd.connect(bench.urls(channel), clients)
    report.note(f"{name}_connect_seconds", time.monotonic() - started, "s")
    bench.start_cpu()
    await asyncio.sleep(seconds)
    bench.note_cost(report, name, clients, empty)
    await crowd.leave()
    report.bar(f"{name}_clients_lost", crowd.lost, "clients", 1)
    report.bar(f"{name}_gaps", sum(client.gaps for client in crowd.clients), "gaps", 1)
    report.bar(f"{name}_receiving", sum(bool(client.at) for client in crowd.clients), "clients", clients, at_least=True)
    report.bar(f"{name}_frames_that_differ", crowd.different, "frames", 1)
    return crowd


def report_ages(report: Report, name: str, ages: list[float], p50: float | None, p99: float) -> None:
    """Report quantiles of ages in milliseconds."""
    report.note(f"{name}_samples", len(ages), "receipts")
    half = 1000 * quantile(ages, 0.5)
    if p50 is None:
        report.note(f"{name}_age_p50", half, "ms")
    else:
        report.bar(f"{name}_age_p50", half, "ms", p50)
    report.bar(f"{name}_age_p99", 1000 * quantile(ages, 0.99), "ms", p99)
    report.note(f"{name}_age_max", 1000 * max(ages, default=float("nan")), "ms")


def update_size(crowd: Crowd) -> float:
    """Bytes of an update on average."""
    sizes = [len(text) for text in crowd.texts.values()] or [0]
    return sum(sizes) / len(sizes)


async def market_500(report: Report, seconds: float) -> None:
    """500 clients of VN30."""
    async with bench() as running:
        crowd = await measured(running, report, "market_500", "market", 500, seconds)
        report_ages(report, "market_500", market_ages(crowd, running.recorded), 150, 350)
        report.bar("market_500_update_bytes", update_size(crowd), "bytes", 16_000)


async def market_1000(report: Report, seconds: float) -> None:
    """1,000 clients of VN30."""
    async with bench() as running:
        started = time.monotonic()
        crowd = Crowd()
        await crowd.connect(running.urls("market"), 1000)
        report.bar("market_1000_connect", time.monotonic() - started, "s", 20)
        await crowd.leave()
        crowd = await measured(running, report, "market_1000", "market", 1000, seconds)
        report_ages(report, "market_1000", market_ages(crowd, running.recorded), None, 600)


async def alerts_500(report: Report, seconds: float) -> None:
    """500 clients of alerts."""
    async with bench(program=ALERTING) as running:
        crowd = await measured(running, report, "alerts_500", "alerts", 500, seconds)
        report_ages(report, "alerts_500", alert_ages(crowd), None, 150)


async def reconnect_300(report: Report, seconds: float) -> None:
    """300 clients that all come back at once."""
    async with bench() as running:
        crowd = Crowd()
        await crowd.connect(running.urls("market"), 300)
        await asyncio.sleep(2)
        started = time.time()
        await crowd.reconnect(running.urls("market"))
        right = max(client.snapshot_at or float("inf") for client in crowd.clients)
        report.bar("reconnect_300_all_right", right - started, "s", 2)
        before = sum(client.gaps for client in crowd.clients)
        await asyncio.sleep(min(seconds, 5))
        report.bar("reconnect_300_gaps_left", sum(client.gaps for client in crowd.clients) - before, "gaps", 1)
        await crowd.leave()


async def whole_100(report: Report, seconds: float) -> None:
    """100 clients of the whole market."""
    async with bench("--symbols", "all", ingest=("--watch", "all")) as running:
        crowd = await measured(running, report, "whole_100", "market", 100, seconds)
        report_ages(report, "whole_100", market_ages(crowd, running.recorded), None, 700)
        report.note("whole_100_update_bytes", update_size(crowd), "bytes")


class Deaf:
    """A client that never reads."""

    def opened(self, wire: Wire) -> None:
        wire.transport.pause_reading()

    def got(self, wire: Wire, text: bytes, at: float) -> None:
        return

    def closed(self, wire: Wire, code: int | None) -> None:
        return


async def deaf_50(report: Report, seconds: float) -> None:
    """50 clients that never read, beside 100 that do. They are let go after 40 seconds, so measure before."""
    async with bench() as running:
        crowd = Crowd()
        await crowd.connect(running.urls("market"), 100)
        await asyncio.sleep(3)
        empty = running.web_memory()
        address = running.stand.ports["web1"], running.stand.ports["web2"]
        loop = asyncio.get_running_loop()
        for number in range(50):
            port = address[number % 2]
            await loop.create_connection(partial(Wire, "/ws/market/", f"127.0.0.1:{port}", Deaf()), "127.0.0.1", port)
        await asyncio.sleep(max(30.0, seconds))
        report.bar("deaf_50_memory", running.web_memory() - empty, "MB", 50)
        await crowd.leave()
        report.bar("deaf_50_others_lost", crowd.lost, "clients", 1)
        report_ages(report, "deaf_50_others", market_ages(crowd, running.recorded), 150, 350)


SCENARIOS: Final[dict[str, Callable[[Report, float], Coroutine[Any, Any, None]]]] = {
    "market_500": market_500,
    "market_1000": market_1000,
    "alerts_500": alerts_500,
    "reconnect_300": reconnect_300,
    "whole_100": whole_100,
    "deaf_50": deaf_50,
}
