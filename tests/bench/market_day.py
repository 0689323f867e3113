"""A whole market in Redis, as ingest writes it, for benches of the pages."""

import asyncio
import random
import time

import msgspec
import redis
import redis.asyncio

from market.live import meta_key, rows_key
from tests.market.live_rows import VN30, Row, foreign_row, future_row, indices, random_row, status

BOARDS = {"HOSE": ("A", 400), "HNX": ("N", 320), "UPCOM": ("U", 880)}  # first letter of the codes, and how many
PUBLISH_SECONDS = 0.2
CHANGED = 60  # rows of an update: so many trade in a fifth of a second of a busy minute


def market() -> dict[str, Row]:
    """About 1,600 stocks; VN30 is among those of HOSE."""
    draw = random.Random(7)
    rows = {}
    for board, (letter, count) in BOARDS.items():
        names = VN30 if board == "HOSE" else []
        codes = [*names, *(code(letter, number) for number in range(count - len(names)))]
        rows |= {each: random_row(each, draw, board=board) for each in codes}
    return rows


def code(letter: str, number: int) -> str:
    return letter + chr(65 + number // 26 % 26) + chr(65 + number % 26) + ("" if number < 676 else "X")


def publish(url: str, rows: dict[str, Row]) -> None:
    """Write the first snapshot of every channel."""
    contracts = ("41I1GC000", "41I1H1000", "41I1H3000", "41I1H6000", "41I2GC000", "41I2H1000")
    futures = {each: future_row(symbol=each, front=each == contracts[0]) for each in contracts}
    channels = {"market": rows, "index": indices(), "derivatives": futures}
    channels["foreign"] = {symbol: foreign_row(symbol) for symbol in rows}
    with redis.Redis.from_url(url) as client:
        for channel, each in channels.items():
            client.hset(rows_key(channel), mapping={id: msgspec.json.encode(row) for id, row in each.items()})
            client.set(meta_key(channel), meta(1))


async def keep_publishing(url: str, rows: dict[str, Row], stop: asyncio.Event) -> None:
    """Change rows again and again, so that pages are never those of the moment before."""
    draw = random.Random(8)
    seq = 1
    async with redis.asyncio.Redis.from_url(url) as client:
        while not stop.is_set():
            seq += 1
            changed = {
                each: random_row(each, draw, board=rows[each]["board"])
                for each in draw.sample([*rows], min(CHANGED, len(rows) // 5))
            }
            async with client.pipeline(transaction=True) as pipe:
                pipe.hset(rows_key("market"), mapping={id: msgspec.json.encode(row) for id, row in changed.items()})
                pipe.set(meta_key("market"), meta(seq))
                await pipe.execute()
            await asyncio.sleep(PUBLISH_SECONDS)


def meta(seq: int) -> bytes:
    said = status()
    return msgspec.json.encode(
        {"epoch": "bench", "seq": seq, "time": said["time"], "status": said, "written_at": time.time()}
    )
