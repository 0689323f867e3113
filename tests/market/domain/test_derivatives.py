"""The basis of each futures contract: future less index."""

from datetime import date

import pytest

from market.domain.changes import BasisPoint
from market.domain.derivatives import WINDOW_MINUTES, BasisTracker
from market.domain.events import IndexUpdate
from market.domain.rows import Row, derivatives_row
from market.domain.state import MarketState
from tests.market.builders import DAY, FUTURE, NEXT_DAY, NEXT_FUTURE, at, changes, future, index, market, snapshot


def row(state: MarketState, code: str = FUTURE) -> Row:
    return derivatives_row(state.symbols[code], state.basis[code], state)


def test_futures_trade_gives_a_basis_point() -> None:
    state = market(future("09:20:00", 10, 1_900.0), index("09:20:00", 1_901.0))
    assert changes(state, future("09:20:01", 11, 1_903.5))[1] == BasisPoint(
        FUTURE, "VN30", at("09:20:01"), DAY, 1_903.5, 1_901.0, 2.5
    )


def test_book_change_gives_no_basis_point() -> None:
    state = market(future("09:20:00", 10, 1_900.0), index("09:20:00", 1_901.0))
    assert changes(state, future("09:20:01", 10, 1_900.0, bid_volume1=9.0)) == []


@pytest.mark.parametrize(
    "known",
    [[], [index("09:20:00", 0.0)], [index("09:20:00", 1_901.0, index="VN100")]],
    ids=["no index", "no value", "another index"],
)
def test_basis_needs_the_value_of_its_own_index(known: list[IndexUpdate]) -> None:
    state = market(future("09:20:00", 10, 1_900.0), *known)
    assert [type(change).__name__ for change in changes(state, future("09:20:01", 11, 1_903.5))] == ["Trade"]
    assert row(state)["basis"] is None


def test_basis_never_uses_the_index_of_the_day_before() -> None:
    state = market(index("14:45:00", 1_901.0), future("08:45:00", 0, 0.0, last=0, day=NEXT_DAY))
    made = changes(state, future("08:46:00", 5, 1_950.0, day=NEXT_DAY))
    assert not any(isinstance(change, BasisPoint) for change in made)
    assert row(state)["basis"] is None


def test_basis_of_a_vn100_future_is_held_against_vn100() -> None:
    code = "41I2GC000"
    state = market(
        index("09:20:00", 1_901.0),
        index("09:20:00", 1_800.0, index="VN100"),
        future("09:20:00", 10, 1_700.0, symbol=code),
        future("09:20:01", 11, 1_790.0, symbol=code),
    )
    assert (row(state, code)["underlying"], row(state, code)["basis"]) == ("VN100", -10.0)


def test_basis_of_one_contract_leaves_the_other_alone() -> None:
    """D10: the old system mixed them and flipped."""
    state = market(
        index("09:20:00", 1_900.0),
        future("09:20:00", 10, 1_900.0),
        future("09:20:00", 10, 1_900.0, symbol=NEXT_FUTURE),
        future("09:20:01", 11, 1_907.0),
        future("09:20:02", 11, 1_898.0, symbol=NEXT_FUTURE),
    )
    assert (row(state)["basis"], row(state, NEXT_FUTURE)["basis"]) == (7.0, -2.0)
    assert (state.basis[FUTURE].basis, state.basis[NEXT_FUTURE].basis) == (7.0, -2.0)


@pytest.mark.parametrize(
    ("price", "basis", "percent", "shown"),
    [(1_909.5, 9.5, 0.5, "premium"), (1_890.5, -9.5, -0.5, "discount"), (1_900.0, 0.0, 0.0, "flat")],
)
def test_row_tells_premium_or_discount(price: float, basis: float, percent: float, shown: str) -> None:
    state = market(index("09:20:00", 1_900.0), future("09:20:00", 10, price))
    assert (row(state)["basis"], row(state)["basis_percent"], row(state)["basis_state"]) == (basis, percent, shown)


def test_row_basis_moves_with_the_index_between_trades() -> None:
    state = market(index("09:20:00", 1_900.0), future("09:20:00", 10, 1_905.0), index("09:20:05", 1_903.0))
    assert row(state)["basis"] == 2.0


