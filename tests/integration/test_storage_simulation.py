"""Recovery over the wire: the market goes on while ingest is dead, and everything still adds up."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from market.feed.simulator import Simulator, SimulatorOptions
from tests.integration.conftest import StartIngest, patient
from tests.integration.killable import Ingest

OPTIONS = SimulatorOptions(day=date(2026, 11, 20), start=33_300_000, speed=20.0, consumer_id="id", consumer_secret="s")
PATIENT_SECONDS = 40.0
OPEN = 1_795_107_600  # midnight of the day in Vietnam, epoch seconds
STATES = "SELECT code, state FROM market_symbolstate WHERE kind = 'symbol'"
VOLUMES = "SELECT symbol, sum(volume)::bigint FROM market_trade GROUP BY symbol"
NEWEST = "SELECT max(extract(epoch FROM at))::bigint FROM market_trade"


@pytest_asyncio.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """A simulated market from 09:15, twenty times as fast as a real one."""
    async with Simulator(OPTIONS) as simulator:
        yield simulator


def listen(start_ingest: StartIngest, simulator: Simulator, folder: str = "one") -> Ingest:
    """Start ingest on a simulated market."""
    address = {"SSI_DATA_URL": simulator.url, "SSI_STREAM_URL": simulator.url}
    return start_ingest(**address, folder=folder, SSI_CONSUMER_ID="id", SSI_CONSUMER_SECRET="s")


def ask(url: str, query: str) -> list[Any]:
    """Rows of a query."""
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


async def until_stored(url: str, simulator: Simulator) -> dict[str, Any]:
    """Stop the market, wait until the database knows each symbol's last total, and return the states."""
    simulator.pause()
    async with asyncio.timeout(PATIENT_SECONDS):
        while True:
            states: dict[str, Any] = dict(await asyncio.to_thread(ask, url, STATES))
            truth = simulator.truth()["symbols"]
            behind = [code for code, state in states.items() if state["total_volume"] != truth[code]["total_volume"]]
            if states and not behind:
                return states
            await asyncio.sleep(0.2)


async def until_newer(url: str, than: int) -> int:
    """Wait for trades from after an epoch second; the newest one's."""
    async with asyncio.timeout(PATIENT_SECONDS):
        while not (newest := (await asyncio.to_thread(ask, url, NEWEST))[0][0]) or newest <= than:
            await asyncio.sleep(0.1)
        return int(newest)


def unclassified(state: dict[str, Any]) -> int:
    """Volume of a symbol that was not seen being traded."""
    return sum(int(phase["unclassified"]) for phase in state["volumes"]["phases"].values())


@pytest.mark.parametrize(
    "folder", [pytest.param("one", id="on its machine"), pytest.param("two", id="elsewhere", marks=patient)]
)
async def test_ingest_killed_while_the_market_goes_on_counts_what_it_missed_as_unclassified(
    simulator: Simulator, start_ingest: StartIngest, database_url: str, folder: str
) -> None:
    first = listen(start_ingest, simulator)
    seen = await until_newer(database_url, 0)
    await until_newer(database_url, seen + 30)
    first.kill()
    before = {code: unclassified(state) for code, state in ask(database_url, STATES)}
    second = listen(start_ingest, simulator, folder)
    await asyncio.to_thread(second.wait_for, f"from {'folder' if folder == 'one' else 'database'}")
    dead = simulator.stage.now
    await until_newer(database_url, OPEN + dead // 1000 + 60)
    states = await until_stored(database_url, simulator)
    volumes = dict(ask(database_url, VOLUMES))
    for code, state in states.items():
        assert volumes.get(code, 0) + unclassified(state) == state["total_volume"], code
        assert unclassified(state) >= before.get(code, 0)
    assert sum(map(unclassified, states.values())) > sum(before.values())


@patient
async def test_ingest_at_another_simulation_of_the_same_day_begins_anew(
    simulator: Simulator, start_ingest: StartIngest, database_url: str
) -> None:
    first = listen(start_ingest, simulator)
    await until_newer(database_url, OPEN + 33_300 + 120)
    first.kill()
    async with Simulator(OPTIONS) as second:
        listen(start_ingest, second)
        await until_newer(database_url, 0)
        states = await until_stored(database_url, second)
        volumes = dict(ask(database_url, VOLUMES))
        for code, state in states.items():
            assert volumes.get(code, 0) + unclassified(state) == state["total_volume"], code
        assert ask(database_url, "SELECT count(DISTINCT identity) FROM market_ingestrun") == [(2,)]
