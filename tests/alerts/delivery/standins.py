"""The other side of delivery over real sockets: Telegram, a push service, a webhook's receiver, a mail server."""

import asyncio
import json
import os
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message as Letter
from typing import Any

import http_ece
from aiohttp import web
from aiosmtpd.controller import Controller
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from alerts.delivery.push import text_of
from tests.integration.killable import wait_until
from tests.ports import held_port
from tracker.launch.ports import LOOPBACK

TOKEN = "4242:stand-in-token"


@dataclass
class Got:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """What to say next; `hold`: say nothing until `release`."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    hold: bool = False


class StandIn:
    """An HTTP server in a thread. It takes everything and answers what was scripted for the path, else success."""

    def __init__(self, port: int) -> None:
        self.url = f"http://{LOOPBACK}:{port}"
        self.got: list[Got] = []
        self.scripted: dict[str, deque[Answer]] = defaultdict(deque)
        self.released = threading.Event()

    def script(self, path: str, *answers: Answer) -> None:
        """Say what the next requests for a path are told."""
        self.scripted[path].extend(answers)

    def at(self, path: str) -> list[Got]:
        """The requests for a path, oldest first."""
        return [each for each in self.got if each.path == path]

    def wait_for(self, path: str, count: int = 1) -> list[Got]:
        """Wait until so many requests for a path have come."""
        wait_until(lambda: len(self.at(path)) >= count, f"{count} requests for {path}")
        return self.at(path)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.got.append(Got(request.path, dict(request.headers), await request.read()))
        answers = self.scripted[request.path]
        answer = answers.popleft() if answers else Answer(body=self.usual(request.path))
        while answer.hold and not self.released.is_set():
            await asyncio.sleep(0.02)
        return web.json_response(answer.body, status=answer.status, headers=answer.headers)

    def usual(self, path: str) -> Any:
        """What succeeds: the form of Telegram's answers serves all."""
        result: Any = [] if path.endswith("getUpdates") else {"message_id": 1, "username": "stand_in_bot"}
        return {"ok": True, "result": result}


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """Serve until the block ends."""
    served = StandIn(port := held_port())
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", served.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
    run(runner.setup())
    run(web.TCPSite(runner, LOOPBACK, port).start())
    try:
        yield served
    finally:
        served.released.set()
        run(runner.cleanup())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class MailBox:
    """A mail server's handler: it keeps letters, and refuses as scripted."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.refusals: deque[str] = deque()
        self.port = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refusals:
            return self.refusals.popleft()
        self.letters.append(message_from_bytes(envelope.content))
        return "250 OK"


@contextmanager
def mail_box() -> Iterator[MailBox]:
    """Serve mail until the block ends."""
    box = MailBox()
    box.port = held_port()
    controller = Controller(box, hostname=LOOPBACK, port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def said(letter: Letter) -> str:
    """The text of a letter."""
    content = letter.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode()


class Browser:
    """A subscribed browser: it can read what is pushed to it."""

    def __init__(self, endpoint: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._secret = os.urandom(16)
        public = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.subscription = {
            "endpoint": endpoint,
            "keys": {"p256dh": text_of(public), "auth": text_of(self._secret)},
        }

    def read(self, got: Got) -> dict[str, Any]:
        """Decrypt what the push service was given."""
        opened = http_ece.decrypt(got.body, private_key=self._key, auth_secret=self._secret, version="aes128gcm")
        found: dict[str, Any] = json.loads(opened)
        return found
