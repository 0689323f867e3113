"""Backfill against the simulator over real sockets, into a real database."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from market.backfill import plan, progress, ranges
from market.backfill.lock import NAMESPACE, alone, key_of
from market.backfill.plan import Step, Target
from market.backfill.run import Progress, run
from market.backfill.venue import Venue
from market.domain.calendar import VIETNAM
from market.feed.errors import BadCredentials, QuotaExceeded
from market.feed.simulator.schedule import at
from market.models import Bar, DailyBar, FetchedRange
from tests.launched import wait_until
from tests.market.backfill_market import CREDENTIALS, DAY, FUTURE, HPG, NOW, VNINDEX, store_future, venue_at
from tests.market.feed.simulator.conftest import small_universe
from tests.market.venue_thread import Beside, simulator_beside

SPAN = (date(2026, 9, 1), date(2026, 11, 19))
MINUTES = (date(2026, 11, 18), date(2026, 11, 19))
SEEDED = pytest.mark.usefixtures("seeded_database")


@pytest.fixture(scope="module")
def market() -> Iterator[Beside]:
    """The small market at ten o'clock."""
    with simulator_beside(small_universe(), DAY, at(10, 0)) as beside:
        yield beside


@pytest.fixture
def venue(market: Beside) -> Iterator[Venue]:
    """A client of it, without faults."""
    market.do(lambda simulator: simulator.faults.reset())
    with venue_at(market.url) as venue:
        yield venue


@pytest.fixture
def reachable(market: Beside, settings: Any) -> None:
    """The market is what the settings name."""
    market.do(lambda simulator: simulator.faults.reset())
    settings.SSI_DATA_URL = market.url
    settings.SSI_CONSUMER_ID, settings.SSI_CONSUMER_SECRET = "id", "secret"
    settings.REST_CALLS_PER_SECOND = 1000


def fetch(venue: Venue, what: plan.What, target: Target, span: ranges.Range = SPAN) -> Progress:
    return run(venue, plan.steps([target], {what: span}, timezone.now()), NOW)


def backfill(*arguments: str) -> str:
    out = StringIO()
    call_command("backfill", *arguments, stdout=out)
    return out.getvalue()


def truth(market: Beside, symbol: str, day: date) -> Any:
    """The day as the simulator has it."""

    def row(simulator: Any) -> Any:
        history = simulator.stage.history
        instrument = next(each for each in history.universe.stocks if each.symbol == symbol)
        return history.row(instrument, day)

    return market.do(row)


# --- Ranges and progress


@pytest.mark.parametrize(
    ("known", "left"),
    [
        ([], [(1, 30)]),
        ([(5, 10)], [(1, 4), (11, 30)]),
        ([(1, 10), (8, 20)], [(21, 30)]),
        ([(20, 40), (1, 3)], [(4, 19)]),
        ([(1, 30)], []),
        ([(9, 3)], [(1, 30)]),
    ],
)
def test_subtract_leaves_what_no_range_holds(known: list[tuple[int, int]], left: list[tuple[int, int]]) -> None:
    def days(pairs: list[tuple[int, int]]) -> list[ranges.Range]:
        start = date(2026, 1, 31)
        return [(start + timedelta(days=first), start + timedelta(days=last)) for first, last in pairs]

    assert ranges.subtract(days([(1, 30)])[0], days(known)) == days(left)


def test_windows_back_are_newest_first_and_within_the_limit() -> None:
    found = list(ranges.windows_back(SPAN))
    assert found[0][1] == SPAN[1]
    assert found[-1][0] == SPAN[0]
    assert all((last - first).days < 30 for first, last in found)
    assert sum((last - first).days + 1 for first, last in found) == (SPAN[1] - SPAN[0]).days + 1


@pytest.mark.django_db
def test_progress_of_touching_ranges_is_one_row() -> None:
    now = timezone.now()
    for first, last in ((10, 12), (1, 3), (4, 9)):
        progress.mark("prices", "HPG", (date(2026, 10, first), date(2026, 10, last)), DAY, now)
    (row,) = FetchedRange.objects.all()
    assert (row.first, row.last) == (date(2026, 10, 1), date(2026, 10, 12))


