"""Every kind fires in its plainest case with the evidence it describes; then the further kinds in detail."""

from collections.abc import Sequence
from typing import Any

import pytest

from alerts.domain.evaluate import Evaluator
from alerts.domain.kinds import KINDS
from alerts.domain.kinds.book import book_top
from alerts.domain.model import EvidenceValue
from alerts.domain.titles import title
from market.domain.events import Quote
from tests.alerts.domain.builders import DAY, FUTURE, NEXT_DAY, Heard, flow, point, rule, run, seconds, tick, top, trade

BILLION = 1_000_000_000
CEILING, FLOOR = 26_750.0, 23_250.0


class UsualDay:
    """A thousand shares a minute from midnight on, for ACB only."""

    def until(self, symbol: str, minute: int) -> float | None:
        return minute * 1_000.0 if symbol == "ACB" else None


CASES: dict[str, Sequence[Heard]] = {
    "volume_spike": [trade(at) for at in range(9)] + [trade(9, 10_000)],
    "price_limit": [trade(0, price=CEILING)],
    "foreign_acceleration": [flow(0, BILLION), flow(300, 2 * BILLION)],
    "basis_flip": [point(0, 1.0), point(1, -1.0)],
    "price_change": [trade(0, price=25_750.0)],
    "limit_left": [trade(0, price=CEILING), trade(1, price=26_700.0)],
    "limit_lock": [top(0, CEILING, None)],
    "relative_volume": [trade(0, total=9 * 60 * 1_000 * 4)],
    "large_trade": [trade(0, volume=400_000)],
    "foreign_room": [flow(0, 0, room=6), flow(1, 0, room=5)],
    "basis_level": [point(0, -10.0)],
    "index_move": [tick(0, 1_000.0), tick(60, 1_005.0)],
}


@pytest.mark.parametrize("kind", KINDS)
def test_kind_in_its_plainest_case_fires_once_with_the_evidence_it_describes(kind: str) -> None:
    held = rule(kind, id=4, version=2)
    (alert,) = run(held, CASES[kind], usual_volume=UsualDay())
    assert (alert.kind, alert.rule_id, alert.rule_version, alert.severity) == (kind, 4, 2, held.severity)
    assert (alert.at, alert.phase) == (CASES[kind][-1].at, "continuous")
    assert list(alert.evidence) == list(KINDS[kind].evidence)


@pytest.mark.parametrize("kind", KINDS)
def test_kind_outside_its_phases_stays_silent(kind: str) -> None:
    held = rule(kind, phases=["lunch"])
    assert run(held, CASES[kind], usual_volume=UsualDay()) == []


@pytest.mark.parametrize(("price", "directions"), [(25_750.0, ["up"]), (25_740.0, []), (24_250.0, ["down"])])
def test_price_change_from_the_reference_fires_at_the_percentage(price: float, directions: list[str]) -> None:
    assert [a.evidence["direction"] for a in run(rule("price_change"), [trade(0, price=price)])] == directions


def test_price_change_that_lasts_fires_again_only_after_it_ended() -> None:
    held = rule("price_change", cooldown_seconds=0)
    prices = [25_750.0, 25_800.0, 25_750.0, 25_700.0, 25_750.0, 24_000.0]
    assert seconds(run(held, [trade(at, price=price) for at, price in enumerate(prices)])) == [0, 4, 5]


def test_price_change_that_begins_while_cooling_down_fires_afterwards_if_it_lasts() -> None:
    steps = [(0, 25_750.0), (10, 25_000.0), (20, 25_750.0), (299, 25_750.0), (300, 25_750.0), (700, 25_750.0)]
    assert seconds(run(rule("price_change"), [trade(at, price=price) for at, price in steps])) == [0, 300]


def test_price_change_one_way_ignores_the_other() -> None:
    held = rule("price_change", {"direction": "down"}, cooldown_seconds=0)
    assert seconds(run(held, [trade(0, price=26_000.0), trade(1, price=24_000.0)])) == [1]


def test_price_change_without_a_reference_stays_silent() -> None:
    assert run(rule("price_change"), [trade(0, price=26_000.0, reference=None)]) == []


@pytest.mark.parametrize(("at", "fires"), [(600, True), (601, False)])
def test_price_change_within_a_window_starts_from_its_low(at: int, fires: bool) -> None:
    held = rule("price_change", {"window_minutes": 10, "percent": 2})
    alerts = run(held, [trade(0, price=25_000.0), trade(1, price=25_400.0), trade(at, price=25_500.0)])
    assert bool(alerts) is fires
    assert all(alert.evidence["from_price"] == 25_000.0 for alert in alerts)


