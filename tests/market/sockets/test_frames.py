"""The frames that a socket of the API sends, through the whole ASGI application."""

import asyncio

import pytest
from channels.layers import get_channel_layer
from pytest_django import Settings

from market import live
from market.sockets.hub import Rhythm
from tests.market.live_market import OPEN, Market, trade
from tests.market.sockets.web_process import Open, web_process
from tests.patience import PATIENT_SECONDS


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
        message = await asyncio.wait_for(layer.receive(name), timeout=PATIENT_SECONDS)
        assert await socket.receive_from(timeout=PATIENT_SECONDS) == message["text"]


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
        await socket.connect(timeout=PATIENT_SECONDS)
    events = [await socket.receive_output(timeout=PATIENT_SECONDS) for socket in sockets]
    assert len({id(event["text"]) for event in events}) == 1
    subscribers = await market.client.pubsub_numsub("tracker__group__live.market")
    assert subscribers[0][1] == 1
    for socket in sockets:
        await socket.disconnect(timeout=PATIENT_SECONDS)
    while (await market.client.pubsub_numsub("tracker__group__live.market"))[0][1]:
        await asyncio.sleep(0)
