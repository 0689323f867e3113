"""What becomes of the venue's rows, from the simulator over real sockets into a real database."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from market.backfill import plan
from market.backfill.run import run
from market.backfill.venue import Venue
from market.domain.calendar import VIETNAM
from market.models import Bar, DailyBar
from tests.market.backfill.small_market import DAY, FUTURE, HPG, MINUTES, NOW, VNINDEX, fetch
from tests.market.venue_thread import Beside


def truth(market: Beside, symbol: str, day: date) -> Any:
    """The day as the simulator has it."""

    def row(simulator: Any) -> Any:
        history = simulator.stage.history
        instrument = next(each for each in history.universe.stocks if each.symbol == symbol)
        return history.row(instrument, day)

    return market.do(row)


@pytest.mark.django_db
def test_prices_become_days_with_limits_and_foreign_flow(market: Beside, venue: Venue) -> None:
    state = fetch(venue, "prices", HPG)
    rows = list(DailyBar.objects.filter(symbol="HPG").order_by("day"))
    assert state.is_complete
    assert state.rows == state.changed == len(rows) == 56
    for row in (rows[0], rows[30], rows[-1]):
        told = truth(market, "HPG", row.day)
        assert (row.open, row.high, row.low, row.close) == (told.open, told.high, told.low, told.close)
        assert (row.volume, row.value, row.reference) == (told.volume, told.value, told.reference)
        assert (row.foreign_buy_volume, row.foreign_sell_volume) == (told.foreign_buy_volume, told.foreign_sell_volume)
        assert (row.foreign_buy_value, row.foreign_sell_value) == (told.foreign_buy_value, told.foreign_sell_value)
        assert row.floor is not None
        assert row.ceiling is not None
        assert row.floor < told.reference < row.ceiling
        assert row.source == "backfill"


@pytest.mark.django_db
def test_minutes_begin_at_full_minutes_and_add_up_to_the_day(market: Beside, venue: Venue) -> None:
    fetch(venue, "intraday", HPG, MINUTES)
    rows = list(Bar.objects.filter(symbol="HPG").order_by("at"))
    assert all(row.at.second == 0 for row in rows)
    for day in MINUTES:
        told = truth(market, "HPG", day)
        bars = [row for row in rows if row.at.astimezone(VIETNAM).date() == day]
        assert sum(row.volume for row in bars) == told.volume
        assert (bars[0].open, bars[-1].close) == (told.open, told.close)
        assert max(row.high for row in bars) == told.high
        assert sum(row.value for row in bars) == pytest.approx(told.value, rel=0.02)


@pytest.mark.django_db
def test_minutes_of_a_future_are_worth_points_times_the_multiplier(venue: Venue) -> None:
    fetch(venue, "intraday", FUTURE, MINUTES)
    row = Bar.objects.filter(symbol=FUTURE.code).latest("at")
    assert row.value == pytest.approx(row.close * row.volume * 100_000, rel=0.01)


@pytest.mark.django_db
def test_minutes_of_today_end_before_the_one_that_goes_on(venue: Venue) -> None:
    moment = datetime.combine(DAY, time(9, 40, 30), VIETNAM)
    run(venue, plan.steps([HPG], {"intraday": (DAY, DAY)}, timezone.now()), moment)
    newest = Bar.objects.filter(symbol="HPG").latest("at").at
    assert newest <= moment - timedelta(seconds=90)
    assert newest >= moment - timedelta(minutes=10)


@pytest.mark.django_db
def test_index_days_join_close_to_close(venue: Venue) -> None:
    fetch(venue, "index", VNINDEX)
    rows = list(DailyBar.objects.filter(symbol="VNINDEX").order_by("day"))
    assert len(rows) == 56
    assert rows[-1].open == pytest.approx(rows[-2].close, abs=0.01)
    assert rows[-1].reference == rows[-1].open
    assert rows[-1].volume > 0


@pytest.mark.django_db
@pytest.mark.parametrize(("hour", "newest"), [(10, date(2026, 11, 19)), (16, DAY)])
def test_day_is_stored_when_it_is_over(venue: Venue, hour: int, newest: date) -> None:
    moment = datetime.combine(DAY, time(hour), VIETNAM)
    run(venue, plan.steps([VNINDEX], {"index": (date(2026, 11, 1), DAY)}, timezone.now()), moment)
    assert DailyBar.objects.latest("day").day == newest


def live_day(volume: int, **fields: Any) -> DailyBar:
    values = {"open": 1.0, "high": 2.0, "low": 1.0, "close": 2.0, "value": 3.0, "buy_volume": 60, "sell_volume": 40}
    return DailyBar.objects.create(symbol="HPG", day=MINUTES[1], volume=volume, trades=7, **(values | fields))


@pytest.mark.django_db
def test_day_seen_live_with_less_volume_is_replaced_and_keeps_its_sides(market: Beside, venue: Venue) -> None:
    live_day(100)
    fetch(venue, "prices", HPG)
    row = DailyBar.objects.get(symbol="HPG", day=MINUTES[1])
    told = truth(market, "HPG", MINUTES[1])
    assert (row.volume, row.close, row.source) == (told.volume, told.close, "backfill")
    assert (row.buy_volume, row.sell_volume, row.trades) == (60, 40, 7)


@pytest.mark.django_db
def test_day_seen_live_whole_stays_and_gets_limits_and_foreign_flow(market: Beside, venue: Venue) -> None:
    told = truth(market, "HPG", MINUTES[1])
    live_day(told.volume, foreign_buy_volume=1, foreign_buy_value=2.0, foreign_sell_volume=10**12)
    fetch(venue, "prices", HPG)
    row = DailyBar.objects.get(symbol="HPG", day=MINUTES[1])
    assert (row.close, row.source) == (2.0, "live")
    assert row.reference == told.reference
    assert (row.foreign_buy_volume, row.foreign_buy_value) == (told.foreign_buy_volume, told.foreign_buy_value)
    assert row.foreign_sell_volume == 10**12


@pytest.mark.django_db
def test_minute_seen_live_yields_only_to_more_volume(venue: Venue) -> None:
    fetch(venue, "intraday", HPG, MINUTES)
    smaller, equal, larger = Bar.objects.filter(symbol="HPG").order_by("at")[:3]
    before = {row.at: row.volume for row in (smaller, equal, larger)}
    shown = {"source": "live", "close": 1.0, "value": 5.0, "buy_volume": 1}
    for row, volume in ((smaller, 1), (equal, equal.volume), (larger, larger.volume + 100)):
        Bar.objects.filter(symbol="HPG", at=row.at).update(volume=volume, **shown)
    run(venue, plan.steps([HPG], {"intraday": MINUTES}, timezone.now(), again=True), NOW)
    after = {row.at: row for row in Bar.objects.filter(symbol="HPG", at__in=before)}
    assert after[smaller.at].volume == before[smaller.at]
    assert after[smaller.at].buy_volume == 1
    assert after[smaller.at].source == "backfill"
    assert after[smaller.at].value == pytest.approx(5.0 + smaller.value, rel=0.01)
    assert (after[equal.at].close, after[equal.at].source) == (1.0, "live")
    assert (after[larger.at].volume, after[larger.at].source) == (before[larger.at] + 100, "live")


@pytest.mark.django_db
def test_daily_bar_of_the_venue_corrects_what_was_drawn_from_closes(venue: Venue) -> None:
    DailyBar.objects.create(
        symbol="VNINDEX", day=MINUTES[1], open=1600, high=9999, low=1, close=1650, volume=1, value=1, trades=9
    )
    fetch(venue, "index", VNINDEX)
    row = DailyBar.objects.get(symbol="VNINDEX", day=MINUTES[1])
    assert (row.open, row.high, row.low) == (1600, 9999, 1)
    assert row.close != 1650
