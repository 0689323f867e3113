"""What follows the groups for all sockets of a process, when something goes wrong."""

import asyncio
from typing import Any

import pytest
from channels.layers import get_channel_layer

from market import live
from market.sockets.hub import LiveHub, Rhythm
from tests.market.live_market import OPEN, Market, trade
from tests.patience import PATIENT_SECONDS


class Listener:
    """A socket that counts how often it looked at the clock."""

    def __init__(self) -> None:
        self.wake = asyncio.Event()
        self.ticked = asyncio.Event()

    def tick(self, now: float) -> None:
        self.ticked.set()

    def close(self, code: int) -> None:
        """Not asked for here."""


async def test_clock_goes_on_after_a_fault_in_reading(market: Market) -> None:
    read_again, times = asyncio.Event(), 0

    async def read(channel: str) -> live.LiveSnapshot | None:
        nonlocal times
        times += 1
        if times > 2:  # first by who follows the group, then by who watches the clock
            read_again.set()
        raise RuntimeError("a fault of ours")

    hub, listener = LiveHub(read, Rhythm(tick=0.01, heartbeat=0.01, silent_after=0.0)), Listener()
    hub.join("market", listener)
    async with asyncio.timeout(PATIENT_SECONDS):
        await read_again.wait()
        listener.ticked.clear()
        await listener.ticked.wait()
    await hub.leave("market", listener)


async def test_message_that_cannot_be_read_leaves_no_queue_behind(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("market.sockets.hub.RETRY_SECONDS", 0.01)
    layer: Any = get_channel_layer()
    hub, listener = LiveHub(live.snapshot, Rhythm()), Listener()
    channel = hub.join("market", listener)
    async with asyncio.timeout(PATIENT_SECONDS):
        await hub.ready("market")
        for total in (200.0, 300.0):
            while not layer.groups:
                await asyncio.sleep(0.01)
            await layer.group_send(live.group("market"), {"type": "live.message"})
            market.apply(trade("HPG", OPEN + 1, total, 25_100.0))
            await market.broadcaster.flush()
            while channel.rows["HPG"]["total_volume"] != total:
                listener.wake.clear()
                await listener.wake.wait()
        while not layer.groups:
            await asyncio.sleep(0.01)
        assert len(layer.channels) == 1
    await hub.leave("market", listener)
    assert not layer.channels
