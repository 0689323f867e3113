import asyncio
import json

import pytest
from aiohttp import ClientSession, WSMsgType

from market.feed.simulator import Simulator
from market.feed.simulator.faults import MALFORMED, malformed_frame
from market.feed.simulator.quota import Quota
from market.feed.simulator.schedule import at
from tests.market.feed.simulator.conftest import CREDENTIALS, Serve, logged_in
from tests.market.feed.simulator.test_signalr import Socket, connected, frame, messages, streaming, switch
from tests.patience import PATIENT_SECONDS

SECURITIES = "api/v2/Market/Securities"


async def body_of(session: ClientSession, path: str = SECURITIES) -> tuple[int, dict[str, object]]:
    async with session.get(path) as answer:
        return answer.status, await answer.json()


async def ended(socket: Socket) -> bool:
    """Read until the connection is gone."""
    while True:
        message = await asyncio.wait_for(socket.receive(), PATIENT_SECONDS)
        if message.type is not WSMsgType.TEXT:
            return message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR)


async def test_drop_cuts_the_connections_of_one_channel_type(serve: Serve) -> None:
    async with serve() as server, streaming(server, "X:FPT") as stocks, streaming(server, "MI:VN30") as indices:
        await messages(stocks, 1)
        await messages(indices, 1)
        assert server.faults.drop_sockets("x") == 1
        assert await ended(stocks)
        assert await messages(indices, 2)


async def test_silence_keeps_the_socket_and_sends_nothing(serve: Serve) -> None:
    async with serve() as server, streaming(server, "X:ALL") as socket:
        await messages(socket, 20)
        server.faults.silence("X")
        with pytest.raises(TimeoutError):
            while True:  # what was under way still arrives
                await asyncio.wait_for(socket.receive_str(), 0.6)
        assert not socket.closed
        await switch(socket, "X:GAS", 4)  # not even this is answered
        server.faults.reset()
        assert await messages(socket, 1)


async def test_unauthorized_answers_with_status_in_body_or_http_as_often_as_asked(serve: Serve) -> None:
    refused = {"message": "Missing Authorization header", "status": 401}
    async with serve() as server, logged_in(server) as session:
        server.faults.unauthorized(1)
        assert await body_of(session) == (200, refused)
        assert (await body_of(session))[1]["status"] == "Success"
        server.faults.unauthorized(how="http")
        assert [await body_of(session) for _ in range(2)] == [(401, refused)] * 2


async def test_expired_tokens_are_refused_until_a_new_one_is_fetched(serve: Serve) -> None:
    async with serve() as server, logged_in(server) as session:
        server.faults.expire_tokens()
        assert (await body_of(session))[1]["status"] == 401
        async with logged_in(server) as again:
            assert (await body_of(again))[1]["status"] == "Success"


async def test_quota_answers_with_ssis_text(serve: Serve) -> None:
    async with serve() as server, logged_in(server) as session:
        server.faults.quota(1)
        assert "API calls quota exceeded! maximum admitted" in str((await body_of(session))[1]["message"])
        assert (await body_of(session))[1]["status"] == "Success"


def test_quota_counts_the_calls_of_a_sliding_second() -> None:
    quota = Quota(2.0)
    moments = (0.0, 0.4, 0.9, 1.0, 1.1)
    assert [quota.admits("Securities", now) for now in moments] == [True, True, False, True, False]


async def test_calls_faster_than_the_quota_are_refused(serve: Serve) -> None:
    async with serve(calls_per_second=0.01) as server, logged_in(server) as session:  # one in 100 s
        statuses = [(await body_of(session))[1]["status"] for _ in range(3)]
        assert statuses == ["Success", "Error", "Error"]
        assert (await body_of(session, "api/v2/Market/IndexList"))[1]["status"] == "Success"


async def test_blocked_stream_says_so_as_a_hub_error_and_closes(serve: Serve) -> None:
    async with serve() as server, logged_in(server) as session:
        server.faults.block_stream()
        async with connected(session) as socket:
            entry = (await frame(socket))["M"][0]
            assert (entry["M"], "Connection has been blocked, quota" in entry["A"][0]) == ("Error", True)
            await switch(socket, "X:ALL")
            assert await ended(socket)


@pytest.mark.parametrize("kind", MALFORMED)
async def test_malformed_frames_of_each_kind_are_sent_and_the_stream_goes_on(serve: Serve, kind: str) -> None:
    async with serve() as server, streaming(server, "MI:VN30") as socket:
        await messages(socket, 1)
        server.faults.malform(kind)
        while await asyncio.wait_for(socket.receive_str(), PATIENT_SECONDS) != malformed_frame(kind):
            pass
        assert await messages(socket, 1)


