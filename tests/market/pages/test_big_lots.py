"""Big lots: held to the trades that PostgreSQL has."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.core.cache import cache

from market.models import Trade
from market.pages.big_lots import LEAST_TRADES, big_lot, is_big
from market.pages.symbol_asked import TapeFilter
from market.pages.symbol_day import Tape, read_tape, tape_lines
from tests.market.symbol_history import MORNING

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def forgotten() -> None:
    cache.clear()


def store(volumes: Sequence[int], phase: str = "continuous", gap: bool = False, after: int = 0) -> None:
    """A trade a second."""
    total = 0
    trades = []
    for number, volume in enumerate(volumes, after + 1):
        total += volume
        trades.append(
            Trade(
                symbol="HPG",
                at=MORNING + timedelta(seconds=number),
                total_volume=total,
                number=number,
                price=27_450.0,
                volume=volume,
                value=volume * 27_450.0,
                side="buy",
                method="quote",
                phase=phase,
                gap=gap,
            )
        )
    Trade.objects.bulk_create(trades)


def tape() -> Tape:
    return read_tape("HPG", TapeFilter())


def test_big_lot_is_the_largest_hundredth() -> None:
    store([*range(100, 20_100, 100)])  # 200 trades, median 10,000
    assert tape().big == 50_000, "five times the median, where the largest are not far from it"
    cache.clear()
    Trade.objects.filter(volume__gt=19_800).update(volume=900_000)
    Trade.objects.filter(volume__range=(1_000, 19_799)).update(volume=1_000)
    assert tape().big == 19_800, "the 198th of 200"


def test_big_lot_of_trades_alike_is_none_of_them() -> None:
    store([100] * LEAST_TRADES)
    shown = tape()
    assert shown.big == 500
    assert not any(line.big for line in tape_lines(shown, {}, "vi", lambda price, language: ""))


def test_big_lot_needs_a_hundred_trades() -> None:
    store([100] * (LEAST_TRADES - 1))
    shown = tape()
    assert shown.big is None
    assert not is_big(shown.ticks[0], None)


def test_auctions_and_gaps_neither_count_nor_are_marked() -> None:
    store([100] * 150)
    store([1_000_000] * 3, phase="atc", after=200)
    store([900_000], gap=True, after=300)
    store([7_000], after=400)
    shown = tape()
    assert shown.big == 500
    marked = [line.volume for line in tape_lines(shown, {}, "vi", lambda price, language: "") if line.big]
    assert marked == ["7.000"]


def test_moment_of_the_past_knows_no_later_trade() -> None:
    store([100] * 120)
    store([50_000] * 40, after=200)
    newest = tape().ticks[0]
    assert big_lot("HPG", newest) == 50_000
    assert big_lot("HPG", newest, MORNING + timedelta(seconds=150)) == 500
