"""What a day's summary is made of, from stored history: the newest day from its last states, others from daily bars.

Where nothing says what a day's reference was, the close of the day before stands for it. A day is final when its data
reach the close, or when the exchange told all of it afterwards.
"""

from datetime import date, datetime, time, timedelta
from typing import Any, Final, TypeAlias

from django.core.cache import cache
from django.db import connection
from django.db.models import Count

from alerts.models import Alert
from alerts.summary.day import (
    NOTABLE,
    Basis,
    DailySummary,
    DayRow,
    Noted,
    Sight,
    last_of,
    reaches_close,
    stocks_of,
    summarise,
)
from market.backfill.shown import moment_shown
from market.domain.calendar import VIETNAM, iso_time, midnight
from market.domain.contracts import parse_code
from market.models import BasisPoint, IngestRun
from market.storage.latest import LATEST

CLOSE: Final = time(15, 0)
SETTLED: Final = time(15, 10)  # some minutes after the last match, whose messages may be late
FRESH_SECONDS: Final = 20  # the newest day: its last messages may come some minutes after the close
STORED_SECONDS: Final = 300
NAMED: Final = """
    WITH named AS (
        SELECT code, kind, board FROM market_instrument
        UNION ALL
        SELECT * FROM (
            SELECT CASE kind WHEN 'index' THEN state->>'index' ELSE code END AS code,
                CASE WHEN kind = 'index' THEN 'index' WHEN state->>'board' = 'DERIVATIVES' THEN 'future' ELSE '' END,
                coalesce(state->>'board', '')
            FROM market_symbolstate WHERE kind <> 'market'
        ) AS undescribed
        WHERE NOT EXISTS (SELECT FROM market_instrument AS known WHERE known.code = undescribed.code)
    )
"""
# A day of our own sums goes as far as its minutes, unless the exchange was asked for it when it was over.
STORED: Final = """, days AS (
        SELECT bar.symbol, close, volume, value, buy_volume, sell_volume, reference, ceiling, floor,
            foreign_buy_volume, foreign_sell_volume, foreign_buy_value, foreign_sell_value,
            last.at, last.at + interval '1 minute' AS "end"
        FROM named JOIN market_dailybar AS bar ON bar.symbol = code AND day = %(day)s
        LEFT JOIN LATERAL (
            SELECT at FROM market_bar AS minute
            WHERE minute.symbol = bar.symbol AND at >= %(start)s AND at < %(end)s AND bar.source <> 'backfill'
                AND NOT EXISTS (
                    SELECT FROM market_fetchedrange AS asked
                    WHERE asked.kind IN ('prices', 'daily', 'index') AND asked.code = bar.symbol AND refusal = ''
                        AND %(day)s BETWEEN asked.first AND asked.last AND asked.as_of > %(day)s
                )
            ORDER BY at DESC LIMIT 1
        ) AS last ON true
    )
"""
# A state stands unless minutes were fetched that it never saw.
NEWEST: Final = f""", latest AS MATERIALIZED (
        SELECT * FROM {LATEST} AS found WHERE day = %(day)s
    ), later AS (
        SELECT symbol, max(bar.at) AS at, (array_agg(bar.close ORDER BY bar.at DESC))[1] AS close,
            sum(bar.volume)::bigint AS volume, sum(bar.value) AS value, sum(bar.buy_volume)::bigint AS buy_volume,
            sum(bar.sell_volume)::bigint AS sell_volume
        FROM market_bar AS bar LEFT JOIN latest USING (symbol)
        WHERE bar.at >= %(start)s AND bar.at < %(end)s
        GROUP BY symbol HAVING max(bar.at) > coalesce(max(latest.at), %(start)s)
    ), days AS (
        SELECT symbol, coalesce(later.close, latest.close) AS close, coalesce(later.volume, latest.volume) AS volume,
            coalesce(later.value, latest.value) AS value, coalesce(later.buy_volume, latest.buy_volume) AS buy_volume,
            coalesce(later.sell_volume, latest.sell_volume) AS sell_volume, reference, ceiling, floor,
            foreign_buy_volume, foreign_sell_volume, foreign_buy_value, foreign_sell_value,
            coalesce(later.at, latest.at) AS at, coalesce(later.at + interval '1 minute', latest.at) AS "end"
        FROM latest FULL JOIN later USING (symbol) WHERE latest.close IS NOT NULL OR later.close IS NOT NULL
    )
"""
ROWS: Final = """
    SELECT days.at, days."end", days.symbol, coalesce(named.kind, ''), coalesce(named.board, ''),
        days.close, days.volume, days.value, days.buy_volume, days.sell_volume,
        coalesce(days.reference, before.close), days.ceiling,
        days.floor, days.foreign_buy_volume, days.foreign_sell_volume, days.foreign_buy_value, days.foreign_sell_value
    FROM days LEFT JOIN named ON named.code = days.symbol
    LEFT JOIN LATERAL (
        SELECT close FROM market_dailybar AS earlier WHERE earlier.symbol = days.symbol AND earlier.day < %(day)s
        ORDER BY earlier.day DESC LIMIT 1
    ) AS before ON true
    ORDER BY days.symbol
"""
NEWEST_DAY: Final = "SELECT max(day) FROM market_symbolstate WHERE kind = 'market'"
# One symbol that trades every day tells the days: the index, or what has the most of them.
NEIGHBOURS: Final = """
    SELECT (SELECT max(day) FROM market_dailybar WHERE symbol = %(symbol)s AND day < %(day)s),
        (SELECT min(day) FROM market_dailybar WHERE symbol = %(symbol)s AND day > %(day)s)
"""
MARKER: Final = "VNINDEX"


