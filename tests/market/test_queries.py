"""Candles, days and pruning. The same tests hold on TimescaleDB (test_timescale.py runs them there)."""

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from market.domain.calendar import VIETNAM, from_date
from market.models import Bar, BasisPoint, DailyBar, ForeignFlow, IndexTick, Trade
from market.queries import SECONDS, Candle, Interval, candles
from market.storage.level import database_level
from market.storage.retention import BARS, TICKS, prune
from market.storage.rollup import roll_up_days

pytestmark = pytest.mark.django_db

FIRST_DAY = date(2026, 11, 16)
DAYS = 5


def moment(day: date, clock: str) -> datetime:
    hours, minutes = map(int, clock.split(":"))
    return datetime(day.year, day.month, day.day, hours, minutes, tzinfo=VIETNAM)


def bar(at: datetime, symbol: str = "HPG", price: float = 26_000.0, volume: int = 1000, **fields: object) -> Bar:
    prices = dict.fromkeys(("open", "high", "low", "close"), price)
    return Bar(**{"symbol": symbol, "at": at, "volume": volume, "value": price * volume} | prices | fields)


def some_bars(symbol: str, seed: int) -> list[Bar]:
    """Five days of minutes with holes in them, from the opening of derivatives to the close."""
    chance = random.Random(seed)
    bars = []
    for offset in range(DAYS):
        start = moment(FIRST_DAY + timedelta(days=offset), "8:45")
        for minute in sorted(chance.sample(range(375), 200)):
            low, high = sorted(chance.uniform(1000, 2000) for _ in range(2))
            buy, sell, neutral, rest = (chance.randrange(0, 5000) for _ in range(4))
            bars.append(
                bar(
                    start + timedelta(minutes=minute),
                    symbol,
                    volume=buy + sell + neutral + rest,
                    open=chance.uniform(low, high),
                    high=high,
                    low=low,
                    close=chance.uniform(low, high),
                    value=chance.uniform(1e6, 1e9),
                    buy_volume=buy,
                    sell_volume=sell,
                    neutral_volume=neutral,
                    trades=chance.randrange(1, 50),
                )
            )
    return bars


def expected(bars: Iterable[Bar], seconds: int) -> list[Candle]:
    """What candles should be, the slow and obvious way."""
    groups: dict[int, list[Bar]] = {}
    for row in sorted(bars, key=lambda row: row.at):
        at = int(row.at.timestamp())
        groups.setdefault(at - (at + 7 * 3600) % seconds, []).append(row)
    return [
        Candle(
            at=at,
            open=rows[0].open,
            high=max(row.high for row in rows),
            low=min(row.low for row in rows),
            close=rows[-1].close,
            volume=sum(row.volume for row in rows),
            value=round(sum(row.value for row in rows), 2),
            buy_volume=sum(row.buy_volume for row in rows),
            sell_volume=sum(row.sell_volume for row in rows),
            neutral_volume=sum(row.neutral_volume for row in rows),
            trades=sum(row.trades for row in rows),
            unclassified_volume=sum(row.volume - row.buy_volume - row.sell_volume - row.neutral_volume for row in rows),
        )
        for at, rows in groups.items()
    ]


def same(found: list[Candle], wanted: list[Candle]) -> bool:
    """Equal but for the last digits of a sum of floats, whose order no server promises."""
    assert [row.value for row in found] == pytest.approx([row.value for row in wanted], rel=1e-12)
    without_value = [
        [
            (
                row.at,
                row.open,
                row.high,
                row.low,
                row.close,
                row.volume,
                row.buy_volume,
                row.sell_volume,
                row.neutral_volume,
                row.trades,
                row.unclassified_volume,
            )
            for row in rows
        ]
        for rows in (found, wanted)
    ]
    return without_value[0] == without_value[1]


@pytest.fixture
def bars() -> list[Bar]:
    """The bars of one symbol; those of another and of an index are stored beside them."""
    rows = some_bars("HPG", 1)
    Bar.objects.bulk_create(rows + some_bars("FPT", 2) + some_bars("VN30", 3))
    return rows


# --- Candles --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("interval", SECONDS)
def test_candles_of_all_days_are_the_sums_of_minutes(bars: list[Bar], interval: Interval) -> None:
    assert same(candles("HPG", interval, limit=5000), expected(bars, SECONDS[interval]))


