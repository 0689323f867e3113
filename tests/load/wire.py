"""A WebSocket client that costs next to nothing: a thousand of them must not slow down what they measure."""

import asyncio
import base64
import os
import struct
import time
from typing import Final, Protocol

FRAME_HEAD: Final = struct.Struct("!BB")
SHORT: Final = struct.Struct("!H")
LONG: Final = struct.Struct("!Q")
TEXT: Final = 0x81
CLOSE: Final = 0x88
PING: Final = 0x89


class Listener(Protocol):
    """What gets the frames."""

    def opened(self, wire: "Wire") -> None: ...

    def got(self, wire: "Wire", text: bytes, at: float) -> None: ...

    def closed(self, wire: "Wire", code: int | None) -> None: ...


class Wire(asyncio.Protocol):
    """One connection. Frames of the server are neither masked nor compressed nor split."""

    def __init__(self, path: str, host: str, listener: Listener) -> None:
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n\r\n"
        )
        self._listener = listener
        self._buffer = bytearray()
        self._open = False
        self._code: int | None = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request.encode())

    def data_received(self, data: bytes) -> None:
        at = time.time()
        self._buffer += data
        if not self._open:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if b" 101 " not in self._buffer[:20]:
                self.transport.abort()
                return
            del self._buffer[: end + 4]
            self._open = True
            self._listener.opened(self)
        while (frame := self._next()) is not None:
            self._take(*frame, at)

    def connection_lost(self, error: Exception | None) -> None:
        self._listener.closed(self, self._code)

    def send(self, text: str) -> None:
        """Send a short text; a mask of zeros is a mask."""
        payload = text.encode()
        assert len(payload) < 126
        self.transport.write(FRAME_HEAD.pack(TEXT, 0x80 | len(payload)) + bytes(4) + payload)

    def _next(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        kind, size, start = buffer[0], buffer[1], 2
        if size == 126:
            if len(buffer) < 4:
                return None
            size, start = SHORT.unpack_from(buffer, 2)[0], 4
        elif size == 127:
            if len(buffer) < 10:
                return None
            size, start = LONG.unpack_from(buffer, 2)[0], 10
        if len(buffer) < start + size:
            return None
        payload = bytes(buffer[start : start + size])
        del buffer[: start + size]
        return kind, payload

    def _take(self, kind: int, payload: bytes, at: float) -> None:
        if kind == TEXT:
            self._listener.got(self, payload, at)
        elif kind == PING:
            self.transport.write(FRAME_HEAD.pack(0x8A, 0x80 | len(payload)) + bytes(4) + payload)
        elif kind == CLOSE:
            self._code = SHORT.unpack_from(payload)[0] if payload else None
            self.transport.close()
