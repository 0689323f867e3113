"""Indices: value, bars, breadth from the feed or the members, estimates in auctions."""

import pytest

from market.domain.changes import Bar, IndexTick
from market.domain.rows import Row, index_row
from market.domain.state import MarketState
from tests.market.builders import DAY, NEXT_DAY, at, changes, index, market, quote, report, snapshot

MEMBERS = {"VN30": frozenset({"ACB", "BID", "CTG", "FPT", "GAS", "HPG"})}


def row(state: MarketState, name: str = "VN30") -> Row:
    return index_row(state.indices[name], state)


def test_index_value_is_a_tick() -> None:
    made = changes(market(), index("09:20:00", 1_909.5, total_volume=500.0, total_value=1e9))
    assert made == [IndexTick("VN30", at("09:20:00"), DAY, 1_909.5, None, 500, 1e9)]


def test_index_row_tells_the_change_against_the_prior_close() -> None:
    shown = row(market(index("09:20:00", 1_909.5)))
    assert (shown["value"], shown["prior"], shown["change"], shown["change_percent"]) == (1_909.5, 1_900.0, 9.5, 0.5)
    assert (shown["time"], shown["phase"]) == ("2026-11-20T09:20:00+07:00", "continuous")


def test_index_row_keeps_open_high_low_and_points() -> None:
    values = [1_905.0, 1_909.0, 1_901.0, 1_903.0]
    state = market(*[index(f"09:{20 + 5 * step}:00", value) for step, value in enumerate(values)])
    shown = row(state)
    assert (shown["open"], shown["high"], shown["low"], shown["spark"]) == (1_905.0, 1_909.0, 1_901.0, values)


def test_index_bar_holds_the_growth_of_turnover_after_the_first() -> None:
    ticks = [
        index("09:20:00", 1_901.0, total_volume=5_000.0, total_value=5e9),
        index("09:20:30", 1_902.0, total_volume=5_600.0, total_value=6e9),
        index("09:20:35", 1_902.0, total_volume=5_500.0, total_value=5.5e9),  # a correction is no volume
        index("09:21:00", 1_903.0, total_volume=5_700.0, total_value=6e9),
    ]
    bars = [change for change in changes(market(), *ticks) if isinstance(change, Bar)]
    assert bars == [Bar("VN30", at("09:20:00"), 1_901.0, 1_902.0, 1_901.0, 1_902.0, 600, 1e9, 0, 0, 0, 3)]


def test_index_without_a_value_makes_no_tick_and_keeps_the_last() -> None:
    state = market()
    assert changes(state, index("08:50:00", 0.0)) == []
    assert (row(state)["value"], row(state)["open"]) == (None, None)
    state.apply(index("09:20:00", 1_901.0))
    assert changes(state, index("09:20:05", 0.0)) == []
    assert row(state)["value"] == 1_901.0


def test_index_message_that_is_older_changes_nothing() -> None:
    state = market(index("09:20:05", 1_901.0))
    assert changes(state, index("09:20:00", 1_800.0)) == []
    assert (row(state)["value"], state.ignored["out_of_order"]) == (1_901.0, 1)


def test_index_starts_again_on_a_new_day() -> None:
    state = market(index("14:20:00", 1_901.0), index("09:00:00", 1_950.0, day=NEXT_DAY))
    assert (row(state)["open"], row(state)["spark"]) == (1_950.0, [1_950.0])


def test_index_is_found_whatever_the_case_of_its_name() -> None:
    state = market(index("09:20:00", 260.0, index="HNXIndex"), index("09:20:05", 261.0, index="HNXINDEX"))
    assert list(state.indices) == ["HNXINDEX"]
    assert row(state, "HNXINDEX")["index"] == "HNXIndex"


@pytest.mark.parametrize(
    ("name", "market_id", "board"),
    [
        ("VNINDEX", "HOSE", "HOSE"),
        ("HNXIndex", "HNX", "HNX"),
        ("HNXUpcomIndex", "HNX", "UPCOM"),
        ("VN100", None, "HOSE"),
    ],
)
def test_index_belongs_to_the_board_whose_stocks_it_holds(name: str, market_id: str | None, board: str) -> None:
    state = market(index("09:20:00", 100.0, index=name, market=market_id))
    assert row(state, name.upper())["board"] == board


def test_breadth_is_the_feeds_where_it_sends_one() -> None:
    state = market(
        snapshot("09:20:00", 100, 26_000.0),
        index("09:20:00", 1_901.0, advances=11, no_changes=0, declines=19, ceilings=2, floors=1),
        members=MEMBERS,
    )
    shown = row(state)
    assert [shown[name] for name in ("advances", "no_changes", "declines", "ceilings", "floors")] == [11, 0, 19, 2, 1]
    assert shown["breadth_from"] == "feed"


def test_breadth_is_counted_from_members_where_the_feed_sends_zeros() -> None:
    """VN30 came with 0/0/0 in 2026."""
    prices = {"ACB": 26_000.0, "BID": 26_750.0, "CTG": 24_000.0, "FPT": 23_250.0, "GAS": 25_000.0, "SSI": 26_000.0}
    state = market(
        *[snapshot("09:20:00", 100, price, symbol=code) for code, price in prices.items()],
        snapshot("09:20:00", 0, 0.0, last=0, symbol="HPG"),  # has not traded
        index("09:20:05", 1_901.0),
        members=MEMBERS,
    )
    shown = row(state)
    assert [shown[name] for name in ("advances", "no_changes", "declines", "ceilings", "floors")] == [2, 1, 2, 1, 1]
    assert shown["breadth_from"] == "members"


def test_breadth_counts_no_member_whose_day_is_over_or_whose_limits_are_unknown() -> None:
    state = market(
        snapshot("14:20:00", 100, 26_000.0),
        quote("09:20:00", symbol="BID", day=NEXT_DAY),
        report("09:20:00", 100, symbol="CTG", reference=0.0, day=NEXT_DAY),
        index("09:20:00", 1_901.0, day=NEXT_DAY),
        members=MEMBERS,
    )
    shown = row(state)
    assert (shown["advances"], shown["breadth_from"]) == (None, None)


def test_breadth_of_an_index_without_known_members_is_absent() -> None:
    assert row(market(index("09:20:00", 1_680.0, index="VNINDEX")), "VNINDEX")["breadth_from"] is None


@pytest.mark.parametrize(
    ("clock", "session", "shown"),
    [("09:05:00", "ATO", 1_905.5), ("09:20:00", "LO", None), ("14:35:00", "ATC", 1_905.5)],
)
def test_estimate_is_shown_in_auctions_only(clock: str, session: str, shown: float | None) -> None:
    state = market(quote(clock, session=session), index(clock, 1_901.0, estimate=1_905.5))
    assert row(state)["estimate"] == shown


def test_estimate_of_zero_is_absent() -> None:
    assert row(market(quote("09:05:00", session="ATO"), index("09:05:00", 1_901.0)))["estimate"] is None
