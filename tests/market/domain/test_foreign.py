"""Foreign flow: cumulative totals in; own value, speed and acceleration out."""

import pytest

from market.domain.changes import ForeignFlow
from market.domain.foreign import ACCELERATION_SECONDS, WINDOW_SECONDS
from market.domain.rows import Row, foreign_row
from market.domain.state import MarketState
from tests.market.builders import DAY, FUTURE, NEXT_DAY, at, changes, foreign, future, market, report, snapshot


def row(state: MarketState, clock: str, code: str = "ACB") -> Row:
    found = foreign_row(state.symbols[code], at(clock))
    assert found is not None
    return found


def test_foreign_update_gives_totals_and_what_it_added() -> None:
    state = market(snapshot("09:20:00", 1_000), foreign("09:20:00", 100, 50))
    (flow,) = changes(state, foreign("09:20:05", 300, 60, buy_value=7.5e6, sell_value=1.5e6))
    assert isinstance(flow, ForeignFlow)
    assert (flow.symbol, flow.at, flow.day) == ("ACB", at("09:20:05"), DAY)
    assert (flow.buy_volume, flow.sell_volume, flow.buy_value, flow.sell_value) == (300, 60, 7.5e6, 1.5e6)
    assert (flow.added_buy_volume, flow.added_sell_volume) == (200, 10)
    assert (flow.room, flow.total_room) == (400_000, 1_000_000)


def test_own_value_is_the_added_volume_times_the_last_price_of_that_moment() -> None:
    state = market(snapshot("09:20:00", 1_000, 25_000.0), foreign("09:20:00", 0, 0))
    state.apply(foreign("09:20:05", 100, 10))
    state.apply(snapshot("09:21:00", 1_100, 26_000.0))
    state.apply(foreign("09:21:05", 300, 10))
    shown = row(state, "09:21:05")
    assert (shown["own_buy_value"], shown["own_sell_value"]) == (2_500_000 + 5_200_000, 250_000)
    assert shown["own_net_value"] == 7_450_000


def test_own_value_does_not_move_with_the_price_alone() -> None:
    state = market(snapshot("09:20:00", 1_000), foreign("09:20:00", 100, 0, buy_value=2_500_000.0))
    state.apply(snapshot("09:21:00", 1_100, 26_000.0))
    state.apply(foreign("09:21:05", 100, 0, buy_value=2_600_000.0))  # D25: volume x last price on HOSE
    shown = row(state, "09:21:05")
    assert (shown["buy_value"], shown["own_buy_value"]) == (2_600_000, 2_500_000)


def test_own_value_before_the_first_match_uses_the_reference() -> None:
    state = market(report("09:00:00", 0, 0.0, last=0), foreign("09:00:00", 0), foreign("09:00:05", 100))
    assert row(state, "09:00:05")["own_buy_value"] == 2_500_000


def test_own_value_without_any_price_is_nothing() -> None:
    assert row(market(foreign("09:00:00", 0), foreign("09:00:05", 100)), "09:00:05")["own_buy_value"] == 0


def test_own_value_of_a_future_is_a_hundred_thousand_vnd_a_point() -> None:
    state = market(future("09:20:00", 10, 1_900.0), foreign("09:20:00", 0, symbol=FUTURE))
    state.apply(foreign("09:20:05", 2, symbol=FUTURE))
    assert row(state, "09:20:05", FUTURE)["own_buy_value"] == 380_000_000


def test_first_update_seeds_and_is_no_burst() -> None:
    state = market(snapshot("10:00:00", 90_000), foreign("10:00:00", 5_000_000, 100, buy_value=1e11))
    shown = row(state, "10:00:00")
    assert (shown["net_speed"], shown["acceleration"], shown["covered_seconds"]) == (None, None, 0)
    assert shown["own_buy_value"] == 100_000_000_000
    state.apply(foreign("10:01:00", 5_000_060, 100))
    assert row(state, "10:01:00")["buy_speed"] == 60.0


def test_speed_is_divided_by_the_time_really_covered() -> None:
    state = market(snapshot("10:00:00", 1_000), foreign("10:00:00", 0, 0), foreign("10:01:00", 1_000, 400))
    shown = row(state, "10:01:00")
    assert (shown["buy_speed"], shown["sell_speed"], shown["net_speed"]) == (1_000.0, 400.0, 600.0)
    assert (shown["value_speed"], shown["covered_seconds"]) == (15_000_000.0, 60)


def test_speed_is_unknown_until_half_a_minute_was_watched() -> None:
    state = market(foreign("10:00:00", 0), foreign("10:00:29", 500))
    assert row(state, "10:00:29")["net_speed"] is None
    assert row(state, "10:00:30")["net_speed"] == 1_000.0


def test_speed_looks_back_five_minutes_and_no_further() -> None:
    updates = [
        foreign(f"10:{minute:02d}:00", 1_000_000 if minute == 1 else 1_000_000 + 60 * minute) for minute in range(1, 20)
    ]
    state = market(foreign("10:00:00", 0), *updates)
    shown = row(state, "10:19:00")
    assert (shown["buy_speed"], shown["covered_seconds"]) == (60.0, WINDOW_SECONDS)


