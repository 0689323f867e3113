"""The one door for HTTP of delivery: bounded in time and bytes, no redirects, no proxy of the environment."""

import asyncio
import ssl
from collections.abc import Mapping
from functools import cache
from typing import Final

import httpx2
from msgspec import Struct

from alerts.delivery.addresses import NotResolved, resolve, take_apart
from alerts.delivery.reasons import Reason

TOTAL_SECONDS: Final = 10.0
CONNECT_SECONDS: Final = 4.0
MOST_BYTES: Final = 64 * 1024
MOST_ADDRESSES: Final = 3
AGENT: Final = "vn-stock-tracker"


class PostFailed(Exception):
    """No answer came; trying again may help."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Answer(Struct, frozen=True):
    """What came back; `body` is cut at MOST_BYTES."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after(self) -> str:
        """The header, empty without one."""
        return self.headers.get("retry-after", "")


@cache
def tls() -> ssl.SSLContext:
    """How certificates are judged. Reading the system's list takes longer than a message, so it happens once."""
    return httpx2.create_ssl_context(trust_env=False)


class Poster:
    """Posts within one event loop; `loopback` as in `addresses`. Use as an async context manager."""

    def __init__(self, loopback: bool) -> None:
        self._loopback = loopback
        # No connection is used twice: the pool knows it by its address alone, and behind one address may be many
        # hosts, each with a certificate of its own.
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
        timeout = httpx2.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS)
        self._http = httpx2.AsyncClient(
            verify=tls(),
            trust_env=False,
            follow_redirects=False,
            limits=limits,
            timeout=timeout,
            headers={"User-Agent": AGENT, "Accept-Encoding": "identity"},
        )

    async def __aenter__(self) -> "Poster":
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._http.aclose()

    async def to_stranger(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post to an address that a user gave us. Raises AddressRefused, PostFailed."""
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                return await self._to_stranger(url, body, headers)
        except TimeoutError as error:
            raise PostFailed(Reason.NO_ANSWER) from error

    async def to_known(self, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Answer:
        """Post to an address of the installation. Raises PostFailed."""
        try:
            async with asyncio.timeout(seconds):
                return await self._post(url, body, headers, {})
        except TimeoutError as error:
            raise PostFailed(Reason.NO_ANSWER) from error

    async def _to_stranger(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        place = take_apart(url, self._loopback)
        try:
            addresses = await resolve(place, self._loopback)
        except NotResolved as error:
            raise PostFailed(Reason.NOT_RESOLVED) from error
        sent = {**headers, "Host": place.netloc}
        failure = PostFailed(Reason.NO_ADDRESS_ANSWERS)
        for address in addresses[:MOST_ADDRESSES]:
            try:
                return await self._post(place.at(address), body, sent, {"sni_hostname": place.host})
            except Unreachable as error:
                failure = error
        raise failure

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str], extensions: dict[str, str]) -> Answer:
        try:
            async with self._http.stream(
                "POST", url, content=body, headers=dict(headers), extensions=extensions
            ) as response:
                found = await first_bytes(response)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise Unreachable(Reason.CANNOT_CONNECT) from error
        except httpx2.TimeoutException as error:
            raise PostFailed(Reason.NO_ANSWER) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise PostFailed(Reason.BROKEN) from error
        return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, found)


class Unreachable(PostFailed):
    """Nothing was sent: another address may be tried."""


async def first_bytes(response: httpx2.Response) -> bytes:
    """The beginning of a body, whatever its length."""
    found = b""
    async for chunk in response.aiter_raw():
        found += chunk
        if len(found) >= MOST_BYTES:
            break
    return found[:MOST_BYTES]
