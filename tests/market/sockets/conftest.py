"""A market on a real Valkey, and a web process that tells of it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import connections

from market import live
from tests.market.live_market import OPEN, Market, trade
from tests.market.sockets.web_process import Open, web_process


@pytest_asyncio.fixture
async def market(redis_url: str) -> AsyncIterator[Market]:
    client = live.connect()
    market = Market(client, get_channel_layer())
    for code in ("ACB", "HPG"):
        market.apply(trade(code, OPEN, 100.0, 25_000.0))
    await market.broadcaster.flush()
    yield market
    await client.aclose()


@pytest_asyncio.fixture
async def database(transactional_db: None) -> AsyncIterator[None]:
    """The database, for the thread that event loops use, whose connection would outlive the test."""
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture
def server(redis_url: str) -> Open:
    """Opens sockets of one web process."""
    return web_process()
