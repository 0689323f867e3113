"""The rows of boards and API: what is absent is None, never 0."""

import msgspec
import pytest

from market.domain.rows import Level, Row, book_levels, market_row
from market.domain.state import MarketState
from tests.market.builders import (
    FUTURE,
    NEXT_DAY,
    foreign,
    future,
    market,
    quote,
    report,
    snapshot,
    status,
)

PRICES = ("reference", "ceiling", "floor", "open", "high", "low", "average", "price", "change", "change_percent")


def row(state: MarketState, code: str = "ACB") -> Row:
    return market_row(state.symbols[code])


def test_untraded_symbol_has_no_price_and_no_change() -> None:
    """It comes with LastPrice 0 and RatioChange -100."""
    shown = row(market(snapshot("08:50:00", 0, 0.0, last=0, session="C")))
    absent = ("price", "volume", "change", "change_percent", "open", "high", "low", "average", "expected_price")
    assert [shown[name] for name in absent] == [None] * len(absent)
    assert (shown["reference"], shown["ceiling"], shown["floor"]) == (25_000.0, 26_750.0, 23_250.0)
    assert (shown["total_volume"], shown["trades"], shown["phase"]) == (0, 0, "pre_open")


def test_symbol_known_by_its_book_alone_has_no_totals() -> None:
    shown = row(market(quote("09:20:00")))
    assert [shown[name] for name in PRICES] == [None] * len(PRICES)
    assert (shown["bids"], shown["asks"]) == ([[24_950.0, 500]], [[25_050.0, 500]])
    assert (shown["status"], shown["total_volume"], shown["spark"]) == (None, 0, [])


def test_symbol_known_by_foreign_flow_alone_has_no_book() -> None:
    shown = row(market(foreign("09:20:00", 100, 50)))
    assert (shown["bids"], shown["asks"], shown["time"]) == ([], [], "2026-11-20T09:20:00+07:00")
    assert (shown["foreign_buy_volume"], shown["foreign_sell_volume"], shown["foreign_room"]) == (100, 50, 400_000)


def test_symbol_without_foreign_flow_has_none() -> None:
    shown = row(market(snapshot("09:20:00", 100)))
    assert (shown["foreign_buy_volume"], shown["foreign_sell_volume"], shown["foreign_room"]) == (None, None, None)
    assert row(market(foreign("09:20:00", 100, total_room=0.0)))["foreign_room"] is None


def test_traded_symbol_has_price_change_average_and_day_range() -> None:
    state = market(snapshot("09:20:00", 0, 0.0, last=0))
    for total, price in ((100, 25_250.0), (200, 24_750.0), (300, 25_500.0)):
        state.apply(snapshot(f"09:20:{total // 10}", total, price, total_value=25_166.67 * total))
    shown = row(state)
    assert (shown["price"], shown["volume"], shown["change"], shown["change_percent"]) == (25_500.0, 100, 500.0, 2.0)
    assert (shown["open"], shown["high"], shown["low"]) == (25_250.0, 25_500.0, 24_750.0)
    assert (shown["average"], shown["trades"]) == (25_166.67, 3)


def test_day_range_of_a_late_join_is_the_feeds() -> None:
    shown = row(market(snapshot("10:20:00", 900, open=24_800.0, high=25_900.0, low=24_700.0)))
    assert (shown["open"], shown["high"], shown["low"]) == (24_800.0, 25_900.0, 24_700.0)


def test_open_of_a_late_join_without_one_is_absent() -> None:
    assert row(market(report("10:20:00", 900), report("10:20:01", 1_000)))["open"] is None


def test_average_of_a_future_is_in_points() -> None:
    assert row(market(future("09:20:00", 10, 1_900.0, total_value=1_905_500_000.0)), FUTURE)["average"] == 1_905.5


def test_change_of_a_future_is_rounded() -> None:
    assert row(market(future("09:20:00", 10, 1_893.9)), FUTURE)["change"] == -6.1  # the feed: -6.099999999999909


