"""Reads that span tables. Answers are the same on TimescaleDB and on plain PostgreSQL."""

from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from django.db.backends.utils import CursorWrapper
from msgspec import Struct

from market.domain.calendar import VIETNAM_OFFSET, from_date, midnight, to_date
from market.history_database import history_connection
from market.storage.level import has_aggregates

Interval: TypeAlias = Literal["1m", "5m", "15m", "1h", "1d"]
SECONDS: Final[dict[Interval, int]] = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86_400}
DEFAULT_LIMIT = 500


class Candle(Struct, frozen=True, gc=False):
    """A bar of any length. `at` is the epoch second of its start; a day starts at midnight in Vietnam.

    Volumes in shares or contracts, value in VND. The four kinds of volume add up to `volume`.
    """

    at: int
    open: float
    high: float
    low: float
    close: float
    volume: int
    value: float
    buy_volume: int
    sell_volume: int
    neutral_volume: int
    trades: int
    unclassified_volume: int = 0


COLUMNS = "open, high, low, close, volume, value, buy_volume, sell_volume, neutral_volume, trades"
STORED = """
    SELECT extract(epoch FROM at)::bigint, {columns} FROM {table}
    WHERE symbol = %(symbol)s AND at >= %(start)s AND at < %(end)s ORDER BY at DESC LIMIT %(limit)s
"""
# The inner limit bounds what is read: that many minutes fill the wanted number of bars, or more. Only a bar beyond
# the wanted ones can be cut by it.
ROLLED_UP = """
    SELECT extract(epoch FROM bucket)::bigint, (array_agg(open ORDER BY at))[1], max(high), min(low),
        (array_agg(close ORDER BY at DESC))[1], sum(volume)::bigint, sum(value), sum(buy_volume)::bigint,
        sum(sell_volume)::bigint, sum(neutral_volume)::bigint, sum(trades)::bigint
    FROM (
        SELECT date_bin(%(width)s, at, TIMESTAMPTZ '2000-01-01 00:00:00+07') AS bucket, * FROM market_bar
        WHERE symbol = %(symbol)s AND at >= %(start)s AND at < %(end)s ORDER BY at DESC LIMIT %(minutes)s
    ) AS minutes
    GROUP BY bucket ORDER BY bucket DESC LIMIT %(limit)s
"""
# Where that many minutes end: it keeps an aggregate from adding up all of history for its newest rows.
ENOUGH = """
    SELECT at FROM market_bar WHERE symbol = %(symbol)s AND at >= %(start)s AND at < %(end)s
    ORDER BY at DESC OFFSET %(minutes)s LIMIT 1
"""
DAYS = f"""
    SELECT day, {COLUMNS} FROM market_dailybar
    WHERE symbol = %(symbol)s AND day >= %(first)s AND day < %(after)s ORDER BY day DESC LIMIT %(limit)s
"""
BEGINNING: Final = midnight(date(2000, 1, 3))
END: Final = midnight(date(2100, 1, 1))


def candles(
    symbol: str,
    interval: Interval,
    start: datetime | None = None,
    end: datetime | None = None,
    limit: int = DEFAULT_LIMIT,
) -> list[Candle]:
    """The newest `limit` candles that begin in [start, end), oldest first; minutes and days without trades have none.

    `symbol` is the stored code of a stock, future or index; times carry an offset.
    """
    first, after = (align_up(moment, SECONDS[interval]) for moment in (start or BEGINNING, end or END))
    with history_connection().cursor() as cursor:
        if interval == "1d":
            rows = daily(cursor, symbol, first, after, limit)
        else:
            rows = intraday(cursor, symbol, interval, first, after, limit)
    return rows[::-1]


def align_up(moment: datetime, seconds: int) -> datetime:
    """The first start of an interval at or after a moment, intervals counted from midnight in Vietnam."""
    since = (int(moment.timestamp()) + VIETNAM_OFFSET) % seconds
    whole = moment.replace(microsecond=0)
    if whole < moment or since:
        whole += timedelta(seconds=seconds - since)
    return whole


def intraday(
    cursor: CursorWrapper, symbol: str, interval: Interval, start: datetime, end: datetime, limit: int
) -> list[Candle]:
    """Candles shorter than all history: from minutes or, where the server keeps them, from aggregates. Newest first."""
    width = SECONDS[interval]
    parameters: dict[str, Any] = {"symbol": symbol, "start": start, "end": end, "limit": limit}
    parameters |= {"width": timedelta(seconds=width), "minutes": limit * (width // 60)}
    if interval == "1m":
        cursor.execute(STORED.format(table="market_bar", columns=COLUMNS), parameters)
    elif has_aggregates(cursor):
        cursor.execute(ENOUGH, parameters)
        row = cursor.fetchone()
        parameters["start"] = row[0] if row else start
        cursor.execute(STORED.format(table=f"market_bar_{interval}", columns=COLUMNS), parameters)
    else:
        cursor.execute(ROLLED_UP, parameters)
    return [candle(*row) for row in cursor.fetchall()]


def daily(cursor: CursorWrapper, symbol: str, start: datetime, end: datetime, limit: int) -> list[Candle]:
    """Days: the stored ones, and minutes for what is newer; where both tell of a day, the one with more volume stands.

    Newest first.
    """
    first, after = to_date(int(start.timestamp())), to_date(int(end.timestamp()))
    parameters: dict[str, Any] = {"symbol": symbol, "first": first, "after": after, "limit": limit}
    cursor.execute(DAYS, parameters)
    stored = {from_date(day): candle(from_date(day), *rest) for day, *rest in cursor.fetchall()}
    newest = max(stored, default=None)
    since = start if newest is None else datetime.fromtimestamp(newest, tz=start.tzinfo)
    for fresh in intraday(cursor, symbol, "1d", since, end, limit):
        if fresh.at not in stored or fresh.volume >= stored[fresh.at].volume:
            stored[fresh.at] = fresh
    return [stored[at] for at in sorted(stored, reverse=True)[:limit]]


def candle(at: int, *columns: Any) -> Candle:
    """A candle from the columns of a row. Values are sums of floats whose order differs by server: round them alike."""
    opened, high, low, close, volume, value, bought, sold, neutral, trades = columns
    rest = max(0, volume - bought - sold - neutral)
    return Candle(at, opened, high, low, close, volume, round(value, 2), bought, sold, neutral, trades, rest)
