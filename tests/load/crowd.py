"""Many clients of one channel, what they received and when."""

import asyncio
import re
from typing import Final
from urllib.parse import urlsplit

from tests.client import ACK_BYTES
from tests.load.wire import Wire

POSITION: Final = re.compile(rb'^\{"type":"(\w+)","channel":"\w+","epoch":"(\w*)","seq":(\d+)')

Position = tuple[str, int]


class Receiver:
    """One client: acknowledges as the reference client does, and counts what it missed."""

    def __init__(self, crowd: "Crowd") -> None:
        self.position: Position = ("", -1)
        self.at: dict[Position, float] = {}  # when each update came
        self.gaps = 0
        self.snapshot_at: float | None = None
        self.wire: Wire | None = None
        self.code: int | None = None
        self._crowd = crowd
        self._unacked = 0

    def opened(self, wire: Wire) -> None:
        self.wire = wire
        self.snapshot_at = None

    def got(self, wire: Wire, text: bytes, at: float) -> None:
        match = POSITION.match(text)
        assert match, text[:100]
        kind, position = match[1], (match[2].decode(), int(match[3]))
        self._unacked += len(text)
        if kind == b"snapshot":
            self.snapshot_at = at
            self.position = position
            self._unacked = ACK_BYTES
        elif kind == b"update":
            self.at[position] = at
            if position != (self.position[0], self.position[1] + 1):
                self.gaps += 1
            self.position = position
            self._crowd.saw(position, text)
        elif kind == b"ping":
            wire.send('{"type":"pong"}')
        if self._unacked >= ACK_BYTES:
            self._unacked = 0
            wire.send(f'{{"type":"ack","seq":{self.position[1]}}}')

    def closed(self, wire: Wire, code: int | None) -> None:
        self.wire = None
        self.code = code
        self._crowd.lost += not self._crowd.leaving


class Crowd:
    """Clients that share the text of each update: it is the same for all, and that is checked."""

    def __init__(self) -> None:
        self.clients: list[Receiver] = []
        self.texts: dict[Position, bytes] = {}
        self.different = 0
        self.lost = 0
        self.leaving = False

    def saw(self, position: Position, text: bytes) -> None:
        """Keep the first text of a position, and count those that differ from it."""
        if self.texts.setdefault(position, text) != text:
            self.different += 1

    async def connect(self, urls: list[str], count: int, at_once: int = 50) -> None:
        """Add clients, spread over the servers, and wait until each has its snapshot."""
        added = [Receiver(self) for _ in range(count)]
        self.clients += added
        await self._open(added, urls, at_once)

    async def reconnect(self, urls: list[str]) -> None:
        """Cut all connections and come back, all at once."""
        self.leaving = True
        for client in self.clients:
            if client.wire:
                client.wire.transport.abort()
        while any(client.wire for client in self.clients):
            await asyncio.sleep(0)
        self.leaving = False
        await self._open(self.clients, urls, len(self.clients))

    async def leave(self) -> None:
        """Close all connections."""
        self.leaving = True
        for client in self.clients:
            if client.wire:
                client.wire.transport.abort()
        await asyncio.sleep(0.1)

    async def _open(self, clients: list[Receiver], urls: list[str], at_once: int) -> None:
        room = asyncio.Semaphore(at_once)

        async def one(client: Receiver, url: str) -> None:
            parts = urlsplit(url)
            assert parts.hostname and parts.port
            async with room:
                await asyncio.get_running_loop().create_connection(
                    lambda: Wire(parts.path, parts.netloc, client), parts.hostname, parts.port
                )
                while client.snapshot_at is None and client.code is None:
                    await asyncio.sleep(0.005)

        client_urls = [urls[number % len(urls)] for number in range(len(clients))]
        await asyncio.gather(*map(one, clients, client_urls))
