"""The live feed against a real server on a real socket."""

import asyncio
import json
import logging
import socket
import time
from collections.abc import AsyncIterator

import msgspec
import pytest

from market.feed.client import FastConnectSource
from market.feed.errors import FatalFeedError
from market.feed.rest import FastConnectRest
from tests.market.feed.running import PATIENT, QUICK, Feed, session_of
from tests.market.feed.venue import MESSAGE, Venue, broadcast


@pytest.fixture
async def feed(venue: Venue, rest: FastConnectRest) -> AsyncIterator[Feed]:
    """A running source with one channel."""
    feed = Feed(FastConnectSource(rest, venue.url, ["X:ALL"], timing=QUICK))
    yield feed
    await feed.stop()


async def test_source_after_subscribing_hands_over_each_message_text(venue: Venue, feed: Feed) -> None:
    session = await session_of(venue)
    await session.send(broadcast(MESSAGE, MESSAGE.replace("ACB", "BID")))
    assert [await feed.message(), await feed.message()] == [MESSAGE, MESSAGE.replace("ACB", "BID")]
    assert session.channel == "X:ALL"
    assert venue.steps() == ["AccessToken", "negotiate", "connect", "start"]
    assert venue.calls[2][1]["connectionToken"] == "AQ+/b=="
    assert feed.source.connections()["X:ALL"].state == "connected"


async def test_source_after_a_drop_connects_again_with_a_fresh_token(venue: Venue, feed: Feed) -> None:
    await (await session_of(venue)).drop()
    session = await session_of(venue)
    await session.send(broadcast(MESSAGE))
    assert await feed.message() == MESSAGE
    assert len(venue.tokens) == 2
    assert "waiting" in feed.states


async def test_source_of_a_half_open_connection_gives_up_and_connects_again(venue: Venue, feed: Feed) -> None:
    venue.keep_alive_timeout = 0.1  # silence_floor rules: no frame at all for 0.5 s
    await session_of(venue)
    assert "no frame for 0.5 s" in (await feed.state("waiting")).detail
    session = await session_of(venue)
    await session.send(broadcast(MESSAGE))
    assert await feed.message() == MESSAGE


async def test_source_with_keep_alives_only_stays_and_shows_itself_silent(venue: Venue, rest: FastConnectRest) -> None:
    venue.keep_alive_timeout = 0.1  # no frame for the time of the floor would end it
    timing = msgspec.structs.replace(QUICK, silence_floor=1.5, quiet_after=0.3)
    feed = Feed(FastConnectSource(rest, venue.url, ["X:ALL"], timing=timing))
    session = await session_of(venue)
    long_after = time.monotonic() + 1.5 * timing.silence_floor
    while time.monotonic() < long_after:
        await session.send("{}")
        await asyncio.sleep(0.01)  # the server's pace is what is tested
    assert "no message" in (await feed.state("silent")).detail
    await session.send(broadcast(MESSAGE))
    assert await feed.message() == MESSAGE
    assert feed.states == ["connecting", "connected", "silent", "connected"]
    await feed.stop()


@pytest.mark.parametrize("step", ["negotiate", "connect"])
async def test_source_with_a_refused_token_fetches_another(venue: Venue, feed: Feed, step: str) -> None:
    venue.answers[step].append((401, ""))
    await session_of(venue)
    assert len(venue.tokens) == 2
    assert venue.calls[-1][2] == venue.tokens[1]


@pytest.mark.parametrize("step", ["negotiate", "connect"])
async def test_source_drops_a_refused_token_that_is_still_young(venue: Venue, rest: FastConnectRest, step: str) -> None:
    venue.answers[step].append((401, ""))
    timing = msgspec.structs.replace(QUICK, token_max_age=3600.0)
    feed = Feed(FastConnectSource(rest, venue.url, ["X:ALL"], timing=timing))
    await session_of(venue)
    assert len(venue.tokens) == 2
    await feed.stop()


