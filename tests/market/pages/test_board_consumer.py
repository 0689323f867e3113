"""The page's socket over a real Valkey, with the rows that ingest would write."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
import redis
from channels.layers import channel_layers
from channels.testing import WebsocketCommunicator

from market.live import LiveSnapshot, LiveUnavailable, snapshot
from market.pages import foreign as foreign_page
from market.pages.board_consumer import BoardConsumer, Pace
from market.pages.live_board import LiveBoard
from tests.market.live_rows import Publisher, foreign_row, index_row, market_row
from tests.patience import PATIENT_SECONDS
from tests.ports import held_port

QUICK = Pace(interval=0.02, heartbeat=0.2)
Frame = dict[str, Any]


@pytest.fixture
def publisher(redis_url: str) -> Publisher:
    publisher = Publisher()
    publisher.store_all({symbol: market_row(symbol) for symbol in ("ACB", "HPG")})
    return publisher


class Page:
    """A client: it confirms what it gets and keeps rows and HTML as a browser would."""

    def __init__(self, communicator: WebsocketCommunicator, acks: bool) -> None:
        self.socket = communicator
        self.acks = acks
        self.html: list[str] = []
        self.rows: dict[str, Frame] = {}

    async def frame(self, *kinds: str) -> Frame:
        """The next JSON frame (of one of these kinds)."""
        while True:
            text = await self.socket.receive_from(timeout=PATIENT_SECONDS)
            if not text.startswith("{"):
                self.html.append(text)
                continue
            frame: Frame = msgspec.json.decode(text)
            if self.acks:
                await self.socket.send_to(text_data=f'{{"ack":{frame["seq"]}}}')
            self.apply(frame)
            if not kinds or frame["type"] in kinds:
                return frame

    def apply(self, frame: Frame) -> None:
        rows = frame.get("rows") or {}
        if frame["type"] == "snapshot":
            self.rows = dict(rows)
            return
        for id, cells in rows.items():
            if cells is None:
                self.rows.pop(id, None)
            else:
                self.rows[id] = self.rows.get(id, {}) | cells

    async def until(self, symbol: str, name: str, text: str) -> list[Frame]:
        """Read frames until a cell says this."""
        frames = []
        while self.rows.get(symbol, {}).get(name, [None])[0] != text:
            frames.append(await self.frame("cells", "snapshot"))
        return frames

    async def close_code(self) -> int:
        while True:
            message = await self.socket.receive_output(timeout=PATIENT_SECONDS)
            if message["type"] == "websocket.close":
                return int(message["code"])


@asynccontextmanager
async def opened(
    board: LiveBoard | None = None, pace: Pace = QUICK, acks: bool = True, **query: str
) -> AsyncIterator[Page]:
    consumer = BoardConsumer.as_asgi(board=board or LiveBoard(), pace=pace)
    communicator = WebsocketCommunicator(consumer, f"/ws/board/?{urlencode({'language': 'vi'} | query)}")
    connected, _ = await communicator.connect(timeout=PATIENT_SECONDS)
    assert connected
    try:
        yield Page(communicator, acks)
    finally:
        await communicator.disconnect(timeout=PATIENT_SECONDS)


async def test_socket_begins_with_the_header_and_a_snapshot(publisher: Publisher) -> None:
    async with opened() as page:
        frame = await page.frame()
    assert frame["type"] == "snapshot"
    assert set(frame["rows"]) == {
        "ACB", "HPG", "index:VNINDEX", "index:VN30", "index:HNX", "index:UPCOM", "future",
    }  # fmt: skip
    assert frame["rows"]["HPG"]["price"] == ["27,45", "up"]
    assert frame["time"] == pytest.approx(1795144504, abs=2)
    assert 'id="status"' in page.html[0]
    assert 'hx-swap-oob="true"' in page.html[0]
    assert "Khớp liên tục" in page.html[0]


async def test_update_brings_only_the_cells_that_changed(publisher: Publisher) -> None:
    async with opened() as page:
        await page.frame("snapshot")
        await publisher.update("market", {"HPG": {"price": 28800.0, "volume": 700}})
        frame = await page.frame("cells")
    assert frame["rows"]["HPG"].pop("spark")[1] == "ceiling"  # the line takes the colour
    assert frame["rows"] == {
        "HPG": {
            "symbol": ["HPG", "ceiling"],
            "price": ["28,80", "ceiling"],
            "volume": ["700", "ceiling"],
            "change": ["+1,85", "ceiling"],
            "percent": ["+6,86", "ceiling"],
        }
    }


async def test_update_of_an_index_and_a_removed_row_arrive(publisher: Publisher) -> None:
    async with opened() as page:
        await page.frame("snapshot")
        await publisher.update("index", {"VNINDEX": {"value": 1650.31}})
        await publisher.update("market", {"ACB": None, "SSI": market_row("SSI")})
        await page.until("SSI", "price", "27,45")
    assert page.rows["index:VNINDEX"]["value"] == ["1.650,31", "reference"]
    assert "ACB" not in page.rows


async def test_gap_is_found_and_healed_from_the_snapshot(publisher: Publisher) -> None:
    async with opened() as page:
        await page.frame("snapshot")
        publisher.store("market", publisher.rows["market"] | {"ACB": market_row("ACB", volume=77)})
        await publisher.update("market", {"HPG": {"volume": 88}})
        await page.until("HPG", "volume", "88")
    assert page.rows["ACB"]["volume"][0] == "77"


async def test_gap_before_a_heartbeat_is_healed_too(publisher: Publisher) -> None:
    async with opened() as page:
        await page.frame("snapshot")
        publisher.store("market", {"HPG": market_row(volume=99)})
        await publisher.beat()
        await page.until("HPG", "volume", "99")
    assert "ACB" not in page.rows


async def test_new_epoch_brings_a_whole_snapshot(publisher: Publisher) -> None:
    async with opened() as page:
        await page.frame("snapshot")
        restarted = Publisher("e2")
        restarted.store_all({"SSI": market_row("SSI")})
        await restarted.update("market", {"SSI": {"volume": 5}})
        frame = await page.frame("snapshot")
        while "ACB" in page.rows:
            frame = await page.frame("snapshot")
    assert frame["rows"]["SSI"]["volume"][0] == "5"


async def test_burst_is_conflated_to_the_latest_value(publisher: Publisher) -> None:
    pace = Pace(interval=0.3, heartbeat=5)
    async with opened(pace=pace) as page:
        await page.frame("snapshot")
        begun = time.monotonic()
        for volume in range(1, 31):
            await publisher.update("market", {"HPG": {"volume": volume}})
        frames = await page.until("HPG", "volume", "30")
    assert len(frames) <= (time.monotonic() - begun) / pace.interval + 2


async def test_client_that_does_not_drain_gets_what_it_missed_when_it_confirms(publisher: Publisher) -> None:
    pace = Pace(interval=0.02, heartbeat=0.1, unacked_bytes=1000)
    board = LiveBoard()
    async with opened(board, pace, acks=False) as page, opened(board) as other:
        first = await page.frame("snapshot")
        await other.frame("snapshot")
        for volume in (1, 2, 3):
            await publisher.update("market", {"HPG": {"volume": volume}})
        await other.until("HPG", "volume", "3")
        assert await page.socket.receive_nothing(timeout=0.5)
        await page.socket.send_to(text_data=f'{{"ack":{first["seq"]}}}')
        second = await page.frame()
    assert second["type"] == "cells"
    assert second["rows"] == {"HPG": {"volume": ["3", "up"]}}


async def test_snapshot_of_the_whole_market_comes_in_parts_that_the_server_can_send(publisher: Publisher) -> None:
    rows = {symbol: market_row(symbol) for symbol in (f"A{number}" for number in range(900))}
    publisher.store("market", rows)
    async with opened(list="ALL") as page:
        first = await page.frame("snapshot")
        assert set(first["ids"]) >= set(rows)
        while len(page.rows) < len(first["ids"]):
            assert (await page.frame())["type"] == "more"
    assert set(page.rows) == set(first["ids"])


async def test_resync_brings_a_snapshot(publisher: Publisher) -> None:
    async with opened() as page:
        await page.frame("snapshot")
        await page.socket.send_to(text_data='{"type":"resync"}')
        assert (await page.frame("snapshot"))["rows"]


async def test_quiet_market_brings_heartbeats(publisher: Publisher) -> None:
    async with opened() as page:
        await page.frame("snapshot")
        assert (await page.frame())["type"] == "heartbeat"


async def test_silent_client_is_pinged_then_closed(publisher: Publisher) -> None:
    pace = Pace(interval=0.02, heartbeat=0.05, ping_after=0.2, close_after=1.5)
    async with opened(pace=pace, acks=False) as page:
        await page.frame("ping")
        assert await page.close_code() == 4408


async def test_pong_keeps_a_client_open(publisher: Publisher) -> None:
    pace = Pace(interval=0.02, heartbeat=0.05, ping_after=0.1, close_after=1.5)
    async with opened(pace=pace, acks=False) as page:
        long_after = time.monotonic() + 1.5 * pace.close_after
        while time.monotonic() < long_after:
            await page.frame("ping")
            await page.socket.send_to(text_data='{"type":"pong"}')


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[]",
        "{}",
        '{"ack":"one"}',
        '{"ack":1.5}',
        '{"type":"subscribe"}',
        '{"ack":1' + " " * 300 + "}",
        "\ud800",
    ],
)
async def test_message_that_is_not_ours_closes_with_bad_request(publisher: Publisher, text: str) -> None:
    async with opened(acks=False) as page:
        await page.socket.send_input({"type": "websocket.receive", "text": text})
        assert await page.close_code() == 4400


async def test_binary_message_closes_with_bad_request(publisher: Publisher) -> None:
    async with opened(acks=False) as page:
        await page.socket.send_to(bytes_data=b"\x00\xff")
        assert await page.close_code() == 4400


@pytest.mark.parametrize(
    "query", [{"language": "xx"}, {"list": "a list"}, {"symbols": ",".join(map(str, range(1500)))}]
)
async def test_address_that_asks_for_the_unknown_closes_with_bad_request(
    publisher: Publisher, query: dict[str, str]
) -> None:
    async with opened(**query) as page:
        assert await page.close_code() == 4400


async def test_one_client_too_many_is_told_so_and_leaves_room_again(publisher: Publisher) -> None:
    board = LiveBoard(most_clients=1)
    async with opened(board) as first:
        await first.frame("snapshot")
        async with opened(board) as second:
            assert await second.close_code() == 4429
    assert board.clients == 0


async def test_socket_sends_only_the_rows_of_its_list(publisher: Publisher) -> None:
    publisher.store_all({"HPG": market_row("HPG"), "SHS": market_row("SHS", board="HNX"), "SSI": market_row("SSI")})
    board = LiveBoard()
    async with opened(board, list="HNX") as page:
        assert {"SHS"} == {id for id in (await page.frame("snapshot"))["rows"] if id.isupper() and ":" not in id}
    async with opened(board, list="VN30", symbols="HPG,ACB") as page:
        await page.frame("snapshot")
        await publisher.update("market", {"SSI": {"volume": 1}, "HPG": {"volume": 2}})
        await page.until("HPG", "volume", "2")
    assert "SSI" not in page.rows


async def test_socket_waits_for_the_first_data(redis_url: str) -> None:
    async with opened() as page:
        assert (await page.frame())["type"] == "heartbeat"
        assert "Đang chờ dữ liệu" in page.html[0]
        publisher = Publisher()
        publisher.store_all({"HPG": market_row()})
        await publisher.beat()
        assert (await page.frame("snapshot"))["rows"]["HPG"]


async def test_socket_outlives_a_redis_that_cannot_be_read(publisher: Publisher) -> None:
    away = True

    async def read(channel: str) -> LiveSnapshot | None:
        if away:
            raise LiveUnavailable("expected Redis, was away")
        return await snapshot(channel)

    async with opened(LiveBoard(read)) as page:
        await page.frame("heartbeat")
        away = False
        await publisher.beat()
        assert (await page.frame("snapshot"))["rows"]["HPG"]


async def test_two_languages_get_their_own_words(publisher: Publisher) -> None:
    board = LiveBoard()
    async with opened(board) as vietnamese, opened(board, language="en") as english:
        assert (await vietnamese.frame("snapshot"))["rows"]["HPG"]["price"][0] == "27,45"
        assert (await english.frame("snapshot"))["rows"]["HPG"]["price"][0] == "27.45"
        assert "Continuous" in english.html[0]
        await publisher.update("market", {"HPG": {"price": 27500.0}})
        await vietnamese.until("HPG", "price", "27,50")
        await english.until("HPG", "price", "27.50")


async def test_status_change_is_swapped_in_once(publisher: Publisher) -> None:
    async with opened() as page:
        await page.frame("snapshot")
        await publisher.beat(feed="reconnecting")
        while len(page.html) < 2:
            await page.frame()
        assert "Nguồn dữ liệu bị gián đoạn" in page.html[1]
        await publisher.beat(time="2026-11-20T10:15:09+07:00")
        frame = await page.frame("heartbeat")
        assert len(page.html) == 2
        assert frame["time"] == pytest.approx(1795144509, abs=2)


async def test_feed_without_a_sign_of_life_is_said(publisher: Publisher) -> None:
    async with opened(LiveBoard(feed_silent_seconds=0.3)) as page:
        while "không phản hồi" not in "".join(page.html):
            await page.frame()


async def test_simulation_is_never_called_live_on_the_socket(redis_url: str) -> None:
    publisher = Publisher(source="simulation")
    publisher.store_all({"HPG": market_row()})
    async with opened() as page:
        await page.frame("snapshot")
    assert "Mô phỏng" in page.html[0]
    assert "trực tiếp" not in page.html[0].lower()
    assert "live" not in page.html[0].lower()


async def test_dispatch_skips_the_look_at_database_connections(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []

    async def look() -> None:
        looks.append(1)

    monkeypatch.setattr("channels.consumer.aclose_old_connections", look)
    async with opened() as page:
        await page.frame("snapshot")
        await publisher.update("market", {"HPG": {"volume": 4}})
        await page.until("HPG", "volume", "4")
        await page.socket.send_to(text_data='{"ack":1}')
        assert looks == []


async def test_dispatch_of_an_unknown_type_is_an_error() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        await BoardConsumer(LiveBoard()).dispatch({"type": "nonsense"})


async def test_closed_page_leaves_no_task_behind(publisher: Publisher) -> None:
    before = asyncio.all_tasks()
    async with opened() as page:
        await page.frame("snapshot")
    async with asyncio.timeout(PATIENT_SECONDS):
        while any("BoardConsumer.run" in repr(task) for task in asyncio.all_tasks() - before):
            await asyncio.sleep(0)


async def test_index_row_of_another_case_finds_its_card(publisher: Publisher) -> None:
    async with opened() as page:
        await page.frame("snapshot")
        await publisher.update("index", {"HNXINDEX": index_row("HNXIndex", value=270.0, prior=266.41)})
        await page.until("index:HNX", "value", "270,00")


async def test_page_of_another_kind_gets_its_own_cells_of_its_own_list(publisher: Publisher) -> None:
    rows = {symbol: foreign_row(symbol) for symbol in ("ACB", "HPG", "41I1GC000")}
    publisher.store("foreign", rows)
    board = LiveBoard(forms=foreign_page.FORMS, listed=foreign_page.LISTED)
    async with opened(board, symbols="HPG") as page:
        frame = await page.frame("snapshot")
        assert set(frame["rows"]) == {"HPG"}
        assert frame["rows"]["HPG"]["price"] == ["27,45", "up"]
        assert frame["rows"]["HPG"]["net_value"] == ["+8,90", "up"]
        await publisher.update("foreign", {symbol: {"net_volume": -7} for symbol in rows})
        await publisher.update("market", {"HPG": {"price": 26_950.0}})
        await page.until("HPG", "price", "26,95")
        await page.until("HPG", "net", "-7")
        assert set(page.rows) == {"HPG"}
        await publisher.update("foreign", {"HPG": None})
        await page.until("HPG", "net", "")


async def test_socket_that_redis_does_not_take_leaves_nothing_behind(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer: Any = channel_layers["default"]
    monkeypatch.setattr(layer, "_kwargs", layer._kwargs | {"hosts": [f"redis://127.0.0.1:{held_port()}/0"]})
    application: Any = BoardConsumer.as_asgi(board=LiveBoard())
    for _ in range(3):
        socket = WebsocketCommunicator(application, "/ws/board/")
        await socket.send_input({"type": "websocket.connect"})
        with pytest.raises(redis.ConnectionError):  # `connect` would wait for an answer until its time is over
            await asyncio.wait_for(socket.future, PATIENT_SECONDS)
    assert not layer.channels
    assert not layer.groups


async def test_socket_that_is_cancelled_leaves_its_groups(publisher: Publisher) -> None:
    socket = WebsocketCommunicator(BoardConsumer.as_asgi(board=LiveBoard()), "/ws/board/")
    await socket.connect(timeout=PATIENT_SECONDS)
    layer: Any = channel_layers["default"]
    assert layer.groups
    socket.future.cancel()
    with suppress(asyncio.CancelledError):
        await socket.future
    assert not layer.groups
    assert not layer.channels
