"""What surrounds the web application: a name for each request and socket, and the sockets in numbers.

Around, not inside: whatever serves a socket is counted the same way, and a frame pays for two additions.
"""

import re
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Final, TypeAlias

from django.urls import URLPattern
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from structlog.contextvars import bound_contextvars

from market.metrics import counter, gauge

Scope: TypeAlias = dict[str, Any]
Message: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]

SANE: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}")
SNAPSHOT: Final = '{"type":"snapshot"'
ACK: Final = '"ack"'
ELSEWHERE: Final = "unknown"  # an address that nothing serves; by its own name anybody could make us keep any name


class Requests:
    """Gives each HTTP request an id: the one in X-Request-ID if it is sane, else a new one; the answer tells it."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        id = given if SANE.fullmatch(given) else secrets.token_hex(8).encode()

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", id)]
            await send(message)

        with bound_contextvars(request_id=id.decode()):
            await self._application(scope, receive, tell)


class Traffic:
    """The sockets of one address."""

    __slots__ = ("acks", "bytes", "closes", "frames", "messages", "open", "opened", "snapshots")

    def __init__(self) -> None:
        self.open = self.opened = self.frames = self.bytes = self.snapshots = self.messages = self.acks = 0
        self.closes: Counter[int] = Counter()  # by code; 0: the client left


class Sockets(Collector):
    """Gives each socket an id and counts what passes through it, by address; a collector of these numbers."""

    def __init__(self, application: Application, patterns: Sequence[URLPattern]) -> None:
        self._application = application
        self._patterns = patterns
        self._traffic: dict[str, Traffic] = {}

    def name(self, path: str) -> str:
        """What an address goes by: `market`, `page/foreign`."""
        known = any(pattern.resolve(path.lstrip("/")) for pattern in self._patterns)
        return path.strip("/\n").removeprefix("ws/") if known else ELSEWHERE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket."""
        name = self.name(scope["path"])
        traffic = self._traffic.get(name) or self._traffic.setdefault(name, Traffic())
        closed: int | None = None

        async def sent(message: Message) -> None:
            nonlocal closed
            text = message.get("text")
            if text is not None:
                traffic.frames += 1
                traffic.bytes += len(text)
                if text.startswith(SNAPSHOT):
                    traffic.snapshots += 1
            elif message["type"] == "websocket.close" and closed is None:
                closed = message.get("code") or 1000
            await send(message)

        async def received() -> Message:
            message = await receive()
            if text := message.get("text"):
                traffic.messages += 1
                if ACK in text[:64]:
                    traffic.acks += 1
            return message

        traffic.open += 1
        traffic.opened += 1
        try:
            with bound_contextvars(connection_id=secrets.token_hex(6)):
                await self._application(scope, received, sent)
        finally:
            traffic.open -= 1
            traffic.closes[closed or 0] += 1

    def collect(self) -> Iterator[Metric]:
        """Read the numbers; from any thread."""
        traffic = {(name,): each for name, each in dict(self._traffic).items()}

        def of(field: str) -> dict[tuple[str, ...], float]:
            return {key: float(getattr(each, field)) for key, each in traffic.items()}

        label = ("channel",)
        yield gauge("tracker_sockets_open", "Sockets open now.", label, of("open"))
        yield counter("tracker_sockets_opened", "Sockets opened since the start.", label, of("opened"))
        yield counter("tracker_socket_frames", "Frames sent.", label, of("frames"))
        yield counter("tracker_socket_characters", "Characters of the frames sent.", label, of("bytes"))
        yield counter(
            "tracker_socket_snapshots", "Snapshots sent: the first of a socket, and each that replaced dropped frames.",
            label, of("snapshots"),
        )  # fmt: skip
        yield counter("tracker_socket_messages", "Messages of clients.", label, of("messages"))
        yield counter("tracker_socket_acks", "Messages of clients that say what they have.", label, of("acks"))
        closes = {(*key, str(code)): float(n) for key, each in traffic.items() for code, n in dict(each.closes).items()}
        text = "Sockets that ended, by our close code; 0: the client left."
        yield counter("tracker_sockets_closed", text, ("channel", "code"), closes)
