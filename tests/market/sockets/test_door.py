"""The pages' sockets at the door: counted with all others, sent away by a deploy, closed when a session ended."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.db import connections
from pytest_django import Settings

from market import live
from market.pages.board_consumer import BoardConsumer, Pace
from market.pages.live_board import LiveBoard
from market.sockets.door import Door
from market.sockets.farewell import Farewell
from market.sockets.slots import Slots
from tests.market.live_rows import Publisher, market_row
from tests.patience import PATIENT_SECONDS
from tests.sessions import cookie_of, session_of


@pytest.fixture(autouse=True)
def published(redis_url: str) -> None:
    Publisher().store_all({"HPG": market_row()})


class Socket:
    """A page's socket behind a door."""

    def __init__(self, door: Door, cookie: str = "", pace: Pace = Pace(interval=0.02, heartbeat=0.05)) -> None:  # noqa: B008
        consumer: Any = BoardConsumer.as_asgi(board=LiveBoard(), door=door, pace=pace)
        headers = [(b"cookie", cookie.encode())] if cookie else []
        self.socket = WebsocketCommunicator(consumer, "/ws/board/", headers=headers)

    async def __aenter__(self) -> "Socket":
        await self.socket.connect(timeout=PATIENT_SECONDS)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.disconnect(timeout=PATIENT_SECONDS)

    async def frame(self) -> str:
        return str(await self.socket.receive_from(timeout=PATIENT_SECONDS))

    async def closed(self) -> int:
        """The code with which the server closes."""
        while (event := await self.socket.receive_output(timeout=PATIENT_SECONDS))["type"] != "websocket.close":
            pass
        return int(event["code"])


async def test_page_sockets_of_an_address_are_limited_over_processes(settings: Settings) -> None:
    settings.WS_CONNECTIONS_PER_ADDRESS = 1
    one, another = Door(Slots(live.connect)), Door(Slots(live.connect))
    async with Socket(one) as first:
        await first.frame()
        async with Socket(another) as second:
            assert await second.closed() == 4429
    async with Socket(another) as third:
        assert await third.frame()


async def test_page_sockets_are_asked_to_come_back_before_the_process_ends() -> None:
    farewell = Farewell(lambda: door.close_all())
    door = Door(Slots(live.connect), farewell)
    async with Socket(door) as first:
        await first.frame()
        farewell.said = True
        door.close_all()
        assert await first.closed() == 4012
        async with Socket(door) as late:
            assert await late.closed() == 4012


def log_in() -> SessionBase:
    return session_of(User.objects.create_user("trader"))


@pytest.mark.django_db(transaction=True)
async def test_page_socket_closes_after_the_log_out_where_a_session_is_needed(settings: Settings) -> None:
    settings.ANONYMOUS_READ = False
    session = await sync_to_async(log_in)()
    door = Door(Slots(live.connect))
    pace = Pace(interval=0.02, heartbeat=0.05, check_after=0.1)
    async with Socket(door, cookie_of(session), pace) as socket:
        await socket.frame()
        await sync_to_async(session.delete)()
        async with asyncio.timeout(PATIENT_SECONDS):
            assert await socket.closed() == 4401
    await sync_to_async(connections.close_all)()