@pytest.mark.parametrize("interval", SECONDS)
@pytest.mark.parametrize("limit", [1, 3, 50])
def test_candles_with_limit_are_the_newest_and_whole(bars: list[Bar], interval: Interval, limit: int) -> None:
    assert same(candles("HPG", interval, limit=limit), expected(bars, SECONDS[interval])[-limit:])


@pytest.mark.parametrize("interval", SECONDS)
@pytest.mark.parametrize(
    ("start", "end"), [("9:00", "10:00"), ("9:07", "14:38"), ("0:00", "9:01"), ("13:00", "13:00"), ("14:00", "9:00")]
)
def test_candles_of_a_range_are_those_that_begin_in_it(
    bars: list[Bar], interval: Interval, start: str, end: str
) -> None:
    first, after = moment(FIRST_DAY + timedelta(days=1), start), moment(FIRST_DAY + timedelta(days=3), end)
    wanted = [row for row in expected(bars, SECONDS[interval]) if first.timestamp() <= row.at < after.timestamp()]
    assert same(candles("HPG", interval, first.astimezone(UTC), after, limit=5000), wanted)


def test_candles_range_with_part_of_a_second_begins_after_it(bars: list[Bar]) -> None:
    at = bars[0].at
    found = candles("HPG", "1m", at + timedelta(microseconds=1), limit=5000)
    assert found[0].at == int(bars[1].at.timestamp())


@pytest.mark.parametrize("interval", SECONDS)
def test_candles_of_unknown_symbol_or_inverted_range_are_none(bars: list[Bar], interval: Interval) -> None:
    assert candles("NOSUCH", interval) == []
    assert candles("HPG", interval, moment(FIRST_DAY, "15:00"), moment(FIRST_DAY, "9:00")) == []


def test_candles_of_a_day_start_at_midnight_in_vietnam(bars: list[Bar]) -> None:
    assert [row.at for row in candles("HPG", "1d")] == [from_date(FIRST_DAY + timedelta(days=n)) for n in range(DAYS)]


def test_candle_of_an_index_counts_its_volume_as_unclassified() -> None:
    bar(moment(FIRST_DAY, "9:15"), "VN30", 1900.5, volume=700).save()
    (row,) = candles("VN30", "5m")
    assert (row.volume, row.unclassified_volume, row.buy_volume) == (700, 700, 0)


# --- Days -----------------------------------------------------------------------------------------------------


def day_row(day: date, volume: int, **fields: object) -> DailyBar:
    prices = dict.fromkeys(("open", "high", "low", "close"), 1.0)
    return DailyBar(
        **{"symbol": "HPG", "day": day, "volume": volume, "value": 1.0, "source": "backfill"} | prices | fields
    )


def test_daily_candles_before_and_after_the_roll_up_are_the_same(bars: list[Bar]) -> None:
    before = candles("HPG", "1d")
    assert roll_up_days(FIRST_DAY, FIRST_DAY + timedelta(days=DAYS)) == 3 * DAYS
    assert same(candles("HPG", "1d"), before)
    Bar.objects.all().delete()
    assert same(candles("HPG", "1d"), before)


def test_daily_candles_join_stored_days_and_newer_minutes(bars: list[Bar]) -> None:
    old = [day_row(FIRST_DAY - timedelta(days=n), 5) for n in (1, 2, 3)]
    DailyBar.objects.bulk_create(old)
    found = candles("HPG", "1d")
    assert [row.volume for row in found[:3]] == [5, 5, 5]
    assert same(found[3:], expected(bars, SECONDS["1d"]))
    assert [row.at for row in candles("HPG", "1d", limit=6)] == [row.at for row in found[-6:]]


@pytest.mark.parametrize(("volume", "wins"), [(10**9, True), (1, False)])
def test_daily_candle_told_twice_is_the_one_with_more_volume(bars: list[Bar], volume: int, wins: bool) -> None:
    last = FIRST_DAY + timedelta(days=DAYS - 1)
    day_row(last, volume).save()
    assert (candles("HPG", "1d", moment(last, "0:00"))[-1].volume == volume) is wins
    roll_up_days(last, last)
    stored = DailyBar.objects.get(symbol="HPG", day=last)
    assert (stored.volume == volume, stored.source == "backfill") == (wins, wins)


def test_roll_up_again_changes_nothing(bars: list[Bar]) -> None:
    roll_up_days(FIRST_DAY, FIRST_DAY)
    before = list(DailyBar.objects.order_by("symbol").values())
    roll_up_days(FIRST_DAY, FIRST_DAY)
    assert list(DailyBar.objects.order_by("symbol").values()) == before


