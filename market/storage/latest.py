"""The last states of symbols and indices, read as rows of a day: exactly what the board shows of it.

Minutes know less: what was traded out of sight is in the day's totals and in none of them. Foreign values are our own
sums, because the feed's may be no traded value (see the glossary).
"""

from typing import Final

# A subquery with the columns of `DailyBar`; foreign ones and limits are NULL where nothing was said of them.
LATEST: Final = """(
    SELECT CASE kept.kind WHEN 'index' THEN said.index ELSE kept.code END AS symbol, kept.day, kept.at,
        coalesce(said.last_price, nullif(said.value, 0)) AS close,
        greatest(said.total_volume, 0) AS volume,
        coalesce(said.total_value, (said.last->>'total_value')::float, 0) AS value,
        coalesce(sides.buy, 0) AS buy_volume, coalesce(sides.sell, 0) AS sell_volume,
        coalesce(sides.neutral, 0) AS neutral_volume,
        coalesce(nullif((said.totals->>'reference')::float, 0), nullif((said.last->>'prior')::float, 0)) AS reference,
        nullif((said.totals->>'ceiling')::float, 0) AS ceiling,
        nullif((said.totals->>'floor')::float, 0) AS floor,
        (said.foreign #>> '{last,buy_volume}')::float::bigint AS foreign_buy_volume,
        (said.foreign #>> '{last,sell_volume}')::float::bigint AS foreign_sell_volume,
        (said.foreign->>'own_buy_value')::float AS foreign_buy_value,
        (said.foreign->>'own_sell_value')::float AS foreign_sell_value
    FROM market_symbolstate AS kept
    -- Unpacked once: each look into a stored document unpacks all of it.
    CROSS JOIN LATERAL jsonb_to_record(kept.state) AS said(
        "index" text, "value" float, last_price float, total_volume bigint, total_value float,
        totals jsonb, volumes jsonb, "foreign" jsonb, "last" jsonb
    )
    CROSS JOIN LATERAL (
        SELECT sum(buy)::bigint AS buy, sum(sell)::bigint AS sell, sum(neutral)::bigint AS neutral
        FROM jsonb_each(said.volumes->'phases') AS phase
        CROSS JOIN LATERAL jsonb_to_record(phase.value) AS kinds(buy bigint, sell bigint, neutral bigint)
    ) AS sides
    WHERE kept.kind IN ('symbol', 'index')
)"""
