"""Who moved (chủ động): the phase says so, else the feed, else the book before the trade, else nobody."""

import pytest

from tests.market.builders import (
    foreign,
    future,
    market,
    phase_volumes,
    quote,
    report,
    snapshot,
    status,
    trades,
    volumes,
)


@pytest.mark.parametrize(
    ("code", "price", "side"),
    [
        ("BU", 24_950.0, "buy"),  # the book would say sell
        ("SD", 25_050.0, "sell"),  # the book would say buy
    ],
)
def test_side_of_the_feed_comes_before_the_book(code: str, price: float, side: str) -> None:
    state = market(report("09:20:00", 1_000), quote("09:20:00"))
    (trade,) = trades(state, report("09:20:01", 1_100, price, side=code))
    assert (trade.side, trade.method) == (side, "feed")


@pytest.mark.parametrize("code", ["Unknow", "", None, "bu"])
def test_side_that_the_feed_does_not_know_falls_back_to_the_book(code: str | None) -> None:
    state = market(report("09:20:00", 1_000), quote("09:20:00"))
    (trade,) = trades(state, report("09:20:01", 1_100, 25_050.0, side=code))
    assert (trade.side, trade.method) == ("buy", "quote")


@pytest.mark.parametrize(
    ("price", "side", "method"),
    [
        (25_050.0, "buy", "quote"),
        (25_100.0, "buy", "quote"),
        (24_950.0, "sell", "quote"),
        (24_900.0, "sell", "quote"),
        (25_000.0, "neutral", "none"),
    ],
)
def test_price_is_held_against_the_book_before_the_trade(price: float, side: str, method: str) -> None:
    state = market(snapshot("09:20:00", 1_000))
    moved = {"bid_price1": price, "ask_price1": price}  # the book that comes with the trade has no say
    (trade,) = trades(state, snapshot("09:20:01", 1_100, price, **moved))
    assert (trade.side, trade.method) == (side, method)
    assert state.symbols["ACB"].volumes.methods[method] == 100


def test_trade_without_a_book_is_neutral() -> None:
    state = market(report("09:20:00", 1_000))
    (trade,) = trades(state, report("09:20:01", 1_100, 25_050.0))
    assert (trade.side, trade.method) == ("neutral", "none")


def test_empty_side_of_the_book_decides_nothing() -> None:
    state = market(report("09:20:00", 1_000), quote("09:20:00", 0.0, 0.0, bid_volume1=0.0, ask_volume1=0.0))
    (trade,) = trades(state, report("09:20:01", 1_100))
    assert trade.side == "neutral"


def test_market_order_at_price_zero_is_not_taken_for_a_price() -> None:
    state = market(report("14:29:50", 1_000), quote("14:29:51", 0.0, 25_050.0))
    (trade,) = trades(state, report("14:29:55", 1_100, 25_000.0))
    assert trade.side == "neutral"


@pytest.mark.parametrize(("clock", "session", "phase"), [("09:15:00", "ATO", "ato"), ("14:45:00", "ATC", "atc")])
def test_auction_is_neutral_whatever_feed_and_book_say(clock: str, session: str, phase: str) -> None:
    state = market(report("09:00:00", 0, 0.0, last=0), quote(clock, session=session))
    (trade,) = trades(state, report(clock, 100, 25_050.0, session=session, side="SD"))
    assert (trade.side, trade.method, trade.phase) == ("neutral", "auction", phase)


def test_closing_auction_fill_that_carries_session_c_is_neutral() -> None:
    """As captured on 14/08/2026: Time 14:45:00, TradingSession C, Side SD."""
    state = market(report("14:29:50", 1_000), quote("14:44:50", session="ATC"))
    (trade,) = trades(state, report("14:45:00", 2_800, 24_500.0, last=1_800, session="C", side="SD"))
    assert (trade.side, trade.method, trade.phase) == ("neutral", "auction", "atc")


def test_closing_auction_fill_is_neutral_where_nothing_was_sent_during_the_auction() -> None:
    state = market(report("14:29:50", 1_000))
    fills = [report("14:45:00", total, 24_500.0, session="C", side="SD") for total in (2_800, 3_000)]
    assert [(trade.side, trade.phase) for trade in trades(state, *fills)] == [("neutral", "atc")] * 2


def test_closing_auction_that_runs_late_is_still_the_auction() -> None:
    """On one 8 May the board ran four minutes late."""
    state = market(report("14:33:30", 1_000))
    late = trades(
        state,
        report("14:33:59", 1_100, side="BU"),
        report("14:49:00", 1_200, session="ATC"),
        report("14:49:01", 1_300, session="PT"),
    )
    assert [(trade.side, trade.phase) for trade in late] == [
        ("buy", "continuous"),
        ("neutral", "atc"),
        ("neutral", "atc"),
    ]


