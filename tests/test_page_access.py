"""Who may reach which address: a table of all of them. An address that stands in none of its lines fails the test.

What is said of a page holds with ANONYMOUS_READ off; with it on, `page` and `api` are open to everybody.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import Settings

from market.live import CHANNELS
from tests.market.live_rows import Publisher, foreign_row, future_row, indices, market_row
from tests.market.page_html import fresh_cache
from tests.patience import PATIENT_SECONDS
from tests.sessions import cookie_of, session_of
from tracker.asgi import application, patterns

__all__ = ["fresh_cache"]

# What an address is: `open` to everybody; a `page` or fragment for whoever may read; the `api`'s, which answers 401;
# `account`: needs a log-in whatever ANONYMOUS_READ says; `own api`: likewise, and answers 401; `admin`: for staff.
ADDRESSES: Final = {
    "open": [
        "i18n/setlang/", "about/", "theme/", "palette/", "health", "health/", "health/live", "health/ready",
        "api/schema/", "api/docs/", "push-worker.js", "account/log-in/", "account/log-out/", "account/sign-up/",
        "account/reset/", "account/reset/sent/", "account/reset/<uidb64>/<token>/",
    ],
    "account": [
        "account/", "account/password/", "account/email/", "account/tokens/", "account/tokens/<int:number>/revoke/",
        "account/delete/", "account/second-factor/", "account/second-factor/set-up/", "account/second-factor/codes/",
        "account/second-factor/remove/", "alerts/mine/", "alerts/mine/state/",
        "alerts/mine/<int:pk>/", "alerts/mine/<int:pk>/<str:action>/",
        "alerts/delivery/", "alerts/delivery/<str:kind>/", "alerts/delivery/<str:kind>/test/",
        "alerts/delivery/<str:kind>/remove/", "alerts/delivery/<str:kind>/address/",
        "alerts/delivery/<str:kind>/confirm/", "alerts/delivery/<str:kind>/link/", "alerts/delivery/<str:kind>/url/",
        "alerts/delivery/<str:kind>/secret/", "alerts/delivery/<str:kind>/subscribe/",
        "alerts/delivery/push/<int:number>/remove/",
    ],
    "page": [
        "", "symbol/", "symbol/<str:name>/", "symbol/<str:name>/day/", "symbol/<str:name>/tape/",
        "symbol/<str:name>/candles/", "foreign/", "derivatives/", "volume/", "overview/", "lists/",
        "lists/state/", "lists/new/",
        "lists/<str:id>/", "lists/<str:id>/<str:action>/", "shared/<str:key>/", "shared/<str:key>/copy/",
        "signals/", "signals/of/<str:name>/", "summary/", "summary/<str:day>/",
    ],
    "api": [
        "metrics", "api/market/snapshot", "api/market/foreign-detail", "api/market/volume-stats",
        "api/market/basis-trend", "api/market/alerts", "api/history/index/<str:symbol>",
        "api/history/derivatives/<str:symbol>", "api/history/<str:symbol>/candles", "api/history/<str:symbol>/ticks",
        "api/history/<str:symbol>/foreign", "api/history/<str:symbol>/foreign/daily", "api/vn30-components",
        "api/symbols", "api/history/alerts",
    ],
    "own api": ["api/alerts/mine", "api/alerts/mine/hits", "api/alerts/mine/<int:number>"],
}  # fmt: skip
SOCKETS: Final = [
    "ws/board/", "ws/symbol/", "ws/page/foreign/", "ws/page/derivatives/", "ws/page/volume/", "ws/page/overview/",
    "ws/page/signals/", "ws/signals/",
    "ws/(?P<channel>market|foreign|index|derivatives|alerts)/",
]  # fmt: skip
PARTS: Final = {
    "name": "ACB", "symbol": "ACB", "id": "my-list", "action": "add", "key": "no-such-key", "number": "1", "pk": "1",
    "kind": "email",
}  # fmt: skip
PASSED: Final = {200, 302, 400, 403, 404, 405, 429}  # the view itself answered
READERS: Final = ("visitor", "user", "staff")


def routes(patterns: list[Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Every address of the site, and the name of the app that it belongs to."""
    for each in patterns:
        route = before + str(each.pattern).removeprefix("^").removesuffix("$").removesuffix(r"\Z")
        if isinstance(each, URLResolver):
            if each.app_name == "admin":
                yield route, "admin"
            else:
                yield from routes(each.url_patterns, route)
        elif isinstance(each, URLPattern):
            yield route, ""


def address(route: str) -> str:
    """An address that a pattern matches."""
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: PARTS.get(match[1], "x"), route)


def kind_of(route: str) -> str | None:
    """What the table says of an address. Those of the API are there with and without a slash."""
    for kind, listed in ADDRESSES.items():
        if route in listed or ("api" in kind and route.removesuffix("/") in listed):
            return kind
    return None


@pytest.fixture
def clients(db: None, redis_url: str) -> dict[str, Client]:
    """A browser of each kind of reader."""
    publisher = Publisher()
    publisher.store_all({"ACB": market_row("ACB")})
    publisher.store("foreign", {"ACB": foreign_row("ACB")})
    publisher.store("index", indices())
    publisher.store("derivatives", {"41I1GC000": future_row()})
    found = {name: Client(raise_request_exception=True) for name in READERS}
    found["user"].force_login(User.objects.create_user("trader"))
    found["staff"].force_login(User.objects.create_superuser("root"))
    return found


def expected(kind: str, reader: str, anonymous_read: bool) -> str:
    """How an address answers a reader."""
    if reader != "visitor" or kind == "open" or (anonymous_read and kind in ("page", "api")):
        return "passed"
    return "refused" if "api" in kind else "led to the log-in page"


