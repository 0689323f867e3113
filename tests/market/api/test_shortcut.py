"""Live answers in front of Django: the same as behind it, and only for whom Django would answer."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest
from channels.testing import HttpCommunicator
from django.contrib.auth.models import User
from django.core.asgi import get_asgi_application
from pytest_django import Settings

from market.access import _tokens
from market.api.shortcut import LiveShortcut
from market.models import ApiToken
from tests.market.live_rows import VN30, Publisher
from tests.patience import PATIENT_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)

SNAPSHOT = "/api/market/snapshot"
HOST = (b"host", b"localhost:8000")


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def get(application: Any, path: str, *headers: tuple[bytes, bytes], method: str = "GET") -> Answer:
    response = await HttpCommunicator(application, method, path, headers=[HOST, *headers]).get_response(
        timeout=PATIENT_SECONDS
    )
    named = {name.decode().title(): value.decode() for name, value in response["headers"]}
    return Answer(response["status"], named, response["body"])


async def handed_on(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
    """Stand where Django would be asked."""
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b""})


shortcut = LiveShortcut(handed_on)


@pytest.mark.parametrize("view", ["snapshot", "foreign-detail", "volume-stats"])
@pytest.mark.parametrize(
    "query", ["", "?symbols=HPG", "?list=HNX", "?list=MOON", "?symbols=NOSUCH", "?symbols=%ff%00", "?" + "a=1&" * 1100]
)
async def test_shortcut_answers_as_django_does(published: Publisher, view: str, query: str) -> None:
    published.seq["foreign"] = 0
    published.store("foreign", {symbol: {"symbol": symbol, "board": "HOSE"} for symbol in VN30})
    path = f"/api/market/{view}{query}"
    short, long = await get(shortcut, path), await get(get_asgi_application(), path)
    assert (short.status, short.body, short.headers.get("Etag")) == (long.status, long.body, long.headers.get("Etag"))
    if short.status == 200:
        for name in ("Content-Type", "Cache-Control", "X-Content-Type-Options", "Referrer-Policy"):
            assert short.headers[name] == long.headers[name]
        assert short.headers["Vary"] in long.headers["Vary"]
        again = await get(shortcut, path, (b"if-none-match", short.headers["Etag"].encode()))
        assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    ("path", "method", "host"),
    [
        ("/api/market/alerts", "GET", b"localhost"),
        ("/", "GET", b"localhost"),
        (f"{SNAPSHOT}/", "GET", b"localhost"),
        (SNAPSHOT, "HEAD", b"localhost"),
        (SNAPSHOT, "POST", b"localhost"),
        (SNAPSHOT, "GET", b"evil.example"),
        (SNAPSHOT, "GET", b""),
    ],
)
async def test_shortcut_hands_on_what_is_not_plain(published: Publisher, path: str, method: str, host: bytes) -> None:
    response = await HttpCommunicator(shortcut, method, path, headers=[(b"host", host)]).get_response(
        timeout=PATIENT_SECONDS
    )
    assert response["status"] == 299


async def test_shortcut_hands_on_strangers_and_answers_tokens(published: Publisher, settings: Settings) -> None:
    settings.ANONYMOUS_READ = False
    _tokens._known.clear()
    user = await User.objects.acreate(username="reader")
    stored = ApiToken(user=user, name="test")
    token = stored.renew()
    await stored.asave()
    assert (await get(shortcut, SNAPSHOT)).status == 299
    assert (await get(shortcut, SNAPSHOT, (b"cookie", b"sessionid=x"))).status == 299
    assert (await get(shortcut, SNAPSHOT, (b"authorization", f"Bearer {token}x".encode()))).status == 299
    assert (await get(shortcut, SNAPSHOT, (b"authorization", b"Basic x"))).status == 299
    assert (await get(shortcut, SNAPSHOT, (b"authorization", f"Bearer {token}".encode()))).status == 200
    settings.API_REQUESTS_PER_MINUTE_PER_TOKEN = 1
    header = (b"authorization", f"Token {token}".encode())
    assert [(await get(shortcut, SNAPSHOT, header)).status for _ in range(2)] == [200, 429]


async def test_shortcut_leaves_the_redirect_to_https_to_django(published: Publisher, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert (await get(shortcut, SNAPSHOT)).status == 299
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert (await get(shortcut, SNAPSHOT, (b"x-forwarded-proto", b"https"))).status == 200
    assert (await get(shortcut, SNAPSHOT, (b"x-forwarded-proto", b"http"))).status == 299


async def test_shortcut_counts_requests_of_an_address(published: Publisher, settings: Settings) -> None:
    settings.API_REQUESTS_PER_MINUTE_PER_ADDRESS = 2
    statuses = [(await get(shortcut, SNAPSHOT)).status for _ in range(3)]
    assert statuses == [200, 200, 429]
    refused = await get(shortcut, SNAPSHOT)
    assert (refused.json["code"], refused.headers["Retry-After"]) == ("throttled", "30")


async def test_shortcut_without_redis_is_503(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = await get(shortcut, SNAPSHOT)
    assert (answer.status, answer.json["code"], answer.headers["Retry-After"]) == (503, "unavailable", "5")
