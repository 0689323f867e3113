"""Reads of history besides candles: trades, samples of each interval, foreign totals of days.

Answers are the same on TimescaleDB and on plain PostgreSQL. All cost what their answer is long, not what is stored.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from msgspec import Struct

from market.domain.calendar import from_date, to_date
from market.history_database import history_alias, history_connection
from market.models import DailyBar, Trade
from market.queries import BEGINNING, END


class Tick(Struct, frozen=True, gc=False):
    """A stored trade; `at` in epoch seconds, price in VND or points, value in VND."""

    at: int
    total_volume: int
    number: int
    price: float
    volume: int
    value: float
    side: str
    method: str
    phase: str
    gap: bool


class TickKey(NamedTuple):
    """The place of a trade in its symbol's history."""

    at: datetime
    total_volume: int


def ticks(
    symbol: str,
    *,
    limit: int,
    before: TickKey | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    side: str | None = None,
    min_volume: int = 1,
) -> list[Tick]:
    """The newest trades of a symbol in [start, end) and before a place, newest first."""
    rows = Trade.objects.using(history_alias()).filter(symbol=symbol)
    if start:
        rows = rows.filter(at__gte=start)
    if end:
        rows = rows.filter(at__lt=end)
    if before:
        # One comparison of rows, which the primary key serves; the time again, which tells TimescaleDB the chunks.
        rows = rows.filter(pk__lt=(symbol, *before), at__lte=before.at)
    if side:
        rows = rows.filter(side=side)
    if min_volume > 1:
        rows = rows.filter(volume__gte=min_volume)
    names = Tick.__struct_fields__[1:]
    found = rows.order_by("-at", "-total_volume").values_list("at", *names)[:limit]
    return [Tick(int(at.timestamp()), *rest) for at, *rest in found]


class Samples(NamedTuple):
    """A table of samples: the column of its key, and those that tell."""

    table: str
    key: str
    columns: tuple[str, ...]


FOREIGN: Final = Samples(
    "market_foreignflow",
    "symbol",
    (
        *("buy_volume", "sell_volume", "buy_value", "sell_value", "own_buy_value", "own_sell_value"),
        *("room", "total_room"),
    ),
)
INDEX: Final = Samples("market_indextick", "index", ("value", "estimate", "total_volume", "total_value"))
BASIS: Final = Samples("market_basispoint", "contract", ("underlying", "future", "index", "basis"))

EVERY: Final = """
    SELECT at, {columns} FROM {table} WHERE "{key}" = %(code)s AND at >= %(start)s AND at < %(end)s
    ORDER BY at DESC LIMIT %(limit)s
"""
# From the newest sample of an interval to the newest before that interval, by the primary key each time: whatever lies
# between is never read. The recursion ends with the limit, because PostgreSQL makes its rows as they are asked for.
LAST_OF_EACH: Final = """
    WITH RECURSIVE found AS (
        (SELECT * FROM {table} WHERE "{key}" = %(code)s AND at >= %(start)s AND at < %(end)s ORDER BY at DESC LIMIT 1)
        UNION ALL
        SELECT older.* FROM found, LATERAL (
            SELECT * FROM {table}
            WHERE "{key}" = %(code)s AND at >= %(start)s
                AND at < date_bin(%(width)s, found.at, TIMESTAMPTZ '2000-01-01 00:00:00+07')
            ORDER BY at DESC LIMIT 1
        ) AS older
    )
    SELECT at, {columns} FROM found LIMIT %(limit)s
"""


def samples(
    what: Samples,
    code: str,
    seconds: int,
    start: datetime | None = None,
    end: datetime | None = None,
    limit: int = 500,
) -> list[tuple[Any, ...]]:
    """The last sample of each interval in [start, end), the newest `limit`, oldest first: at, then `what.columns`.

    Intervals are counted from midnight in Vietnam; one second is every sample.
    """
    columns = ", ".join(f'"{column}"' for column in what.columns)
    query = (EVERY if seconds == 1 else LAST_OF_EACH).format(table=what.table, key=what.key, columns=columns)
    parameters: dict[str, Any] = {"code": code, "start": start or BEGINNING, "end": end or END, "limit": limit}
    with history_connection().cursor() as cursor:
        cursor.execute(query, parameters | {"width": timedelta(seconds=seconds)})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows[::-1]


class ForeignDay(Struct, frozen=True, gc=False):
    """What foreigners bought and sold on a day: shares and VND. Net is negative when they sold more."""

    day: date
    buy_volume: int
    sell_volume: int
    net_volume: int
    buy_value: float
    sell_value: float
    net_value: float


def foreign_days(
    symbol: str, start: datetime | None = None, end: datetime | None = None, limit: int = 500
) -> list[ForeignDay]:
    """The newest days in [start, end) of which foreign totals are known, oldest first.

    From the stored days, and from samples for those not rolled up; where both tell of a day, more volume stands.
    """
    first, after = to_date(int((start or BEGINNING).timestamp())), to_date(int((end or END).timestamp()))
    stored = DailyBar.objects.using(history_alias()).filter(
        symbol=symbol, day__gte=first, day__lt=after, foreign_buy_volume__isnull=False
    )
    names = ("day", "foreign_buy_volume", "foreign_sell_volume", "foreign_buy_value", "foreign_sell_value")
    days = {row[0]: foreign_day(row) for row in stored.order_by("-day").values_list(*names)[:limit]}
    newest = max(days, default=None)
    since = start if newest is None else datetime.fromtimestamp(from_date(newest), tz=BEGINNING.tzinfo)
    for at, *totals in samples(FOREIGN, symbol, 86_400, since, end, limit):
        day = foreign_day((to_date(int(at.timestamp())), *totals[:4]))
        known = days.get(day.day)
        if known is None or day.buy_volume + day.sell_volume >= known.buy_volume + known.sell_volume:
            days[day.day] = day
    return [days[day] for day in sorted(days)[-limit:]]


def foreign_day(row: Sequence[Any]) -> ForeignDay:
    """A day from its totals; what was not told counts as nothing."""
    day, bought, sold, bought_value, sold_value = row
    bought, sold, bought_value, sold_value = bought or 0, sold or 0, bought_value or 0.0, sold_value or 0.0
    net_value = round(bought_value - sold_value, 2)
    return ForeignDay(day, bought, sold, bought - sold, bought_value, sold_value, net_value)