@pytest.mark.parametrize(("price", "direction"), [(24_600.0, "down"), (25_400.0, "up")])
def test_price_change_within_a_window_tells_the_larger_of_two_moves(price: float, direction: str) -> None:
    # Both are 2 % or more: up from the low of 24,000, down from the high of 26,000.
    held = rule("price_change", {"window_minutes": 10, "percent": 2}, phases=["continuous"])
    changes = [trade(0, price=26_000.0, phase="ato"), trade(1, price=24_000.0, phase="ato"), trade(2, price=price)]
    (alert,) = run(held, changes)
    assert alert.evidence["direction"] == direction


def test_limit_left_tells_which_limit_was_left() -> None:
    steps = [(0, CEILING), (1, 26_700.0), (100, FLOOR), (101, FLOOR), (200, 23_300.0), (300, 23_350.0)]
    alerts = run(rule("limit_left"), [trade(at, price=price) for at, price in steps])
    assert [(alert.evidence["limit"], alert.evidence["limit_price"]) for alert in alerts] == [
        ("ceiling", CEILING),
        ("floor", FLOOR),
    ]
    assert seconds(alerts) == [1, 200]


def test_limit_left_of_one_side_ignores_the_other() -> None:
    held = rule("limit_left", {"side": "floor"})
    assert run(held, [trade(0, price=CEILING), trade(1, price=26_700.0)]) == []


def test_limit_left_overnight_is_not_a_move() -> None:
    assert run(rule("limit_left"), [trade(0, price=CEILING), trade(0, price=26_000.0, day=NEXT_DAY)]) == []


@pytest.mark.parametrize(
    ("bid", "ask", "limit"),
    [
        (CEILING, None, "ceiling"),
        (None, FLOOR, "floor"),
        (CEILING, CEILING, None),
        (26_700.0, None, None),
        (None, 23_300.0, None),
        (None, None, None),
    ],
)
def test_limit_lock_needs_one_side_at_the_limit_and_the_other_empty(
    bid: float | None, ask: float | None, limit: str | None
) -> None:
    assert [a.evidence["limit"] for a in run(rule("limit_lock"), [top(0, bid, ask)])] == ([limit] if limit else [])


def test_limit_lock_that_opens_and_closes_again_fires_twice() -> None:
    books = [top(0, CEILING, None), top(1, CEILING, None), top(400, CEILING, CEILING), top(401, CEILING, None)]
    assert seconds(run(rule("limit_lock"), books)) == [0, 401]


def test_limit_lock_with_a_small_queue_stays_silent() -> None:
    held = rule("limit_lock", {"min_queue": 501})
    assert seconds(run(held, [top(0, CEILING, None), top(1, CEILING, None, 501)])) == [1]


def quote(**levels: float) -> Quote:
    return Quote(symbol="ACB", at=DAY, day=DAY, **levels)  # type: ignore[arg-type]


def test_book_top_of_a_locked_book_has_no_sellers() -> None:
    view = book_top(quote(bid_price1=CEILING, bid_volume1=900), "ACB", DAY, DAY, CEILING, FLOOR)
    assert (view.bid, view.bid_queue, view.buyers) == (CEILING, 900, True)
    assert (view.ask, view.ask_queue, view.sellers) == (None, 0, False)


def test_book_top_of_two_sides_is_its_best_levels() -> None:
    book = quote(bid_price1=25_000.0, bid_volume1=900, ask_price1=25_050.0, ask_volume1=300)
    view = book_top(book, "ACB", DAY, DAY, CEILING, FLOOR)
    assert (view.bid, view.bid_queue, view.buyers) == (25_000.0, 900, True)
    assert (view.ask, view.ask_queue, view.sellers) == (25_050.0, 300, True)


def test_book_top_with_orders_at_the_auction_price_sees_them_and_the_limit_behind() -> None:
    book = quote(bid_volume1=50, bid_price2=CEILING, bid_volume2=900, ask_volume1=70)
    view = book_top(book, "ACB", DAY, DAY, CEILING, FLOOR)
    assert (view.bid, view.bid_queue) == (CEILING, 900)
    assert (view.ask, view.sellers) == (None, True)


def test_relative_volume_fires_when_the_total_passes_the_usual_of_the_minute() -> None:
    usual = 3 * 540 * 1_000
    changes = [trade(0, total=usual), trade(59, total=usual + 1), trade(60, total=usual + 2)]
    assert seconds(run(rule("relative_volume"), changes, usual_volume=UsualDay())) == [59]


def test_relative_volume_without_a_curve_stays_silent() -> None:
    change = trade(0, total=10**9, symbol="FPT")
    assert run(rule("relative_volume"), [change], usual_volume=UsualDay()) == []
    assert run(rule("relative_volume"), [trade(0, total=10**9)]) == []