def answered(client: Client, route: str) -> str:
    """How it does answer."""
    response = client.get(address(route))
    if response.status_code == 405:
        response = client.post(address(route))
    if response.status_code == 302 and response.headers["Location"].startswith("/account/log-in/?next="):
        return "led to the log-in page"
    if response.status_code == 401:
        return "refused"
    assert response.status_code in PASSED, (route, response.status_code)
    return "passed"


def test_every_address_stands_in_the_table_once() -> None:
    found = [route for route, app in routes(get_resolver().url_patterns) if app != "admin"]
    assert [route for route in found if kind_of(route) is None] == [], "expected a line in ADDRESSES for these"
    listed = [route for routes in ADDRESSES.values() for route in routes]
    assert sorted(listed) == sorted(set(listed))
    assert set(listed) - set(found) == set()


@pytest.mark.parametrize("anonymous_read", [False, True])
def test_every_address_answers_as_the_table_says(
    clients: dict[str, Client], settings: Settings, anonymous_read: bool
) -> None:
    settings.ANONYMOUS_READ = anonymous_read
    settings.ACCOUNTS_SIGN_UP = True
    wrong = []
    for route, app in routes(get_resolver().url_patterns):
        for name in READERS if app != "admin" else ():
            client = clients[name]
            session = client.cookies.get("sessionid")
            seen = answered(client, route)
            if route == "account/log-out/" and session:
                client.force_login(User.objects.get(username="trader" if name == "user" else "root"))
            wanted = expected(kind_of(route) or "", name, anonymous_read)
            if seen != wanted:
                wrong.append(f"{name} at /{route}: expected to be {wanted}, was {seen}")
    assert wrong == []


@pytest.mark.parametrize("anonymous_read", [False, True])
def test_admin_is_for_staff_alone(clients: dict[str, Client], settings: Settings, anonymous_read: bool) -> None:
    settings.ANONYMOUS_READ = anonymous_read
    for path in ("/admin/", "/admin/auth/user/", "/admin/market/apitoken/", "/admin/jsi18n/"):
        assert clients["staff"].get(path).status_code == 200
        for name in ("visitor", "user"):
            response = clients[name].get(path)
            assert (response.status_code, response.headers["Location"]) == (302, f"/admin/login/?next={path}")
    assert clients["visitor"].get("/admin/login/").status_code == 200


def test_page_leads_to_the_log_in_page_and_back_with_its_choices(
    clients: dict[str, Client], settings: Settings
) -> None:
    settings.ANONYMOUS_READ = False
    response = clients["visitor"].get("/foreign/?list=HNX&sort=-net")
    assert response.headers["Location"] == "/account/log-in/?next=/foreign/%3Flist%3DHNX%26sort%3D-net"
    assert clients["visitor"].post("/lists/new/").headers["Location"] == "/account/log-in/?next=/"


def test_fragment_sends_the_page_around_it_to_the_log_in_page(clients: dict[str, Client], settings: Settings) -> None:
    settings.ANONYMOUS_READ = False
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/foreign/?list=HNX"}
    response = clients["visitor"].get("/foreign/", headers=headers)
    assert response.headers["HX-Redirect"] == "/account/log-in/?next=/foreign/%3Flist%3DHNX"
    assert response.content == b""


def test_visitor_hears_why_while_the_database_is_away(
    clients: dict[str, Client], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ANONYMOUS_READ = False
    assert clients["user"].get("/").status_code == 200
    stranger = Client()
    stranger.cookies["sessionid"] = "x" * 32
    monkeypatch.setattr("market.readers.readers._away_until", float("inf"))
    assert clients["user"].get("/").status_code == 200
    response = stranger.get("/")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert stranger.get("/about/").status_code == 200
    assert Client().get("/").status_code == 302


async def close_code(path: str, cookie: str = "") -> int:
    """The code that a socket of the site is closed with; 0 if it is served."""
    socket = WebsocketCommunicator(application, path, headers=[(b"cookie", cookie.encode())] if cookie else [])
    await socket.connect(timeout=PATIENT_SECONDS)
    message = await socket.receive_output(timeout=PATIENT_SECONDS)
    await socket.disconnect(timeout=PATIENT_SECONDS)
    return int(message["code"]) if message["type"] == "websocket.close" else 0


def opened_by() -> str:
    """The cookie of somebody who logged in."""
    return cookie_of(session_of(User.objects.create_user("trader")))


def test_every_socket_stands_in_the_table() -> None:
    found = [str(pattern.pattern).removeprefix("^").removesuffix("/?$") + "/" for pattern in patterns]
    assert sorted(found) == sorted(SOCKETS)


@pytest.mark.django_db(transaction=True)
async def test_every_socket_needs_a_session_where_not_everybody_may_read(redis_url: str, settings: Settings) -> None:
    Publisher().store_all({"ACB": market_row("ACB")})
    cookie = await sync_to_async(opened_by)()
    names = [*CHANNELS, *(path for path in SOCKETS if "?P" not in path)]
    paths = [path if "/" in path else f"ws/{path}/" for path in names]
    asked = {"ws/symbol/": "?symbol=ACB"}
    codes = {}
    for anonymous_read in (False, True):
        settings.ANONYMOUS_READ = anonymous_read
        for path in paths:
            address = f"/{path}{asked.get(path, '')}"
            codes[path, anonymous_read] = await close_code(address), await close_code(address, cookie)
    wrong = await close_code("/ws/board/", "sessionid=stolen")
    await sync_to_async(connections.close_all)()
    assert codes == {(path, open): (0 if open else 4401, 0) for path in paths for open in (False, True)}
    assert wrong == 0  # everybody may read by now: a session that ended is no reason to stay away
