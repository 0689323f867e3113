"""Rows as ingest publishes them, and a publisher that writes and sends them as `market.broadcast` does."""

import random
from typing import Any

import msgspec
import redis
import redis.asyncio
from channels.layers import get_channel_layer
from django.conf import settings

from market.broadcast import encode_frame
from market.live import group, meta_key, rows_key

Row = dict[str, Any]

BANKS = ["ACB", "BID", "CTG", "HDB", "LPB", "MBB", "SHB", "SSB", "STB", "TCB", "VCB", "VIB", "VPB"]
OTHERS = ["BSR", "FPT", "GAS", "GVR", "HPG", "MCH", "MSN", "MWG", "SAB", "SSI", "TCX", "VHM", "VIC", "VJC", "VNM"]
VN30 = sorted([*BANKS, *OTHERS, "VPL", "VRE"])
TIME = "2026-11-20T10:15:04+07:00"


def tick(price: float) -> float:
    step = 10 if price < 10_000 else 50 if price < 50_000 else 100
    return round(price / step) * step


def market_row(symbol: str = "HPG", **changes: Any) -> Row:
    """A traded HOSE row in continuous trading: reference 26,950, ceiling 28,800, floor 25,100, price 27,450."""
    row: Row = {
        "symbol": symbol,
        "board": "HOSE",
        "phase": "continuous",
        "status": "N",
        "time": TIME,
        "reference": 26950.0,
        "ceiling": 28800.0,
        "floor": 25100.0,
        "open": 27000.0,
        "high": 27600.0,
        "low": 26900.0,
        "average": 27312.44,
        "price": 27450.0,
        "volume": 1200,
        "change": 500.0,
        "change_percent": 1.86,
        "total_volume": 12_345_600,
        "total_value": 337_188_000_000,
        "trades": 4211,
        "bids": [[27400.0, 152_300], [27350.0, 98_000], [27300.0, 310_500]],
        "asks": [[27450.0, 20_100], [27500.0, 187_600], [27550.0, 75_000]],
        "expected_price": None,
        "buy_volume": 6_500_000,
        "sell_volume": 4_500_000,
        "neutral_volume": 1_000_000,
        "unclassified_volume": 345_600,
        "phases": {},
        "methods": {},
        "foreign_buy_volume": 1_204_300,
        "foreign_sell_volume": 880_100,
        "foreign_room": 1_834_567_890,
        "spark": [26950.0, 27050.0, 27100.0, 27000.0, 27300.0, 27450.0],
    }
    return row | changes


def untraded_row(symbol: str = "TCX", **changes: Any) -> Row:
    """A row before its first match, with what the feed says then: last price 0, change -100 %."""
    nothing = {
        "open": None, "high": None, "low": None, "average": None, "price": None, "volume": 0, "change": -26950.0,
        "change_percent": -100.0, "total_volume": 0, "total_value": 0, "trades": 0, "bids": [], "asks": [],
        "buy_volume": 0, "sell_volume": 0, "neutral_volume": 0, "unclassified_volume": 0, "foreign_buy_volume": None,
        "foreign_sell_volume": None, "foreign_room": None, "spark": [],
    }  # fmt: skip
    return market_row(symbol, **(nothing | changes))