async def test_source_whose_token_ended_meanwhile_connects_with_another(venue: Venue, feed: Feed) -> None:
    session = await session_of(venue)
    venue.refuse_tokens.add(venue.tokens[0])
    await session.drop()
    await session_of(venue)
    assert venue.calls[-1][2] == venue.tokens[-1] != venue.tokens[0]


async def test_source_with_every_token_refused_is_fatal(venue: Venue, feed: Feed) -> None:
    venue.answers["negotiate"] = [(401, "")] * 20
    with pytest.raises(FatalFeedError, match="refused 5 times in a row"):
        await asyncio.wait_for(feed.task, PATIENT)
    assert venue.steps().count("negotiate") == 5
    assert feed.source.connections()["X:ALL"].state == "closed"


async def test_source_with_bad_credentials_is_fatal_at_once(venue: Venue, feed: Feed) -> None:
    venue.answers["AccessToken"].append((200, {"message": "Wrong secret", "status": 401, "data": None}))
    with pytest.raises(FatalFeedError, match="Wrong secret"):
        await asyncio.wait_for(feed.task, PATIENT)
    assert venue.steps() == ["AccessToken"]


async def test_source_with_credentials_refused_later_tries_again_before_it_gives_up(venue: Venue, feed: Feed) -> None:
    session = await session_of(venue)
    refusal = (200, {"message": "The connection is invalid", "status": 400, "data": None})
    venue.answers["AccessToken"] = [refusal] * 3
    await session.drop()
    session = await session_of(venue)
    venue.answers["AccessToken"] = [refusal] * 20
    await session.drop()
    with pytest.raises(FatalFeedError, match="refused 5 times in a row"):
        await asyncio.wait_for(feed.task, PATIENT)
    assert len(venue.answers["AccessToken"]) == 15


@pytest.mark.parametrize(("healthy_after", "expected"), [(0.0, [1, 1, 1]), (60.0, [1, 2, 3])])
async def test_source_starts_again_with_short_waits_after_a_healthy_time(
    venue: Venue, rest: FastConnectRest, healthy_after: float, expected: list[int]
) -> None:
    timing = msgspec.structs.replace(QUICK, healthy_after=healthy_after)
    feed = Feed(FastConnectSource(rest, venue.url, ["X:ALL"], timing=timing))
    attempts = []
    for _ in expected:
        await (await session_of(venue)).drop()
        attempts.append((await feed.state("waiting")).attempts)
    assert attempts == expected
    await feed.stop()


async def test_source_goes_past_a_proxy_of_the_environment(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "ws_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with FastConnectRest(venue.url, "id", "secret", calls_per_second=1000) as rest:
        feed = Feed(FastConnectSource(rest, venue.url, ["X:ALL"], timing=QUICK))
        await session_of(venue)
        await feed.stop()


BLOCKED = "Connection has been blocked, quota 1 exceeded by 2"


@pytest.mark.parametrize(
    "frame",
    [
        json.dumps({"M": [{"H": "FcMarketDataV2Hub", "M": "Error", "A": [BLOCKED]}]}),
        json.dumps({"I": "0", "E": BLOCKED}),
    ],
)
async def test_source_blocked_on_the_stream_waits_longer(venue: Venue, feed: Feed, frame: str) -> None:
    session = await session_of(venue)
    await session.send(frame)
    assert BLOCKED in (await feed.state("blocked")).detail
    before = len(venue.called_at)
    await session_of(venue)
    assert venue.called_at[before] - venue.called_at[before - 1] >= 0.1
    assert "connected" in feed.states


@pytest.mark.parametrize("step", ["AccessToken", "negotiate", "connect", "start"])
async def test_source_blocked_while_connecting_waits_longer(venue: Venue, feed: Feed, step: str) -> None:
    venue.answers[step].append((403, BLOCKED))
    assert BLOCKED in (await feed.state("blocked")).detail
    await session_of(venue)
    assert "blocked" in feed.states


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ("negotiate", (404, "<html>Not Found</html>")),
        ("negotiate", (200, "<html>Welcome</html>")),
        ("negotiate", (200, '{"hello":"world"}')),
        ("connect", (404, "Not Found")),
        ("connect", (200, "Welcome")),
        ("AccessToken", (404, "Not Found")),
    ],
)
async def test_source_at_a_wrong_address_is_fatal(venue: Venue, feed: Feed, step: str, answer: tuple[int, str]) -> None:
    venue.answers[step].append(answer)
    with pytest.raises(FatalFeedError, match=step) as caught:
        await asyncio.wait_for(feed.task, PATIENT)
    assert "\n" not in str(caught.value)


