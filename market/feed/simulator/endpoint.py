"""The HTTP edge: one dispatcher for REST, SignalR and control, since paths are case-insensitive as at SSI."""

import asyncio
import json
import time
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from secrets import token_bytes
from typing import Any
from uuid import uuid4

from aiohttp import ClientConnectionError, WSMsgType, web

from market.feed.simulator.control import Controlled, control
from market.feed.simulator.faults import Faults
from market.feed.simulator.hub import Client, Hub
from market.feed.simulator.options import SimulatorOptions
from market.feed.simulator.query import UNAUTHORIZED, failed
from market.feed.simulator.quota import Quota
from market.feed.simulator.rest import Rest
from market.feed.simulator.tokens import Tokens

HEADER = "X-Feed-Simulator"
SIGNALR = "/v2.0/signalr/"
REST = "/api/v2/market/"
CONTROL = "/control/"
LOOPBACK = {"127.0.0.1", "::1"}
MOST_CONNECTION_TOKENS = 10_000
INVALID_KEY = {"message": "The connection is invalid", "status": 400, "data": None}


class Endpoint:
    """Answers HTTP requests and holds the sockets that they open."""

    def __init__(self, options: SimulatorOptions, rest: Rest, hub: Hub, faults: Faults, controlled: Controlled) -> None:
        self._options, self._rest, self._hub, self._faults, self._controlled = options, rest, hub, faults, controlled
        self._run = uuid4().hex[:12]  # tells a client that came back whether it is still the same simulation
        self._tokens = Tokens()
        faults.expire_tokens = self._tokens.expire
        self._quota = Quota(options.calls_per_second)
        self._connection_tokens: OrderedDict[str, None] = OrderedDict()
        self._signalr: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {
            "negotiate": self._negotiate,
            "connect": self._connect,
            "reconnect": self._connect,
            "start": self._start,
            "abort": self._abort,
            "ping": self._ping,
        }

    def application(self) -> web.Application:
        """Return the application; every answer says that it comes from a simulator."""
        application = web.Application()
        application.router.add_route("*", "/{anything:.*}", self._dispatch)
        application.on_response_prepare.append(self._sign)
        return application

    async def _sign(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers[HEADER] = self._run

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        path = request.path.lower()
        if path.startswith(SIGNALR) and path.removeprefix(SIGNALR) in self._signalr:
            return await self._signalr[path.removeprefix(SIGNALR)](request)
        if path == REST + "accesstoken":
            return await self._access_token(request)
        if path.startswith(REST):
            return self._market(request, path.removeprefix(REST))
        if path.startswith(CONTROL):
            return self._control(request, path.removeprefix(CONTROL))
        return _json({"message": "Not found", "status": 404}, status=404)

    # --- REST -----------------------------------------------------------------------------------------------------

    async def _access_token(self, request: web.Request) -> web.Response:
        if request.method != "POST":
            return _json({"message": "The requested resource does not support this method"}, status=405)
        try:
            body = json.loads(await request.read())
            given = {str(name).lower(): str(value) for name, value in body.items()}
        except (ValueError, AttributeError):
            return _json(INVALID_KEY)
        consumer_id, secret = given.get("consumerid", ""), given.get("consumersecret", "")
        if not self._knows(consumer_id, secret):
            return _json(INVALID_KEY)
        token = self._tokens.issue(consumer_id, time.time())
        return _json({"message": "Success", "status": 200, "data": {"accessToken": token}})

    def _knows(self, consumer_id: str, secret: str) -> bool:
        wanted = (self._options.consumer_id, self._options.consumer_secret)
        return (consumer_id, secret) == wanted if any(wanted) else bool(consumer_id and secret)

    def _market(self, request: web.Request, name: str) -> web.Response:
        if self._refuses(request):
            return _json(UNAUTHORIZED, status=401 if self._faults.unauthorized_as == "http" else 200)
        if self._faults.take_quota() or not self._quota.admits(name, time.monotonic()):
            return _json(failed(self._quota.text()))
        if request.method != "GET":
            return _json({"message": "The requested resource does not support this method"}, status=405)
        answer = self._rest.answer(name, request.query)
        return _json({"message": "Not found", "status": 404}, status=404) if answer is None else _json(answer)

    def _refuses(self, request: web.Request) -> bool:
        held = self._tokens.holds(request.headers.get("Authorization", ""), time.time())
        return self._faults.take_unauthorized() or not held

    # --- SignalR --------------------------------------------------------------------------------------------------

    async def _negotiate(self, request: web.Request) -> web.Response:
        if self._refuses(request):
            return _json({"message": "Authorization has been denied for this request."}, status=401)
        token = b64encode(token_bytes(46)).decode() + "+/=="  # holds + / =, so that clients have to encode it
        self._connection_tokens[token] = None
        if len(self._connection_tokens) > MOST_CONNECTION_TOKENS:
            self._connection_tokens.popitem(last=False)
        return _json(
            {
                "Url": "/v2.0/signalr",
                "ConnectionToken": token,
                "ConnectionId": str(uuid4()),
                "KeepAliveTimeout": 2 * self._options.keep_alive,
                "DisconnectTimeout": 3 * self._options.keep_alive,
                "ConnectionTimeout": 110.0,
                "TryWebSockets": True,
                "ProtocolVersion": clamped_protocol(_parameter(request, "clientProtocol")),
                "TransportConnectTimeout": 5.0,
                "LongPollDelay": 0.0,
            }
        )

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        if _parameter(request, "connectionToken") not in self._connection_tokens:
            return _json({"message": "The ConnectionId is in the incorrect format."}, status=400)
        query_token = _parameter(request, "access_token")
        header = request.headers.get("Authorization") or f"Bearer {query_token}"
        if not self._tokens.holds(header, time.time()):
            return _json({"message": "Authorization has been denied for this request."}, status=401)
        socket = web.WebSocketResponse(compress=False, max_msg_size=1 << 20)
        if not socket.can_prepare(request):
            return _json({"message": "Only the webSockets transport is offered."}, status=400)
        await socket.prepare(request)
        await self._stream(request, socket)
        return socket

    async def _stream(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        def abort() -> None:
            if request.transport is not None:
                request.transport.abort()

        client = Client(abort)
        writer = asyncio.create_task(
            client.write(socket.send_str, self._options.keep_alive, lambda: self._hub.is_silent(client))
        )
        self._hub.join(client)
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._hub.receive(client, message.data)
                if self._faults.stream_blocked:
                    break
        finally:
            self._hub.leave(client)
            writer.cancel()
            with suppress(asyncio.CancelledError, ConnectionResetError, ClientConnectionError):
                await writer

    async def _start(self, request: web.Request) -> web.Response:
        return _json({"Response": "started"})

    async def _abort(self, request: web.Request) -> web.Response:
        return web.Response(text="")

    async def _ping(self, request: web.Request) -> web.Response:
        return _json({"Response": "pong"})

    # --- Control --------------------------------------------------------------------------------------------------

    def _control(self, request: web.Request, path: str) -> web.Response:
        if request.remote not in LOOPBACK:
            return _json({"message": "Only from this machine"}, status=403)
        try:
            answer = control(self._controlled, request.method, path, request.query)
        except ValueError as error:
            return _json({"message": str(error)}, status=400)
        return _json({"message": "Not found"}, status=404) if answer is None else _json(answer)


def _json(body: dict[str, Any], status: int = 200) -> web.Response:
    return web.json_response(body, status=status, dumps=lambda value: json.dumps(value, ensure_ascii=False))


def _parameter(request: web.Request, name: str) -> str:
    return next((value for key, value in request.query.items() if key.lower() == name.lower()), "")


def clamped_protocol(asked: str) -> str:
    """Return the client's protocol version, clamped to what SignalR 2 speaks."""
    try:
        version = min(2.0, max(1.2, float(asked)))
    except ValueError:
        return "1.2"
    return f"{version:.1f}"
