"""Celery's tasks: called here, and run by a real worker that takes them from a real Redis."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from market import tasks
from market.backfill import gaps
from market.backfill.lock import alone
from market.backfill.shown import moment_shown
from market.backfill.venue import open_venue
from market.domain.calendar import VIETNAM
from market.feed.errors import FatalFeedError
from market.models import Bar, DailyBar, FetchedRange, Gap, Instrument, TradingDay
from tests.launched import wait_until
from tests.market.backfill.small_market import CREDENTIALS, DAY, NOW, reach, show, small_market
from tests.market.venue_thread import Beside
from tracker.celery import app

WEEKS = 56  # finished days of the last sixty weekdays: three were holidays, today is not over
SEEDED = pytest.mark.usefixtures("seeded_database")


@pytest.fixture(scope="module")
def market() -> Iterator[Beside]:
    with small_market() as beside:
        yield beside


@pytest.fixture(autouse=True)
def reachable(market: Beside, settings: Any, redis_url: str) -> None:
    """The market is what the settings name."""
    reach(market, settings)
    settings.WATCH = "HPG"


# --- What beat sends


@SEEDED
def test_beat_of_a_fresh_installation_knows_every_task_in_vietnams_time() -> None:
    DatabaseScheduler(app=app)
    stored = dict(PeriodicTask.objects.exclude(task__startswith="celery.").values_list("name", "task"))
    assert stored == {name: entry["task"] for name, entry in django_settings.CELERY_BEAT_SCHEDULE.items()}
    app.loader.import_default_modules()
    assert set(stored.values()) <= set(app.tasks)
    crontab = PeriodicTask.objects.get(task="market.refresh_reference").crontab
    assert (crontab.hour, crontab.minute, str(crontab.timezone)) == ("8", "0", "Asia/Ho_Chi_Minh")


# --- The market's date


def test_moment_shown_is_that_of_a_simulation_else_the_wall_clock(redis_url: str) -> None:
    show(redis_url)
    assert moment_shown() == NOW
    for other in ({"source": "ssi"}, {"age": 3600}):
        show(redis_url, **other)
        before = datetime.now(VIETNAM)
        assert before <= moment_shown() <= datetime.now(VIETNAM)


def test_moment_of_a_venue_without_ingest_is_the_close_of_its_newest_day() -> None:
    with time_machine.travel(NOW + timedelta(days=3)), open_venue() as venue:
        assert venue.moment() == datetime(2026, 11, 20, 15, tzinfo=VIETNAM)
        assert venue.simulated


# --- Tasks


@pytest.mark.django_db
def test_refresh_reference_brings_the_futures(redis_url: str) -> None:
    show(redis_url)
    tasks.refresh_reference()
    assert Instrument.objects.filter(kind="future").count() == 8


@pytest.mark.django_db
def test_fill_new_fetches_the_last_weeks_and_then_calls_nobody(market: Beside, redis_url: str) -> None:
    show(redis_url)
    tasks.refresh_reference()
    tasks.fill_new()
    days = DailyBar.objects.filter(symbol="HPG").order_by("day")
    assert days.count() == WEEKS
    assert Bar.objects.filter(symbol="41I1GC000").exists()
    assert Bar.objects.filter(symbol="HPG", at__date__lt=date(2026, 11, 20)).exists()
    market.do(lambda simulator: simulator.faults.unauthorized(1))
    tasks.fill_new()
    assert market.do(lambda simulator: simulator.faults.unauthorized_calls) == 1


@pytest.mark.django_db
def test_fill_new_goes_on_with_what_was_broken_off(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    show(redis_url)
    monkeypatch.setattr(tasks, "SECONDS_OF_A_RUN", 0.05)
    sent = []
    monkeypatch.setattr(tasks.fill_new, "apply_async", lambda *args, **kwargs: sent.append(args))
    tasks.fill_new()
    assert len(sent) == 1
    monkeypatch.setattr(tasks, "SECONDS_OF_A_RUN", 60)
    tasks.fill_new()
    assert len(sent) == 1
    assert DailyBar.objects.filter(symbol="HPG").count() == WEEKS


@pytest.mark.django_db
@time_machine.travel(NOW + timedelta(days=3))
def test_fill_history_asks_for_the_newest_days_again_in_the_evening(redis_url: str) -> None:
    show(redis_url)
    tasks.fill_history()
    FetchedRange.objects.update(fetched_at=datetime(2026, 11, 20, tzinfo=VIETNAM))
    DailyBar.objects.filter(symbol="HPG").delete()
    tasks.fill_history()
    assert list(DailyBar.objects.filter(symbol="HPG").order_by("day").values_list("day", flat=True)) == [
        date(2026, 11, 18),
        date(2026, 11, 19),
    ]


@pytest.mark.django_db
def test_fill_gap_fetches_its_minutes(redis_url: str) -> None:
    show(redis_url)
    tasks.fill_gap("2026-11-20T09:20:00+07:00", datetime(2026, 11, 20, 9, 30, tzinfo=VIETNAM))
    assert Bar.objects.filter(symbol="HPG").exists()
    assert Gap.objects.get().filled_at is not None


def test_fill_gap_without_an_offset_says_what_was_expected() -> None:
    with pytest.raises(ValueError, match="expected times with an offset"):
        tasks.fill_gap("2026-11-20T09:20:00", "2026-11-20T09:30:00")


@pytest.mark.django_db
def test_fill_gaps_repairs_recorded_gaps_and_unseen_volume(redis_url: str) -> None:
    show(redis_url, HPG={"unclassified_volume": 500})
    tasks.fill_gaps()
    assert not Bar.objects.exists()
    gaps.record_gap(datetime(2026, 11, 20, 9, 20, tzinfo=VIETNAM), NOW.replace(hour=9, minute=30), "lost")
    tasks.fill_gaps()
    assert Gap.objects.get().filled_at is not None
    assert Bar.objects.filter(symbol="HPG", at__lt=NOW.replace(hour=9, minute=20)).exists()


@pytest.mark.django_db
def test_fill_gaps_of_a_replay_repairs_nothing(redis_url: str) -> None:
    show(redis_url, source="replay", HPG={"unclassified_volume": 500})
    tasks.fill_gaps()
    tasks.fill_gaps()
    assert not Bar.objects.exists()


@pytest.mark.django_db
def test_roll_up_writes_days_from_minutes(redis_url: str) -> None:
    show(redis_url)
    Bar.objects.create(symbol="HPG", at=NOW, open=1, high=2, low=1, close=2, volume=5, value=9)
    tasks.roll_up()
    assert DailyBar.objects.get(symbol="HPG", day=DAY).volume == 5


@pytest.mark.django_db
def test_roll_up_missed_writes_only_days_that_ended_by_the_markets_clock_and_only_once(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    for at in (NOW - timedelta(days=1), NOW):
        Bar.objects.create(symbol="HPG", at=at, open=1, high=2, low=1, close=2, volume=5, value=9, trades=1)
    caplog.set_level("INFO")
    for moment in (NOW, NOW, NOW.replace(hour=15, minute=19), NOW.replace(hour=15, minute=20)):
        show(redis_url, moment=moment)
        tasks.roll_up_missed()
        DailyBar.objects.update(volume=9, source=Bar.Source.BACKFILL)  # the exchange saw more, and is asked no more
    assert [record.args for record in caplog.records if "Rolled up" in record.msg] == [
        (DAY - timedelta(days=1), 1),
        (DAY, 1),
    ]
    assert DailyBar.objects.count() == 2


@pytest.mark.django_db
def test_housekeeping_runs() -> None:
    tasks.prune_history()
    tasks.seed_calendar()
    assert TradingDay.objects.exists()


# --- Trouble


@pytest.mark.django_db
def test_task_with_refused_credentials_is_not_tried_again(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.SSI_CONSUMER_SECRET = "wrong"
    with pytest.raises(FatalFeedError):
        tasks.refresh_reference()
    assert [record.levelname for record in caplog.records] == ["ERROR"]


@pytest.mark.django_db
def test_task_of_every_few_minutes_says_refused_credentials_once(
    settings: Any, caplog: pytest.LogCaptureFixture, redis_url: str
) -> None:
    show(redis_url)
    settings.SSI_CONSUMER_SECRET = ""
    tasks.fill_new()
    tasks.fill_new()
    assert len(caplog.records) == 1
    assert "expected SSI FastConnect credentials" in caplog.text


@pytest.mark.django_db
def test_task_of_every_few_minutes_pauses_after_an_outage(
    settings: Any, caplog: pytest.LogCaptureFixture, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("market.backfill.venue.PAUSES_SECONDS", (0.01,))
    show(redis_url)
    address, settings.SSI_DATA_URL = settings.SSI_DATA_URL, "http://127.0.0.1:9/"
    tasks.fill_new()
    tasks.fill_new()
    assert [record.getMessage()[:22] for record in caplog.records if record.levelname == "WARNING"] == [
        "History waits for 10 m"
    ]
    settings.SSI_DATA_URL = address
    tasks.fill_new()
    assert DailyBar.objects.exists()


# --- A real worker


@SEEDED
def test_worker_fills_a_fresh_installation(
    market: Beside, process_environment: dict[str, str], redis_url: str, tmp_path: Path
) -> None:
    environment = process_environment | CREDENTIALS | {"SSI_DATA_URL": market.url, "WATCH": "HPG"}
    log = tmp_path / "worker.log"
    command = [sys.executable, "-m", "celery", "--quiet", "--app", "tracker", "worker", "--concurrency", "2"]
    with log.open("w") as out:
        worker = subprocess.Popen(
            [*command, "--without-gossip", "--without-mingle"],
            cwd=django_settings.BASE_DIR,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        with alone(tasks.VENUE):  # as another worker would
            tasks.fill_gap.delay("2026-11-20T09:20:00+07:00", "2026-11-20T09:30:00+07:00")
            wait_until(lambda: "market.fill_gap is tried again later" in log.read_text())
        show(redis_url, age=-3600.0)  # for as long as this takes
        tasks.begin()
        wait_until(lambda: FetchedRange.objects.filter(kind="intraday", code="HPG").exists())
    finally:
        worker.terminate()
        worker.wait(30)
    assert DailyBar.objects.filter(symbol="HPG").count() == WEEKS
    assert DailyBar.objects.filter(symbol="41I1GC000").exists()
    assert "Traceback" not in log.read_text()