def flow(at: datetime, bought: int, sold: int) -> ForeignFlow:
    return ForeignFlow(
        symbol="HPG",
        at=at,
        buy_volume=bought,
        sell_volume=sold,
        buy_value=0.0,
        sell_value=0.0,
        own_buy_value=bought * 10.0,
        own_sell_value=sold * 10.0,
        room=1,
        total_room=2,
    )


def test_roll_up_takes_the_last_foreign_totals_of_the_day_in_vietnam(bars: list[Bar]) -> None:
    late = moment(FIRST_DAY, "23:59")
    ForeignFlow.objects.bulk_create(
        [flow(moment(FIRST_DAY, "9:30"), 10, 20), flow(late, 30, 20), flow(late + timedelta(minutes=1), 1, 1)]
    )
    roll_up_days(FIRST_DAY, FIRST_DAY)
    stored = DailyBar.objects.get(symbol="HPG", day=FIRST_DAY)
    assert (stored.foreign_buy_volume, stored.foreign_sell_volume) == (30, 20)
    assert (stored.foreign_buy_value, stored.foreign_sell_value) == (300.0, 200.0)
    assert DailyBar.objects.get(symbol="FPT", day=FIRST_DAY).foreign_buy_volume is None


# --- Keys -----------------------------------------------------------------------------------------------------


def trade(at: datetime, total: int, volume: int = 100, price: float = 26_000.0) -> Trade:
    return Trade(
        symbol="HPG",
        at=at,
        total_volume=total,
        number=1,
        price=price,
        volume=volume,
        value=price * volume,
        side=Trade.Side.BUY,
        method=Trade.Method.FEED,
        phase=Trade.Phase.CONTINUOUS,
    )


def test_trades_stored_twice_are_there_once() -> None:
    at = moment(FIRST_DAY, "9:15")
    for _ in range(2):
        Trade.objects.bulk_create([trade(at, 100), trade(at, 200), trade(at, 300)], ignore_conflicts=True)
    assert list(Trade.objects.order_by("total_volume").values_list("total_volume", flat=True)) == [100, 200, 300]


def test_trades_of_two_days_with_equal_totals_are_both_stored() -> None:
    Trade.objects.bulk_create([trade(moment(FIRST_DAY, "9:15"), 100), trade(moment(FIRST_DAY, "9:16"), 100)])
    assert Trade.objects.count() == 2


def test_samples_of_a_second_keep_the_last() -> None:
    at = moment(FIRST_DAY, "9:15")
    fields = ["buy_volume", "sell_volume"]
    for bought in (10, 20):
        ForeignFlow.objects.bulk_create(
            [flow(at, bought, 5)], update_conflicts=True, unique_fields=["symbol", "at"], update_fields=fields
        )
    assert ForeignFlow.objects.get().buy_volume == 20


@pytest.mark.parametrize(
    "make",
    [
        lambda at: bar(at),
        lambda at: flow(at, 1, 1),
        lambda at: IndexTick(index="VN30", at=at, value=1, total_volume=1, total_value=1),
        lambda at: BasisPoint(contract="41I1GC000", underlying="VN30", at=at, future=2, index=1, basis=1),
    ],
    ids=["bar", "foreign", "index", "basis"],
)
def test_sample_of_the_same_second_is_refused_by_the_key(make: object) -> None:
    assert callable(make)
    at = moment(FIRST_DAY, "9:15")
    make(at).save(force_insert=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        make(at).save(force_insert=True)


# --- Pruning --------------------------------------------------------------------------------------------------


def test_prune_deletes_what_is_too_old_and_keeps_its_days() -> None:
    now = moment(FIRST_DAY, "16:00")
    for age in (TICKS, BARS):
        for offset in (-1, 1):
            at = (now - age + timedelta(days=offset)).replace(hour=10, minute=0)
            bar(at).save()
            trade(at, 100).save()
            flow(at, 7, 5).save()
    deleted = prune(now)
    if database_level(connection) == "community":
        assert deleted == {}  # policies do it, on chunks
        return
    assert deleted["market_bar"] == 1
    assert deleted["market_trade"] == deleted["market_foreignflow"] == 3
    assert len(candles("HPG", "1d")) == 4
    assert DailyBar.objects.filter(foreign_buy_volume=7).count() == 3
    assert set(prune(now).values()) == {0}
