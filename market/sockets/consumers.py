"""The WebSocket API: /ws/market/, /ws/foreign/, /ws/index/, /ws/derivatives/, /ws/alerts/. See docs/websocket-api.md.

Plain ASGI. A Channels consumer would look at the database connections before every message (180 microseconds, the
handler takes ten) and subscribe a Redis channel for each client; here a client is a position in the shared channel of
its process, a filter, and the bytes that it has not acknowledged.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

from market.sockets.channel import LiveChannel, Symbols
from market.sockets.farewell import Farewell
from market.sockets.hub import LiveHub
from market.sockets.slots import Slots
from market.sockets.terms import (
    BAD_REQUEST,
    COME_BACK,
    CROWDED,
    NOT_AUTHORISED,
    STALLED,
    Budget,
    Refused,
    Visitor,
    Window,
    identify,
    parameters,
    still_welcome,
)

logger = logging.getLogger(__name__)

Receive: TypeAlias = Callable[[], Awaitable[Any]]
Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]

LONGEST_MESSAGE: Final = 16_384
MOST_SYMBOLS: Final = 1_000
LONGEST_SYMBOL: Final = 24
LARGEST_SEQ: Final = 2**53  # what JavaScript counts to


class Pace(NamedTuple):
    """Seconds, bytes, and messages of a client."""

    ping_after: float = 30.0
    close_after: float = 40.0
    check_after: float = 60.0  # whether its token still holds
    ahead: int = 256 * 1024  # unacknowledged, besides one snapshot
    messages_per_second: float = 100.0
    messages_at_once: float = 200.0
    snapshots_per_second: float = 1.0
    snapshots_at_once: float = 5.0


class ClientMessage(msgspec.Struct):
    """What a client may say."""

    type: Literal["ack", "pong", "resync", "subscribe"]
    seq: int | None = None
    symbols: list[str] | None = None


_decode: Final = msgspec.json.Decoder(ClientMessage).decode


def chosen(symbols: list[str] | None) -> Symbols | None:
    """A filter of these symbols; None for no filter. Those that do not exist (yet) do no harm. Raises Refused."""
    if symbols is None:
        return None
    if len(symbols) > MOST_SYMBOLS or any(len(symbol) > LONGEST_SYMBOL for symbol in symbols):
        raise Refused(BAD_REQUEST)
    return frozenset(symbol.strip().upper() for symbol in symbols) - {""}


class Client:
    """One socket: what it has, what it wants, and how far it is behind. `hear` listens, `flush` sends."""

    def __init__(self, send: Send, pace: Pace, symbols: Symbols | None, now: float) -> None:
        self.wake = asyncio.Event()
        self.closing: int | None = None
        self._send = send
        self._pace = pace
        self._symbols = symbols
        self._behind = True  # it needs a snapshot
        self._epoch = ""
        self._seq = 0
        self._noticed = 0
        self._window = Window()
        self._messages = Budget(pace.messages_per_second, pace.messages_at_once, now)
        self._snapshots = Budget(pace.snapshots_per_second, pace.snapshots_at_once, now)
        self._spoke_at = now
        self._ping_due = False
        self._pinged = False

    def close(self, code: int) -> None:
        """Let the writer close the socket."""
        self.closing = self.closing or code
        self.wake.set()

    def tick(self, now: float) -> None:
        """Notice silence, and try again what had to wait."""
        silence = now - self._spoke_at
        if silence > self._pace.close_after:
            self.close(STALLED)
        elif silence > self._pace.ping_after and not self._pinged:
            self._pinged = self._ping_due = True
            self.wake.set()
        elif self._behind:
            self.wake.set()

    def hear(self, message: dict[str, Any], now: float) -> None:
        """Take in a message of the client. Raises Refused."""
        text = message.get("text")
        if text is None or len(text) > LONGEST_MESSAGE or not self._messages.spend(now):
            raise Refused(BAD_REQUEST)
        try:
            said = _decode(text)
        except (ValueError, RecursionError) as error:  # msgspec's errors and UnicodeEncodeError are ValueErrors
            raise Refused(BAD_REQUEST) from error
        self._spoke_at, self._pinged = now, False
        if said.type == "ack":
            if said.seq is None or not 0 <= said.seq <= LARGEST_SEQ:
                raise Refused(BAD_REQUEST)
            self._window.acked(said.seq)
            if self._behind:
                self.wake.set()
        elif said.type != "pong":
            if said.type == "subscribe":
                self._symbols = chosen(said.symbols)
            self._behind = True
            self.wake.set()

    async def flush(self, channel: LiveChannel, now: float) -> None:
        """Send what is new, as far as the client keeps up; what it does not read is replaced by one snapshot later."""
        if self._ping_due:
            self._ping_due = False
            await self._say(channel.frame("ping", {}))
        if not self._behind:
            await self._catch_up(channel)
        if self._behind and self._window.ahead <= self._pace.ahead and self._snapshots.spend(now):
            self._behind = False
            self._epoch, self._seq = channel.epoch, channel.seq
            self._noticed = channel.notice.number  # the snapshot holds the status
            await self._say(channel.snapshot(self._symbols))
        notice, at = channel.notice, (self._epoch, self._seq)
        if not self._behind and notice.number != self._noticed and at == (channel.epoch, channel.seq):
            self._noticed = notice.number
            if at == (notice.epoch, notice.seq):
                await self._say(notice.text)
            elif notice.is_news:  # an update came behind it
                await self._say(channel.frame("status", channel.status))

    async def _catch_up(self, channel: LiveChannel) -> None:
        texts = channel.since(self._epoch, self._seq, self._symbols)
        if texts is None:
            self._behind = True
            return
        for text in texts:
            if self._window.ahead > self._pace.ahead + channel.snapshot_size:
                self._behind = True
                return
            self._seq += 1
            await self._say(text)

    async def end(self) -> None:
        """Close the socket, with the code that was asked for."""
        await self._send({"type": "websocket.close", "code": self.closing})

    async def _say(self, text: str) -> None:
        self._window.sent(self._seq, len(text))
        await self._send({"type": "websocket.send", "text": text})


class LiveConsumer:
    """The ASGI application of the five channels."""

    def __init__(
        self,
        hub: LiveHub,
        slots: Slots,
        pace: Pace = Pace(),  # noqa: B008  (immutable)
        farewell: Farewell | None = None,
    ) -> None:
        self._hub = hub
        self._slots = slots
        self._pace = pace
        self._farewell = farewell

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one socket."""
        await receive()  # websocket.connect
        await send({"type": "websocket.accept"})  # first: a browser sees no close code of what was never open
        try:
            if self._farewell:
                self._farewell.prepare()
                if self._farewell.said:
                    raise Refused(COME_BACK)
            asked = parameters(scope)
            symbols = chosen(asked["symbols"].split(",") if asked.get("symbols") else None)
            visitor = await identify(scope, asked.get("token"))
            slot = await self._slots.take(visitor.limits())
            if slot is None:
                raise Refused(CROWDED)
        except Refused as refused:
            await send({"type": "websocket.close", "code": refused.code})
            return
        try:
            client = Client(send, self._pace, symbols, _now())
            await self._serve(client, scope["url_route"]["kwargs"]["channel"], visitor, receive)
        finally:
            await self._slots.give_back(slot)

    async def _serve(self, client: Client, name: str, visitor: Visitor, receive: Receive) -> None:
        channel = self._hub.join(name, client)
        writing = asyncio.create_task(self._write(client, name, channel, visitor))
        try:
            while (message := await receive())["type"] != "websocket.disconnect":
                if client.closing is None:
                    try:
                        client.hear(message, _now())
                    except Refused as refused:
                        client.close(refused.code)
        finally:
            writing.cancel()
            await self._hub.leave(name, client)

    async def _write(self, client: Client, name: str, channel: LiveChannel, visitor: Visitor) -> None:
        """Send until the socket is to be closed, then close it; a fault of ours is no reason to stay away."""
        try:
            await self._hub.ready(name)
            check_at = _now() + self._pace.check_after
            client.wake.set()
            while client.closing is None:
                await client.wake.wait()
                client.wake.clear()
                now = _now()
                if now >= check_at:
                    check_at = now + self._pace.check_after
                    if not await still_welcome(visitor):
                        client.close(NOT_AUTHORISED)
                if client.closing is None:
                    await client.flush(channel, now)
        except OSError:
            return  # the client is gone; servers that say so while sending also end `receive`
        except Exception:
            logger.exception("a socket of %s failed", name)
            client.close(COME_BACK)
        with suppress(OSError):
            await client.end()


def _now() -> float:
    return asyncio.get_running_loop().time()
