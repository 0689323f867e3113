"""The price board's socket: cell patches as JSON, the session header as HTML for htmx to swap.

It joins the groups first, reads the snapshot second and sends what came meanwhile, at most four frames a second. What
it knows of a client is a position in the shared board and the bytes that the client has not acknowledged.
"""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs

import msgspec
import redis
from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from market.live import LiveUnavailable, group
from market.pages.live_board import LiveBoard, Patch, merge
from market.pages.tabs import VN30, Tab, asked_tab, basket_tab
from market.sockets.door import CHECK_SECONDS, Door, Entry
from market.sockets.terms import BAD_REQUEST, COME_BACK, CROWDED, NOT_AUTHORISED, STALLED, Refused, still_welcome

logger = logging.getLogger(__name__)

LONGEST_MESSAGE: Final = 200
ROWS_OF_A_FRAME: Final = 400  # Daphne refuses to send more than a mebibyte at once; a row of the board takes a kilobyte


class Pace(NamedTuple):
    """Seconds, and bytes that a client may be behind."""

    interval: float = 0.25
    heartbeat: float = 5.0
    ping_after: float = 30.0
    close_after: float = 40.0
    check_after: float = CHECK_SECONDS
    unacked_bytes: int = 400_000


class Wanted(NamedTuple):
    """What the page asked for in the socket's address."""

    language: str
    tab: Tab


def wanted(query: bytes) -> Wanted | None:
    """Read `language`, `list` and `symbols` (comma list) from a query string; None if they cannot be used."""
    try:
        values = parse_qs(query.decode(), strict_parsing=bool(query), max_num_fields=3)
    except (UnicodeDecodeError, ValueError):
        return None
    language = values.get("language", [settings.LANGUAGE_CODE])[0]
    symbols = frozenset(values.get("symbols", [""])[0].split(",")) - {""}
    tab = asked_tab(values.get("list", [VN30])[0], symbols)
    return None if language not in dict(settings.LANGUAGES) or tab is None else Wanted(language, tab)


