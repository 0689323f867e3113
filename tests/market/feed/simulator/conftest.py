"""A market of a few quiet symbols, so that a whole day takes a second, and a server that plays it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession

from market.feed.simulator import Simulator, SimulatorOptions
from market.feed.simulator.day import Day
from market.feed.simulator.frames import Frame
from market.feed.simulator.history import History
from market.feed.simulator.instruments import Universe, indices_of, listed
from market.feed.simulator.names import VN30, Company
from market.feed.simulator.schedule import DAY_END, at
from market.feed.simulator.stage import SyntheticStage

DAY = date(2026, 11, 20)
CREDENTIALS = {"consumerID": "id", "consumerSecret": "secret"}


def small_universe(seed: int = 7) -> Universe:
    """Return seven stocks over three boards, each with a few hundred trades a day."""
    calm = [Company(c.symbol, c.price, c.shares, c.free, 250, c.name, c.english) for c in VN30[4:9]]
    stocks = [listed(company, "HOSE") for company in calm]
    stocks.append(listed(Company("SHS", 24900, 894, 0.5, 300, "CTCP SHS", "SHS"), "HNX"))
    stocks.append(listed(Company("VGI", 78600, 3044, 0.1, 80, "CTCP VGI", "VGI"), "UPCOM"))
    return Universe(stocks=stocks, indices=indices_of(stocks), seed=seed, front_trades=1_500)


def small_day(seed: int = 7) -> Day:
    universe = small_universe(seed)
    return Day(universe, History(universe), DAY)


def content(frame: Frame) -> dict[str, Any]:
    """Return a frame's Content."""
    outer = msgspec.json.decode(frame.text)
    assert outer["DataType"] == frame.kind
    inner: dict[str, Any] = msgspec.json.decode(outer["Content"])
    assert inner["RType"] == frame.kind
    return inner


@pytest.fixture(scope="package")
def played() -> tuple[Day, list[tuple[str, dict[str, Any]]]]:
    """A whole day and all its messages."""
    day = small_day()
    messages = []
    while not day.is_over:
        messages += [(frame.kind, content(frame)) for frame in day.advance(day.now + 60_000)]
    assert day.now >= DAY_END
    return day, messages


Serve = Callable[..., AbstractAsyncContextManager[Simulator]]


@pytest.fixture
def serve() -> Serve:
    """Start a simulator of the small market at some time of its day."""

    @asynccontextmanager
    async def started(start: int = at(9, 16), **options: Any) -> AsyncIterator[Simulator]:
        given = {"speed": 20.0, "keep_alive": 0.2, **options}
        async with Simulator(SimulatorOptions(start=start, **given), SyntheticStage(small_universe(), DAY)) as server:
            yield server

    return started


@asynccontextmanager
async def logged_in(server: Simulator) -> AsyncIterator[ClientSession]:
    """Yield a session that carries a token."""
    async with ClientSession(server.url) as session:
        async with session.post("api/v2/Market/AccessToken", json=CREDENTIALS) as answer:
            token = (await answer.json())["data"]["accessToken"]
        session.headers["Authorization"] = f"Bearer {token}"
        yield session
