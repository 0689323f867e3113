"""Ranges of days."""

from datetime import date, timedelta

import pytest

from market.backfill import ranges
from tests.market.backfill.small_market import SPAN


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
