"""The state as a whole: its clock, its day, and what does not move it."""

import pytest

from market.domain.changes import IndexTick, PhaseChange, Trade
from market.domain.events import Fill, OddLot
from market.domain.rows import market_row
from market.domain.state import MarketState
from tests.market.builders import DAY, FUTURE, NEXT_DAY, at, changes, foreign, future, index, market, quote, snapshot


def test_changes_come_in_the_order_of_their_causes() -> None:
    state = market(index("09:14:00", 1_900.0), future("09:14:00", 0, 0.0, last=0, session="ATO"))
    made = changes(
        state,
        future("09:14:01", 1, 1_901.0, session="ATO"),
        future("09:15:00", 2, 1_902.0),
    )
    kinds = [type(change).__name__ for change in made]
    assert kinds == ["Trade", "BasisPoint", "PhaseChange", "Trade", "BasisPoint", "Bar"]


def test_clock_of_the_market_never_goes_back_within_a_day() -> None:
    state = market(snapshot("09:20:05", 100), quote("09:20:01"), foreign("09:20:02", 1))
    assert state.now == at("09:20:05")


def test_clock_of_the_market_starts_again_with_a_day() -> None:
    state = market(snapshot("14:45:00", 100), index("08:30:00", 1_900.0, day=NEXT_DAY))
    assert (state.now, state.day) == (at("08:30:00", NEXT_DAY), NEXT_DAY)


def test_new_day_keeps_a_symbol_on_the_board_until_it_speaks_again() -> None:
    """D16: yesterday's figures stay until the new day brings others."""
    state = market(snapshot("14:45:00", 100, symbol="BID"), snapshot("09:00:00", 0, 0.0, last=0, day=NEXT_DAY))
    assert state.symbols["BID"].day == DAY
    assert market_row(state.symbols["BID"])["price"] == 25_000.0


@pytest.mark.parametrize("kind", [Fill, OddLot])
def test_fills_and_odd_lots_move_nothing_but_the_clock(kind: type[Fill | OddLot]) -> None:
    state = market(snapshot("09:20:00", 100))
    before = market_row(state.symbols["ACB"])
    assert changes(state, kind(symbol="ACB", at=at("09:21:00"), day=DAY)) == []
    assert market_row(state.symbols["ACB"]) == before
    assert state.now == at("09:21:00")


def test_what_is_no_event_is_refused() -> None:
    class Stranger:
        day, at = DAY, DAY

    with pytest.raises(TypeError, match="expected an event, was Stranger"):
        MarketState().apply(Stranger())  # type: ignore[arg-type]


def test_every_symbol_keeps_its_own_totals() -> None:
    state = market(*[snapshot("09:20:00", 100, symbol=code, last=100) for code in ("ACB", "BID")])
    made = changes(state, snapshot("09:20:01", 300, symbol="BID"))
    assert [(change.symbol, change.volume) for change in made if isinstance(change, Trade)] == [("BID", 200)]
    assert state.symbols["ACB"].total_volume == 100


def test_index_moves_no_board() -> None:
    made = changes(market(), index("09:20:00", 1_900.0, session="LO"))
    assert [type(change) for change in made] == [IndexTick]


def test_first_message_of_a_board_is_a_change_of_its_phase() -> None:
    made = changes(market(), quote("09:20:00", symbol=FUTURE, market="DERIVATIVES"))
    assert made == [PhaseChange("DERIVATIVES", at("09:20:00"), DAY, "continuous")]
