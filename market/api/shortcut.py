"""Live answers without Django in between.

Its middleware and views cost a web process more time than everything else about a live answer together (docs/api.md
has the measurements). So what is plain is answered here: a GET of a live address by somebody with a valid token, or by
anybody where ANONYMOUS_READ is on. Everything else, also whoever may not read, goes the long way to the same answers in
`market.api.views`, behind the same access checks.
"""

import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from math import ceil
from typing import Any, Final, TypeAlias

from django.conf import settings
from django.http.request import split_domain_port, validate_host
from rest_framework.exceptions import APIException, Throttled

from market.access import AccessUnavailable, aauthenticate, client_address, token_in
from market.api.access import CANNOT_TELL
from market.api.errors import Unavailable, describe, encoded
from market.api.live import Reply, answer
from market.api.live_views import BY_PATH
from market.api.throttles import caller_of, spend
from market.headers import security_headers
from market.metrics import HTTP_SECONDS

Scope: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Any]]
Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]
Application: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]

VARY: Final = (b"vary", b"Authorization, Cookie")


class LiveShortcut:
    """Answers what it can, and hands the rest to Django."""

    def __init__(self, django: Application) -> None:
        self._django = django

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        view = BY_PATH.get(scope["path"]) if scope["method"] == "GET" else None
        headers = dict(scope["headers"]) if view else {}
        started = time.perf_counter()
        try:
            caller = await caller_in(scope, headers) if view and is_plain(scope, headers) else None
            if view is None or caller is None:
                await self._django(scope, receive, send)
                return
            if wait := spend(*caller):
                raise Throttled(wait)
            match = headers.get(b"if-none-match")
            reply = await answer(view, scope["query_string"].decode("latin1"), match and match.decode("latin1"))
        except APIException as error:
            reply = refusal(error)
        await send({"type": "http.response.start", "status": reply.status, "headers": wire_headers(reply.headers)})
        await send({"type": "http.response.body", "body": reply.body})
        HTTP_SECONDS.labels(scope["path"].strip("/"), "GET", reply.status).observe(time.perf_counter() - started)


async def caller_in(scope: Scope, headers: dict[bytes, bytes]) -> tuple[str, int] | None:
    """Whose budget the request counts for; None for whoever has to be judged by Django. Raises Unavailable."""
    authorization = headers.get(b"authorization")
    if authorization is None:
        if not settings.ANONYMOUS_READ:
            return None
        peer = scope.get("client") or [None]
        return caller_of(None, None, client_address(peer[0], headers.get(b"x-forwarded-for", b"").decode("latin1")))
    token = token_in(authorization.decode("latin1"))
    try:
        user = token and await aauthenticate(token)
    except AccessUnavailable as error:
        raise Unavailable(CANNOT_TELL) from error
    return caller_of(token, None, "") if user else None


def is_plain(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    """Whether Django would neither refuse the host nor redirect to HTTPS."""
    if not host_is_ours(headers.get(b"host", b"").decode("latin1"), tuple(settings.ALLOWED_HOSTS)):
        return False
    return not settings.SECURE_SSL_REDIRECT or is_secure(scope, headers)


def is_secure(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    """Whether a request came by HTTPS, by the word of the proxy where one is set."""
    if settings.SECURE_PROXY_SSL_HEADER is None:
        return bool(scope.get("scheme") == "https")
    name, value = settings.SECURE_PROXY_SSL_HEADER
    given = headers.get(name.removeprefix("HTTP_").replace("_", "-").lower().encode(), b"")
    return given.decode("latin1").split(",")[0].strip() == value


@lru_cache(maxsize=1024)
def host_is_ours(host: str, allowed: tuple[str, ...]) -> bool:
    """Django's own test of the Host header."""
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, allowed)


def refusal(error: APIException) -> Reply:
    """An error in the one shape."""
    body = encoded(*describe(error))
    headers = [
        ("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"),
    ]  # fmt: skip
    if wait := getattr(error, "wait", None):
        headers.append(("Retry-After", str(ceil(wait))))
    return Reply(error.status_code, tuple(headers), body)


@lru_cache(maxsize=1024)
def wire_headers(headers: tuple[tuple[str, str], ...]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI has them, with those that Django's middleware would add."""
    added = [VARY, *((name.lower().encode(), value.encode()) for name, value in security_headers())]
    return [(name.lower().encode(), value.encode("latin1")) for name, value in headers] + added
