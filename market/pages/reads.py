"""What the pages read of the database: kept for a moment in the process, so that many readers cost one query.

Each answers None while the database is away; the page then says so and shows the rest.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeVar

from django.core.cache import cache
from django.db import DatabaseError
from msgspec import Struct

from market.domain.calendar import VIETNAM_OFFSET, midnight
from market.domain.settlement import BEGINS, ENDS
from market.history import BASIS, INDEX, samples
from market.history_database import history_connection
from market.pages.foreign import Minute
from market.pages.once import once
from market.reference import instruments

Answer = TypeVar("Answer")

RETRY_SECONDS: Final = 15
REFERENCE_SECONDS: Final = 300
DAYS_SECONDS: Final = 60
FLOW_SECONDS: Final = 3
FORGET_SECONDS: Final = 600  # then a day is read from its beginning again, with what was stored late
OVERLAP_MINUTES: Final = 5  # so late may ingest store a sample and still be counted at once
AWAY: Final = "away"


def kept(key: str, seconds: float, read: Callable[[], Answer]) -> Answer | None:
    """Answer from the cache or read anew; None while the database is away, which is remembered for a moment too."""

    def asked() -> tuple[Any, float]:
        try:
            return read(), seconds
        except DatabaseError:
            return AWAY, RETRY_SECONDS

    found = once(key, asked)
    return None if found == AWAY else found


def sector_names(language: str) -> dict[str, str]:
    """Each symbol's sector in the reader's words; nothing while the database is away."""
    found = kept(f"sectors:{language}", REFERENCE_SECONDS, read_sectors)
    return found or {}


def read_sectors() -> dict[str, str]:
    return {code: info.sector_name for code, info in instruments().items() if info.sector_name}


class Settled(Struct, frozen=True):
    """Net foreign flow up to a minute that no late sample can change: where reading goes on from."""

    upto: int  # epoch second; samples from there on are read again
    latest: dict[str, tuple[float, int]]  # symbol -> net value, net volume
    minutes: list[Minute]


Sample = tuple[str, int, float, int]  # symbol, epoch second of a minute, net value, net volume

# The last sample of each symbol and minute; the primary key (symbol, at) serves it.
FLOW = """
    SELECT DISTINCT ON (symbol, minute) symbol, minute, own_buy_value - own_sell_value, buy_volume - sell_volume
    FROM (
        SELECT *, floor(extract(epoch FROM at) / 60)::bigint * 60 AS minute FROM market_foreignflow
        WHERE symbol = ANY(%(symbols)s) AND at >= %(start)s AND at < %(end)s
    ) AS samples
    ORDER BY symbol, minute, at DESC
"""


def advance(settled: Settled, samples: Iterable[Sample]) -> tuple[Settled, list[Minute]]:
    """Add samples to what is settled: the new settled part, and all minutes of the day."""
    steps: dict[int, dict[str, tuple[float, int]]] = {}
    for symbol, minute, value, volume in samples:
        steps.setdefault(minute, {})[symbol] = (value, volume)
    limit = max(steps, default=0) - OVERLAP_MINUTES * 60
    latest, minutes = dict(settled.latest), list(settled.minutes)
    for minute in sorted(steps):
        if minute >= limit > settled.upto:
            settled = Settled(limit, dict(latest), list(minutes))
        latest |= steps[minute]
        second = (minute + VIETNAM_OFFSET) % 86_400 + 60
        value, volume = sum(each[0] for each in latest.values()), sum(each[1] for each in latest.values())
        minutes.append((second, value, volume))
    return settled, minutes


def net_flow(day: date, name: str, symbols: Sequence[str]) -> list[Minute] | None:
    """The day's cumulative net foreign flow of a list's symbols, one entry a minute in which something was stored."""
    return kept(f"flow:{day}:{name}", FLOW_SECONDS, lambda: read_flow(day, name, symbols))


def read_flow(day: date, name: str, symbols: Sequence[str]) -> list[Minute]:
    key = f"flow-settled:{day}:{name}:{len(symbols)}:{time.monotonic() // FORGET_SECONDS}"
    start = midnight(day)
    settled: Settled = cache.get(key) or Settled(int(start.timestamp()), {}, [])
    since = datetime.fromtimestamp(settled.upto, tz=start.tzinfo)
    with history_connection().cursor() as cursor:
        cursor.execute(FLOW, {"symbols": list(symbols), "start": since, "end": start + timedelta(days=1)})
        newer, minutes = advance(settled, cursor.fetchall())
    if newer is not settled:
        cache.set(key, newer, FORGET_SECONDS)
    return minutes


DAYS = """
    SELECT day, sum(foreign_buy_volume)::bigint, sum(foreign_sell_volume)::bigint,
        coalesce(sum(foreign_buy_value), 0), coalesce(sum(foreign_sell_value), 0)
    FROM market_dailybar
    WHERE symbol = ANY(%(symbols)s) AND day < %(before)s AND day >= %(after)s AND foreign_buy_volume IS NOT NULL
    GROUP BY day ORDER BY day DESC LIMIT %(limit)s
"""


class ForeignTotal(Struct, frozen=True):
    """Foreign totals of a day over many symbols: shares and VND."""

    day: date
    buy_volume: int
    sell_volume: int
    buy_value: float
    sell_value: float

    @property
    def net(self) -> float:
        """Net value, VND."""
        return self.buy_value - self.sell_value

    @property
    def net_volume(self) -> int:
        """Net volume, shares."""
        return self.buy_volume - self.sell_volume


def foreign_days(before: date, name: str, symbols: Sequence[str], limit: int = 10) -> list[ForeignTotal] | None:
    """The last days before a day of which foreign totals are stored, newest first."""

    def read() -> list[ForeignTotal]:
        after = before - timedelta(days=3 * limit)
        parameters: dict[str, Any] = {"symbols": list(symbols), "before": before, "after": after, "limit": limit}
        with history_connection().cursor() as cursor:
            cursor.execute(DAYS, parameters)
            return [ForeignTotal(*row) for row in cursor.fetchall()]

    return kept(f"foreign-days:{before}:{name}", DAYS_SECONDS, read)


def basis_points(contract: str, now: datetime) -> list[tuple[int, float]] | None:
    """The stored basis of a contract in the half hour before a moment, four points a minute: epoch second, points."""

    def read() -> list[tuple[int, float]]:
        found = samples(BASIS, contract, 15, now - timedelta(minutes=30), now + timedelta(seconds=1))
        return [(int(at.timestamp()), basis) for at, _, _, _, basis in found]

    return kept(f"basis:{contract}", FLOW_SECONDS, read)


def settlement_values(index: str, day: date) -> list[tuple[int, float]] | None:
    """The stored values of an index in the last half hour of a day: epoch second, points."""

    def read() -> list[tuple[int, float]]:
        start = midnight(day)
        ends = (start + timedelta(seconds=BEGINS), start + timedelta(seconds=ENDS + 1))
        found = samples(INDEX, index, 1, *ends, limit=ENDS - BEGINS + 1)
        return [(int(at.timestamp()), value) for at, value, *_ in found]

    return kept(f"settlement:{index}:{day}", FLOW_SECONDS, read)
