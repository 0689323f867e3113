import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSServerHandshakeError

from market.feed.simulator import Simulator
from market.feed.simulator.endpoint import clamped_protocol
from market.feed.simulator.schedule import at
from tests.market.feed.simulator.conftest import Serve, logged_in
from tests.patience import PATIENT_SECONDS

DATA = '[{"name": "FcMarketDataV2Hub"}]'
UPGRADE = {
    "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Host": "127.0.0.1",
}  # fmt: skip
Socket = ClientWebSocketResponse


async def negotiated(session: ClientSession, path: str = "v2.0/signalr/negotiate") -> dict[str, Any]:
    async with session.post(path, params={"connectionData": DATA, "clientProtocol": "1.5"}) as answer:
        assert answer.status == 200
        body: dict[str, Any] = await answer.json()
        return body


@asynccontextmanager
async def connected(
    session: ClientSession, data: str = DATA, path: str = "v2.0/signalr/connect"
) -> AsyncIterator[Socket]:
    token = (await negotiated(session))["ConnectionToken"]
    params = {"transport": "webSockets", "connectionToken": token, "connectionData": data, "clientProtocol": "1.5"}
    async with session.ws_connect(path, params=params) as socket:
        assert json.loads(await socket.receive_str()) == {"C": "d-A,0|B,0", "S": 1, "M": []}
        yield socket


@asynccontextmanager
async def streaming(server: Simulator, channels: str) -> AsyncIterator[Socket]:
    async with logged_in(server) as session, connected(session) as socket:
        await switch(socket, channels)
        yield socket


async def switch(socket: Socket, channels: str, number: int = 0) -> None:
    await socket.send_str(json.dumps({"H": "fcmarketdatav2hub", "M": "SwitchChannels", "A": [channels], "I": number}))


async def frame(socket: Socket) -> Any:
    return json.loads(await asyncio.wait_for(socket.receive_str(), PATIENT_SECONDS))