@pytest.mark.django_db
def test_progress_of_the_newest_days_holds_for_an_hour_only() -> None:
    now = timezone.now()
    progress.mark("prices", "HPG", (date(2026, 11, 1), DAY), DAY, now)
    assert progress.fetched("prices", ["HPG"], now) == {"HPG": [(date(2026, 11, 1), DAY)]}
    later = progress.fetched("prices", ["HPG"], now + timedelta(hours=2))
    assert later == {"HPG": [(date(2026, 11, 1), date(2026, 11, 17))]}


@pytest.mark.django_db
def test_progress_of_a_later_day_does_not_settle_days_that_were_not_asked_again() -> None:
    before = timezone.now() - timedelta(days=5)
    progress.mark("prices", "HPG", (date(2026, 11, 1), date(2026, 11, 15)), date(2026, 11, 15), before)
    progress.mark("prices", "HPG", (date(2026, 11, 16), DAY), DAY, timezone.now())
    known = progress.fetched("prices", ["HPG"], timezone.now())["HPG"]
    assert ranges.subtract((date(2026, 11, 1), DAY), known) == [(date(2026, 11, 13), date(2026, 11, 15))]


@pytest.mark.django_db
def test_progress_of_a_refusal_holds_for_a_while() -> None:
    now = timezone.now()
    progress.mark("daily", "VNINDEX", SPAN, DAY, now, "no such thing")
    assert progress.fetched("daily", ["VNINDEX"], now) == {"VNINDEX": [SPAN]}
    assert progress.fetched("daily", ["VNINDEX"], now + timedelta(days=1)) == {}


# --- What is stored


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


# --- Limits, refusals, resuming


@pytest.mark.django_db
def test_steps_fetched_before_are_not_planned_again(venue: Venue) -> None:
    wanted: dict[plan.What, ranges.Range] = {"prices": SPAN}
    assert len(plan.steps([HPG], wanted, timezone.now())) == 3
    fetch(venue, "prices", HPG)
    assert plan.steps([HPG], wanted, timezone.now()) == []
    assert len(plan.steps([HPG], wanted, timezone.now(), again=True)) == 3


@pytest.mark.django_db
def test_run_over_the_quota_waits_and_goes_on(market: Beside, venue: Venue) -> None:
    market.do(lambda simulator: simulator.faults.quota(2))
    assert fetch(venue, "prices", HPG).changed == 56


@pytest.mark.django_db
def test_run_over_the_quota_for_good_keeps_what_it_has(market: Beside, venue: Venue) -> None:
    def exhaust(step: Step, state: Progress) -> None:
        market.do(lambda simulator: simulator.faults.quota(100))

    steps = plan.steps([HPG], {"prices": SPAN}, timezone.now())
    with pytest.raises(QuotaExceeded):
        run(venue, steps, NOW, watcher=exhaust)
    market.do(lambda simulator: simulator.faults.reset())
    assert plan.steps([HPG], {"prices": SPAN}, timezone.now()) == steps[1:]


@pytest.mark.django_db
def test_run_with_a_refused_step_notes_it_and_goes_on(venue: Venue, caplog: pytest.LogCaptureFixture) -> None:
    ahead = Step("prices", HPG, date(2999, 1, 1), date(2999, 1, 5))
    good = Step("prices", HPG, *MINUTES)
    state = run(venue, [ahead, good], datetime(2999, 1, 6, tzinfo=VIETNAM))
    assert (state.done, state.refused, state.rows) == (2, 1, 2)
    assert FetchedRange.objects.exclude(refusal="").get().refusal.startswith("DailyStockPrice answered Error")
    assert len(caplog.records) == 1


@pytest.mark.django_db
def test_run_out_of_time_leaves_the_rest(venue: Venue) -> None:
    steps = plan.steps([HPG], {"prices": SPAN}, timezone.now())
    state = run(venue, steps, NOW, seconds=0)
    assert (state.done, state.is_complete) == (0, False)


@pytest.mark.django_db
def test_run_with_refused_credentials_ends(market: Beside) -> None:
    with venue_at(market.url, "wrong") as venue, pytest.raises(BadCredentials):
        fetch(venue, "prices", HPG)


