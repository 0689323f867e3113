"""A web process with the sockets of the API, and clients of it."""

import json
from collections.abc import Callable
from typing import Any

from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.urls import re_path

from market import live
from market.sockets.consumers import LiveConsumer, Pace
from market.sockets.hub import LiveHub, Rhythm
from market.sockets.slots import Slots
from market.sockets.terms import SameSiteOrigin
from tests.patience import PATIENT_SECONDS

Open = Callable[..., "Socket"]


class Socket(WebsocketCommunicator):  # type: ignore[misc]  # channels has no types
    """A client that speaks frames."""

    async def __aenter__(self) -> "Socket":
        accepted, _ = await self.connect(timeout=PATIENT_SECONDS)
        assert accepted
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.disconnect(timeout=PATIENT_SECONDS)

    async def frame(self, *kinds: str) -> dict[str, Any]:
        """The next frame, of the kinds that are named."""
        while True:
            frame: dict[str, Any] = json.loads(await self.receive_from(timeout=PATIENT_SECONDS))
            if not kinds or frame["type"] in kinds:
                return frame

    async def say(self, **message: Any) -> None:
        await self.send_to(json.dumps(message))

    async def closed(self) -> int:
        """The code with which the server closes."""
        while True:
            event = await self.receive_output(timeout=PATIENT_SECONDS)
            if event["type"] == "websocket.close":
                return int(event["code"])


def web_process(pace: Pace = Pace(), rhythm: Rhythm = Rhythm()) -> Open:  # noqa: B008  (immutable)
    consumer: Any = LiveConsumer(LiveHub(live.snapshot, rhythm), Slots(live.connect), pace)
    routes: Any = [re_path(r"^ws/(?P<channel>\w+)/?$", consumer)]
    application = SameSiteOrigin(URLRouter(routes))

    def opened(path: str = "/ws/market/", **headers: str) -> Socket:
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        return Socket(application, path, headers=raw)

    return opened
