"""What went off is told on the open pages of its user, in the page's language, and nowhere else."""

import asyncio
from contextlib import suppress
from functools import partial

import msgspec
import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from pytest_django import Settings

from alerts.consumers import Pace, SignalsConsumer
from alerts.models import PersonalAlert
from alerts.signals.feed import Client, SignalFeed
from market import broadcast, live
from market.sockets.door import Door
from market.sockets.hub import LiveHub, Rhythm
from market.sockets.slots import Slots
from market.watchlists.keepers import AccountLists
from tests.alerts.personal.test_views import make
from tests.patience import PATIENT_SECONDS
from tests.ports import held_port
from tests.sessions import cookie_of, session_of

pytestmark = pytest.mark.django_db(transaction=True)

HIT = {
    "id": "7c0f6c3e-0000-5000-8000-000000000001", "alert": 1, "symbol": "HPG", "kind": "price", "note": "<b>bán</b>",
    "time": "2026-11-20T10:00:00+07:00", "evidence": {"condition": "above", "threshold": 27_500.0, "value": 27_550.0},
}  # fmt: skip


def reader(name: str) -> tuple[int, bytes]:
    """Log a new user in; the key and the cookie."""
    user = User.objects.create_user(name)
    return user.pk, cookie_of(session_of(user)).encode()


async def test_hit_reaches_the_sockets_of_its_user_alone(redis_url: str) -> None:
    layer = get_channel_layer()
    assert layer is not None
    (user, mine), (_, others) = await sync_to_async(lambda: (reader("trader"), reader("other")))()
    feed, door = SignalFeed(LiveHub(rhythm=Rhythm(tick=0.05))), Door(Slots(live.connect))
    sockets = [
        WebsocketCommunicator(
            SignalsConsumer.as_asgi(feed=feed, door=door), f"/ws/signals/?language={language}", [(b"cookie", cookie)]
        )
        for language, cookie in (("vi", mine), ("en", mine), ("vi", others))
    ]
    for socket in sockets:
        accepted, _ = await socket.connect(timeout=PATIENT_SECONDS)
        assert accepted
        assert msgspec.json.decode(await socket.receive_from(timeout=PATIENT_SECONDS))["type"] == "state"
    await layer.group_send(live.user_group(user), {"type": "user.message", "message": HIT})
    told = [msgspec.json.decode(await socket.receive_from(timeout=PATIENT_SECONDS)) for socket in sockets[:2]]
    assert [frame["type"] for frame in told] == ["own", "own"]
    toasts = [frame["items"][0]["toast"] for frame in told]
    assert "giá lên tới 27,50 nghìn đồng" in toasts[0]
    assert "price rises to 27.50 thousand VND" in toasts[1]
    assert "&lt;b&gt;bán" in toasts[0]
    assert await sockets[2].receive_nothing(timeout=0.2)
    for socket in sockets:
        await socket.disconnect(timeout=PATIENT_SECONDS)


async def test_change_of_lists_or_alerts_reaches_the_pages_of_its_user_alone(redis_url: str) -> None:
    (user, mine), (_, others) = await sync_to_async(lambda: (reader("trader"), reader("other")))()
    feed, door = SignalFeed(LiveHub(rhythm=Rhythm(tick=0.05))), Door(Slots(live.connect))
    sockets = [
        WebsocketCommunicator(
            SignalsConsumer.as_asgi(feed=feed, door=door), "/ws/signals/?language=vi", [(b"cookie", cookie)]
        )
        for cookie in (mine, others)
    ]
    for socket in sockets:
        accepted, _ = await socket.connect(timeout=PATIENT_SECONDS)
        assert accepted
        assert msgspec.json.decode(await socket.receive_from(timeout=PATIENT_SECONDS))["type"] == "state"
    trader = await User.objects.aget(pk=user)
    lists = AccountLists(trader)
    for change in (partial(lists.create, "Banks", ("ACB",)), partial(make, trader), partial(forget, trader)):
        await sync_to_async(change)()
        told = await sockets[0].receive_from(timeout=PATIENT_SECONDS)
        assert msgspec.json.decode(told) == {"type": "changed", "seq": 1}
    assert await sockets[1].receive_nothing(timeout=0.2)
    for socket in sockets:
        await socket.disconnect(timeout=PATIENT_SECONDS)


def log_in() -> SessionBase:
    return session_of(User.objects.create_user("trader"))


@pytest.mark.parametrize(("anonymous", "code"), [(True, 4012), (False, 4401)])
async def test_socket_of_who_has_logged_out_hears_of_the_own_alerts_no_more(
    redis_url: str, settings: Settings, anonymous: bool, code: int
) -> None:
    settings.ANONYMOUS_READ = anonymous
    session = await sync_to_async(log_in)()
    feed, door = SignalFeed(LiveHub(rhythm=Rhythm(tick=0.05))), Door(Slots(live.connect))
    consumer = SignalsConsumer.as_asgi(feed=feed, door=door, pace=Pace(check_after=0.1))
    cookie = [(b"cookie", cookie_of(session).encode())]
    socket = WebsocketCommunicator(consumer, "/ws/signals/?language=vi", cookie)
    await socket.connect(timeout=PATIENT_SECONDS)
    assert msgspec.json.decode(await socket.receive_from(timeout=PATIENT_SECONDS))["type"] == "state"
    await sync_to_async(session.delete)()
    assert await socket.receive_output(timeout=PATIENT_SECONDS) == {"type": "websocket.close", "code": code}
    await socket.disconnect(timeout=PATIENT_SECONDS)


async def test_socket_that_is_cancelled_on_its_way_out_gives_its_place_back(redis_url: str) -> None:
    _, cookie = await sync_to_async(reader)("trader")
    slots = Slots(live.connect)
    feed, door = SlowFeed(LiveHub(rhythm=Rhythm(tick=0.05))), Door(slots)
    consumer = SignalsConsumer.as_asgi(feed=feed, door=door)
    socket = WebsocketCommunicator(consumer, "/ws/signals/?language=vi", [(b"cookie", cookie)])
    await socket.connect(timeout=PATIENT_SECONDS)
    await socket.receive_from(timeout=PATIENT_SECONDS)
    await socket.send_input({"type": "websocket.disconnect", "code": 1001})
    async with asyncio.timeout(PATIENT_SECONDS):
        await feed.leaving.wait()
    socket.future.cancel()  # as a server does that has waited long enough
    with suppress(asyncio.CancelledError):
        await socket.future
    assert not slots._held
    layer = get_channel_layer()
    assert layer is not None
    assert not layer.groups


class SlowFeed(SignalFeed):
    """A feed that is not left before somebody loses patience, as with a Redis that hangs."""

    def __init__(self, hub: LiveHub) -> None:
        super().__init__(hub)
        self.leaving = asyncio.Event()

    async def leave(self, client: Client) -> None:
        await super().leave(client)
        self.leaving.set()
        await asyncio.Future()


def forget(user: User) -> None:
    PersonalAlert.objects.get(user=user).delete()


def test_change_is_stored_though_redis_is_away(monkeypatch: pytest.MonkeyPatch, redis_url: str) -> None:
    layer = RedisPubSubChannelLayer(hosts=[f"redis://127.0.0.1:{held_port()}/0"])
    monkeypatch.setattr(broadcast, "get_channel_layer", lambda: layer)
    user = User.objects.create_user("trader")
    AccountLists(user).create("Banks", ("ACB",))
    assert [each.name for each in AccountLists(user).all()] == ["Banks"]
