"""Days from minutes: `DailyBar` rows from bars and foreign flow, on every kind of server.

The newest day's totals, reference and limits come from the last states, as far as those saw the last minutes too.
"""

from datetime import date, datetime, timedelta
from typing import Final

from django.db import connection

from market.domain.calendar import VIETNAM, midnight
from market.models import Bar, DailyBar
from market.storage.latest import LATEST

SINCE_MIDNIGHT: Final = timedelta(hours=15, minutes=20)  # a day's last messages come some minutes after the close
REACH_DAYS: Final = 4  # a weekend

# An existing day stays where it saw more volume, as one from the exchange does after a gap of ours.
ROLL_UP = f"""
    INSERT INTO market_dailybar (
        symbol, day, open, high, low, close, volume, value, buy_volume, sell_volume, neutral_volume, trades,
        foreign_buy_volume, foreign_sell_volume, foreign_buy_value, foreign_sell_value, reference, ceiling, floor,
        source
    )
    SELECT days.symbol, days.day, open, high, low, coalesce(latest.close, days.close),
        coalesce(latest.volume, days.volume), coalesce(latest.value, days.value), coalesce(latest.buy_volume, bought),
        coalesce(latest.sell_volume, sold), coalesce(latest.neutral_volume, neutral), trades,
        coalesce(latest.foreign_buy_volume, flow.buy_volume), coalesce(latest.foreign_sell_volume, flow.sell_volume),
        coalesce(latest.foreign_buy_value, flow.buy_value), coalesce(latest.foreign_sell_value, flow.sell_value),
        latest.reference, latest.ceiling, latest.floor, 'live'
    FROM (
        SELECT symbol, (at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day,
            (array_agg(open ORDER BY at))[1] AS open, max(high) AS high, min(low) AS low,
            (array_agg(close ORDER BY at DESC))[1] AS close, sum(volume)::bigint AS volume, sum(value) AS value,
            sum(buy_volume)::bigint AS bought, sum(sell_volume)::bigint AS sold,
            sum(neutral_volume)::bigint AS neutral, sum(trades)::integer AS trades, max(at) AS newest
        FROM market_bar WHERE at >= %(start)s AND at < %(end)s GROUP BY 1, 2
    ) AS days
    LEFT JOIN (
        SELECT DISTINCT ON (symbol, (at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date)
            symbol, (at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day, buy_volume, sell_volume,
            own_buy_value AS buy_value, own_sell_value AS sell_value
        FROM market_foreignflow WHERE at >= %(start)s AND at < %(end)s
        ORDER BY symbol, (at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, at DESC
    ) AS flow USING (symbol, day)
    LEFT JOIN {LATEST} AS latest
        ON latest.symbol = days.symbol AND latest.day = days.day AND latest.at >= days.newest AND latest.close > 0
    ON CONFLICT (symbol, day) DO UPDATE SET
        open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
        volume = excluded.volume, value = excluded.value, buy_volume = excluded.buy_volume,
        sell_volume = excluded.sell_volume, neutral_volume = excluded.neutral_volume, trades = excluded.trades,
        foreign_buy_volume = coalesce(excluded.foreign_buy_volume, market_dailybar.foreign_buy_volume),
        foreign_sell_volume = coalesce(excluded.foreign_sell_volume, market_dailybar.foreign_sell_volume),
        foreign_buy_value = coalesce(excluded.foreign_buy_value, market_dailybar.foreign_buy_value),
        foreign_sell_value = coalesce(excluded.foreign_sell_value, market_dailybar.foreign_sell_value),
        reference = coalesce(excluded.reference, market_dailybar.reference),
        ceiling = coalesce(excluded.ceiling, market_dailybar.ceiling),
        floor = coalesce(excluded.floor, market_dailybar.floor),
        source = excluded.source
    WHERE excluded.volume >= market_dailybar.volume
"""


def roll_up_days(first: date, last: date) -> int:
    """Write the days from first to last, both included, from minutes and foreign flow; return rows written.

    For Celery after the close, with a few days' reach. Running it again changes nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(ROLL_UP, {"start": midnight(first), "end": midnight(last + timedelta(days=1))})
        return int(cursor.rowcount)


def missed_days(moment: datetime) -> list[date]:
    """Days among the newest that ended before a moment, have minutes, and were never rolled up."""
    newest = (moment.astimezone(VIETNAM) - SINCE_MIDNIGHT).date()
    days = (newest - timedelta(days=back) for back in reversed(range(REACH_DAYS)))
    return [day for day in days if _was_seen(day) and not _has_own_sums(day)]


def _was_seen(day: date) -> bool:
    span = {"at__gte": midnight(day), "at__lt": midnight(day + timedelta(days=1))}
    return Bar.objects.filter(source=Bar.Source.LIVE, **span).exists()


def _has_own_sums(day: date) -> bool:
    # Not by source: the exchange's history may have taken the rows over since. It tells no trades, so ours stay.
    return DailyBar.objects.filter(day=day, trades__gt=0).exists()
