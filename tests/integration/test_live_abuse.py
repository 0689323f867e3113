"""What hostile and clumsy clients do to a real Daphne: their socket is closed, and the log stays clean."""

import asyncio
import json
import os
from collections.abc import Iterator

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.patience import PATIENT_SECONDS
from tests.stand import Stand


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with Stand(WS_CONNECTIONS_PER_ADDRESS="5") as stand:
        stand.start_web("web", "--access-log", "-")
        yield stand


@pytest.fixture(autouse=True)
def clean_log(stand: Stand) -> Iterator[None]:
    before = len(stand.said["web"])
    yield
    lines = stand.said["web"][before:]
    assert not [line for line in lines if "Traceback" in line or " ERROR " in line], lines


def opened(stand: Stand, query: str = "", **headers: str) -> connect:
    url = f"ws://127.0.0.1:{stand.ports['web']}/ws/market/{query}"
    return connect(url, additional_headers=headers, max_size=None, proxy=None)


async def closed(socket: ClientConnection) -> int | None:
    """The code with which the server closes."""
    async with asyncio.timeout(PATIENT_SECONDS):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed:
            return socket.close_code


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("nonsense", 4400),
        (b"\x00\xff", 4400),
        ('{"type":"ack","seq":"x"}', 4400),
        (json.dumps({"type": "subscribe", "symbols": [f"S{n}" for n in range(10_000)]}), 1009),
        ("x" * 60_000, 4400),
        ("x" * 200_000, 1009),
        (["x" * 60_000] * 100, 1009),
    ],
    ids=["text", "binary", "type", "symbols", "large", "huge", "fragments"],
)
async def test_bad_message_closes_the_socket(stand: Stand, message: str | bytes | list[str], code: int) -> None:
    async with opened(stand) as socket:
        try:
            await socket.send(message)
        except ConnectionClosed:
            assert isinstance(message, list)
        assert await closed(socket) in (code, 1006)  # 1006: closed before all was read


async def test_flood_closes_the_socket_and_costs_little_memory(stand: Stand) -> None:
    before = stand.memory("web")
    async with opened(stand) as socket:
        try:
            for _ in range(20_000):
                await socket.send('{"type":"resync"}')
        except ConnectionClosed:
            pass
        assert await closed(socket) in (4400, 1006)
    assert stand.memory("web") - before < 20


async def test_connections_beyond_the_limit_are_told_so_and_a_crash_gives_the_places_back(stand: Stand) -> None:
    held = [await opened(stand) for _ in range(5)]
    for socket in held:
        await socket.recv()  # it has its place
    async with opened(stand) as crowded:
        assert await closed(crowded) == 4429
    for socket in held:
        await socket.close()
    async with asyncio.timeout(PATIENT_SECONDS):
        while True:
            async with opened(stand) as socket:
                if json.loads(await socket.recv())["type"] == "snapshot":
                    break


async def test_other_sites_pages_are_refused(stand: Stand) -> None:
    with pytest.raises(Exception, match="403"):
        async with opened(stand, Origin="https://evil.example"):
            pass


async def test_frames_are_not_compressed(stand: Stand) -> None:
    async with opened(stand) as socket:
        assert socket.protocol.extensions == []


async def test_token_is_never_logged(stand: Stand) -> None:
    secret = f"vnst_{os.urandom(8).hex()}"
    for query, headers in ((f"?token={secret}", {}), ("", {"Authorization": f"Bearer {secret}"})):
        async with opened(stand, query, **headers) as socket:
            assert await closed(socket) == 4012  # there is no database that could know it
    said = "\n".join(stand.said["web"])
    assert "/ws/market/" in said
    assert secret not in said
