"""The reference client through kills and restarts of Redis, Daphne and ingest: its copy is right again afterwards.

Real processes: Valkey, simulator, ingest and Daphne. The simulated market is paused to compare copies.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from signal import SIGTERM
from typing import Any

import pytest
import pytest_asyncio
from websockets.asyncio.client import connect

from tests.client import Copy, follow
from tests.patience import PATIENT_SECONDS
from tests.stand import Stand

PATIENCE = 30.0
CHANNELS = ("market", "foreign", "index", "derivatives", "alerts")


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with Stand() as stand:
        stand.start_database()
        stand.start_simulator("--start", "09:15")
        stand.start_ingest()
        stand.start_web()
        yield stand


@pytest_asyncio.fixture
async def copies(stand: Stand) -> AsyncIterator[dict[str, Copy]]:
    """The reference client on every channel, all up to date."""
    copies = {channel: Copy() for channel in CHANNELS}
    tasks = [asyncio.create_task(follow(url(stand, channel), copy)) for channel, copy in copies.items()]
    await until(lambda: all(copy.complete and copy.epoch for copy in copies.values()))
    yield copies
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def url(stand: Stand, channel: str) -> str:
    return f"ws://127.0.0.1:{stand.ports['web']}/ws/{channel}/"


async def until(condition: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.02)


async def market_moves(copy: Copy) -> None:
    """Wait until the copy follows the running market: complete, and some updates further."""
    await until(lambda: copy.complete)
    epoch, seq = copy.epoch, copy.seq
    await until(lambda: copy.complete and (copy.epoch != epoch or copy.seq >= seq + 3))


async def fresh(stand: Stand, channel: str) -> Copy:
    """What a client sees that comes now."""
    copy = Copy()
    async with connect(url(stand, channel), max_size=2**25, proxy=None) as socket:
        copy.take(str(await socket.recv()))
    return copy


async def same_as_fresh(stand: Stand, copies: dict[str, Copy]) -> None:
    """Hold each copy against a fresh snapshot of the same position, while the market runs."""
    for channel, copy in copies.items():
        async with asyncio.timeout(PATIENCE):
            while True:
                snapshot = await fresh(stand, channel)
                await until(lambda: copy.complete)  # noqa: B023  (awaited at once)
                with suppress(TimeoutError):
                    async with asyncio.timeout(2):
                        while (copy.epoch, copy.seq) < (snapshot.epoch, snapshot.seq):
                            await asyncio.sleep(0)
                if (copy.epoch, copy.seq) == (snapshot.epoch, snapshot.seq):
                    assert copy.rows == snapshot.rows, channel
                    break


async def test_copies_follow_the_market(stand: Stand, copies: dict[str, Copy]) -> None:
    await market_moves(copies["market"])
    await same_as_fresh(stand, copies)
    assert len(copies["market"].rows) == 30


async def test_copies_are_right_after_redis_was_killed(stand: Stand, copies: dict[str, Copy]) -> None:
    stand.kill("valkey")
    async with connect(url(stand, "market"), proxy=None) as socket:  # whoever comes meanwhile is not turned away
        assert json.loads(await asyncio.wait_for(socket.recv(), PATIENT_SECONDS))["type"] == "snapshot"
    await asyncio.to_thread(stand.start_valkey)
    await market_moves(copies["market"])
    await same_as_fresh(stand, copies)


async def test_copies_are_right_after_daphne_was_killed(stand: Stand, copies: dict[str, Copy]) -> None:
    stand.kill("web")
    await asyncio.to_thread(stand.start_web, port=stand.ports["web"])
    await market_moves(copies["market"])
    await same_as_fresh(stand, copies)


async def test_copies_are_right_after_the_standby_took_over_from_ingest(stand: Stand, copies: dict[str, Copy]) -> None:
    epoch = copies["market"].epoch
    stand.start("standby", "manage.py", "ingest", "--standby")
    await asyncio.to_thread(stand.wait_for_line, "standby", "Standing by")
    stand.kill("ingest")
    await until(lambda: copies["market"].epoch != epoch)
    await market_moves(copies["market"])
    await same_as_fresh(stand, copies)


async def test_no_process_logged_an_exception_of_ours(stand: Stand) -> None:
    """Of the tests above; the layer's own complaint about a connection that broke is not ours."""
    text = "\n".join(stand.said_before["web"] + stand.said["web"])
    ours = Path(__file__).parents[2] / "market"
    assert f'File "{ours}' not in text, text


async def test_daphne_that_is_told_to_stop_asks_clients_to_come_back(stand: Stand) -> None:
    async with connect(url(stand, "market"), proxy=None) as socket:
        await socket.recv()
        stand.processes["web"].popen.send_signal(SIGTERM)
        async with asyncio.timeout(PATIENT_SECONDS):
            with suppress(Exception):
                while True:
                    await socket.recv()
    assert socket.close_code == 4012