async def messages(socket: Socket, count: int) -> list[dict[str, Any]]:
    """Return the next `count` messages, decoded three times as a client has to."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENT_SECONDS):
        while len(found) < count:
            for entry in (await frame(socket)).get("M", []):
                assert (entry["H"], entry["M"], len(entry["A"])) == ("FcMarketDataV2Hub", "Broadcast", 1)
                outer = json.loads(entry["A"][0])
                found.append({"DataType": outer["DataType"], **json.loads(outer["Content"])})
    return found


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_negotiate_with_either_method_echoes_the_protocol(serve: Serve, method: str) -> None:
    async with serve() as server, logged_in(server) as session:
        params = {"connectionData": DATA, "clientProtocol": "1.3"}
        async with session.request(method, "V2.0/SignalR/Negotiate", params=params) as answer:
            body = await answer.json()
            assert answer.headers["X-Feed-Simulator"]
    assert (answer.status, body["ProtocolVersion"], body["TryWebSockets"]) == (200, "1.3", True)
    assert "+" in body["ConnectionToken"] and body["ConnectionToken"].endswith("/==")


def test_negotiate_clamps_the_protocol_to_signalr_2() -> None:
    assert [clamped_protocol(asked) for asked in ("1.0", "1.5", "2.1", "", "x")] == ["1.2", "1.5", "2.0", "1.2", "1.2"]


async def test_negotiate_and_connect_without_a_good_token_are_refused(serve: Serve) -> None:
    async with serve() as server, ClientSession(server.url) as session:
        async with session.post("v2.0/signalr/negotiate", headers={"Authorization": "Bearer a.b.c"}) as answer:
            assert answer.status == 401
        with pytest.raises(WSServerHandshakeError) as refused:
            await session.ws_connect("v2.0/signalr/connect", params={"connectionToken": "unknown"})
        assert refused.value.status == 400


@pytest.mark.parametrize("data", ['[{"name":"fcmarketdatav2hub"}]', '[ { "name" : "FCMARKETDATAV2HUB" } ]'])
async def test_connect_takes_any_spelling_of_the_hub(serve: Serve, data: str) -> None:
    async with serve() as server, logged_in(server) as session, connected(session, data) as socket:
        await switch(socket, "MI:VN30", 7)
        assert await frame(socket) == {"I": "7"}
        assert (await messages(socket, 1))[0]["IndexId"] == "VN30"


async def test_reconnect_works_like_connect(serve: Serve) -> None:
    async with serve() as server, logged_in(server) as session, connected(session, path="v2.0/signalr/reconnect"):
        pass


async def test_start_with_upgrade_headers_answers_plain_http(serve: Serve) -> None:
    async with serve() as server, logged_in(server) as session:
        answer = await session.get("v2.0/signalr/start", headers=UPGRADE)
        assert answer.status == 200
        assert await answer.json() == {"Response": "started"}


async def test_abort_needs_no_token_and_ping_pongs(serve: Serve) -> None:
    async with serve() as server, ClientSession(server.url) as session:
        async with session.post("v2.0/signalr/abort", params={"transport": "serverSentEvents"}) as answer:
            assert answer.status == 200
        async with session.get("v2.0/signalr/ping") as answer:
            assert await answer.json() == {"Response": "pong"}


async def test_idle_connection_gets_keep_alives(serve: Serve) -> None:
    async with serve() as server, logged_in(server) as session, connected(session) as socket:
        assert await asyncio.wait_for(socket.receive_str(), PATIENT_SECONDS) == "{}"


async def test_switch_channels_replies_then_tells_the_last_then_lives(serve: Serve) -> None:
    async with serve() as server, streaming(server, "X:FPT-gas") as socket:
        assert await frame(socket) == {"I": "0"}
        found = await messages(socket, 4)
        assert {message["Symbol"] for message in found[:2]} == {"FPT", "GAS"}
        assert {message["DataType"] for message in found} == {"X"}


async def test_all_channel_types_are_served_from_one_market(serve: Serve) -> None:
    async with serve(at(9, 30)) as server, streaming(server, "ALL") as socket:
        kinds: set[str] = set()
        async with asyncio.timeout(PATIENT_SECONDS):
            while kinds != {"X", "X-QUOTE", "X-TRADE", "R", "MI", "F", "B", "OL"}:
                kinds |= {message["DataType"] for message in await messages(socket, 1)}


async def test_many_messages_travel_in_one_frame(serve: Serve) -> None:
    async with serve() as server, streaming(server, "X:ALL") as socket:
        await frame(socket)
        assert len((await frame(socket))["M"]) > 10


@pytest.mark.parametrize(("lists", "kinds"), [("all", {"MI", "F"}), ("first", {"MI"})])
async def test_comma_lists_count_as_the_switch_says(serve: Serve, lists: str, kinds: set[str]) -> None:
    async with serve(lists=lists) as server, streaming(server, "MI:ALL,F:ALL") as socket:
        found = await messages(socket, 7)
        assert {message["DataType"] for message in found} == kinds


@pytest.mark.parametrize(("switch_mode", "kinds"), [("add", [["F", "MI"]]), ("replace", [["F"]])])
async def test_second_switch_adds_or_replaces(serve: Serve, switch_mode: str, kinds: list[list[str]]) -> None:
    async with serve(switch=switch_mode) as server, streaming(server, "MI:VN30") as socket:
        await switch(socket, "F:FPT", 1)
        while "F" not in {message["DataType"] for message in await messages(socket, 1)}:
            pass
        assert server.state()["connections"] == kinds


async def test_bad_invocations_get_an_error_and_stray_frames_nothing(serve: Serve) -> None:
    async with serve() as server, logged_in(server) as session, connected(session) as socket:
        await socket.send_str('{"protocol":"json","version":1}\x1e')
        await socket.send_str('{"type":6}')
        await socket.send_str(json.dumps({"H": "OtherHub", "M": "SwitchChannels", "A": ["X:ALL"], "I": 1}))
        await socket.send_str(json.dumps({"H": "FcMarketDataV2Hub", "M": "Nothing", "A": [], "I": 2}))
        await socket.send_str(json.dumps({"H": "FcMarketDataV2Hub", "M": "SwitchChannels", "A": [1], "I": 3}))
        replies = [reply for reply in [await frame(socket) for _ in range(3)] if reply]
        assert [(reply["I"], "could not be resolved" in reply["E"]) for reply in replies] == [
            ("1", True), ("2", True), ("3", True),
        ]  # fmt: skip


async def test_client_that_does_not_read_is_dropped(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("market.feed.simulator.hub.MOST_BYTES", 200_000)
    async with serve(speed=2_000.0) as server, streaming(server, "ALL"), asyncio.timeout(PATIENT_SECONDS):
        while server.hub.clients:
            await asyncio.sleep(0.02)


async def test_day_over_keeps_the_connection_with_keep_alives(serve: Serve) -> None:
    async with serve(at(15, 5, 4), speed=50.0) as server, streaming(server, "MI:VN30") as socket:
        while await frame(socket) != {}:
            pass
        assert server.state()["over"] is True


async def test_loop_goes_on_with_the_next_trading_day(serve: Serve) -> None:
    late = serve(at(15, 5, 4), speed=200.0, loop=True, loop_pause=0.05)
    async with late as server, streaming(server, "X:41I1GC000") as socket:
        found = await messages(socket, 1)
        while found[-1]["TradingDate"] == "20/11/2026":
            found = await messages(socket, 1)
        assert (found[-1]["TradingDate"], found[-1]["TotalVol"]) == ("23/11/2026", 0.0)