class BoardConsumer(AsyncWebsocketConsumer):
    """One open page: the price board, or another page whose rows a `LiveBoard` formats."""

    def __init__(
        self,
        board: LiveBoard,
        pace: Pace = Pace(),  # noqa: B008  (immutable)
        door: Door | None = None,
    ) -> None:
        super().__init__()
        self.groups = [group(name) for name in board.channels]
        self.board = board
        self.pace = pace
        self.door = door
        self.entry: Entry | None = None
        self.check_at = 0.0
        self.wanted = Wanted("", Tab("", ""))
        self.tab = self.wanted.tab
        self.positions: dict[str, tuple[str, int]] = {}
        self.seq = 0
        self.unacked: deque[tuple[int, int]] = deque()  # (seq, bytes) of frames the client has not confirmed
        self.behind = True  # the client needs a snapshot
        self.fragments = ""
        self.client_spoke_at = 0.0
        self.pinged = False
        self.wake = asyncio.Event()
        self.gone = False
        self.task: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.gone = True
            if self.task:
                self.task.cancel()
                self.board.clients -= 1
            try:
                await self.leave_groups()
            finally:
                if self.door and self.entry:
                    await self.door.leave(self.entry)

    async def leave_groups(self) -> None:
        """Channels does it where the page says good-bye; a socket that fails or is cancelled would stay in."""
        if hasattr(self, "channel_name"):  # else Redis was away from the beginning
            for name in self.groups:
                with suppress(redis.RedisError, OSError):
                    await self.channel_layer.group_discard(name, self.channel_name)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Call the handler without Channels' look at the database connections before each message.

        The handlers never touch the database, and the look costs 180 microseconds, a handler one.
        """
        handler = getattr(self, get_handler_name(message), None)
        if handler is None:
            raise ValueError(f"expected a message type that has a handler, was {message['type']}")
        await handler(message)

    async def connect(self) -> None:
        await self.accept()
        try:
            await self.enter()
        except Refused as refused:
            await self.close(refused.code)
            return
        if not self.board.clients:
            self.board.heard()
        self.board.clients += 1
        self.client_spoke_at = self.clock()
        self.check_at = self.clock() + self.pace.check_after
        self.task = asyncio.create_task(self.run())

    async def enter(self) -> None:
        """Judge what the page asks for, and who asks. Raises Refused."""
        if not self.ask(self.scope["query_string"]):
            raise Refused(BAD_REQUEST)
        if self.board.clients >= self.board.most_clients:
            raise Refused(CROWDED)
        if self.door:
            self.entry = await self.door.enter(dict(self.scope), self.say_goodbye)

    async def say_goodbye(self) -> None:
        """Ask the page to come back, to the process that takes over."""
        self.gone = True
        if self.task:
            self.task.cancel()
        await self.close(COME_BACK)

    def ask(self, query: bytes) -> bool:
        """Take in what the page asks for; False if it cannot be used."""
        asked = wanted(query)
        if asked is not None:
            self.wanted = asked
        return asked is not None

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        message = self.decode(text_data)
        if message is None:
            await self.close(BAD_REQUEST)
            return
        self.client_spoke_at, self.pinged = self.clock(), False
        if message.get("type") == "resync":
            self.behind = True
        acked = message.get("ack", 0)
        while self.unacked and self.unacked[0][0] <= acked:
            self.unacked.popleft()
        self.wake.set()

    def decode(self, text: str | None) -> dict[str, Any] | None:
        """Read `{"ack": n}`, `{"type": "pong"}` or `{"type": "resync"}`; None for anything else."""
        if text is None or len(text) > LONGEST_MESSAGE:
            return None
        try:
            message = msgspec.json.decode(text, type=dict[str, int | str])
        except (msgspec.DecodeError, UnicodeEncodeError):
            return None
        if isinstance(message.get("ack"), int) or message.get("type") in ("pong", "resync"):
            return message if isinstance(message.get("ack", 0), int) else None
        return None

    async def live_message(self, message: dict[str, Any]) -> None:
        """Take in a message of a group. Redis away: the next message or heartbeat tries again."""
        try:
            await self.board.take(message)
        except LiveUnavailable as error:
            logger.debug("the board waits: %s", error)
        self.wake.set()

    async def run(self) -> None:
        """Send until the page is gone; a fault closes its socket, and the page comes back.

        Cancelling is not enough: redis-py can swallow a cancel while it connects.
        """
        try:
            await self.begin()
            while not self.gone:
                await self.step()
        except Exception:
            logger.exception("the board's socket failed")
            await self.close(COME_BACK)

    async def begin(self) -> None:
        try:
            await self.board.refresh()
        except LiveUnavailable as error:
            logger.info("the board waits: %s", error)
        self.wake.set()

    async def step(self) -> None:
        """Wait for news or for the next heartbeat, speak, and then be quiet for an interval."""
        try:
            async with asyncio.timeout(self.pace.heartbeat):
                await self.wake.wait()
            due = False
        except TimeoutError:
            due = True
        self.wake.clear()
        await self.check()
        silence = self.clock() - self.client_spoke_at
        if silence > self.pace.close_after:
            await self.close(STALLED)
            await asyncio.Future()  # the disconnect cancels this task
        if silence > self.pace.ping_after and not self.pinged:
            self.pinged = True
            await self.speak("ping")
        elif sum(size for _, size in self.unacked) > self.pace.unacked_bytes:
            pass  # the client does not drain: it hears nothing until it confirms, then what it missed, the latest only
        else:
            await self.flush(due)
        await asyncio.sleep(self.pace.interval)

    async def check(self) -> None:
        """Close the socket of who has logged out meanwhile, where that matters."""
        if self.entry is None or self.clock() < self.check_at:
            return
        self.check_at = self.clock() + self.pace.check_after
        if not await still_welcome(self.entry.visitor):
            await self.close(NOT_AUTHORISED)
            await asyncio.Future()  # the disconnect cancels this task

    async def flush(self, due: bool) -> None:
        """Send what changed since the last frame, or a snapshot; a heartbeat if it is due and nothing else is."""
        fragments = self.board.fragments(self.wanted.language)
        if fragments != self.fragments:
            self.fragments = fragments
            due = True  # a new countdown needs the clock that goes with it
            await self.push(fragments)
        if self.behind and not self.board.channels["market"].epoch:
            if due:
                await self.speak("heartbeat")
            return
        patch = None if self.behind else self.news()
        if patch is None:
            rows = self.everything()
            self.behind = False
            await self.speak_all(rows)
        elif patch:
            await self.speak("cells", patch)
        elif due:
            await self.speak("heartbeat")

    def news(self) -> Patch | None:
        """Everything since this client's positions; None if some of it is forgotten."""
        patch: Patch = {}
        for name, channel in self.board.channels.items():
            epoch, seq = self.positions[name]
            step = channel.since(epoch, seq, self.wanted.language)
            if step is None:
                return None
            merge(patch, {id: each for id, each in step.items() if self.holds(name, id)})
            self.positions[name] = (channel.epoch, channel.seq)
        return patch

    def holds(self, channel: str, id: str) -> bool:
        """Tell whether a row is one of this client's page. One that the market lost is, so that it is told so."""
        if channel not in self.board.listed:
            return True
        row = self.board.channels["market"].rows.get(id)
        return channel == "market" if row is None else self.tab.holds(row)

    def everything(self) -> Patch:
        """All rows of the page, and this client's positions with them."""
        market = self.board.channels["market"]
        self.tab = self.wanted.tab
        if self.tab.id == VN30:  # which of its members are watched may have changed
            self.tab = basket_tab(self.tab.symbols or (), market.rows.values())
        rows: Patch = {}
        for name, channel in self.board.channels.items():
            shown = channel.everything(self.wanted.language)
            merge(rows, {id: each for id, each in shown.items() if self.holds(name, id)})
            self.positions[name] = (channel.epoch, channel.seq)
        return rows

    async def speak_all(self, rows: Patch) -> None:
        """Send a snapshot, in parts where it is large; the first one names all rows of it."""
        ids = [*rows]
        parts = [ids[start : start + ROWS_OF_A_FRAME] for start in range(0, len(ids), ROWS_OF_A_FRAME)] or [[]]
        for number, part in enumerate(parts):
            told = {"ids": ids} if not number and len(parts) > 1 else {}
            await self.speak("more" if number else "snapshot", {id: rows[id] for id in part}, **told)

    async def speak(self, kind: str, rows: Patch | None = None, **more: Any) -> None:
        self.seq += 1
        frame: dict[str, Any] = {
            "type": kind,
            "seq": self.seq,
            "time": self.board.now,
            "speed": self.board.speed,
        } | more
        if rows is not None:
            frame["rows"] = rows
        await self.push(msgspec.json.encode(frame).decode())

    async def push(self, text: str) -> None:
        self.unacked.append((self.seq, len(text)))
        await self.send(text)

    def clock(self) -> float:
        return asyncio.get_running_loop().time()
