"""Writes days and minutes from the venue without spoiling what was seen live.

Whichever saw more volume stands. What only a live feed knows (buy, sell and neutral volume, trades) stays, so the
volume that it did not see becomes unclassified.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

from django.db import connection

from market.backfill.convert import Day, Minute

# A row of the venue's stands against a live one only with more volume, against an earlier one of the venue's too.
BETTER: Final = """
    excluded.volume > stored.volume OR (excluded.volume = stored.volume AND stored.source = 'backfill')
"""
DAYS: Final = f"""
    INSERT INTO market_dailybar AS stored
        (symbol, day, open, high, low, close, volume, value, buy_volume, sell_volume, neutral_volume, trades, source)
    SELECT *, 0, 0, 0, 0, 'backfill' FROM unnest(
        %s::text[], %s::date[], %s::float8[], %s::float8[], %s::float8[], %s::float8[], %s::bigint[], %s::float8[]
    )
    ON CONFLICT (symbol, day) DO UPDATE SET
        open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
        volume = excluded.volume, value = excluded.value, source = excluded.source
    WHERE {BETTER}
"""
# Of an index the venue tells only the close of a day: what is known of open, high and low stays.
CLOSES: Final = f"""
    {DAYS.split("ON CONFLICT")[0]}
    ON CONFLICT (symbol, day) DO UPDATE SET
        high = greatest(stored.high, excluded.close), low = least(stored.low, excluded.close), close = excluded.close,
        volume = excluded.volume, value = excluded.value, source = excluded.source
    WHERE excluded.volume > stored.volume
"""
# What only the exchange knows for certain. Foreign totals only grow in a day: the larger ones are the later ones.
FACTS: Final = """
    UPDATE market_dailybar AS stored SET
        reference = coalesce(told.reference, stored.reference),
        ceiling = coalesce(told.ceiling, stored.ceiling),
        floor = coalesce(told.floor, stored.floor),
        foreign_buy_volume = greatest(told.bought, stored.foreign_buy_volume),
        foreign_buy_value = CASE WHEN told.bought >= coalesce(stored.foreign_buy_volume, 0)
            THEN coalesce(told.bought_value, stored.foreign_buy_value) ELSE stored.foreign_buy_value END,
        foreign_sell_volume = greatest(told.sold, stored.foreign_sell_volume),
        foreign_sell_value = CASE WHEN told.sold >= coalesce(stored.foreign_sell_volume, 0)
            THEN coalesce(told.sold_value, stored.foreign_sell_value) ELSE stored.foreign_sell_value END
    FROM unnest(
        %s::text[], %s::date[], %s::float8[], %s::float8[], %s::float8[],
        %s::bigint[], %s::bigint[], %s::float8[], %s::float8[]
    ) AS told (symbol, day, reference, ceiling, floor, bought, sold, bought_value, sold_value)
    WHERE stored.symbol = told.symbol AND stored.day = told.day
"""
# The venue's value of a minute is an estimate: it is taken only for the volume that was not seen live.
MINUTES: Final = f"""
    INSERT INTO market_bar AS stored
        (symbol, at, open, high, low, close, volume, value, buy_volume, sell_volume, neutral_volume, trades, source)
    SELECT *, 0, 0, 0, 0, 'backfill' FROM unnest(
        %s::text[], %s::timestamptz[],
        %s::float8[], %s::float8[], %s::float8[], %s::float8[], %s::bigint[], %s::float8[]
    )
    ON CONFLICT (symbol, at) DO UPDATE SET
        open = excluded.open, close = excluded.close,
        high = greatest(excluded.high, stored.high), low = least(excluded.low, stored.low),
        volume = excluded.volume,
        value = stored.value
            + coalesce(excluded.value * (excluded.volume - stored.volume) / nullif(excluded.volume, 0), 0),
        source = excluded.source
    WHERE {BETTER}
"""
BAR_FIELDS: Final = ("open", "high", "low", "close", "volume", "value")
FACT_FIELDS: Final = (
    "reference",
    "ceiling",
    "floor",
    "foreign_buy_volume",
    "foreign_sell_volume",
    "foreign_buy_value",
    "foreign_sell_value",
)


def store_days(days: Iterable[Day], *, only_closes: bool = False) -> int:
    """Write days; return how many were new or better than those stored. `only_closes`: open, high and low are drawn."""
    rows = best({(row.symbol, row.day): row for row in by_volume(days)})
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(CLOSES if only_closes else DAYS, columns(rows, ("symbol", "day", *BAR_FIELDS)))
        changed = cursor.rowcount
        told = [row for row in rows if any(getattr(row, name) is not None for name in FACT_FIELDS)]
        if told:
            cursor.execute(FACTS, columns(told, ("symbol", "day", *FACT_FIELDS)))
    return int(changed)


def store_minutes(minutes: Iterable[Minute]) -> int:
    """Write minutes; return how many were new or better than those stored."""
    rows = best({(row.symbol, row.at): row for row in by_volume(minutes)})
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(MINUTES, columns(rows, ("symbol", "at", *BAR_FIELDS)))
        return int(cursor.rowcount)


def by_volume(rows: Iterable[Any]) -> list[Any]:
    """Rows in the order of volume, so that the largest of the same key comes last: one statement takes a key once."""
    return sorted(rows, key=lambda row: row.volume)


def best(rows: dict[tuple[str, date | datetime], Any]) -> list[Any]:
    """The rows in the order of their keys: two writers that lock rows in the same order do not lock each other out."""
    return [rows[key] for key in sorted(rows)]


def columns(rows: Sequence[Any], names: Sequence[str]) -> list[list[Any]]:
    """The rows as one list a column."""
    return [[getattr(row, name) for row in rows] for name in names]
