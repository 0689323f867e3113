"""The sockets of the API, through the whole ASGI application, on a real Valkey."""

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from django.urls import re_path
from pytest_django import Settings

from market import live
from market.models import ApiToken
from market.sockets.consumers import LiveConsumer, Pace
from market.sockets.hub import LiveHub, Rhythm
from market.sockets.slots import Slots
from market.sockets.terms import SameSiteOrigin
from tests.client import Copy
from tests.market.live_market import OPEN, Market, trade

Open = Callable[..., "Socket"]


class Socket(WebsocketCommunicator):  # type: ignore[misc]  # channels has no types
    """A client that speaks frames."""

    async def __aenter__(self) -> "Socket":
        accepted, _ = await self.connect(timeout=5)
        assert accepted
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.disconnect(timeout=5)

    async def frame(self, *kinds: str) -> dict[str, Any]:
        """The next frame, of the kinds that are named."""
        while True:
            frame: dict[str, Any] = json.loads(await self.receive_from(timeout=5))
            if not kinds or frame["type"] in kinds:
                return frame

    async def say(self, **message: Any) -> None:
        await self.send_to(json.dumps(message))

    async def closed(self) -> int:
        """The code with which the server closes."""
        while True:
            event = await self.receive_output(timeout=5)
            if event["type"] == "websocket.close":
                return int(event["code"])


@pytest.fixture(autouse=True)
def anonymous(settings: Settings) -> None:
    settings.ANONYMOUS_READ = True


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


def web_process(pace: Pace = Pace(), rhythm: Rhythm = Rhythm()) -> Open:  # noqa: B008  (immutable)
    consumer: Any = LiveConsumer(LiveHub(live.snapshot, rhythm), Slots(live.connect), pace)
    routes: Any = [re_path(r"^ws/(?P<channel>\w+)/?$", consumer)]
    application = SameSiteOrigin(URLRouter(routes))

    def opened(path: str = "/ws/market/", **headers: str) -> Socket:
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        return Socket(application, path, headers=raw)

    return opened


async def test_socket_gets_a_snapshot_first_and_then_what_changed(market: Market, server: Open) -> None:
    async with server() as socket:
        snapshot = await socket.frame()
        assert (snapshot["type"], snapshot["channel"], snapshot["epoch"]) == ("snapshot", "market", "epoch-one")
        assert set(snapshot["data"]["rows"]) == {"ACB", "HPG"}
        assert snapshot["data"]["status"]["source"] == "replay"
        market.apply(trade("ACB", OPEN + 1, 200.0, 25_100.0))
        await market.broadcaster.flush()
        update = await socket.frame()
        assert (update["type"], update["seq"]) == ("update", snapshot["seq"] + 1)
        assert update["data"]["rows"]["ACB"]["total_volume"] == 200
        assert "reference" not in update["data"]["rows"]["ACB"]


async def test_update_passes_through_as_ingest_encoded_it(market: Market, server: Open) -> None:
    layer = get_channel_layer()
    name = await layer.new_channel()
    await layer.group_add(live.group("market"), name)
    async with server() as socket:
        await socket.frame("snapshot")
        market.apply(trade("ACB", OPEN + 1, 200.0, 25_100.0))
        await market.broadcaster.flush()
        message = await asyncio.wait_for(layer.receive(name), timeout=5)
        assert await socket.receive_from(timeout=5) == message["text"]


@pytest.mark.parametrize("channel", live.CHANNELS)
@pytest.mark.parametrize("slash", ["", "/"])
async def test_every_channel_answers_with_and_without_a_slash(
    market: Market, server: Open, channel: str, slash: str
) -> None:
    async with server(f"/ws/{channel}{slash}") as socket:
        frame = await socket.frame()
        assert (frame["type"], frame["channel"]) == ("snapshot", channel)


async def test_alert_arrives_with_its_row(market: Market, server: Open) -> None:
    running = asyncio.create_task(market.broadcaster.run())
    async with server("/ws/alerts/") as socket:
        await socket.frame("snapshot")
        market.broadcaster.publish_alert({"id": "7", "symbol": "ACB", "title": "…"})
        assert (await socket.frame("update"))["data"]["rows"] == {"7": {"id": "7", "symbol": "ACB", "title": "…"}}
    running.cancel()


async def test_filter_lets_only_its_symbols_through_and_keeps_count(market: Market, server: Open) -> None:
    async with server("/ws/market/?symbols=acb,NONE") as socket:
        snapshot = await socket.frame("snapshot")
        assert set(snapshot["data"]["rows"]) == {"ACB"}
        for code, total in (("HPG", 200.0), ("ACB", 200.0)):
            market.apply(trade(code, OPEN + 1, total, 25_000.0))
            await market.broadcaster.flush()
        first, second = await socket.frame("update"), await socket.frame("update")
        assert first["data"]["rows"] == {}
        assert second["data"]["rows"]["ACB"]["total_volume"] == 200
        assert [first["seq"], second["seq"]] == [snapshot["seq"] + 1, snapshot["seq"] + 2]


