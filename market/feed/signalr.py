"""The protocol of legacy ASP.NET SignalR 2, as far as FastConnect speaks it, without any I/O.

The steps, with the bearer token on each: GET negotiate, open the WebSocket at connect, GET start, send one
`SwitchChannels`, then read frames. A frame is one JSON object:

* `{"C":"..","S":1,"M":[]}`: the first one after connect
* `{"C":"..","M":[{"H":hub,"M":"Broadcast","A":["<message text>"]}, ...]}`: messages; `Error` carries a text for people
* `{"I":"0"}`: the answer to an invocation; `E` in it is why it failed
* `{}`: keep-alive, about every ten seconds
* `{"C":"..","T":1,"M":[]}`: please reconnect

Reconnecting with the last message id (`C`) is left out on purpose: after SwitchChannels the venue sends the last known
message of each symbol anyway. Source: SSI's own clients and SignalR's server, see the fact sheet section 2.
"""

from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec
from msgspec import Struct

from market.feed.errors import FeedError, RetryableFeedError, WrongAddress, answer_error

HUB = "FcMarketDataV2Hub"
ROOT = "v2.0/signalr"
PROTOCOL = "1.5"  # what SSI's Python client asks for
CONNECTION_DATA = f'[{{"name":"{HUB.lower()}"}}]'


class Negotiation(Struct, rename="pascal"):
    """What the server says about a new connection. Times are seconds."""

    connection_token: str
    keep_alive_timeout: float | None = None  # None: the server sends no keep-alives
    try_web_sockets: bool = True
    protocol_version: str | None = None
    redirect_url: str | None = None


class Reply(Struct, frozen=True):
    """The answer to an invocation; `error` is None when it succeeded."""

    id: str
    error: str | None = None


class Received(Struct):
    """What one frame held. With every field empty it was a keep-alive."""

    messages: list[str | bytes] = []
    errors: list[str] = []  # what the venue tells people by calling `Error`
    replies: list[Reply] = []
    rejects: list[str] = []  # reasons, one for each thing that was dropped
    init: bool = False
    reconnect: bool = False
    keep_alive: bool = False

    @property
    def is_odd(self) -> bool:
        """Tell whether there is anything but messages to look at."""
        return bool(self.errors or self.rejects or self.replies or self.reconnect)


class _Invocation(Struct, gc=False):
    M: str
    A: list[str]


class _Frame(Struct, gc=False):
    M: list[_Invocation] | None = None
    I: str | int | None = None  # noqa: E741 - the wire's name
    E: str | None = None
    S: int | None = None
    T: int | None = None


_decode_frame = msgspec.json.Decoder(_Frame).decode
_decode_any = msgspec.json.Decoder().decode
_decode_negotiation = msgspec.json.Decoder(Negotiation).decode


def negotiate_url(stream_url: str) -> str:
    """Return the address of the first step, below `stream_url` (http or https)."""
    return _url(stream_url, "negotiate", {})


def connect_url(stream_url: str, connection_token: str) -> str:
    """Return the address of the WebSocket (ws or wss)."""
    parts = urlsplit(_url(stream_url, "connect", _connection(connection_token) | {"tid": "0"}))
    return urlunsplit(parts._replace(scheme="wss" if parts.scheme == "https" else "ws"))


def start_url(stream_url: str, connection_token: str) -> str:
    """Return the address that tells the server that the WebSocket is open."""
    return _url(stream_url, "start", _connection(connection_token))


def switch_channels(channel: str) -> str:
    """Return the frame that subscribes the connection to `channel`."""
    invocation = {"H": HUB, "M": "SwitchChannels", "A": [channel], "I": 0}
    return msgspec.json.encode(invocation).decode()


