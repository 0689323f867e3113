import pytest

from market.domain.calendar import hm
from market.domain.settlement import Settlement, running_settlement, settlement_mean

MIDNIGHT = 1_797_440_400  # of 17 Dec 2026 in Vietnam


def test_mean_drops_three_highest_and_three_lowest_continuous_values() -> None:
    continuous = [1, 2, 3, 100.0, 110.0, 997, 998, 999]
    assert settlement_mean(continuous, []) == Settlement(105.0, 2, 0)


def test_mean_keeps_every_value_of_the_auction() -> None:
    assert settlement_mean([1, 2, 3, 100.0, 997, 998, 999], [500.0, 0.0]) == Settlement(200.0, 1, 2)


@pytest.mark.parametrize("count", range(7))
def test_mean_of_as_few_values_as_are_dropped_is_none(count: int) -> None:
    assert settlement_mean([100.0] * count, [100.0]) is None


def test_mean_does_not_depend_on_the_order_of_values() -> None:
    values = [1900.0 + number * 7 % 11 for number in range(40)]
    assert settlement_mean(values, values) == settlement_mean(values[::-1], values[::-1])


def test_running_mean_counts_the_last_half_hour_alone() -> None:
    values = [
        (MIDNIGHT + hm(14, 14) + 59, 9e9),
        *((MIDNIGHT + hm(14, 15) + second, 100.0) for second in range(7)),
        (MIDNIGHT + hm(14, 30), 130.0),
        (MIDNIGHT + hm(14, 45), 130.0),
        (MIDNIGHT + hm(14, 45) + 1, 9e9),
    ]
    assert running_settlement(values) == Settlement(120.0, 1, 2)
    assert running_settlement(values[:1]) is None