def test_closing_auction_that_the_feed_holds_early_is_the_auction() -> None:
    state = market(report("14:10:00", 1_000), quote("14:11:00", session="ATC"))
    (trade,) = trades(state, report("14:20:00", 1_100, session="C"))
    assert (trade.side, trade.phase) == ("neutral", "atc")


def test_opening_auction_fill_that_a_quote_overtook_stays_in_its_auction() -> None:
    state = market(report("09:00:00", 0, 0.0, last=0, session="ATO"), quote("09:15:01", session="LO"))
    (trade,) = trades(state, report("09:15:00", 4_000, 25_050.0, last=4_000, session="ATO", side="BU"))
    assert (trade.side, trade.phase) == ("neutral", "ato")
    (after,) = trades(state, report("09:15:02", 4_100, 25_050.0, side="BU"))
    assert (after.side, after.phase) == ("buy", "continuous")


def test_continuous_trade_that_the_auctions_quote_overtook_stays_continuous() -> None:
    state = market(report("14:29:00", 1_000), quote("14:30:01", session="ATC"))
    (trade,) = trades(state, report("14:29:59", 1_100, side="SD"))
    assert (trade.side, trade.phase) == ("sell", "continuous")


def test_closing_fill_that_a_status_overtook_stays_in_the_auction() -> None:
    state = market(report("14:29:00", 1_000), quote("14:44:00", session="ATC"), status("14:45:03", "C"))
    (trade,) = trades(state, report("14:45:00", 1_100, session="C", side="SD"))
    assert (trade.side, trade.phase) == ("neutral", "atc")


def test_post_close_of_hnx_counts_as_continuous_and_ignores_the_feeds_side() -> None:
    state = market(report("14:44:00", 1_000, market="HNX", session="ATC"))
    auction, post_close = trades(
        state,
        report("14:45:00", 2_000, market="HNX", session="C"),
        report("14:55:10", 2_500, market="HNX", session="C", side="BU"),
    )
    assert (auction.phase, auction.side) == ("atc", "neutral")
    assert (post_close.phase, post_close.side, post_close.method) == ("continuous", "neutral", "none")


@pytest.mark.parametrize("session", ["PT", "PLO", "C"])
def test_post_close_of_hnx_begins_by_the_clock_under_one_session_code(session: str) -> None:
    state = market(report("14:44:00", 1_000, market="HNX", session="ATC"))
    fills = [
        report(clock, total, market="HNX", session=session)
        for clock, total in (("14:45:01", 1_100), ("14:56:00", 1_200))
    ]
    assert [trade.phase for trade in trades(state, *fills)] == ["atc", "continuous"]


def test_upcom_has_no_closing_auction() -> None:
    state = market(report("14:59:00", 1_000, market="UPCOM"))
    (trade,) = trades(state, report("15:00:00", 1_100, market="UPCOM", session="C"))
    assert trade.phase == "continuous"


def test_late_join_counts_as_continuous_unless_the_opening_auction_is_on() -> None:
    assert phase_volumes(market(snapshot("15:10:00", 9_000, session="C"))) == {"continuous": 9_000}
    assert phase_volumes(market(snapshot("14:40:00", 9_000, session="ATC"))) == {"continuous": 9_000}
    assert phase_volumes(market(snapshot("09:14:59", 9_000, session="ATO"))) == {"ato": 9_000}


def test_untraded_symbol_has_no_trade_no_price_and_no_change() -> None:
    """Before the open a future came with LastPrice 0, Change -1880 and RatioChange -100."""
    state = market()
    assert trades(state, future("08:00:07", 0, 0.0, last=0, session="C")) == []
    symbol = state.symbols["41I1GC000"]
    assert (symbol.last_price, symbol.phase) == (None, "pre_open")
    assert volumes(state, "41I1GC000") == {}


def test_quote_never_wipes_limits_that_the_totals_brought() -> None:
    state = market(report("09:20:00", 1_000), quote("09:20:01"))
    (trade,) = trades(state, quote("09:20:02"), report("09:20:03", 1_100, 26_750.0))
    assert (trade.ceiling, trade.floor, trade.reference) == (26_750.0, 23_250.0, 25_000.0)


def test_foreign_flow_leaves_the_aggressor_alone() -> None:
    state = market(snapshot("09:20:00", 1_000), foreign("09:20:01", 500))
    assert volumes(state) == {"unclassified": 1_000}
