"""A small FastConnect on a real socket, whose answers a test decides one by one."""

import asyncio
import base64
import json
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Self

import msgspec
from aiohttp import WSMsgType, web

MESSAGE = '{"DataType":"X","Content":"{\\"Symbol\\":\\"ACB\\"}"}'
STARTED = {"Response": "started"}


def jwt(life_seconds: float = 28_800, number: int = 0) -> str:
    """Return a token that ends in so many seconds."""
    claims = {"exp": int(time.time() + life_seconds), "id": f"{number}"}
    return f"head.{base64.b64encode(json.dumps(claims).encode()).decode()}.signature"


def broadcast(*texts: str) -> str:
    """Return a frame that carries these message texts."""
    entries = [{"H": "FcMarketDataV2Hub", "M": "Broadcast", "A": [text]} for text in texts]
    return json.dumps({"C": "d-1", "M": entries})


def envelope(rows: Any, total: int | None = None) -> dict[str, Any]:
    """Return a successful answer of the REST interface."""
    count = len(rows) if total is None else total
    return {"data": rows, "message": "Success", "status": "Success", "totalRecord": count}


class Session:
    """One open WebSocket, seen from the server."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.channel = ""
        self.ended = asyncio.Event()

    async def send(self, frame: str) -> None:
        """Send one text frame."""
        await self.socket.send_str(frame)

    def freeze(self) -> None:
        """Read nothing more, so that no close is answered either."""
        transport = self.socket._req.transport if self.socket._req else None
        if isinstance(transport, asyncio.ReadTransport):
            transport.pause_reading()

    async def drop(self) -> None:
        """End the connection without saying goodbye."""
        transport = self.socket._req.transport if self.socket._req else None
        if transport is not None:
            transport.abort()
        await self.ended.wait()


class Venue:
    """FastConnect's REST and stream below `url`.

    `answers[step]` holds what the next calls of a step answer instead of the usual: (HTTP status, body), where a body
    that is no text becomes JSON. Steps: AccessToken and the other endpoints, negotiate, connect, start.
    """

    def __init__(self) -> None:
        self.url = ""
        self.answers: defaultdict[str, list[tuple[int, Any]]] = defaultdict(list)
        self.calls: list[tuple[str, dict[str, str], str]] = []  # step, query, bearer token
        self.called_at: list[float] = []
        self.tokens: list[str] = []
        self.token_life = 28_800.0
        self.refuse_tokens: set[str] = set()
        self.hang: set[str] = set()  # steps that never answer
        self.keep_alive_timeout: float | None = 20.0
        self.negotiation: dict[str, Any] = {}
        self.headers: dict[str, str] = {}
        self.on_subscribe: Callable[[Session], Any] | None = None
        self.sessions: asyncio.Queue[Session] = asyncio.Queue()
        self.open: set[Session] = set()
        self._closing = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        application = web.Application()
        application.router.add_route("*", "/api/v2/Market/{step}", self._rest)
        application.router.add_get("/v2.0/signalr/connect", self._connect)
        application.router.add_route("*", "/v2.0/signalr/{step}", self._rest)
        self._runner = web.AppRunner(application, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        return self

    async def __aexit__(self, *details: object) -> None:
        """Close every socket."""
        self._closing.set()
        for session in list(self.open):
            await session.drop()
        await self._runner.cleanup()

    def steps(self) -> list[str]:
        """Return the steps that were called, in order."""
        return [step for step, _, _ in self.calls]

    def _note(self, step: str, request: web.Request) -> str:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.calls.append((step, dict(request.query), token))
        self.called_at.append(time.monotonic())
        return token

    async def _planned(self, step: str, token: str) -> web.Response | None:
        if step in self.hang:
            await self._closing.wait()
        if self.answers[step]:
            status, body = self.answers[step].pop(0)
        elif step != "AccessToken" and (token in self.refuse_tokens or token not in self.tokens):
            status, body = 401, {"message": "Unauthorized"}
        else:
            return None
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, headers=self.headers)

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        step = request.match_info["step"]
        token = self._note(step, request)
        planned = await self._planned(step, token)
        if planned is not None:
            return planned
        if step == "AccessToken":
            await request.json()
            self.tokens.append(jwt(self.token_life, len(self.tokens)))
            body: Any = {"message": "Success", "status": 200, "data": {"accessToken": self.tokens[-1]}}
        elif step == "negotiate":
            body = {
                "Url": "/v2.0/signalr",
                "ConnectionToken": "AQ+/b==",
                "KeepAliveTimeout": self.keep_alive_timeout,
                "TryWebSockets": True,
                "ProtocolVersion": "1.5",
            } | self.negotiation
        elif step == "start":
            body = STARTED
        else:
            body = {"data": None, "message": "No data", "status": "Success", "totalRecord": 0}
        return web.json_response(body, headers=self.headers)

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        token = self._note("connect", request)
        planned = await self._planned("connect", token)
        if planned is not None:
            return planned
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        session = Session(socket)
        self.open.add(session)
        try:
            await socket.send_str('{"C":"d-0","S":1,"M":[]}')
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._invoked(session, msgspec.json.decode(message.data))
        finally:
            self.open.discard(session)
            session.ended.set()
        return socket

    async def _invoked(self, session: Session, invocation: dict[str, Any]) -> None:
        assert invocation["M"] == "SwitchChannels"
        session.channel = invocation["A"][0]
        if self.on_subscribe is None:
            await session.send(json.dumps({"I": str(invocation["I"])}))
        else:
            await self.on_subscribe(session)
        self.sessions.put_nowait(session)
