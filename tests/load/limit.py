"""Find how many clients one machine carries: raise them until updates come too late, and print what held last.

python -m tests.load.limit                                    one web process, VN30
python -m tests.load.limit --web 2 --symbols all --start 50
"""

import argparse
import asyncio
import gc
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")
django.setup()

from tests.bench.figure import Figure, figure, line  # noqa: E402  (needs the settings)
from tests.load.ages import FOREIGN_BOUGHT, TRADED, market_ages, quantile  # noqa: E402
from tests.load.bounds import MOST_USERS, Refused, bounded  # noqa: E402
from tests.load.crowd import Crowd  # noqa: E402
from tests.load.scenarios import OPENING  # noqa: E402
from tests.stand import Stand  # noqa: E402

TOTALS: Final = {"market": TRADED, "foreign": FOREIGN_BOUGHT}
SETTLE_SECONDS: Final = 1.0


class Step(NamedTuple):
    """What so many clients saw: seconds of age, shares of a core, bytes a second of one client."""

    clients: int
    p50: float
    p99: float
    faults: int
    web: float
    ingest: float
    valkey: float
    generator: float
    bytes_each: float

    def held(self, bar: float) -> bool:
        """Whether nobody lost anything, and updates came in time."""
        return not self.faults and self.p99 <= bar


class Site(NamedTuple):
    """A running stack and where to connect."""

    stand: Stand
    web: list[str]
    urls: list[str]
    recorded: Path


@asynccontextmanager
async def site(channel: str, web: int, symbols: str) -> AsyncIterator[Site]:
    """A stack at the open of a simulated day, with so many web processes."""
    with Stand() as stand:
        recorded, names = stand.directory / "recorded", [f"web{number + 1}" for number in range(web)]
        await asyncio.to_thread(stand.start_database)
        addresses = [await asyncio.to_thread(stand.start_web, name) for name in names]
        await asyncio.to_thread(stand.start_simulator, *OPENING, "--symbols", symbols)
        watched = ("--record", str(recorded), "--watch", symbols)
        await asyncio.to_thread(lambda: stand.start_ingest(*watched))
        yield Site(stand, names, [f"{address}/ws/{channel}/" for address in addresses], recorded)


async def climb(
    *, channel: str, web: int, symbols: str, start: int, most: int, factor: float, bar: float, seconds: float
) -> list[Step]:
    """All steps, the last one being the first that did not hold, or the one with the most clients."""
    steps: list[Step] = []
    async with site(channel, web, symbols) as running:
        crowd = Crowd()
        wanted = start
        while not steps or (steps[-1].held(bar) and steps[-1].clients < most):
            await crowd.connect(running.urls, wanted - len(crowd.clients))
            await asyncio.sleep(SETTLE_SECONDS)
            steps.append(await step(crowd, running, channel, seconds))
            print(f"{wanted} clients: p99 {1000 * steps[-1].p99:.0f} ms", file=sys.stderr, flush=True)
            wanted = min(most, max(wanted + 1, round(wanted * factor)))
        await crowd.leave()
    return steps


async def step(crowd: Crowd, running: Site, channel: str, seconds: float) -> Step:
    """Listen with everybody, and tell what it was like and what it cost."""
    for client in crowd.clients:
        client.at.clear()
        client.gaps = 0
    crowd.texts.clear()
    crowd.lost = crowd.different = 0
    since = time.time()
    names = {"web": running.web, "ingest": ["ingest"], "valkey": ["valkey"]}
    before, own, started = {name: cpu(running.stand, each) for name, each in names.items()}, time.process_time(), now()
    await asyncio.sleep(seconds)
    passed = now() - started
    share = {name: (cpu(running.stand, each) - before[name]) / passed for name, each in names.items()}
    generator = (time.process_time() - own) / passed
    ages = market_ages(crowd, running.recorded, TOTALS[channel], since) or [float("inf")]
    received = sum(len(text) for text in crowd.texts.values()) / passed
    gaps = sum(client.gaps for client in crowd.clients)
    return Step(
        len(crowd.clients), quantile(ages, 0.5), quantile(ages, 0.99), crowd.lost + gaps + crowd.different,
        share["web"], share["ingest"], share["valkey"], generator, received,
    )  # fmt: skip


def now() -> float:
    return time.monotonic()


def cpu(stand: Stand, names: list[str]) -> float:
    return sum(stand.cpu(name) for name in names)


def figures(name: str, web: int, steps: list[Step], bar: float) -> Iterator[Figure]:
    """The most clients that held, what they cost, and what stopped the climb."""
    held = [each for each in steps if each.held(bar)]
    if not held:
        yield figure(f"limit_{name}_clients", 0, "clients", at_least=steps[0].clients, note=why(steps[-1], bar))
        return
    best, last = held[-1], steps[-1]
    note = "no limit found: as many as were asked for" if last is best else why(last, bar)
    yield figure(f"limit_{name}_clients", best.clients, "held", at_least=steps[0].clients, note=note)
    yield figure(f"limit_{name}_age_p50", 1000 * best.p50, "ms")
    yield figure(f"limit_{name}_age_p99", 1000 * best.p99, "ms", at_most=1000 * bar)
    shares = {"web": best.web / web, "ingest": best.ingest, "valkey": best.valkey, "generator": best.generator}
    for process, share in shares.items():
        each = f"each of {web}" if process == "web" and web > 1 else ""
        yield figure(f"limit_{name}_cpu_{process}", 100 * share, "% of a core", note=each)
    yield figure(f"limit_{name}_clients_per_core", best.clients / best.web if best.web else 0, "clients a core")
    yield figure(f"limit_{name}_bytes", best.bytes_each, "bytes/s of a client")


def name_of(channel: str, web: int, symbols: str) -> str:
    """What figures are called by: market, market_whole, market_on_2 ..."""
    return channel + ("_whole" if symbols == "all" else "") + (f"_on_{web}" if web > 1 else "")


def why(step: Step, bar: float) -> str:
    """What did not hold."""
    if step.faults:
        return f"{step.clients} clients: {step.faults} faults"
    return f"{step.clients} clients: p99 {1000 * step.p99:.0f} ms, has to be at most {1000 * bar:.0f}"


def main() -> int:
    """Climb and print; the exit code says whether the first step held."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.load.limit", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--channel", default="market", choices=sorted(TOTALS))
    parser.add_argument("--web", type=int, default=1, choices=range(1, 9), help="web processes")
    parser.add_argument("--symbols", default="vn30", choices=("vn30", "all"))
    parser.add_argument("--start", type=int, default=200, help="clients of the first step")
    parser.add_argument("--most", type=int, default=MOST_USERS, help="clients to end with")
    parser.add_argument("--factor", type=float, default=1.4, help="from step to step")
    parser.add_argument("--bar", type=float, default=0.35, help="seconds that the 99th percentile of ages may reach")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each step")
    options = parser.parse_args()
    try:
        bounded(options.start, options.seconds)
        bounded(options.most, options.seconds)
    except Refused as error:
        parser.error(str(error))
    gc.set_threshold(100_000, 50, 50)  # a pause of the generator would count as one of the server
    steps = asyncio.run(climb(**vars(options)))
    shown = list(figures(name_of(options.channel, options.web, options.symbols), options.web, steps, options.bar))
    for each in shown:
        print(line(each), flush=True)
    return 0 if all(each.ok is not False for each in shown) else 1


if __name__ == "__main__":
    sys.exit(main())