async def test_source_whose_good_address_answers_nonsense_later_keeps_trying(venue: Venue, feed: Feed) -> None:
    session = await session_of(venue)
    venue.answers["negotiate"] = [(404, "Not Found"), (200, "<html>We are working</html>")]
    await session.drop()
    await session_of(venue)


async def test_source_at_a_closed_port_keeps_trying(venue: Venue, rest: FastConnectRest) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        feed = Feed(FastConnectSource(rest, f"http://127.0.0.1:{unused.getsockname()[1]}", ["X:ALL"], timing=QUICK))
        assert "negotiate" in (await feed.state("waiting")).detail
        await feed.stop()


async def test_source_without_answer_times_out_and_tries_again(venue: Venue, rest: FastConnectRest) -> None:
    venue.hang.add("connect")
    timing = msgspec.structs.replace(QUICK, open_timeout=0.5)
    feed = Feed(FastConnectSource(rest, venue.url, ["X:ALL"], timing=timing))
    assert "connect" in (await feed.state("waiting")).detail
    venue.hang.clear()
    await session_of(venue)
    await feed.stop()


async def test_source_goes_on_when_only_start_fails(venue: Venue, feed: Feed) -> None:
    venue.answers["start"].append((500, "no"))
    session = await session_of(venue)
    await session.send(broadcast(MESSAGE))
    assert await feed.message() == MESSAGE


async def test_source_with_malformed_frames_counts_them_and_goes_on(venue: Venue, feed: Feed) -> None:
    session = await session_of(venue)
    for frame in ("not JSON", "[]", '{"M":[{"M":"Broadcast","A":[7]}]}', '{"M":[{"M":"Nope","A":["x"]}]}'):
        await session.send(frame)
    await session.socket.send_bytes(b"\x00\xff")
    await session.send(broadcast(MESSAGE))
    assert await feed.message() == MESSAGE
    assert feed.source.rejected == {
        "frame_not_json": 2, "frame_not_object": 1, "bad_argument": 1, "unknown_method": 1,
    }  # fmt: skip
    assert venue.steps().count("connect") == 1


async def test_source_shows_what_the_venue_says(venue: Venue, feed: Feed) -> None:
    session = await session_of(venue)
    for _ in range(3):
        await session.send(json.dumps({"M": [{"H": "h", "M": "Error", "A": ["Unknown symbol"]}]}))
    await session.send(broadcast(MESSAGE))
    await feed.message()
    assert (await feed.state("connected")).detail == ""
    assert (await feed.state("connected")).detail == "Unknown symbol"
    assert feed.states == ["connecting", "connected", "connected"]


async def test_source_with_a_refused_subscription_tries_again(venue: Venue, feed: Feed) -> None:
    session = await session_of(venue)
    await session.send('{"I":"0","E":"no such channel"}')
    assert "no such channel" in (await feed.state("waiting")).detail
    await session_of(venue)


async def test_source_asked_to_reconnect_does(venue: Venue, feed: Feed) -> None:
    session = await session_of(venue)
    await session.send('{"C":"d-1","T":1,"M":[]}')
    assert "asks to reconnect" in (await feed.state("waiting")).detail
    await session_of(venue)


async def test_source_with_a_frame_beyond_the_limit_comes_back(venue: Venue, feed: Feed) -> None:
    session = await session_of(venue)
    await session.send(broadcast("x" * (5 * 2**20)))
    await feed.state("waiting")
    session = await session_of(venue)
    await session.send(broadcast("x" * (3 * 2**20)))
    assert len(await feed.message()) == 3 * 2**20