@SEEDED
def test_backfill_killed_in_the_middle_goes_on_where_it_was(
    market: Beside, process_environment: dict[str, str]
) -> None:
    environment = process_environment | CREDENTIALS | {"SSI_DATA_URL": market.url}
    slow = environment | {"REST_CALLS_PER_SECOND": "10"}
    arguments = ["--symbols", "HPG,FPT,GAS", "--what", "prices,intraday", "--from", "2026-09-01"]
    command = [sys.executable, "manage.py", "backfill", *arguments, "--to", "2026-11-16"]
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=slow, stdout=subprocess.PIPE)
    wait_until(lambda: FetchedRange.objects.count() >= 2 or process.poll() is not None)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    wait_until(lambda: not locks())

    state, days = set(FetchedRange.objects.values_list("kind", "code", "first", "last")), DailyBar.objects.count()
    assert state
    missing = plan.steps(
        [Target(code, "stock") for code in ("HPG", "FPT", "GAS")],
        {"prices": (SPAN[0], date(2026, 11, 16)), "intraday": (SPAN[0], date(2026, 11, 16))},
        timezone.now(),
    )
    assert 0 < len(missing) < 18

    rest = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=True)
    assert f"{len(missing)} steps for 3 symbols" in rest.stdout
    assert days < DailyBar.objects.count() == 3 * 53
    volumes = {row.day: row.volume for row in DailyBar.objects.filter(symbol="HPG")}
    assert sum(Bar.objects.filter(symbol="HPG").values_list("volume", flat=True)) == sum(volumes.values())


def locks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        (count,) = cursor.fetchone()
    return int(count)


# --- The command


@pytest.mark.django_db
@pytest.mark.usefixtures("reachable", "redis_url")
def test_backfill_command_fetches_what_it_is_asked_for_and_then_nothing() -> None:
    store_future()
    arguments = ["--symbols", "hpg,vnindex,41I1GC000", "--what", "prices,daily,index,intraday", "--to", "2026-11-13"]
    assert "steps for 3 symbols" in backfill(*arguments)
    assert set(DailyBar.objects.values_list("symbol", flat=True)) == {"HPG", "VNINDEX", "41I1GC000"}
    assert set(Bar.objects.values_list("symbol", flat=True)) == {"HPG", "41I1GC000"}
    assert backfill(*arguments) == "Nothing is missing of 3 symbols.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--symbols", "NOSUCH"], "expected codes of known instruments, was NOSUCH"),
        (["--basket", "VN31"], "expected a basket with members on"),
        (["--what", "prices,tea"], "expected some of reference,prices,daily,index,intraday"),
        (["--from", "yesterday"], "expected a day like 2026-11-20, was 'yesterday'"),
        (["--from", "2026-11-10", "--to", "2026-11-09"], "expected days in order"),
        (["--to", "2999-01-01"], "expected days in order, up to 2026-11-20"),
    ],
)
@pytest.mark.django_db
@pytest.mark.usefixtures("reachable", "redis_url")
def test_backfill_command_with_a_bad_argument_says_what_was_expected(arguments: list[str], message: str) -> None:
    if "--what" not in arguments:
        arguments = [*arguments, "--what", "prices"]
    with pytest.raises(CommandError, match=message):
        backfill(*arguments)


@pytest.mark.django_db
@pytest.mark.usefixtures("reachable", "redis_url")
def test_backfill_command_with_refused_credentials_says_so(settings: Any) -> None:
    settings.SSI_CONSUMER_SECRET = "wrong"
    with pytest.raises(CommandError, match="expected SSI to accept ConsumerID and ConsumerSecret"):
        backfill()


@pytest.mark.django_db
@pytest.mark.usefixtures("reachable", "redis_url")
def test_backfill_command_while_another_runs_ends_with_one_line() -> None:
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [NAMESPACE, key_of("venue")])
    try:
        with pytest.raises(CommandError, match="venue: another process does that now"):
            backfill()
    finally:
        other.close()


@pytest.mark.django_db
def test_lock_is_let_go_of_after_an_error() -> None:
    before = locks()
    with pytest.raises(RuntimeError), alone("venue"), alone("prune"):
        assert locks() == before + 2
        raise RuntimeError
    assert locks() == before
