"""A trade is an increase of TotalVol; what was not seen being traded is unclassified."""

import pytest

from market.domain.changes import Trade
from market.domain.rows import market_row
from tests.market.builders import (
    DAY,
    FUTURE,
    NEXT_DAY,
    at,
    changes,
    future,
    market,
    quote,
    report,
    snapshot,
    trades,
    volumes,
)


def test_trade_is_the_increase_of_total_volume_not_the_last_volume() -> None:
    state = market(snapshot("09:20:00", 1_000))
    (trade,) = trades(state, snapshot("09:20:05", 1_700, 25_050.0, last=300))
    assert trade.volume == 700
    assert trade.total_volume == 1_700
    assert trade.gap  # matches between were not seen one by one
    assert volumes(state) == {"unclassified": 1_000, "buy": 700}


def test_trade_carries_its_time_price_value_and_the_limits_of_the_day() -> None:
    state = market(snapshot("09:20:00", 0, 0.0, last=0))
    (trade,) = trades(state, snapshot("09:20:05", 300, 25_050.0, last=300))
    assert trade == Trade(
        "ACB", at("09:20:05"), DAY, 1, 25_050.0, 300, 7_515_000.0, "buy", "quote", "continuous", 300, 25_000.0,
        26_750.0, 23_250.0,
    )  # fmt: skip


def test_repeated_last_trade_of_a_book_change_is_no_trade() -> None:
    state = market(snapshot("09:20:00", 1_000))
    assert trades(state, *[snapshot(f"09:20:{second:02d}", 1_000, bid_volume1=second) for second in range(1, 60)]) == []
    assert volumes(state) == {"unclassified": 1_000}


def test_repeated_report_is_no_trade() -> None:
    state = market(report("09:20:00", 1_000))
    assert trades(state, report("09:20:00", 1_000), report("09:20:03", 1_000)) == []


def test_first_totals_of_a_late_join_are_a_baseline() -> None:
    state = market()
    assert trades(state, snapshot("10:00:00", 50_000, last=300)) == []
    assert volumes(state) == {"unclassified": 50_000}
    assert state.symbols["ACB"].last_price == 25_000.0


@pytest.mark.parametrize("make", [snapshot, report])
def test_first_match_of_the_day_is_a_trade_when_total_equals_last(make: type) -> None:
    state = market()
    (trade,) = trades(state, make("09:15:00", 4_000, last=4_000, session="ATO"))
    assert trade.volume == 4_000
    assert volumes(state) == {"neutral": 4_000}


def test_totals_of_zero_before_the_open_are_a_baseline_from_which_the_first_match_counts() -> None:
    state = market(snapshot("08:00:07", 0, 0.0, last=0, session="C"))
    (trade,) = trades(state, snapshot("09:15:00", 4_000, last=900, session="ATO"))
    assert (trade.volume, trade.number) == (4_000, 1)
    assert market_row(state.symbols["ACB"])["open"] == 25_000.0


def test_gap_on_the_wire_leaves_what_traded_meanwhile_unclassified() -> None:
    state = market(snapshot("09:20:00", 0, 0.0, last=0), snapshot("09:20:01", 100, 25_050.0))
    state.lose_sight()
    assert trades(state, snapshot("09:25:00", 900)) == []
    assert volumes(state) == {"buy": 100, "unclassified": 800}
    (trade,) = trades(state, snapshot("09:25:01", 1_000, 25_050.0))
    assert trade.side == "buy"


def test_gap_ends_when_the_totals_show_that_nothing_traded() -> None:
    state = market(snapshot("09:20:00", 1_000))
    state.lose_sight()
    (trade,) = trades(state, snapshot("09:25:00", 1_000), snapshot("09:25:01", 1_100, 25_050.0))
    assert (trade.volume, trade.side, trade.method) == (100, "buy", "quote")


def test_gap_ends_at_a_report_that_is_older_than_the_newest_quote() -> None:
    state = market(report("09:20:00", 1_000), quote("09:24:00"))
    state.lose_sight()
    (trade,) = trades(state, quote("09:25:00"), report("09:20:00", 1_000), report("09:25:01", 1_100, 25_050.0))
    assert trade.side == "buy"


def test_gap_before_the_first_totals_does_not_hide_the_first_match() -> None:
    state = market(quote("09:10:00", session="ATO"))
    state.lose_sight()
    assert len(trades(state, report("09:15:00", 4_000, last=4_000, session="ATO"))) == 1