def test_relative_volume_on_a_new_day_asks_for_the_usual_again() -> None:
    class Growing:
        def __init__(self) -> None:
            self.usual = 1_000_000.0

        def until(self, symbol: str, minute: int) -> float:
            self.usual *= 10
            return self.usual

    changes = [trade(0, total=20_000_000), trade(0, total=40_000_000, day=NEXT_DAY)]
    assert run(rule("relative_volume"), changes, usual_volume=Growing()) == []


def test_relative_volume_below_the_minimum_stays_silent() -> None:
    held = rule("relative_volume", {"min_volume": 2_000_001})
    assert run(held, [trade(0, total=2_000_000)], usual_volume=UsualDay()) == []


@pytest.mark.parametrize(
    ("volume", "gap", "fires"), [(400_000, False, True), (399_999, False, False), (400_000, True, False)]
)
def test_large_trade_by_value_counts_single_trades_only(volume: int, gap: bool, fires: bool) -> None:
    assert bool(run(rule("large_trade"), [trade(0, volume, gap=gap)])) is fires


def test_foreign_room_that_was_full_from_the_start_stays_silent() -> None:
    assert run(rule("foreign_room"), [flow(0, 0, room=0), flow(1, 0, room=0), flow(2, 0, room=4)]) == []


def test_foreign_room_that_filled_overnight_is_told() -> None:
    assert len(run(rule("foreign_room"), [flow(0, 0, room=6), flow(0, 0, room=5, day=NEXT_DAY)])) == 1


def test_foreign_room_that_filled_in_another_phase_is_told_later() -> None:
    evaluator = Evaluator([rule("foreign_room", phases=["continuous"])])
    assert evaluator.on_foreign(flow(0, 0, room=6), "lunch") == ()
    assert evaluator.on_foreign(flow(1, 0, room=5), "lunch") == ()
    assert len(evaluator.on_foreign(flow(2, 0, room=5), "continuous")) == 1
    assert evaluator.on_foreign(flow(9_999, 0, room=5), "continuous") == ()


def test_foreign_room_without_a_total_stays_silent() -> None:
    assert run(rule("foreign_room"), [flow(0, 0, room=6), flow(1, 0, room=0, total_room=0)]) == []


@pytest.mark.parametrize(
    ("params", "states"),
    [({}, ["premium", "discount"]), ({"state": "discount"}, ["discount"]), ({"points": 12}, ["discount"])],
)
def test_basis_level_fires_for_each_side_that_counts(params: dict[str, Any], states: list[str]) -> None:
    held = rule("basis_level", params, cooldown_seconds=0)
    changes = [point(0, 10.0), point(1, 11.0), point(2, 9.9), point(3, -12.0), point(4, -13.0)]
    assert [alert.evidence["state"] for alert in run(held, changes)] == states


def test_index_move_passes_over_values_that_are_not_known() -> None:
    alerts = run(rule("index_move"), [tick(0, 0.0), tick(1, 1_000.0), tick(2, 0.0), tick(3, 1_006.0)])
    assert [(alert.evidence["value"], alert.evidence["from_value"]) for alert in alerts] == [(1_006.0, 1_000.0)]


def test_index_move_of_a_listed_index_ignores_the_others() -> None:
    held = rule("index_move", scope="symbols", symbols=["VN30"])
    ticks = [tick(at, value, index) for index in ("VNINDEX", "VN30") for at, value in ((0, 1_000.0), (1, 990.0))]
    assert [alert.symbol for alert in run(held, ticks)] == ["VN30"]


def test_trade_kinds_may_be_about_futures() -> None:
    held = rule("price_limit", scope="vn30_futures")
    change = trade(0, price=2_088.6, symbol=FUTURE, ceiling=2_088.6, floor=1_815.4)
    assert len(run(held, [change])) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_title_of_a_kind_uses_its_evidence(kind: str) -> None:
    info = KINDS[kind]
    words = ("direction", "side", "limit", "state")
    evidence: dict[str, EvidenceValue] = {name: "up" if name in words else 1_234 for name in info.evidence}
    assert title(kind, "ACB", evidence).startswith("ACB: ")
    assert title(kind, "ACB", evidence) != f"ACB: {info.label}"
    assert title(kind, "ACB", {}) == f"ACB: {info.label}"


def test_title_of_an_alert_is_a_short_sentence() -> None:
    (alert,) = run(rule("price_limit"), [trade(0, price=26_750.0)])
    assert title(alert.kind, alert.symbol, alert.evidence) == "ACB: trade at the ceiling, 26,750"
    assert title("gone", "ACB", {}) == "ACB: gone"