def test_speed_counts_from_the_update_at_the_windows_first_second() -> None:
    state = market(foreign("10:00:00", 0), foreign("10:01:00", 100), foreign("10:02:00", 300))
    assert row(state, "10:06:00")["buy_speed"] == 40.0
    assert row(state, "10:05:59")["buy_speed"] == 60.0


def test_speed_falls_to_zero_while_nothing_comes() -> None:
    state = market(foreign("10:00:00", 0), foreign("10:01:00", 1_000))
    assert row(state, "10:04:00")["buy_speed"] == 250.0
    assert row(state, "10:06:01")["buy_speed"] == 0.0


def test_speed_takes_the_last_of_several_updates_of_one_second() -> None:
    state = market(foreign("10:00:00", 0), foreign("10:01:00", 100), foreign("10:01:00", 300))
    assert row(state, "10:01:00")["buy_speed"] == 300.0


def test_acceleration_is_the_change_of_speed_per_minute() -> None:
    """600 shares a minute for four minutes, then 1,800: over what is covered the speed goes up by 240 a minute."""
    state = market(*[foreign(f"10:0{minute}:00", 600 * minute) for minute in range(5)])
    assert row(state, "10:04:00")["acceleration"] == 0.0
    state.apply(foreign("10:05:00", 2_400 + 1_800))
    assert row(state, "10:05:00")["net_speed"] == 840.0
    assert row(state, "10:05:00")["acceleration"] == 240.0


def test_acceleration_is_unknown_until_two_speeds_a_minute_apart() -> None:
    state = market(foreign("10:00:00", 0), foreign("10:00:30", 100), foreign("10:01:29", 100))
    assert row(state, "10:01:29")["acceleration"] is None
    state.apply(foreign("10:01:30", 100))
    assert row(state, "10:01:30")["acceleration"] is not None
    assert ACCELERATION_SECONDS == 60


def test_totals_that_fall_seed_again() -> None:
    state = market(snapshot("10:00:00", 1_000), foreign("10:00:00", 0), foreign("10:02:00", 900))
    (flow,) = changes(state, foreign("10:03:00", 100, buy_value=2_000_000.0))
    assert isinstance(flow, ForeignFlow)
    assert (flow.added_buy_volume, flow.own_buy_value) == (0, 2_000_000.0)
    assert row(state, "10:03:00")["net_speed"] is None


def test_fraction_of_a_share_is_no_fall() -> None:
    state = market(foreign("10:00:00", 8.5), foreign("10:02:00", 8.5))
    assert row(state, "10:02:00")["buy_speed"] == 0.0


@pytest.mark.parametrize("late", [foreign("10:01:59", 2_000), foreign("10:02:00", 100)])
def test_older_update_and_a_fall_within_one_second_are_not_used(late: object) -> None:
    state = market(foreign("10:00:00", 0), foreign("10:02:00", 900))
    assert state.apply(late) == ()  # type: ignore[arg-type]
    assert (row(state, "10:02:00")["buy_volume"], state.ignored["out_of_order"]) == (900, 1)
    assert row(state, "10:02:00")["buy_speed"] == 450.0


def test_gap_on_the_wire_starts_a_new_window_so_that_its_volume_is_no_burst() -> None:
    state = market(foreign("10:00:00", 0), foreign("10:05:00", 300))
    state.lose_sight_of_foreigners()
    state.apply(foreign("11:00:00", 300_000))
    assert row(state, "11:00:00")["net_speed"] is None
    state.apply(foreign("11:01:00", 300_060))
    assert (row(state, "11:01:00")["buy_speed"], row(state, "11:01:00")["buy_volume"]) == (60.0, 300_060)


def test_new_day_seeds_again() -> None:
    state = market(foreign("14:00:00", 0), foreign("14:05:00", 900), foreign("09:00:00", 50, day=NEXT_DAY))
    shown = foreign_row(state.symbols["ACB"], at("09:01:00", NEXT_DAY))
    assert shown is not None
    assert (shown["buy_volume"], shown["buy_speed"], shown["own_buy_value"]) == (50, 0.0, 0)


def test_window_stays_small_however_long_the_day() -> None:
    seconds = range(2 * 3_600)
    times = [f"{9 + second // 3_600}:{second // 60 % 60}:{second % 60}" for second in seconds]
    state = market(*[foreign(clock, 10 * second) for second, clock in zip(seconds, times, strict=True)])
    tracker = state.symbols["ACB"].foreign
    assert len(tracker.samples) <= WINDOW_SECONDS + 1
    assert len(tracker.speeds) <= ACCELERATION_SECONDS + 1


def test_row_without_an_update_is_none() -> None:
    assert foreign_row(market(snapshot("09:20:00", 100)).symbols["ACB"], at("09:20:00")) is None


def test_row_tells_the_room_that_is_left() -> None:
    shown = row(market(foreign("10:00:00", 0)), "10:00:00")
    assert (shown["room"], shown["total_room"], shown["room_used_percent"]) == (400_000, 1_000_000, 60.0)


def test_row_without_a_room_has_none() -> None:
    shown = row(market(foreign("10:00:00", 0, room=0.0, total_room=0.0)), "10:00:00")
    assert (shown["room"], shown["total_room"], shown["room_used_percent"]) == (None, None, None)