async def test_duplicates_come_right_after_each_other(serve: Serve) -> None:
    async with serve() as server, logged_in(server) as session, connected(session) as socket:
        server.faults.duplicate = True
        await switch(socket, "MI:VN30")
        found = (await messages(socket, 5))[1:]
        assert found[0] == found[1] and found[2] == found[3] and found[1] != found[2]


async def test_out_of_order_moves_a_message_behind_later_ones(serve: Serve) -> None:
    async with serve() as server, streaming(server, "X:ALL") as socket:
        await messages(socket, 15)
        server.faults.out_of_order = True
        times = [message["Time"] for message in await messages(socket, 120)]
        assert times != sorted(times)


async def test_replay_sends_older_messages_again(serve: Serve) -> None:
    async with serve() as server, streaming(server, "MI:ALL") as socket:
        await messages(socket, 20)
        server.pause()
        assert server.faults.replay(2) == 2
        while (found := await frame(socket)) == {} or len(found["M"]) != 2:
            pass
        assert [entry["A"][0] for entry in found["M"]] == [text for _, _, text in server.faults.recent][-2:]


async def control(server: Simulator, method: str, path: str) -> tuple[int, dict[str, object]]:
    async with ClientSession(server.url) as session, session.request(method, f"control/{path}") as answer:
        return answer.status, json.loads(await answer.text())


async def test_control_shows_the_clock_the_sessions_and_the_truth(serve: Serve) -> None:
    async with serve() as server:
        status, state = await control(server, "GET", "state")
        assert (status, state["day"], state["speed"]) == (200, "2026-11-20", 20.0)
        assert state["sessions"] == {"HOSE": "LO", "HNX": "LO", "UPCOM": "LO", "DERIVATIVES": "LO"}
        _, truth = await control(server, "GET", "truth")
        assert isinstance(truth["symbols"], dict) and truth["symbols"]["FPT"]["total_volume"] > 0


async def test_control_pauses_resumes_speeds_up_and_advances(serve: Serve) -> None:
    async with serve() as server:
        assert (await control(server, "POST", "pause"))[1]["paused"] is True
        stood = server.stage.now
        assert (await control(server, "POST", "advance?to=10:30"))[1]["time"] == "10:30:00"
        assert stood < server.stage.now == at(10, 30)
        assert (await control(server, "POST", "speed?value=3"))[1]["speed"] == 3.0
        assert (await control(server, "POST", "resume"))[1]["paused"] is False


async def test_control_throws_and_resets_every_fault(serve: Serve) -> None:
    async with serve() as server:
        for path in (
            "silence?channel=x",
            "unauthorized?calls=3&how=http",
            "quota",
            "block",
            "duplicate",
            "out-of-order",
        ):
            status, state = await control(server, "POST", f"faults/{path}")
            assert status == 200
        assert state["faults"] == {
            "unauthorized_calls": 3,
            "unauthorized_as": "http",
            "quota_calls": -1,
            "stream_blocked": True,
            "silent_channels": ["X"],
            "duplicate": True,
            "out_of_order": True,
        }
        for path in ("drop", "replay?count=3", "malformed?kind=array", "expire-tokens"):
            assert (await control(server, "POST", f"faults/{path}"))[0] == 200
        _, state = await control(server, "POST", "faults/reset")
        assert not any(value for name, value in dict(state["faults"]).items() if name != "unauthorized_as")  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "speed?value=0", 400),
        ("POST", "speed?value=fast", 400),
        ("POST", "advance?to=25:00", 400),
        ("POST", "advance?to=08:00", 400),
        ("POST", "faults/malformed?kind=odd", 400),
        ("POST", "faults/nothing", 404),
        ("GET", "pause", 404),
    ],
)
async def test_control_refuses_what_it_does_not_know(serve: Serve, method: str, path: str, status: int) -> None:
    async with serve() as server:
        assert (await control(server, method, path))[0] == status


async def test_credentials_where_some_are_asked_for_have_to_match(serve: Serve) -> None:
    async with serve(consumer_id="id", consumer_secret="other") as server, ClientSession(server.url) as session:
        answer = await session.post("api/v2/market/accesstoken", json=CREDENTIALS)
        assert await answer.json() == {"message": "The connection is invalid", "status": 400, "data": None}
        assert answer.headers["X-Feed-Simulator"]
