"""The usual course of volume, from stored minutes."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.db import connection

from alerts.usual import BEHIND, StoredVolumes
from market.domain.calendar import VIETNAM
from market.models import Bar
from tests.alerts.domain.builders import rule

TODAY = date(2026, 11, 20)
NINE = 9 * 60


def store(symbol: str, day: date, minute: int, volume: int) -> None:
    at = datetime.combine(day, datetime.min.time(), VIETNAM) + timedelta(minutes=minute)
    prices = dict.fromkeys(("open", "high", "low", "close"), 10.0)
    Bar.objects.create(symbol=symbol, at=at, volume=volume, value=0.0, **prices)


def store_days(symbol: str, count: int) -> None:
    """A hundred shares at 09:00 and, on every second day, two hundred at 09:05."""
    for number in range(1, count + 1):
        day = TODAY - timedelta(days=number)
        store(symbol, day, NINE, 100)
        if number % 2:
            store(symbol, day, NINE + 5, 200)


@pytest.mark.django_db
def test_usual_volume_is_the_mean_of_the_days_up_to_the_minute() -> None:
    store_days("HPG", 10)
    store("HPG", TODAY, NINE, 10**6)  # today is not usual yet
    store("HPG", TODAY - BEHIND - timedelta(days=1), NINE, 10**6)
    usual = StoredVolumes(TODAY)
    assert [usual.until("HPG", NINE + minute) for minute in (-1, 0, 4, 5, 200)] == [None, 100.0, 100.0, 200.0, 200.0]


@pytest.mark.django_db
def test_symbol_with_few_days_has_no_usual_volume() -> None:
    store_days("NEW", 4)
    usual = StoredVolumes(TODAY)
    assert usual.until("NEW", NINE) is None
    assert usual.until("UNKNOWN", NINE) is None


@pytest_asyncio.fixture
async def stored(transactional_db: None) -> AsyncIterator[None]:
    await sync_to_async(store_days)("HPG", 6)
    yield
    await sync_to_async(lambda: connection.close())()


async def test_refresh_reads_only_for_a_rule_that_asks_and_once_a_day(stored: None) -> None:
    usual = StoredVolumes()
    assert await usual.refresh([rule("volume_spike"), rule("relative_volume", enabled=False)], TODAY)
    assert usual.day is None
    assert await usual.refresh([rule("relative_volume")], TODAY)
    assert (usual.day, usual.until("HPG", NINE)) == (TODAY, 100.0)
