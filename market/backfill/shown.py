"""What a running ingest shows of the market, read from Redis: its clock, its source, its rows."""

import asyncio
import logging
import time
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from market import live
from market.domain.calendar import VIETNAM

logger = logging.getLogger(__name__)

FRESH_SECONDS: Final = 60.0  # ingest writes its status every few seconds, also when nothing trades


class Shown(Struct, frozen=True):
    """The market as ingest has it: `source` (ssi, simulation, replay), the market's time, rows by channel."""

    source: str
    moment: datetime
    rows: dict[str, dict[str, dict[str, Any]]]


async def look(*channels: str) -> Shown | None:
    """Read what ingest shows, with the rows of some channels; None where none runs or Redis is away."""
    client = live.connect()
    reader = live.LiveReader(client)
    try:
        meta = await reader.meta("market")
        snapshots = {channel: await reader.snapshot(channel) for channel in channels}
    except live.LiveUnavailable as error:
        logger.info("What ingest shows cannot be read: %s", error)
        return None
    finally:
        await client.aclose()
    if meta is None or meta.written_at is None or time.time() - meta.written_at > FRESH_SECONDS:
        return None
    moment = meta.status.get("time")
    if not moment:
        return None
    rows = {channel: snapshot.rows if snapshot else {} for channel, snapshot in snapshots.items()}
    return Shown(meta.status.get("source", ""), datetime.fromisoformat(moment), rows)


def moment_shown() -> datetime:
    """The time of a simulation that ingest plays, else the wall clock's in Vietnam. Asks no venue."""
    shown = asyncio.run(look())
    return shown.moment if shown is not None and shown.source == "simulation" else datetime.now(VIETNAM)
