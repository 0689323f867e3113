"""Who may open a socket, from where, and how many."""

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from pytest_django import Settings

from market.models import ApiToken
from market.sockets.consumers import Pace
from market.sockets.hub import Rhythm
from tests.market.live_market import Market
from tests.market.sockets.web_process import Open, web_process
from tests.patience import PATIENT_SECONDS
from tests.sessions import cookie_of, session_of


async def test_other_sites_pages_are_refused_and_our_own_and_programs_are_not(market: Market, server: Open) -> None:
    assert (await server(origin="https://evil.example").connect(timeout=PATIENT_SECONDS))[0] is False
    assert (await server(origin="null").connect(timeout=PATIENT_SECONDS))[0] is False
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
    session = await sync_to_async(session_of)(user)
    async with server(cookie=cookie_of(session)) as socket:
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
            event = await socket.receive_output(timeout=PATIENT_SECONDS)
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