def daily_summary(day: date) -> DailySummary:
    """Sum up a trading day from stored history; empty where nothing is stored of it. Raises django.db.Error."""
    key = f"summary-of-day:{day:%Y%m%d}"
    kept: DailySummary | None = cache.get(key)
    if kept is None:
        kept = read_summary(day, moment_shown())
        is_past = kept.is_final and kept.symbols and not kept.until
        cache.set(key, kept, STORED_SECONDS if is_past else FRESH_SECONDS)
    return kept


def read_summary(day: date, moment: datetime) -> DailySummary:
    """The same, read now; `moment` is the market's clock."""
    alerts = Alert.objects.filter(at__gte=midnight(day), at__lt=midnight(day + timedelta(days=1))).order_by()
    counts = dict(alerts.values_list("kind").annotate(count=Count("*")))
    notable = [
        Noted(row.id, row.kind, row.symbol, iso_time(int(row.at.timestamp())), row.severity, row.evidence)
        for severity in ("critical", "warning", "info")
        for row in alerts.filter(severity=severity).order_by("-at", "-id")[:NOTABLE]
    ]
    is_over, is_settled = (moment >= datetime.combine(day, end, VIETNAM) for end in (CLOSE, SETTLED))
    is_newest = newest_day() == day
    rows, sights = known_of(day, is_newest, is_over)
    reached = reaches_close(day, sights)
    return summarise(
        day, rows, counts, notable, front_basis(day), is_final=is_over and reached, source=source_of(day),
        until=last_of(sights) if is_newest or not reached else None, ends_early=is_settled and not reached,
    )  # fmt: skip


Known: TypeAlias = tuple[list[DayRow], list[Sight]]


def known_of(day: date, is_newest: bool, is_over: bool) -> Known:
    """Every symbol's day and how far it is known. Where sight of the newest day was lost, the exchange's history counts
    as soon as it tells of all that was seen.
    """
    if not is_newest:
        return day_rows(day, STORED)
    rows, sights = day_rows(day, NEWEST)
    if is_over and not reaches_close(day, sights):
        stored, told = day_rows(day, STORED)
        whole = {each.symbol for each in told if each.at is None}
        if stored and {each.symbol for each in stocks_of(sights)} <= whole:
            return stored, told
    return rows, sights


def day_rows(day: date, days: str) -> Known:
    """Every symbol's day, and how far it is known."""
    parameters: dict[str, Any] = {"day": day, "start": midnight(day), "end": midnight(day + timedelta(days=1))}
    with connection.cursor() as cursor:
        cursor.execute(NAMED + days + ROWS, parameters)
        found = cursor.fetchall()
    sights = [
        Sight(symbol, kind, board, at and at.astimezone(VIETNAM), end) for at, end, symbol, kind, board, *_ in found
    ]
    return [DayRow(*values) for _, _, *values in found], sights


def front_basis(day: date) -> Basis | None:
    """The last basis of the contract that expires next, of those that traded; described or not."""
    points = BasisPoint.objects.filter(
        underlying="VN30", at__gte=midnight(day), at__lt=midnight(day + timedelta(days=1))
    )
    codes = points.order_by().values_list("contract", flat=True).distinct()
    traded = [(parsed, code) for code in codes if (parsed := parse_code(code))]
    if not traded:
        return None
    front, code = min(traded)
    point = points.filter(contract=code).latest("at")
    return Basis(code, front.name, point.future, point.index, point.basis)


def source_of(day: date) -> str:
    """What the newest run of a day listened to: ssi, simulation or replay; "" where none is known."""
    runs = IngestRun.objects.filter(first_day__lte=day, last_day__gte=day).order_by("-seq")
    return runs.values_list("source", flat=True).first() or ""


def newest_day() -> date | None:
    """The day that ingest is at, or was at last."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST_DAY)
        row = cursor.fetchone()
    return row[0] if row else None


def neighbours(day: date) -> tuple[date | None, date | None]:
    """The stored trading days before and after."""
    with connection.cursor() as cursor:
        cursor.execute(NEIGHBOURS, {"symbol": MARKER, "day": day})
        before, after = cursor.fetchone()
    newest = newest_day()
    if after is None and newest is not None and newest > day:
        after = newest
    return before, after