def random_row(symbol: str, draw: random.Random, **changes: Any) -> Row:
    """A believable row, the same for the same draw."""
    reference = tick(draw.choice([9_870, 12_350, 18_400, 26_950, 38_200, 51_200, 94_300, 141_000]))
    ceiling, floor = tick(reference * 1.069), tick(reference * 0.931)
    price = min(ceiling, max(floor, tick(reference * draw.gauss(1.002, 0.022))))
    step = 10 if price < 10_000 else 50 if price < 50_000 else 100
    spark = [reference]
    for _ in range(25):
        spark.append(min(ceiling, max(floor, tick(spark[-1] * draw.gauss(1, 0.004)))))
    spark[-1] = price
    bids = [[price - step * n, draw.randint(1, 9000) * 100] for n in range(3) if price - step * n >= floor]
    asks = [[price + step * n, draw.randint(1, 9000) * 100] for n in range(1, 4) if price + step * n <= ceiling]
    volume = draw.randint(2_000, 300_000) * 100
    buy = draw.randint(20, 50)
    sell = draw.randint(20, 90 - buy)
    row = market_row(
        symbol,
        reference=reference, ceiling=ceiling, floor=floor, price=price, spark=spark, bids=bids, asks=asks,
        high=max(spark), low=min(spark), average=sum(spark) / len(spark), open=spark[1],
        volume=draw.randint(1, 300) * 100, total_volume=volume, buy_volume=volume * buy // 100,
        sell_volume=volume * sell // 100, neutral_volume=volume * 8 // 100, unclassified_volume=0,
        foreign_buy_volume=draw.randint(0, volume // 5), foreign_sell_volume=draw.randint(0, volume // 5),
        foreign_room=draw.randint(0, 20_000) * 100_000,
    )  # fmt: skip
    row["neutral_volume"] = volume - row["buy_volume"] - row["sell_volume"]
    return row | changes


def index_row(index: str = "VNINDEX", **changes: Any) -> Row:
    row: Row = {
        "index": index, "name": index, "board": "HOSE", "phase": "continuous", "time": TIME, "value": 1662.54,
        "estimate": None, "prior": 1650.31, "change": 12.23, "change_percent": 0.74, "advances": 201,
        "no_changes": 61, "declines": 98, "ceilings": 7, "floors": 2, "breadth_from": "feed",
        "total_volume": 512_000_000, "total_value": 13_456_000_000_000,
        "spark": [1650.3, 1652.0, 1649.1, 1655.4, 1660.2, 1658.9, 1662.54],
    }  # fmt: skip
    return row | changes


def future_row(**changes: Any) -> Row:
    points: Row = {
        "board": "DERIVATIVES", "reference": 1905.2, "ceiling": 2038.5, "floor": 1771.9, "price": 1921.4,
        "high": 1925.0, "low": 1904.0, "average": 1915.2, "total_volume": 164_210, "alias": "VN30F1M",
        "name": "VN30 12/2026", "underlying": "VN30", "expiry": "2026-12-17", "days_to_expiry": 27, "front": True,
        "basis": 4.6, "basis_percent": 0.24, "basis_state": "premium", "convergence": -0.1,
        "spark": [1905.2, 1908.0, 1912.3, 1921.4],
    }  # fmt: skip
    return market_row("41I1GC000", **points) | changes


def foreign_row(symbol: str = "HPG", **changes: Any) -> Row:
    """Foreigners bought for 33.06 and sold for 24.16 billion VND; the feed's own value says something else."""
    row: Row = {
        "symbol": symbol, "board": "HOSE", "time": TIME, "buy_volume": 1_204_300, "sell_volume": 880_100,
        "net_volume": 324_200, "buy_value": 34_000_000_000, "sell_value": 25_000_000_000, "net_value": 9_000_000_000,
        "own_buy_value": 33_060_000_000, "own_sell_value": 24_160_000_000, "own_net_value": 8_900_000_000,
        "room": 1_834_567_890, "total_room": 3_700_000_000, "room_used_percent": 50.42, "buy_speed": 5200.0,
        "sell_speed": 4000.0, "net_speed": 1200.0, "value_speed": 32_940_000.0, "acceleration": -35.0,
        "covered_seconds": 300,
    }  # fmt: skip
    return row | changes


def status(**changes: Any) -> dict[str, Any]:
    board = {"phase": "continuous", "until": "2026-11-20T11:30:00+07:00", "next": "lunch"}
    said: dict[str, Any] = {
        "source": "ssi", "feed": "live", "detail": "", "trading_date": "2026-11-20", "time": TIME,
        "delay_seconds": 1, "speed": 1.0,
        "boards": {name: dict(board) for name in ("HOSE", "HNX", "UPCOM", "DERIVATIVES")},
        "day": {"open": True, "confirmed": True, "reason": ""}, "counts": {"messages": 0, "rejected": {}},
        "connections": {},
    }  # fmt: skip
    return said | changes


def indices() -> dict[str, Row]:
    rows = (
        index_row(),
        index_row("VN30", value=1916.8, prior=1921.05, advances=9, no_changes=3, declines=18, ceilings=0, floors=1),
        index_row("HNXINDEX", board="HNX", value=266.41, prior=266.41, ceilings=4, floors=5),
        index_row("HNXUPCOMINDEX", board="UPCOM", value=118.92, prior=118.2, ceilings=12, floors=9),
    )
    return {row["index"]: row for row in rows}


class Publisher:
    """Publishes one epoch of the live market, to Redis and to the Channels groups."""

    def __init__(self, epoch: str = "e1", **status_changes: Any) -> None:
        self.epoch = epoch
        self.seq = {"market": 0, "index": 0, "derivatives": 0, "foreign": 0}
        self.rows: dict[str, dict[str, Row]] = {channel: {} for channel in self.seq}
        self.status = status(**status_changes)

    def store(self, channel: str, rows: dict[str, Row]) -> None:
        """Write a channel's rows to Redis and say nothing."""
        self.seq[channel] += 1
        self.rows[channel] = rows
        encoded = {key: msgspec.json.encode(row) for key, row in rows.items()}
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            client.delete(rows_key(channel))
            if encoded:
                client.hset(rows_key(channel), mapping=encoded)
            client.set(meta_key(channel), msgspec.json.encode(self.meta(channel)))

    def store_all(self, market: dict[str, Row]) -> None:
        """Write market rows, the indices and the front future."""
        self.store("market", market)
        self.store("index", indices())
        self.store("derivatives", {"41I1GC000": future_row()})

    def meta(self, channel: str) -> dict[str, Any]:
        return {
            "epoch": self.epoch, "seq": self.seq[channel], "time": self.status["time"], "status": self.status,
        }  # fmt: skip

    async def update(self, channel: str, changes: dict[str, Row | None]) -> None:
        """Change rows in Redis, then tell the group what changed."""
        for key, fields in changes.items():
            if fields is None:
                del self.rows[channel][key]
            else:
                self.rows[channel][key] = self.rows[channel].get(key, {}) | fields
        self.store(channel, self.rows[channel])
        await self.send(channel, "update", {"rows": changes})

    async def beat(self, **status_changes: Any) -> None:
        """Tell the groups the status."""
        self.status = self.status | status_changes
        for channel, seq in self.seq.items():
            if seq:
                await self.send(channel, "heartbeat", {"status": self.status})

    async def send(self, channel: str, kind: str, data: dict[str, Any]) -> None:
        seq = self.seq[channel]
        message = {
            "type": "live.message", "channel": channel, "epoch": self.epoch, "seq": seq, "kind": kind,
            "text": encode_frame(kind, channel, self.epoch, seq, self.status["time"], data),
        }  # fmt: skip
        await get_channel_layer().group_send(group(channel), message)
