"""A small market with a real broadcaster, for tests of what listens to it."""

import random
from typing import Any

import redis.asyncio
from channels_redis.pubsub import RedisPubSubChannelLayer

from market.broadcast import Broadcaster
from market.domain.changes import Changes
from market.domain.events import ForeignUpdate, IndexUpdate, Snapshot
from market.domain.state import MarketState

DAY = 1_795_107_600  # midnight of 20 Nov 2026 in Vietnam
OPEN = DAY + 9 * 3600 + 15 * 60
CODES = ("ACB", "HPG", "VCB", "41I1GC000")
STATUS: dict[str, Any] = {"source": "replay", "feed": "live", "time": "2026-11-20T09:15:00+07:00"}


class Market:
    """A state, its broadcaster and a listener of every group."""

    def __init__(self, client: "redis.asyncio.Redis", layer: RedisPubSubChannelLayer) -> None:
        self.state = MarketState({"VN30": frozenset(CODES[:3])})
        self.client = client
        self.layer = layer
        self.broadcaster = self.start("epoch-one")
        self.total = 0

    def start(self, epoch: str) -> Broadcaster:
        """A broadcaster as a new start of ingest makes it."""
        self.broadcaster = Broadcaster(
            self.state, self.layer, self.client, epoch=epoch, interval_seconds=0.01, status=lambda: STATUS
        )
        return self.broadcaster

    def apply(self, event: Any) -> Changes:
        """Let an event happen."""
        changes = self.state.apply(event)
        self.broadcaster.observe(event, changes)
        return changes

    def happen(self, source: random.Random) -> None:
        """Let something plausible happen."""
        at = OPEN + self.total
        self.total += 1
        code = source.choice(CODES)
        kind = source.random()
        if kind < 0.2:
            value = 1900 + source.randint(-50, 50)
            self.apply(IndexUpdate(index="VN30", value=float(value), prior=1900.0, at=at, day=DAY, market="HOSE"))
        elif kind < 0.4:
            volume = float(self.total * 100)
            self.apply(ForeignUpdate(symbol=code, buy_volume=volume, sell_volume=0.0, at=at, day=DAY, total_room=1e9))
        else:
            self.apply(trade(code, at, self.total * 100.0, source.randint(230, 260) * 100.0))


def trade(code: str, at: int, total: float, price: float) -> Snapshot:
    """A frame with a match of one hundred."""
    return Snapshot(
        symbol=code, total_volume=total, last_volume=100.0, last_price=price, at=at, day=DAY, session="LO",
        reference=25_000.0, ceiling=26_750.0, floor=23_250.0, bid_price1=price - 50, bid_volume1=1e3,
        ask_price1=price, ask_volume1=2e3, total_value=total * price,
    )  # fmt: skip