def test_row_names_the_contract_and_counts_the_days_to_its_expiry() -> None:
    state = market(future("09:20:00", 10, 1_905.0), future("09:20:00", 10, 1_905.0, symbol=NEXT_FUTURE))
    shown = row(state)
    assert (shown["alias"], shown["name"], shown["underlying"]) == ("VN30F1M", "VN30 12/2026", "VN30")
    assert (shown["expiry"], shown["days_to_expiry"], shown["front"]) == ("2026-12-17", 27, True)
    assert (row(state, NEXT_FUTURE)["alias"], row(state, NEXT_FUTURE)["front"]) == ("VN30F2M", False)


def test_row_of_an_expired_contract_has_no_alias_and_is_not_the_front() -> None:
    state = market(future("09:20:00", 10, 1_905.0, symbol="VN30F2611"))
    shown = row(state, "VN30F2611")
    assert (shown["alias"], shown["front"], shown["days_to_expiry"]) == (None, False, -1)


def test_row_uses_the_calendar_for_the_expiry() -> None:
    state = market(future("09:20:00", 10, 1_905.0))
    shown = derivatives_row(state.symbols[FUTURE], state.basis[FUTURE], state, lambda day: day != date(2026, 12, 17))
    assert shown["expiry"] == "2026-12-16"


def test_row_of_a_stock_is_refused() -> None:
    state = market(snapshot("09:20:00", 10))
    with pytest.raises(ValueError, match="expected a futures code, was ACB"):
        derivatives_row(state.symbols["ACB"], BasisTracker("VN30"), state)


def test_untraded_future_has_no_basis() -> None:
    state = market(index("09:20:00", 1_900.0), future("09:20:00", 0, 0.0, last=0))
    shown = row(state)
    assert (shown["basis"], shown["basis_percent"], shown["basis_state"]) == (None, None, None)


@pytest.mark.parametrize(("step", "slope"), [(-0.5, -0.5), (0.25, 0.25), (0.0, 0.0)])
@pytest.mark.parametrize("sign", [1, -1])
def test_convergence_is_the_slope_of_the_distance_in_points_a_minute(step: float, slope: float, sign: int) -> None:
    tracker = BasisTracker("VN30")
    for minute in range(10):
        tracker.add(at("09:20:30") + 60 * minute, sign * (10 + step * minute))
    assert tracker.convergence() == pytest.approx(slope)


def test_convergence_needs_three_minutes() -> None:
    tracker = BasisTracker("VN30")
    tracker.add(at("09:20:00"), 5.0)
    tracker.add(at("09:20:59"), 3.0)
    tracker.add(at("09:21:00"), 4.0)
    assert tracker.convergence() is None
    tracker.add(at("09:25:00"), 4.0)
    assert tracker.convergence() is not None


def test_trend_holds_the_last_basis_of_each_minute() -> None:
    tracker = BasisTracker("VN30")
    for clock, basis in (("09:20:00", 5.0), ("09:20:59", 3.0), ("09:22:00", 4.0), ("09:21:59", 6.0)):
        tracker.add(at(clock), basis)
    assert tracker.trend() == [(at("09:20:00"), 3.0), (at("09:22:00"), 6.0)]


def test_trend_is_no_longer_than_its_window() -> None:
    tracker = BasisTracker("VN30")
    for minute in range(100):
        tracker.add(at("09:20:00") + 60 * minute, 1.0)
    assert len(tracker.trend()) == WINDOW_MINUTES


def test_trend_is_taken_back_after_a_restart() -> None:
    tracker, fresh = BasisTracker("VN30"), BasisTracker("VN30")
    tracker.add(at("09:20:00"), 5.0)
    tracker.add(at("09:21:00"), 6.0)
    fresh.load(tracker.trend())
    assert (fresh.trend(), fresh.basis) == (tracker.trend(), 6.0)
    fresh.load([])
    assert (fresh.trend(), fresh.basis) == ([], None)


def test_new_day_forgets_the_basis() -> None:
    state = market(
        index("14:00:00", 1_900.0),
        future("14:00:00", 10, 1_900.0),
        future("14:00:01", 11, 1_905.0),
        future("08:45:00", 0, 0.0, last=0, day=NEXT_DAY),
    )
    assert (state.basis[FUTURE].basis, state.basis[FUTURE].trend()) == (None, [])