async def test_source_told_of_a_redirect_says_so_and_stays(
    venue: Venue, feed: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    venue.negotiation = {"RedirectUrl": "https://elsewhere.example/", "AccessToken": "x"}
    await session_of(venue)
    assert "https://elsewhere.example/" in caplog.text


async def test_source_at_a_simulator_says_so(venue: Venue, feed: Feed) -> None:
    assert feed.source.kind == "ssi"
    venue.headers["X-Feed-Simulator"] = "1"
    await session_of(venue)
    assert feed.source.kind == "simulation"


async def test_source_renews_its_connection_as_planned(venue: Venue, rest: FastConnectRest) -> None:
    timing = msgspec.structs.replace(QUICK, renew_after=0.05, renew_spread=0.0)
    feed = Feed(FastConnectSource(rest, venue.url, ["X:ALL"], timing=timing))
    first = await session_of(venue)
    await session_of(venue)
    await asyncio.wait_for(first.ended.wait(), PATIENT)
    assert "waiting" not in feed.states
    assert len(venue.tokens) >= 2
    await feed.stop()


async def test_source_with_several_channels_has_a_connection_for_each(venue: Venue, rest: FastConnectRest) -> None:
    channels = ["X:ALL", "R:ALL", "MI:ALL", "F:ALL"]
    timing = msgspec.structs.replace(QUICK, token_max_age=60.0)
    feed = Feed(FastConnectSource(rest, venue.url, channels, timing=timing))
    sessions = [await session_of(venue) for _ in channels]
    assert {session.channel for session in sessions} == set(channels)
    assert set(feed.source.connections()) == set(channels)
    assert len(venue.tokens) == 1  # those that connect together share one
    await sessions[0].drop()
    assert (await session_of(venue)).channel == sessions[0].channel
    await feed.stop()
    assert {state.state for state in feed.source.connections().values()} == {"closed"}


async def test_source_when_cancelled_closes_its_sockets_promptly(venue: Venue, rest: FastConnectRest) -> None:
    timing = msgspec.structs.replace(QUICK, close_timeout=600.0)
    feed = Feed(FastConnectSource(rest, venue.url, ["X:ALL"], timing=timing))
    session = await session_of(venue)
    await asyncio.wait_for(feed.stop(), PATIENT)
    assert feed.task.cancelled()
    await asyncio.wait_for(session.ended.wait(), PATIENT)
    assert not venue.open
    assert feed.source.connections()["X:ALL"].state == "closed"


async def test_source_when_cancelled_leaves_a_server_that_does_not_answer(venue: Venue, feed: Feed) -> None:
    session = await session_of(venue)
    session.freeze()
    await asyncio.wait_for(feed.stop(), PATIENT)
    assert feed.source.connections()["X:ALL"].state == "closed"


async def test_source_when_cancelled_while_it_waits_stops_at_once(venue: Venue, rest: FastConnectRest) -> None:
    timing = msgspec.structs.replace(QUICK, blocked_first=600.0, blocked_limit=600.0)
    venue.answers["negotiate"].append((429, ""))
    feed = Feed(FastConnectSource(rest, venue.url, ["X:ALL"], timing=timing))
    await feed.state("blocked")
    await asyncio.wait_for(feed.stop(), PATIENT)


async def test_source_whose_handler_fails_ends_with_that_error(venue: Venue, rest: FastConnectRest) -> None:
    def handle(text: str | bytes, at: float) -> None:
        raise OSError("a defect, not a lost connection")

    task = asyncio.create_task(FastConnectSource(rest, venue.url, ["X:ALL"], timing=QUICK).run(handle, lambda: None))
    await (await session_of(venue)).send(broadcast(MESSAGE))
    with pytest.raises(OSError, match="a defect"):
        await asyncio.wait_for(task, PATIENT)


async def test_source_logs_no_token(venue: Venue, feed: Feed, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    venue.answers["negotiate"].append((401, ""))
    await (await session_of(venue)).drop()
    await session_of(venue)
    assert "connected" in caplog.text
    assert not any(token in caplog.text for token in venue.tokens)