def parse_negotiation(status: int, body: bytes) -> Negotiation:
    """Read the answer to negotiate, or raise what it means (`Unauthorised`, `QuotaExceeded`, `WrongAddress`, ...)."""
    text = body[:1000].decode(errors="replace")
    if status != 200:
        raise answer_error(status, text, "negotiate")
    try:
        negotiation = _decode_negotiation(body)
    except msgspec.DecodeError as error:
        raise _not_negotiation(body, text) from error
    if not negotiation.try_web_sockets:
        raise WrongAddress("negotiate: expected a server that offers WebSockets, was TryWebSockets false")
    return negotiation


def receive(frame: str | bytes) -> Received:
    """Take a frame apart. Never raises: what cannot be used is named in `rejects`.

    Reasons: frame_not_json, frame_not_object, bad_entry, unknown_method, no_argument, bad_argument.
    """
    try:
        typed = _decode_frame(frame)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _receive_odd(frame)
    invocations = typed.M
    if invocations:
        received = Received(init=typed.S == 1, reconnect=typed.T == 1)
        for invocation in invocations:
            if invocation.M == "Broadcast" and len(invocation.A) == 1:  # all but the odd ones
                received.messages.append(invocation.A[0])
            else:
                _take(received, invocation.M, invocation.A)
        return received
    return _without_messages(typed)


def _without_messages(frame: _Frame) -> Received:
    if frame.I is not None or frame.E is not None:
        return Received(replies=[Reply("" if frame.I is None else str(frame.I), frame.E)])
    received = Received(init=frame.S == 1, reconnect=frame.T == 1)
    received.keep_alive = not (received.init or received.reconnect)
    return received


def _receive_odd(frame: str | bytes) -> Received:
    """Save what can be saved of a frame that has another shape than SSI's."""
    try:
        value = _decode_any(frame)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Received(rejects=["frame_not_json"])
    if not isinstance(value, dict):
        return Received(rejects=["frame_not_object"])
    received = Received(init=value.get("S") == 1, reconnect=value.get("T") == 1)
    if value.get("I") is not None or value.get("E") is not None:
        error = None if value.get("E") is None else str(value["E"])
        received.replies.append(Reply(str(value.get("I", "")), error))
    entries = value.get("M") or []
    if not isinstance(entries, list):
        received.rejects.append("bad_entry")
        entries = []
    for entry in entries:
        if not isinstance(entry, dict):
            received.rejects.append("bad_entry")
        else:
            _take(received, entry.get("M"), entry.get("A"))
    return received


def _take(received: Received, method: object, arguments: object) -> None:
    """Add one invocation by the server. Method names differ in case between servers; only the first argument counts."""
    name = method.lower() if isinstance(method, str) else ""
    if name not in ("broadcast", "error"):
        received.rejects.append("unknown_method")
    elif not isinstance(arguments, list) or not arguments:
        received.rejects.append("no_argument")
    elif name == "error":
        received.errors.append(arguments[0] if isinstance(arguments[0], str) else _text(arguments[0]))
    elif isinstance(arguments[0], str):
        received.messages.append(arguments[0])
    elif isinstance(arguments[0], dict):
        received.messages.append(msgspec.json.encode(arguments[0]))
    else:
        received.rejects.append("bad_argument")


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _connection(connection_token: str) -> dict[str, str]:
    return {"transport": "webSockets", "connectionToken": connection_token}


def _url(stream_url: str, step: str, extra: dict[str, str]) -> str:
    query = urlencode(extra | {"connectionData": CONNECTION_DATA, "clientProtocol": PROTOCOL})
    return f"{stream_url.rstrip('/')}/{ROOT}/{step}?{query}"


def _not_negotiation(body: bytes, text: str) -> FeedError:
    """Explain a negotiate answer with HTTP 200 that is none: an error in an envelope, or some other server."""
    try:
        value = _decode_any(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        value = None
    if isinstance(value, dict):
        status = value.get("status")
        if isinstance(status, int):
            return answer_error(status, str(value.get("message") or ""), "negotiate")
        if isinstance(value.get("Error"), str):
            return RetryableFeedError(f"negotiate: {value['Error']}")
    shown = " ".join(text.split())[:80]
    return WrongAddress(f"negotiate: expected SignalR's JSON with a ConnectionToken, was {shown!r}")
