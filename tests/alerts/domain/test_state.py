"""A saved state, through JSON, goes on as if nothing had happened."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.domain.evaluate import AlertStateError, Evaluator
from alerts.domain.kinds import KINDS
from alerts.domain.model import Rule
from tests.alerts.domain.builders import DAY, NEXT_DAY, Heard, flow, point, rule, tick, top, trade

EVERY_KIND = [rule(kind, id=number) for number, kind in enumerate(KINDS)] + [
    rule("price_change", {"window_minutes": 2, "percent": 0.5}, id="u1", scope="symbols", symbols=["ACB"]),
    rule("volume_spike", {"window_minutes": 1, "min_trades": 2}, cooldown_seconds=3),
]


class UsualDay:
    def until(self, symbol: str, minute: int) -> float | None:
        return minute * 10.0


def through_json(state: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(state))


PRICES = st.sampled_from([23_250.0, 24_000.0, 24_900.0, 25_000.0, 25_150.0, 25_800.0, 26_750.0])


@st.composite
def change_of_a_day(draw: st.DrawFn) -> Heard:
    at, day = draw(st.integers(0, 900)), draw(st.sampled_from([DAY, DAY, DAY, NEXT_DAY]))
    match draw(st.integers(0, 5)):
        case 0:
            bought, sold = draw(st.integers(0, 5)) * 1e9, draw(st.integers(0, 5)) * 1e9
            return flow(at, bought, sold, room=draw(st.integers(3, 8)), day=day)
        case 1:
            return point(at, draw(st.sampled_from([-12.0, -1.0, 0.0, 1.0, 12.0])), day=day)
        case 2:
            return tick(at, draw(st.sampled_from([0.0, 990.0, 1_000.0, 1_006.0])))
        case 3:
            bid, ask = draw(st.sampled_from([(26_750.0, None), (None, 23_250.0), (25_000.0, 25_100.0)]))
            return top(at, bid, ask, day=day)
        case _:
            return trade(
                at,
                draw(st.integers(1, 500_000)),
                draw(PRICES),
                day=day,
                symbol=draw(st.sampled_from(["ACB", "FPT"])),
                total=draw(st.integers(1, 500_000)),
                phase=draw(st.sampled_from(["ato", "continuous"])),
            )


DAYS = st.lists(change_of_a_day(), max_size=40).map(lambda day: sorted(day, key=lambda change: change.at // 20))


@settings(deadline=None)
@given(DAYS, DAYS)
def test_evaluator_restarted_from_a_dump_fires_what_an_undisturbed_one_does(
    before: list[Heard], after: list[Heard]
) -> None:
    undisturbed = Evaluator(EVERY_KIND, {}, UsualDay())
    for change in before:
        undisturbed.apply(change, "continuous")
    restarted = Evaluator(EVERY_KIND, {}, UsualDay())
    restarted.load(through_json(undisturbed.dump()))
    assert through_json(restarted.dump()) == through_json(undisturbed.dump())
    for change in after:
        assert restarted.apply(change, "continuous") == undisturbed.apply(change, "continuous")


@settings(deadline=None)
@given(DAYS)
def test_evaluator_given_equal_rules_again_and_again_fires_the_same(changes: list[Heard]) -> None:
    one, other = Evaluator(EVERY_KIND, {}, UsualDay()), Evaluator(EVERY_KIND, {}, UsualDay())
    for change in changes:
        other.replace_rules(msgspec.convert(msgspec.to_builtins(EVERY_KIND), list[Rule]))
        assert one.apply(change, "continuous") == other.apply(change, "continuous")


def test_load_of_a_window_brings_its_sum_back() -> None:
    evaluator = Evaluator([rule("volume_spike")])
    for at in range(20):
        evaluator.on_trade(trade(at, 100))
    restarted = Evaluator([rule("volume_spike")])
    restarted.load(through_json(evaluator.dump()))
    assert restarted.on_trade(trade(20, 300)) == ()
    (alert,) = restarted.on_trade(trade(21, 1_000))
    assert alert.evidence["mean_volume"] == 150.0


def test_load_for_rules_that_are_gone_or_of_another_kind_skips_them() -> None:
    evaluator = Evaluator([rule("price_limit", id=1), rule("large_trade", id=2)])
    evaluator.on_trade(trade(0, 1_000_000, price=26_750.0))
    other = Evaluator([rule("price_limit", id=2)])
    other.load(through_json(evaluator.dump()))
    assert len(other.on_trade(trade(1, price=26_750.0))) == 1


def test_load_with_a_kind_that_no_longer_exists_skips_it() -> None:
    state = Evaluator([rule("price_limit")]).dump()
    state["memories"].append({"symbol": "ACB", "day": DAY, "rule": 9, "kind": "gone", "fired_at": 0, "state": [1]})
    Evaluator([rule("price_limit")]).load(through_json(state))


@pytest.mark.parametrize(
    "state",
    [
        None,
        [],
        {"version": 1},
        {"version": 99, "memories": []},
        {
            "version": 1,
            "memories": [
                {"symbol": "ACB", "day": DAY, "rule": 1, "kind": "volume_spike", "fired_at": 0, "state": [["x", 1]]}
            ],
        },
    ],
)
def test_load_of_a_damaged_state_says_so_and_changes_nothing(state: Any) -> None:
    evaluator = Evaluator([rule("volume_spike", id=1)])
    evaluator.on_trade(trade(0))
    before = evaluator.dump()
    with pytest.raises(AlertStateError, match="expected "):
        evaluator.load(state)
    assert evaluator.dump() == before


def test_dump_of_one_symbol_holds_that_symbol_only() -> None:
    evaluator = Evaluator(EVERY_KIND)
    for symbol in ("ACB", "FPT"):
        for at in range(3):
            evaluator.on_trade(trade(at, 100, symbol=symbol))
    evaluator.on_foreign(flow(0, 1e9))
    restarted = Evaluator(EVERY_KIND)
    restarted.load(through_json(evaluator.dump_symbol("ACB")))
    assert through_json(restarted.dump_symbol("ACB")) == through_json(evaluator.dump_symbol("ACB"))
    assert restarted.dump_symbol("FPT") is None
    assert evaluator.dump_symbol("VNM") is None


def test_dump_of_one_symbol_does_not_change_with_it() -> None:
    evaluator = Evaluator(EVERY_KIND)
    evaluator.on_trade(trade(0, 100))
    dumped = evaluator.dump_symbol("ACB")
    before = through_json(dumped)
    evaluator.on_trade(trade(1, 100))
    assert through_json(dumped) == before


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=20), st.sampled_from([0, 2]))
def test_alerts_of_one_rule_and_symbol_are_told_apart_by_time_and_number(
    trades: list[tuple[int, bool]], cooldown: int
) -> None:
    held = rule("price_limit", id=1, cooldown_seconds=cooldown)
    evaluator = Evaluator([held])
    alerts = []
    for at, restart in trades:
        alerts += evaluator.on_trade(trade(at, price=26_750.0))
        if restart:
            saved = through_json(evaluator.dump())
            evaluator = Evaluator([held])
            evaluator.load(saved)
    assert len({(alert.at, alert.number) for alert in alerts}) == len(alerts)
    assert cooldown or len(alerts) == len(trades)


def test_rule_added_since_the_last_trade_has_nothing_to_write_down() -> None:
    limit, spike = rule("price_limit", id=1), rule("volume_spike", id=2)
    evaluator = Evaluator([limit])
    evaluator.on_trade(trade(0, 100))
    evaluator.replace_rules([limit, spike])
    restarted = Evaluator([limit, spike])
    restarted.load(through_json(evaluator.dump()))
    for at in range(1, 12):
        assert list(restarted.on_trade(trade(at, 100))) == list(evaluator.on_trade(trade(at, 100))) == []
    assert [alert.kind for alert in restarted.on_trade(trade(12, 5_000))] == ["volume_spike"]