def test_quote_leaves_reference_and_limits_alone() -> None:
    """D11: X-QUOTE has none."""
    shown = row(market(report("09:20:00", 900), quote("09:20:05", 24_900.0, 25_000.0)))
    assert (shown["reference"], shown["ceiling"], shown["floor"]) == (25_000.0, 26_750.0, 23_250.0)
    assert shown["bids"] == [[24_900.0, 500]]


def test_report_leaves_the_book_alone() -> None:
    assert row(market(quote("09:20:00"), report("09:20:05", 900)))["asks"] == [[25_050.0, 500]]


def test_new_day_shows_nothing_of_the_day_before() -> None:
    shown = row(market(snapshot("14:20:00", 900), foreign("14:20:00", 5), quote("09:00:00", day=NEXT_DAY)))
    assert [shown[name] for name in PRICES] == [None] * len(PRICES)
    assert (shown["foreign_buy_volume"], shown["time"]) == (None, "2026-11-21T09:00:00+07:00")


@pytest.mark.parametrize(("session", "expected"), [("ATO", 25_300.0), ("LO", None), ("ATC", 25_300.0)])
def test_expected_price_is_shown_in_auctions_only(session: str, expected: float | None) -> None:
    shown = row(market(snapshot("09:05:00", 0, 0.0, last=0, session=session, expected_price=25_300.0)))
    assert shown["expected_price"] == expected


def test_status_message_comes_before_the_totals_status() -> None:
    assert row(market(snapshot("09:20:00", 100, status="N")))["status"] == "N"
    assert row(market(snapshot("09:20:00", 100, status="N"), status("09:20:01", None, "H")))["status"] == "H"


def test_volumes_are_shown_by_side_phase_and_method() -> None:
    state = market(snapshot("09:14:00", 0, 0.0, last=0, session="ATO"))
    state.apply(snapshot("09:15:00", 400, session="ATO"))
    state.apply(snapshot("09:15:01", 500, 25_050.0))
    state.apply(snapshot("09:15:02", 600, 24_950.0, side="SD"))
    shown = row(state)
    assert (shown["buy_volume"], shown["sell_volume"], shown["neutral_volume"]) == (100, 100, 400)
    assert shown["phases"]["ato"] == {"buy": 0, "sell": 0, "neutral": 400, "unclassified": 0}
    assert shown["phases"]["continuous"] == {"buy": 100, "sell": 100, "neutral": 0, "unclassified": 0}
    assert shown["methods"] == {"feed": 100, "quote": 100, "auction": 400, "none": 0}


def test_row_shares_nothing_with_the_state() -> None:
    state = market(snapshot("09:20:00", 100, last=100))
    shown = row(state)
    before = msgspec.json.encode(shown)
    for second in range(60):
        state.apply(snapshot(f"09:2{second % 10}:{second:02d}", 200 + second, 26_000.0))
    assert msgspec.json.encode(shown) == before


def test_book_shows_an_auction_order_without_a_price() -> None:
    shown = row(market(quote("09:05:00", 0.0, 25_050.0, session="ATO", bid_price2=24_900.0, bid_volume2=70.0)))
    assert shown["bids"] == [[None, 500], [24_900.0, 70]]


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        ((), []),
        ((0.0, 0.0, 0.0, 0.0), []),
        ((10.0, 5.0, 9.0, 0.0), [[10.0, 5]]),  # a price that nobody stands at
        ((10.0, 0.0, 9.0, 3.0), [[10.0, 0], [9.0, 3]]),
        ((0.0, 4.0, 9.0, 3.0), [[None, 4], [9.0, 3]]),
    ],
)
def test_book_ends_at_the_last_level_that_holds_volume(values: tuple[float, ...], levels: list[Level]) -> None:
    assert book_levels(values) == levels


def test_book_holds_ten_levels_a_side() -> None:
    names = [f"{side}_{what}" for side in ("bid", "ask") for what in ("price", "volume")]
    levels = {f"{name}{level}": float(level) for name in names for level in range(1, 11)}
    shown = row(market(quote("09:20:00", **levels)))
    assert shown["bids"] == shown["asks"] == [[float(level), level] for level in range(1, 11)]