def test_gap_makes_the_book_before_it_useless() -> None:
    state = market(report("09:20:00", 1_000), quote("09:20:00"))
    state.lose_sight()
    (trade,) = trades(state, report("09:25:00", 1_000), report("09:25:01", 1_100, 25_050.0))
    assert (trade.side, trade.method) == ("neutral", "none")


def test_total_that_falls_restarts_the_baseline_without_a_negative_trade() -> None:
    state = market(snapshot("09:20:00", 0, 0.0, last=0), snapshot("09:20:01", 900))
    assert trades(state, snapshot("09:30:00", 200)) == []
    assert volumes(state) == {"unclassified": 200}
    (trade,) = trades(state, snapshot("09:30:01", 300))
    assert (trade.volume, trade.number) == (100, 1)


def test_total_that_falls_to_zero_restarts_with_nothing() -> None:
    state = market(snapshot("09:20:00", 900))
    assert trades(state, snapshot("09:30:00", 0, 0.0, last=0)) == []
    row = market_row(state.symbols["ACB"])
    assert (row["price"], row["volume"], row["total_volume"]) == (None, None, 0)


def test_older_totals_change_nothing_and_are_counted() -> None:
    state = market(snapshot("09:20:00", 900), snapshot("09:20:05", 1_000))
    assert changes(state, snapshot("09:20:00", 900), report("09:20:00", 900)) == []
    assert volumes(state) == {"unclassified": 900, "neutral": 100}
    assert state.ignored["out_of_order"] == 2
    assert state.symbols["ACB"].totals is not None
    assert state.symbols["ACB"].totals.total_volume == 1_000


def test_totals_of_the_same_second_in_the_wrong_order_change_nothing() -> None:
    state = market(snapshot("09:20:00", 900), snapshot("09:20:05", 1_000), snapshot("09:20:05", 1_200))
    assert changes(state, snapshot("09:20:05", 1_000)) == []
    assert volumes(state) == {"unclassified": 900, "neutral": 300}


def test_totals_of_the_second_before_are_no_fall_in_the_second_after() -> None:
    state = market(snapshot("09:20:00", 900), snapshot("09:20:05", 1_000))
    assert changes(state, snapshot("09:20:05", 900)) == []
    assert volumes(state) == {"unclassified": 900, "neutral": 100}


def test_totals_of_the_same_second_that_fall_below_the_second_before_restart() -> None:
    state = market(snapshot("09:20:00", 900), snapshot("09:20:05", 1_000))
    state.apply(snapshot("09:20:05", 100))
    assert volumes(state) == {"unclassified": 100}


def test_frames_from_before_a_restart_are_no_trades_after_it() -> None:
    before = [snapshot("09:20:00", 900), snapshot("09:20:05", 1_000)]
    state = market(*before, snapshot("09:30:00", 200), snapshot("09:30:00", 250))
    assert trades(state, *before, snapshot("09:30:00", 200)) == []
    assert volumes(state) == {"unclassified": 200, "neutral": 50}


def test_repeat_that_is_older_than_the_newest_keeps_the_newest_totals() -> None:
    state = market(snapshot("09:20:00", 900), snapshot("09:20:09", 900))
    assert state.symbols["ACB"].totals is not None
    state.apply(snapshot("09:20:03", 900, expected_price=1.0))  # an old repeat
    assert state.symbols["ACB"].totals.at == at("09:20:09")


def test_new_trading_date_starts_the_day_again() -> None:
    state = market(snapshot("14:00:00", 900), snapshot("14:00:01", 1_000))
    assert trades(state, snapshot("09:16:00", 5_000, day=NEXT_DAY)) == []
    symbol = state.symbols["ACB"]
    assert volumes(state) == {"unclassified": 5_000}
    assert (symbol.trades, symbol.day, state.day) == (0, NEXT_DAY, NEXT_DAY)


def test_new_trading_date_forgets_the_book_and_the_limits_of_the_day_before() -> None:
    state = market(snapshot("14:00:00", 900), report("09:15:00", 100, last=100, day=NEXT_DAY, ceiling=0.0))
    (trade,) = trades(state, report("09:15:05", 200, 25_050.0, day=NEXT_DAY, ceiling=0.0, floor=0.0, reference=0.0))
    assert (trade.side, trade.method) == ("neutral", "none")
    assert (trade.ceiling, trade.floor, trade.reference) == (None, None, None)


def test_new_trading_date_may_bring_a_symbol_back_on_another_board() -> None:
    state = market(snapshot("14:00:00", 900, market="HNX"), snapshot("09:00:00", 0, 0.0, last=0, day=NEXT_DAY))
    assert state.symbols["ACB"].board == "HOSE"