async def test_subscribe_replaces_the_filter_and_brings_a_snapshot(market: Market, server: Open) -> None:
    async with server() as socket:
        await socket.frame("snapshot")
        await socket.say(type="subscribe", symbols=["HPG"])
        assert set((await socket.frame("snapshot"))["data"]["rows"]) == {"HPG"}
        await socket.say(type="subscribe")
        assert set((await socket.frame("snapshot"))["data"]["rows"]) == {"ACB", "HPG"}


async def test_alerts_filter_looks_at_the_symbol_of_the_alert(market: Market, server: Open) -> None:
    for number, code in enumerate(("ACB", "HPG")):
        market.broadcaster.publish_alert({"id": str(number), "symbol": code})
    await market.broadcaster.flush()
    async with server("/ws/alerts/?symbols=HPG") as socket:
        assert set((await socket.frame("snapshot"))["data"]["rows"]) == {"1"}


async def test_resync_brings_a_snapshot(market: Market, server: Open) -> None:
    async with server() as socket:
        first = await socket.frame()
        await socket.say(type="resync")
        assert await socket.frame() == first


async def test_new_epoch_brings_a_snapshot_unasked(market: Market, server: Open) -> None:
    async with server() as socket:
        await socket.frame("snapshot")
        market.start("epoch-two")
        market.apply(trade("HPG", OPEN + 1, 200.0, 25_000.0))
        await market.broadcaster.flush()
        frame = await socket.frame()
        assert (frame["type"], frame["epoch"], frame["seq"]) == ("snapshot", "epoch-two", 1)


async def test_update_that_was_lost_on_the_way_is_made_up_by_a_snapshot(market: Market, server: Open) -> None:
    async with server() as socket:
        first = await socket.frame("snapshot")
        layer, market.broadcaster._layer = market.broadcaster._layer, Deaf()  # type: ignore[assignment]
        market.apply(trade("ACB", OPEN + 1, 200.0, 25_000.0))
        await market.broadcaster.flush()
        market.broadcaster._layer = layer
        market.apply(trade("ACB", OPEN + 2, 300.0, 25_000.0))
        await market.broadcaster.flush()
        frame = await socket.frame()
        assert (frame["type"], frame["seq"]) == ("snapshot", first["seq"] + 2)
        assert frame["data"]["rows"]["ACB"]["total_volume"] == 300


class Deaf:
    """A layer that loses what it is given."""

    async def group_send(self, *message: object) -> None:
        return


async def test_heartbeat_becomes_a_status_when_it_says_something_new(market: Market, server: Open) -> None:
    async with server() as socket:
        status = (await socket.frame("snapshot"))["data"]["status"]
        await market.broadcaster.beat()
        heartbeat = await socket.frame()
        assert (heartbeat["type"], heartbeat["data"]) == ("heartbeat", {"status": status})
        market.broadcaster._status = lambda: status | {"feed": "closed"}
        await market.broadcaster.beat()
        frame = await socket.frame()
        assert (frame["type"], frame["data"]) == ("status", status | {"feed": "closed"})


async def test_silent_ingest_is_told_as_a_status(market: Market) -> None:
    server = web_process(rhythm=Rhythm(tick=0.01, heartbeat=0.05, silent_after=0.1))
    async with server() as socket:
        await socket.frame("snapshot")
        frame = await socket.frame("status")
        assert frame["data"]["feed"] == "reconnecting"
        await socket.frame("heartbeat")
        await market.broadcaster.beat()
        while frame["data"].get("feed") != "live":
            frame = await socket.frame("status")


async def test_socket_before_the_first_data_gets_an_empty_snapshot(redis_url: str, server: Open) -> None:
    async with server() as socket:
        frame = await socket.frame()
        assert (frame["type"], frame["data"]["rows"], frame["data"]["status"]["feed"]) == ("snapshot", {}, "starting")


