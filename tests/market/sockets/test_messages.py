"""What a client may say, in its messages and in its address."""

import json
import logging

import pytest

from tests.market.live_market import Market
from tests.market.sockets.web_process import Open
from tests.patience import PATIENT_SECONDS

BAD = [
    "", "x", "null", "[]", "1", "{}", '{"type":1}', '{"type":"nonsense"}', '{"type":"ack"}', '{"type":"ack","seq":"1"}',
    '{"type":"ack","seq":-1}', '{"type":"ack","seq":1e400}', '{"type":"ack","seq":99999999999999999999}',
    '{"type":"ack","seq":1.5}', '{"type":"subscribe","symbols":"ACB"}', '{"type":"subscribe","symbols":[1]}',
    '{"type":"subscribe","symbols":{"a":1}}', json.dumps({"type": "subscribe", "symbols": ["A" * 100]}),
    json.dumps({"type": "subscribe", "symbols": [f"S{number}" for number in range(10_000)]}),
    json.dumps({"type": "subscribe", "symbols": [str(number) for number in range(1_001)]}),
    '{"type":"pong","x":' + "[" * 8_000 + "]" * 8_000 + "}", '{"type":"pong"} {}', "\ud800", "a" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("text", BAD)
async def test_bad_message_closes_the_socket_without_an_exception(
    market: Market, server: Open, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    async with server() as socket:
        await socket.send_input({"type": "websocket.receive", "text": text})
        assert await socket.closed() == 4400
    assert not [record for record in caplog.records if record.exc_info or record.levelno >= logging.WARNING]


async def test_binary_message_closes_the_socket(market: Market, server: Open) -> None:
    async with server() as socket:
        await socket.send_to(bytes_data=b"\x00\x01")
        assert await socket.closed() == 4400


async def test_flood_of_messages_closes_the_socket(market: Market, server: Open) -> None:
    async with server() as socket:
        for _ in range(1_000):
            await socket.say(type="pong")
        assert await socket.closed() == 4400


async def test_unknown_symbols_and_fields_are_ignored(market: Market, server: Open) -> None:
    async with server() as socket:
        await socket.frame("snapshot")
        await socket.say(type="subscribe", symbols=["NOPE", "ACB", " acb "], colour="blue")
        assert set((await socket.frame("snapshot"))["data"]["rows"]) == {"ACB"}


@pytest.mark.parametrize("query", ["symbols=" + "A" * 30, "&".join(f"a{n}=1" for n in range(50)), "symbols=%ff%fe"])
async def test_bad_query_is_closed_or_ignored(market: Market, server: Open, query: str) -> None:
    async with server(f"/ws/market/?{query}") as socket:
        event = await socket.receive_output(timeout=PATIENT_SECONDS)
        assert event.get("code") == 4400 or json.loads(event["text"])["type"] == "snapshot"
