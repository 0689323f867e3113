"""The socket of one symbol's page over a real Valkey."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import pytest
from channels.testing import WebsocketCommunicator

from market.pages.live_board import LiveBoard
from market.pages.symbol_consumer import Cards, SymbolConsumer
from tests.market.live_rows import Publisher, index_row, market_row
from tests.market.pages.test_board_consumer import QUICK, Page
from tests.patience import PATIENT_SECONDS


@pytest.fixture
def publisher(redis_url: str) -> Publisher:
    publisher = Publisher()
    publisher.store_all({symbol: market_row(symbol) for symbol in ("ACB", "HPG")})
    return publisher


@asynccontextmanager
async def opened(**query: str) -> AsyncIterator[Page]:
    consumer = SymbolConsumer.as_asgi(cards=Cards(), board=LiveBoard(), pace=QUICK)
    communicator = WebsocketCommunicator(consumer, f"/ws/symbol/?{urlencode({'language': 'vi'} | query)}")
    connected, _ = await communicator.connect(timeout=PATIENT_SECONDS)
    assert connected
    try:
        yield Page(communicator, acks=True)
    finally:
        await communicator.disconnect(timeout=PATIENT_SECONDS)


async def test_snapshot_holds_the_symbol_alone(publisher: Publisher) -> None:
    async with opened(symbol="hpg") as page:
        frame = await page.frame("snapshot")
    assert set(frame["rows"]) == {"HPG"}
    assert frame["rows"]["HPG"]["last"][0].startswith("1795144504 27450 12345600 ")
    assert 'id="status"' in page.html[0]


async def test_update_brings_what_changed_and_nothing_of_others(publisher: Publisher) -> None:
    async with opened(symbol="HPG") as page:
        await page.frame("snapshot")
        await publisher.update("market", {"ACB": {"price": 26_000.0}})
        await publisher.update("market", {"HPG": {"foreign_room": 1_000}})
        frame = await page.frame("cells")
    assert frame["rows"] == {"HPG": {"room": ["1.000", ""]}}


async def test_index_follows_its_own_channel(publisher: Publisher) -> None:
    async with opened(symbol="VN30", kind="index") as page:
        await page.frame("snapshot")
        await publisher.update("index", {"VN30": {"value": 1930.25}})
        await page.until("VN30", "price", "1.930,25")


async def test_new_epoch_brings_a_snapshot(publisher: Publisher) -> None:
    async with opened(symbol="VNINDEX", kind="index", language="en") as page:
        await page.frame("snapshot")
        restarted = Publisher("e2")
        restarted.store_all({})
        await restarted.update("index", {"VNINDEX": index_row(value=1700.0)})
        frame = await page.frame("snapshot")
        while frame["rows"]["VNINDEX"]["price"][0] != "1,700.00":
            frame = await page.frame("snapshot")


async def test_symbol_that_is_not_live_yet_fills_in(publisher: Publisher) -> None:
    async with opened(symbol="VCB") as page:
        assert (await page.frame("snapshot"))["rows"] == {}
        await publisher.update("market", {"VCB": market_row("VCB")})
        await page.until("VCB", "price", "27,45")


async def test_address_without_a_symbol_is_refused(publisher: Publisher) -> None:
    async with opened(kind="stock") as page:
        assert await page.close_code() == 4400