async def test_socket_without_redis_gets_an_empty_snapshot_and_no_lock_out(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    server = web_process(rhythm=Rhythm(first_wait=0.2))
    async with server() as socket:
        frame = await socket.frame()
        assert (frame["type"], frame["data"]["rows"]) == ("snapshot", {})


@pytest.mark.parametrize("seed", range(3))
async def test_copy_of_a_client_that_reads_in_fits_and_starts_equals_a_fresh_snapshot(
    market: Market, server: Open, seed: int
) -> None:
    source = random.Random(seed)
    copy = Copy()
    async with server() as socket:
        for _ in range(60):
            for _ in range(source.randint(0, 5)):
                market.happen(source)
            if source.random() < 0.05:
                market.start(f"epoch-{source.random()}")
            if source.random() < 0.1:
                await market.client.flushdb()
            await market.broadcaster.flush()
            if source.random() < 0.3:
                await socket.say(type=source.choice(["resync", "pong"]))
            while source.random() < 0.6:
                await read_one(socket, copy, lose=source.random() < 0.2)
        await market.broadcaster.flush()
        await market.broadcaster.beat()
        fresh = await live.LiveReader(market.client).snapshot("market")
        assert fresh is not None
        while (copy.epoch, copy.seq, copy.complete) != (fresh.epoch, fresh.seq, True):
            await read_one(socket, copy, lose=False)
        assert copy.rows == fresh.rows


async def read_one(socket: Socket, copy: Copy, *, lose: bool) -> None:
    """Read a frame, if one comes soon, and answer it; or lose it."""
    if await socket.receive_nothing(timeout=0.02, interval=0.005):  # `receive_from` would end the application instead
        return
    text = await socket.receive_from()
    if not lose:
        for reply in copy.take(text):
            await socket.send_to(reply)


SMALL = Pace(ahead=2_000, ping_after=1e9, close_after=2e9)


async def churn(market: Market, times: int, start: int = 0) -> None:
    """Publish so many updates."""
    for number in range(start, start + times):
        market.apply(trade("ACB", OPEN + number, 200.0 + number, 25_000.0 + number))
        await market.broadcaster.flush()


async def test_client_that_never_acknowledges_gets_a_bounded_amount_then_one_snapshot(market: Market) -> None:
    async with web_process(SMALL)() as socket:
        snapshot = await socket.receive_from(timeout=5)
        await churn(market, 60)
        got = [snapshot]
        while not await socket.receive_nothing(timeout=0.3):
            got.append(await socket.receive_from())
        updates = [json.loads(text)["seq"] for text in got[1:]]
        assert 0 < len(updates) < 60
        assert sum(map(len, got)) <= SMALL.ahead + len(snapshot) + max(map(len, got[1:]))
        await churn(market, 5, start=100)
        assert await socket.receive_nothing(timeout=0.3)
        await socket.say(type="ack", seq=updates[-1])
        frame = await socket.frame()
        assert frame["type"] == "snapshot"
        assert frame["data"]["rows"]["ACB"]["total_volume"] == 304
        assert await socket.receive_nothing(timeout=0.3)


async def test_client_that_acknowledges_gets_every_update(market: Market) -> None:
    async with web_process(SMALL)() as socket:
        first = await socket.frame("snapshot")
        for number in range(60):
            await churn(market, 1, start=number)
            frame = await socket.frame()
            assert (frame["type"], frame["seq"]) == ("update", first["seq"] + 1 + number)
            await socket.say(type="ack", seq=frame["seq"])


async def test_acknowledging_what_was_never_sent_opens_nothing(market: Market) -> None:
    async with web_process(SMALL)() as socket:
        await socket.frame("snapshot")
        for seq in range(100, 160):
            await socket.say(type="ack", seq=seq)
        await churn(market, 60)
        count = 0
        while not await socket.receive_nothing(timeout=0.3):
            await socket.receive_from()
            count += 1
        assert count < 60


async def test_resync_of_a_client_that_never_acknowledges_is_not_answered_for_ever(market: Market) -> None:
    async with web_process(SMALL)() as socket:
        await churn(market, 60)
        sizes = []
        for _ in range(20):
            await socket.say(type="resync")
        while not await socket.receive_nothing(timeout=1.2):
            sizes.append(len(await socket.receive_from()))
        assert sum(sizes) <= SMALL.ahead + 2 * max(sizes)


async def test_silent_client_is_pinged_and_then_closed(market: Market) -> None:
    async with web_process(Pace(ping_after=0.1, close_after=0.3), Rhythm(tick=0.02))() as socket:
        await socket.frame("snapshot")
        assert (await socket.frame())["type"] == "ping"
        assert await socket.closed() == 4408


async def test_client_that_answers_pings_stays(market: Market) -> None:
    async with web_process(Pace(ping_after=0.05, close_after=0.5), Rhythm(tick=0.02))() as socket:
        for _ in range(15):
            await socket.frame("ping")
            await socket.say(type="pong")


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
        event = await socket.receive_output(timeout=5)
        assert event.get("code") == 4400 or json.loads(event["text"])["type"] == "snapshot"


async def test_consumer_costs_no_look_at_the_database_connections(
    market: Market, server: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looked() -> None:
        raise AssertionError("a message must not cost a look at the database connections")

    async with server() as socket:
        await socket.frame("snapshot")
        monkeypatch.setattr("channels.db.close_old_connections", looked)
        monkeypatch.setattr("channels.consumer.aclose_old_connections", looked)
        await socket.say(type="resync")
        await socket.frame("snapshot")


async def test_many_sockets_share_one_subscription_and_one_text(market: Market, server: Open) -> None:
    sockets = [server() for _ in range(5)]
    for socket in sockets:
        await socket.connect(timeout=5)
    events = [await socket.receive_output(timeout=5) for socket in sockets]
    assert len({id(event["text"]) for event in events}) == 1
    subscribers = await market.client.pubsub_numsub("tracker__group__live.market")
    assert subscribers[0][1] == 1
    for socket in sockets:
        await socket.disconnect(timeout=5)
    while (await market.client.pubsub_numsub("tracker__group__live.market"))[0][1]:
        await asyncio.sleep(0)


async def test_other_sites_pages_are_refused_and_our_own_and_programs_are_not(market: Market, server: Open) -> None:
    assert (await server(origin="https://evil.example").connect(timeout=5))[0] is False
    assert (await server(origin="null").connect(timeout=5))[0] is False
    async with server(origin="http://localhost:8000") as socket:
        await socket.frame("snapshot")
    async with server() as socket:
        await socket.frame("snapshot")


async def issue() -> tuple[ApiToken, str]:
    user = await User.objects.acreate(username="trader")
    stored = ApiToken(user=user, name="desk")
    token = stored.renew()
    await stored.asave()
    return stored, token


async def test_anonymous_is_refused_where_nobody_allowed_it(market: Market, server: Open, settings: Settings) -> None:
    settings.ANONYMOUS_READ = False
    async with server() as socket:
        assert await socket.closed() == 4401


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("way", ["Bearer", "Token", "query"])
async def test_token_opens_a_socket(market: Market, server: Open, settings: Settings, way: str) -> None:
    settings.ANONYMOUS_READ = False
    _, token = await issue()
    socket = server(f"/ws/market/?token={token}") if way == "query" else server(authorization=f"{way} {token}")
    async with socket:
        assert (await socket.frame())["type"] == "snapshot"


@pytest.mark.usefixtures("database")
async def test_wrong_token_is_refused_even_where_none_is_needed(market: Market, server: Open) -> None:
    await issue()
    for socket in (server("/ws/market/?token=vnst_wrong"), server(authorization="Bearer vnst_wrong")):
        async with socket:
            assert await socket.closed() == 4401


@pytest.mark.usefixtures("database")
async def test_session_opens_a_socket(market: Market, server: Open, settings: Settings) -> None:
    settings.ANONYMOUS_READ = False
    user = await User.objects.acreate(username="trader")
    session = SessionStore()
    await session.aset(SESSION_KEY, str(user.pk))
    await session.aset(BACKEND_SESSION_KEY, "django.contrib.auth.backends.ModelBackend")
    await session.aset(HASH_SESSION_KEY, user.get_session_auth_hash())
    await session.asave()
    async with server(cookie=f"{settings.SESSION_COOKIE_NAME}={session.session_key}") as socket:
        assert (await socket.frame())["type"] == "snapshot"
    async with server(cookie=f"{settings.SESSION_COOKIE_NAME}=stolen") as socket:
        assert await socket.closed() == 4401


@pytest.mark.usefixtures("database")
async def test_revoked_token_closes_the_open_socket(
    market: Market, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, token = await issue()
    monkeypatch.setattr("market.access.KEPT_SECONDS", 0.0)
    async with web_process(Pace(check_after=0.1), Rhythm(tick=0.05))(authorization=f"Bearer {token}") as socket:
        await socket.frame("snapshot")
        await sync_to_async(stored.revoke)()
        event = {"type": ""}
        while event["type"] != "websocket.close":
            await market.broadcaster.beat()
            event = await socket.receive_output(timeout=5)
        assert event["code"] == 4401


async def test_connections_of_an_address_are_limited_over_processes(market: Market, settings: Settings) -> None:
    settings.WS_CONNECTIONS_PER_ADDRESS = 2
    one, another = web_process(), web_process()
    async with one() as first:
        await first.frame("snapshot")
        async with another() as second:
            await second.frame("snapshot")
            async with one() as third:
                assert await third.closed() == 4429
        async with one() as fourth:
            await fourth.frame("snapshot")


@pytest.mark.usefixtures("database")
async def test_connections_of_a_user_are_limited(market: Market, server: Open, settings: Settings) -> None:
    settings.WS_CONNECTIONS_PER_USER = 1
    _, token = await issue()
    async with server(authorization=f"Bearer {token}") as first:
        await first.frame("snapshot")
        async with server(f"/ws/index/?token={token}") as second:
            assert await second.closed() == 4429
        async with server("/ws/index/") as anonymous:
            await anonymous.frame("snapshot")
