"""The live feed against the simulator and its fault switches."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date

import pytest
import pytest_asyncio

from market.feed.client import FastConnectSource, channels_for
from market.feed.errors import FatalFeedError
from market.feed.parse import Parser
from market.feed.rest import FastConnectRest
from market.feed.simulator import Simulator, SimulatorOptions
from market.feed.simulator.faults import MALFORMED
from tests.market.feed.running import PATIENT, QUICK, Feed
from tests.market.feed.venue import MESSAGE, broadcast

# One simulator for all: making its market takes longer than most tests. Hence one event loop for all.
pytestmark = pytest.mark.asyncio(loop_scope="module")
OPTIONS = SimulatorOptions(
    day=date(2026, 11, 20), start=33_300_000, speed=20.0, keep_alive=0.75, consumer_id="id", consumer_secret="s"
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def market() -> AsyncIterator[Simulator]:
    """A simulated market from 09:15, twenty times as fast as a real one."""
    async with Simulator(OPTIONS) as simulator:
        yield simulator


@pytest.fixture
def simulator(market: Simulator) -> Simulator:
    """The simulator without faults."""
    market.faults.reset()
    return market


@pytest_asyncio.fixture(loop_scope="module")
async def rest(simulator: Simulator) -> AsyncIterator[FastConnectRest]:
    """A REST client of it."""
    async with FastConnectRest(simulator.url, "id", "s", calls_per_second=1000, quota_wait_seconds=0.01) as rest:
        yield rest


@pytest_asyncio.fixture(loop_scope="module")
async def feed(simulator: Simulator, rest: FastConnectRest) -> AsyncIterator[Feed]:
    """A running source of the stocks' channel."""
    feed = Feed(FastConnectSource(rest, simulator.url, ["X:ALL"], timing=QUICK))
    await feed.message()
    yield feed
    await feed.stop()


async def fresh_message(feed: Feed) -> None:
    """Wait for a message that comes after all that is here already."""
    while not feed.messages.empty():
        feed.messages.get_nowait()
    await feed.message()


async def test_source_receives_every_type_of_channel_and_the_parser_reads_all(
    simulator: Simulator, rest: FastConnectRest
) -> None:
    feed = Feed(FastConnectSource(rest, simulator.url, channels_for("all"), timing=QUICK))
    parser = Parser()
    kinds: Counter[str] = Counter()
    async with asyncio.timeout(PATIENT):
        while len(kinds) < 4:
            kinds[type(parser.parse(await feed.message())).__name__] += 1
    assert feed.source.kind == "simulation"
    await feed.stop()


async def test_source_dropped_by_the_simulator_comes_back(simulator: Simulator, feed: Feed) -> None:
    assert simulator.faults.drop_sockets() == 1
    await feed.state("waiting")
    await feed.state("connected")
    await fresh_message(feed)


async def test_source_silenced_by_the_simulator_gives_the_connection_up(simulator: Simulator, feed: Feed) -> None:
    simulator.faults.silence()
    assert "no frame" in (await feed.state("waiting")).detail
    simulator.faults.reset()
    await fresh_message(feed)


@pytest.mark.parametrize("how", ["body", "http"])
async def test_source_refused_by_the_simulator_fetches_another_token(
    simulator: Simulator, feed: Feed, how: str
) -> None:
    simulator.faults.unauthorized(2, "http" if how == "http" else "body")
    simulator.faults.drop_sockets()
    await feed.state("waiting")
    await feed.state("connected")
    await fresh_message(feed)


async def test_source_whose_tokens_ended_comes_back(simulator: Simulator, feed: Feed) -> None:
    simulator.faults.expire_tokens()
    simulator.faults.drop_sockets()
    await feed.state("waiting")
    await feed.state("connected")
    await fresh_message(feed)


async def test_rest_whose_tokens_ended_goes_on(simulator: Simulator, rest: FastConnectRest) -> None:
    assert await rest.index_components("VN30") is not None
    simulator.faults.expire_tokens()
    components = await rest.index_components("VN30")
    assert components is not None
    assert len(components.symbols) == 30
    assert rest.simulated


async def test_rest_over_quota_waits_and_goes_on(simulator: Simulator, rest: FastConnectRest) -> None:
    simulator.faults.quota(2)
    assert await rest.index_components("VN30") is not None


async def test_source_blocked_by_the_simulator_shows_it_and_comes_back(simulator: Simulator, feed: Feed) -> None:
    simulator.faults.block_stream()
    simulator.faults.drop_sockets()
    assert "has been blocked" in (await feed.state("blocked")).detail
    simulator.faults.reset()
    await feed.state("connected")
    await fresh_message(feed)


@pytest.mark.parametrize("kind", sorted(set(MALFORMED) - {"hub_error", "error_result"}))
async def test_source_survives_each_malformed_frame(simulator: Simulator, feed: Feed, kind: str) -> None:
    simulator.faults.malform(kind)
    simulator.faults.send_raw(broadcast(MESSAGE))  # comes right behind it
    while await feed.message() != MESSAGE:
        pass
    assert not {"waiting", "blocked"} & set(feed.states)
    assert feed.source.rejected == {"array": {"frame_not_object": 1}, "truncated": {"frame_not_json": 1}}.get(kind, {})


@pytest.mark.parametrize(("kind", "state"), [("hub_error", "blocked"), ("error_result", "waiting")])
async def test_source_told_of_an_error_connects_again(simulator: Simulator, feed: Feed, kind: str, state: str) -> None:
    simulator.faults.malform(kind)
    await feed.state(state)
    await feed.state("connected")
    await fresh_message(feed)


async def test_source_with_wrong_credentials_is_fatal(simulator: Simulator) -> None:
    async with FastConnectRest(simulator.url, "id", "wrong", calls_per_second=1000) as rest:
        with pytest.raises(FatalFeedError, match="The connection is invalid"):
            await FastConnectSource(rest, simulator.url, ["X:ALL"]).run(lambda text, at: None, lambda: None)


async def test_rest_rows_of_the_simulator_are_all_readable(
    rest: FastConnectRest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    first, last = date(2026, 9, 1), date(2026, 11, 19)
    assert [row.symbol async for row in rest.securities("HOSE")]
    assert all([row.last_trading_date async for row in rest.securities_details("DER")])
    assert [row async for row in rest.index_list()]
    assert all([row.close async for row in rest.daily_ohlc("ACB", first, last)])
    assert all([row.foreign_buy_vol_total is not None async for row in rest.daily_stock_price("ACB", first, last)])
    assert all([row.index_value async for row in rest.daily_index("VN30", first, last)])
    bars = [row async for row in rest.intraday_ohlc("ACB", last, last)]
    assert bars == sorted(bars, key=lambda bar: bar.minute)
    assert "cannot be read" not in caplog.text
