"""Runs over the quota, refused, out of time and killed; they go on where they were."""

import os
import signal
import subprocess
import sys
from datetime import date, datetime

import pytest
from django.conf import settings
from django.utils import timezone

from market.backfill import plan, ranges
from market.backfill.plan import Step, Target
from market.backfill.run import Progress, run
from market.backfill.venue import Venue
from market.domain.calendar import VIETNAM
from market.feed.errors import BadCredentials, QuotaExceeded
from market.models import Bar, DailyBar, FetchedRange
from tests.launched import wait_until
from tests.market.backfill.small_market import (
    CREDENTIALS,
    HPG,
    MINUTES,
    NOW,
    SPAN,
    fetch,
    locks,
    show,
    venue_at,
)
from tests.market.venue_thread import Beside


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


@pytest.mark.usefixtures("seeded_database")
def test_backfill_killed_in_the_middle_goes_on_where_it_was(
    market: Beside, process_environment: dict[str, str], redis_url: str
) -> None:
    show(redis_url, age=-3600.0)  # for as long as this takes
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