def test_message_of_an_old_day_changes_nothing_and_is_counted() -> None:
    state = market(snapshot("09:20:00", 900, day=NEXT_DAY))
    assert changes(state, snapshot("14:45:00", 5_000), quote("14:45:00")) == []
    assert volumes(state) == {"unclassified": 900}
    assert state.ignored == {"old_day": 2, "out_of_order": 0}


def test_fraction_of_a_share_neither_trades_nor_raises() -> None:
    state = market(snapshot("09:20:00", 1_000, last=8.5))
    assert trades(state, snapshot("09:20:01", 1_000.5, last=8.5), snapshot("09:20:02", 1_000.5, 0.0)) == []
    (trade,) = trades(state, snapshot("09:20:03", 1_008.5, last=8.5))
    assert (trade.volume, volumes(state)) == (8, {"unclassified": 1_000, "neutral": 8})


def test_missing_price_is_found_from_the_growth_of_value() -> None:
    state = market(snapshot("09:20:00", 1_000, total_value=25_000_000.0))
    (trade,) = trades(state, snapshot("09:20:01", 1_100, 0.0, total_value=27_510_000.0))
    assert (trade.price, trade.value) == (25_100.0, 2_510_000.0)


def test_missing_price_of_a_future_is_in_points() -> None:
    state = market(future("09:20:00", 10, 1_900.0, total_value=1_900_000_000.0))
    (trade,) = trades(state, future("09:20:01", 11, 0.0, total_value=2_091_000_000.0))
    assert trade.price == 1_910.0


def test_missing_price_and_value_take_the_last_price() -> None:
    state = market(snapshot("09:20:00", 1_000, 24_900.0, total_value=0.0))
    (trade,) = trades(state, snapshot("09:20:01", 1_100, 0.0, total_value=0.0))
    assert (trade.price, trade.value) == (24_900.0, 2_490_000.0)


def test_missing_price_of_a_first_match_takes_the_reference() -> None:
    (trade,) = trades(market(), report("09:15:00", 100, 0.0, last=100, total_value=0.0))
    assert trade.price == 25_000.0


def test_first_match_without_any_price_is_unclassified() -> None:
    state = market()
    assert trades(state, report("09:15:00", 100, 0.0, last=100, total_value=0.0, reference=0.0)) == []
    assert volumes(state) == {"unclassified": 100}
    assert state.symbols["ACB"].last_price is None


def test_value_of_a_trade_is_vnd_and_never_multiplied() -> None:
    state = market(snapshot("09:20:00", 1_000, total_value=0.0))
    (stock,) = trades(state, snapshot("09:20:01", 1_100, 25_000.0, total_value=0.0))
    assert stock.value == 2_500_000.0  # D8: prices are VND


def test_value_of_a_futures_trade_is_a_hundred_thousand_vnd_a_point() -> None:
    state = market(future("09:20:00", 10, 1_900.0))
    (trade,) = trades(state, future("09:20:01", 12, 1_900.5))
    assert (trade.symbol, trade.value) == (FUTURE, 380_100_000.0)


def test_number_of_a_trade_counts_from_one() -> None:
    state = market(snapshot("09:20:00", 0, 0.0, last=0))
    made = trades(state, *[snapshot("09:20:01", total) for total in (100, 100, 200, 300)])
    assert [trade.number for trade in made] == [1, 2, 3]


def test_trade_of_exactly_the_last_match_has_no_gap() -> None:
    state = market(snapshot("09:20:00", 0, 0.0, last=0))
    assert [trade.gap for trade in trades(state, snapshot("09:20:01", 100), snapshot("09:20:02", 300))] == [False, True]


def test_snapshot_that_is_older_than_the_book_still_counts_its_trade() -> None:
    state = market(snapshot("09:20:00", 1_000), quote("09:20:05", 25_000.0, 25_100.0))
    (trade,) = trades(state, snapshot("09:20:04", 1_100))
    assert trade.volume == 100
    assert state.symbols["ACB"].book is not None
    assert state.symbols["ACB"].book.bid_price1 == 25_000.0


def test_snapshot_that_is_older_than_the_book_and_tells_nothing_is_counted_as_such() -> None:
    state = market(snapshot("09:20:00", 1_000), quote("09:20:05"))
    assert changes(state, snapshot("09:20:04", 1_000)) == []
    assert state.ignored["out_of_order"] == 1
