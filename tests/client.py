"""A client of the WebSocket API that keeps a correct copy of a channel, whatever is lost on the way.

docs/websocket-api.md shows this code: change both together, a test compares them.
"""

import asyncio
import json
import random
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

ACK_BYTES = 32_768  # the server stops when 256 kB are not acknowledged
FINAL = (4400, 4401)  # bad request, not authorised: coming back will not help


class Copy:
    """The rows of one channel, as of (epoch, seq)."""

    def __init__(self) -> None:
        self.epoch = ""
        self.seq = 0
        self.rows: dict[str, dict[str, Any]] = {}
        self.status: dict[str, Any] = {}
        self.complete = False  # False while a snapshot is awaited
        self.unacked = 0

    def take(self, text: str) -> list[str]:
        """Apply a frame; return what to send to the server."""
        frame = json.loads(text)
        replies = self.apply(frame)
        self.unacked += len(text)
        if self.unacked >= ACK_BYTES and self.complete:
            self.unacked = 0
            replies.append({"type": "ack", "seq": self.seq})
        return [json.dumps(reply) for reply in replies]

    def apply(self, frame: dict[str, Any]) -> list[dict[str, Any]]:
        kind, data, position = frame["type"], frame["data"], (frame["epoch"], frame["seq"])
        if kind == "ping":
            return [{"type": "pong"}]
        if kind == "snapshot":
            (self.epoch, self.seq), self.rows, self.status = position, data["rows"], data["status"]
            self.complete = True
            return [{"type": "ack", "seq": self.seq}]
        if not self.complete or (position[0] == self.epoch and position[1] < self.seq):
            return []  # a snapshot is on its way, or this one holds it already
        if kind == "update" and position == (self.epoch, self.seq + 1):
            self.seq += 1
            for id, fields in data["rows"].items():
                if fields is None:
                    self.rows.pop(id, None)
                else:
                    self.rows.setdefault(id, {}).update(fields)
        elif position != (self.epoch, self.seq):  # something was lost
            self.complete = False
            return [{"type": "resync"}]
        elif kind != "update":
            self.status = data if kind == "status" else data["status"]
        return []


async def follow(url: str, copy: Copy, token: str = "") -> None:
    """Keep `copy` up to date until cancelled, or refused for good."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    failures = 0
    while True:
        try:
            async with connect(url, additional_headers=headers, max_size=2**25, proxy=None) as socket:
                async for text in socket:
                    failures = 0
                    for reply in copy.take(str(text)):
                        await socket.send(reply)
            code = socket.close_code
        except ConnectionClosed as error:
            code = error.rcvd.code if error.rcvd else None
        except (OSError, InvalidHandshake, TimeoutError):
            code = None
        copy.complete = False
        if code in FINAL:
            raise ConnectionRefusedError(f"the server refused for good, with code {code}")
        failures += 1
        await asyncio.sleep(random.random() * min(30, 0.25 * 2**failures))  # not all at once
