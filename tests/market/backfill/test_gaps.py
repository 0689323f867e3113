"""Gaps of today's session: found, remembered, filled from the venue."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from datetime import time as clock

import pytest
import redis

from market.backfill import gaps
from market.backfill.plan import Target
from market.backfill.venue import Venue
from market.domain.calendar import VIETNAM
from market.models import Bar, Gap, IngestRun
from tests.market.backfill.small_market import DAY, HPG, NOW, VNINDEX

FPT = Target("FPT", "stock")


def today(hour: int, minute: int, second: int = 0) -> datetime:
    return datetime.combine(DAY, clock(hour, minute, second), VIETNAM)


def soon() -> float:
    return time.monotonic() + 60


@pytest.mark.django_db
def test_record_gap_twice_is_one_gap() -> None:
    assert gaps.record_gap(today(9, 20), today(9, 30), "connection lost")
    assert not gaps.record_gap(today(9, 20), today(9, 30), "connection lost")
    assert Gap.objects.get().reason == "connection lost"


@pytest.mark.django_db
def test_record_gap_without_length_is_none() -> None:
    assert not gaps.record_gap(today(9, 20), today(9, 20), "connection lost")
    assert not Gap.objects.exists()


@pytest.mark.django_db
def test_gap_is_due_when_the_venue_can_tell() -> None:
    gaps.record_gap(today(9, 20), today(9, 30), "connection lost")
    assert gaps.due(today(9, 31)) == []
    assert len(gaps.due(today(9, 32))) == 1


@pytest.mark.django_db
def test_fill_stores_the_minutes_of_the_gap_once(venue: Venue) -> None:
    gaps.record_gap(today(9, 20, 30), today(9, 40), "connection lost")
    Bar.objects.create(
        symbol="HPG", at=today(9, 20), open=1, high=1, low=1, close=1, volume=10**9, value=1, buy_volume=10**9
    )
    changed = gaps.fill(venue, [HPG, FPT, VNINDEX], NOW, soon())
    bars = Bar.objects.filter(source="backfill")
    assert changed == bars.count() > 2
    assert set(bars.values_list("symbol", flat=True)) == {"HPG", "FPT"}
    assert all(today(9, 20) <= bar.at <= today(9, 40) for bar in bars)
    assert Bar.objects.get(symbol="HPG", at=today(9, 20)).source == "live"
    assert Gap.objects.get().filled_at is not None
    assert gaps.fill(venue, [HPG, FPT], NOW, soon()) == 0


@pytest.mark.django_db
def test_fill_out_of_time_goes_on_where_it_was(venue: Venue) -> None:
    gaps.record_gap(today(9, 20), today(9, 40), "connection lost")
    assert gaps.fill(venue, [HPG, FPT], NOW, time.monotonic()) == 0
    Gap.objects.update(reached="FPT")
    gaps.fill(venue, [HPG, FPT], NOW, soon())
    assert set(Bar.objects.values_list("symbol", flat=True)) == {"HPG"}


@pytest.mark.django_db
def test_fill_of_a_gap_of_months_fetches_the_newest_month(venue: Venue) -> None:
    gaps.record_gap(NOW - timedelta(days=100), today(9, 40), "switched off")
    gaps.fill(venue, [HPG], NOW, soon())
    oldest = Bar.objects.earliest("at").at.astimezone(VIETNAM).date()
    assert timedelta(days=26) < DAY - oldest < timedelta(days=30)


def ingest(start: datetime, end: datetime, source: str = "ssi", *, stopped: bool = True) -> None:
    IngestRun.objects.create(
        epoch=f"{start:%H%M}", source=source, started_at=start, last_seen_at=end, stopped_at=end if stopped else None
    )


@pytest.mark.django_db
def test_find_gaps_between_runs_of_the_session() -> None:
    ingest(today(7, 0), today(9, 20))
    ingest(today(9, 30), today(9, 40), stopped=False)
    ingest(today(9, 35), today(9, 50), stopped=False)
    ingest(today(9, 50, 1), today(10, 0), stopped=False)
    gaps.find_gaps(NOW)
    assert [(gap.start, gap.end) for gap in Gap.objects.all()] == [(today(9, 20), today(9, 30))]
    gaps.find_gaps(NOW)
    assert Gap.objects.count() == 1


@pytest.mark.django_db
def test_find_gaps_before_the_first_run_of_the_day() -> None:
    ingest(today(9, 55), today(10, 0), stopped=False)
    gaps.find_gaps(NOW)
    assert [(gap.start, gap.end) for gap in Gap.objects.all()] == [(today(8, 45), today(9, 55))]


@pytest.mark.django_db
def test_find_gaps_knows_nothing_of_simulations() -> None:
    ingest(today(9, 55), today(10, 0), "simulation")
    gaps.find_gaps(NOW)
    assert not Gap.objects.exists()


@pytest.fixture
def unseen(redis_url: str) -> Iterator[gaps.Unseen]:
    """An empty memory of repairs."""
    with redis.Redis.from_url(redis_url) as client:
        yield gaps.Unseen(client, DAY)


def test_unseen_volume_is_repaired_at_the_second_look(unseen: gaps.Unseen) -> None:
    rows = {"HPG": {"unclassified_volume": 500}, "FPT": {"unclassified_volume": 0}, "GAS": {}}
    assert unseen.look(rows) == []
    assert unseen.look(rows) == ["HPG"]
    unseen.repaired("HPG", 500)
    assert unseen.look(rows) == []


def test_unseen_volume_that_keeps_growing_is_repaired_too(unseen: gaps.Unseen) -> None:
    unseen.look({"HPG": {"unclassified_volume": 500}})
    assert unseen.look({"HPG": {"unclassified_volume": 900}}) == ["HPG"]
    unseen.repaired("HPG", 500)
    assert unseen.look({"HPG": {"unclassified_volume": 900}}) == ["HPG"]


@pytest.mark.django_db
def test_repair_fetches_today_of_the_symbols_with_unseen_volume(venue: Venue, unseen: gaps.Unseen) -> None:
    rows = {"HPG": {"unclassified_volume": 500}, "UNKNOWN": {"unclassified_volume": 500}}
    unseen.look(rows)
    codes = unseen.look(rows)
    changed = gaps.repair(venue, [HPG, FPT], codes, unseen, NOW, soon())
    assert changed == Bar.objects.filter(symbol="HPG", at__gte=today(9, 15)).count() == Bar.objects.count() > 5
    assert unseen.look(rows) == ["UNKNOWN"]
