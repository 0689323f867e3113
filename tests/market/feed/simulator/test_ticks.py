from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.feed.simulator.days import next_trading_day, previous_trading_day, trading_days
from market.feed.simulator.ticks import ladder_of, limits_of, round_to_step, step_of


@pytest.mark.parametrize(
    ("board", "reference", "ceiling", "floor"),
    [
        ("HOSE", 13_000, 13_900, 12_100),
        ("HOSE", 26_950, 28_800, 25_100),
        ("HOSE", 51_200, 54_700, 47_650),
        ("HOSE", 10_300, 11_000, 9_580),
        ("HOSE", 9_870, 10_550, 9_180),
        ("HNX", 20_100, 22_100, 18_100),
        ("UPCOM", 400, 500, 300),
        ("DERIVATIVES", 1948.0, 2084.3, 1811.7),
        ("DERIVATIVES", 1952.0, 2088.6, 1815.4),
    ],
)
def test_limits_of_known_references_are_those_of_the_exchange(
    board: str, reference: float, ceiling: float, floor: float
) -> None:
    assert limits_of(board, reference) == (ceiling, floor)


@given(st.sampled_from(["HOSE", "HNX", "UPCOM", "DERIVATIVES"]), st.integers(1_000, 300_000))
def test_ladder_of_any_reference_holds_reference_and_legal_steps(board: str, raw: int) -> None:
    reference = round_to_step(board, raw if board != "DERIVATIVES" else raw / 100)
    ceiling, floor = limits_of(board, reference)
    ladder = ladder_of(board, ceiling, floor)
    assert ladder[0] == floor and ladder[-1] == ceiling and floor < reference < ceiling
    assert reference in ladder
    scale = 10 if board == "DERIVATIVES" else 1
    whole = [round(price * scale) for price in ladder]
    assert all(high - low == step_of(board, low) for low, high in pairwise(whole))


def test_trading_days_skip_weekends_and_closures() -> None:
    assert next_trading_day(date(2026, 11, 23)) == date(2026, 11, 25)
    assert previous_trading_day(date(2026, 2, 23)) == date(2026, 2, 13)
    assert trading_days(date(2026, 11, 20), date(2026, 11, 25)) == [date(2026, 11, d) for d in (20, 23, 25)]
