"""What is remembered of what was fetched."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from market.backfill import progress, ranges
from market.models import FetchedRange
from tests.market.backfill.small_market import DAY, SPAN


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
