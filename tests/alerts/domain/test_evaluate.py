import pytest

from alerts.domain.check import Check
from alerts.domain.evaluate import Evaluator
from alerts.domain.kinds.volume import VolumeSpike
from alerts.domain.model import Alert
from market.domain.changes import PhaseChange
from tests.alerts.domain.builders import DAY, FUTURE, NEXT_DAY, OPEN, flow, point, rule, run, seconds, tick, top, trade

CEILING, FLOOR = 26_750.0, 23_250.0
LIMIT = rule("price_limit")
SPIKE = rule("volume_spike")


def at_ceiling(*times: int, day: int = DAY) -> list[Alert]:
    return run(LIMIT, [trade(at, price=CEILING, day=day) for at in times])


@pytest.mark.parametrize(("later", "count"), [(59, 1), (60, 2)])
def test_cooldown_of_sixty_seconds_ends_at_the_sixtieth(later: int, count: int) -> None:
    assert len(at_ceiling(0, later)) == count


def test_cooldown_runs_from_the_last_alert_that_fired() -> None:
    assert seconds(at_ceiling(0, 30, 59, 60, 119, 120)) == [0, 60, 120]


def test_cooldown_is_kept_per_symbol() -> None:
    changes = [trade(0, price=CEILING), trade(1, price=CEILING, symbol="FPT"), trade(2, price=CEILING)]
    assert [alert.symbol for alert in run(LIMIT, changes)] == ["ACB", "FPT"]


def test_cooldown_is_kept_per_rule() -> None:
    rules = [rule("price_limit", id=1), rule("price_limit", id=2, cooldown_seconds=0)]
    alerts = run(rules, [trade(at, price=CEILING) for at in (0, 1)])
    assert [alert.rule_id for alert in alerts] == [1, 2, 2]


def test_cooldown_goes_on_over_midnight() -> None:
    held = rule("price_limit", cooldown_seconds=86_400)
    changes = [trade(at, price=CEILING, day=day) for day, at in ((DAY, 100), (NEXT_DAY, 99), (NEXT_DAY, 100))]
    assert [alert.at - DAY - OPEN for alert in run(held, changes)] == [100, 86_500]


def test_cooldown_of_zero_holds_nothing_back_even_where_time_steps_back() -> None:
    held = rule("price_limit", cooldown_seconds=0)
    assert seconds(run(held, [trade(at, price=CEILING) for at in (5, 5, 3)])) == [5, 5, 3]


def test_alerts_of_one_change_come_in_the_order_of_the_rules() -> None:
    rules = [
        rule("large_trade", {"min_value_vnd": 1_000_000}, scope="symbols", symbols=["ACB"]),
        rule("price_limit"),
        rule("price_change", scope="symbols", symbols=["acb"]),
    ]
    alerts = Evaluator(rules).on_trade(trade(0, price=CEILING))
    assert [alert.kind for alert in alerts] == ["large_trade", "price_limit", "price_change"]


def test_trade_older_than_the_newest_counts_with_the_newest() -> None:
    # The straggler of second 5 keeps the window whole: it is not dropped, and nothing newer is.
    changes = [trade(1_200)] * 8 + [trade(5), trade(1_201, 10_000)]
    (alert,) = run(SPIKE, changes)
    assert alert.evidence["trades"] == 10


def test_alert_on_an_overtaken_trade_carries_its_own_time() -> None:
    assert seconds(run(LIMIT, [trade(10), trade(8, price=CEILING)])) == [8]


def test_new_day_empties_the_windows_of_a_symbol() -> None:
    yesterday = [trade(at) for at in range(9)]
    assert run(SPIKE, [*yesterday, trade(9, 10_000, day=NEXT_DAY)]) == []
    assert run(rule("basis_flip"), [point(0, 1.0), point(0, -1.0, day=NEXT_DAY)]) == []
    billions = [flow(0, 1e9), flow(0, 2e9, day=NEXT_DAY)]
    assert run(rule("foreign_acceleration"), billions) == []


def test_new_day_of_one_symbol_leaves_the_others_alone() -> None:
    changes = [*[trade(at) for at in range(9)], trade(0, symbol="FPT", day=NEXT_DAY), trade(9, 10_000)]
    assert len(run(SPIKE, changes)) == 1


def test_earlier_day_starts_anew_with_its_cooldowns() -> None:
    changes = [trade(0, price=CEILING, day=NEXT_DAY), trade(0, price=CEILING)]
    assert len(run(LIMIT, changes)) == 2


def test_rule_for_some_phases_with_an_unknown_phase_stays_silent() -> None:
    changes = [point(0, 1.0), point(1, -1.0)]
    assert run(rule("basis_flip"), changes, phase=None) == []
    assert len(run(rule("basis_flip", phases="all"), changes, phase=None)) == 1


def test_disabled_rule_stays_silent() -> None:
    assert run(rule("price_limit", enabled=False), [trade(0, price=CEILING)]) == []


def test_apply_of_a_change_that_no_kind_hears_gives_nothing() -> None:
    assert run(LIMIT, [PhaseChange("HOSE", DAY, DAY, "atc")]) == []


def test_evaluator_without_rules_gives_nothing() -> None:
    assert run([], [trade(0, price=CEILING), flow(0, 1.0), tick(0, 1.0), point(0, 1.0), top(0, CEILING, None)]) == []


def test_wants_book_only_where_a_rule_needs_it() -> None:
    evaluator = Evaluator([LIMIT, rule("limit_lock", scope="basket:VN30")], {"VN30": frozenset({"ACB"})})
    assert evaluator.wants_book("ACB") and not evaluator.wants_book("SHS") and not evaluator.wants_book(FUTURE)
    evaluator.replace_rules([LIMIT])
    assert not evaluator.wants_books and not evaluator.wants_book("ACB")


def test_basket_that_changes_moves_the_rule_with_it() -> None:
    evaluator = Evaluator([rule("price_limit", scope="basket:VN30")], {"VN30": frozenset({"ACB"})})
    assert evaluator.on_trade(trade(0, price=CEILING)) and not evaluator.on_trade(trade(0, price=CEILING, symbol="TCX"))
    evaluator.replace_rules(evaluator.rules, {"VN30": frozenset({"TCX"})})
    assert evaluator.on_trade(trade(60, price=CEILING, symbol="TCX")) and not evaluator.on_trade(
        trade(60, price=CEILING)
    )


def check_of(evaluator: Evaluator, symbol: str = "ACB") -> Check[object]:
    (check,) = evaluator._trades.by_symbol[symbol].checks.values()
    return check  # type: ignore[return-value]


def test_window_over_a_long_day_holds_no_more_than_its_length() -> None:
    evaluator = Evaluator([SPIKE])
    for at in range(20_000):
        evaluator.on_trade(trade(at))
    check = check_of(evaluator)
    assert isinstance(check, VolumeSpike)
    assert len(check.times) == len(check.volumes) == 1_201


def test_replace_rules_with_the_same_rules_keeps_windows_and_cooldowns() -> None:
    changes = [trade(at) for at in range(20)] + [trade(20, 10_000), trade(79, 10_000), trade(80, 90_000)]
    evaluator = Evaluator([SPIKE])
    fired: list[Alert] = []
    for change in changes:
        evaluator.replace_rules([rule("volume_spike")])
        fired += evaluator.on_trade(change)
    assert fired == run(SPIKE, changes) and seconds(fired) == [20, 80]


def test_replace_rules_with_an_edited_rule_keeps_its_window_and_cooldown() -> None:
    evaluator = Evaluator([rule("volume_spike", id=1)])
    for at in range(9):
        evaluator.on_trade(trade(at))
    assert seconds(evaluator.on_trade(trade(9, 10_000))) == [9]
    evaluator.replace_rules([rule("volume_spike", {"multiplier": 2}, id=1, version=2, severity="critical")])
    assert evaluator.on_trade(trade(68, 10_000)) == ()
    (alert,) = evaluator.on_trade(trade(69, 20_000))
    assert (alert.rule_version, alert.severity, alert.evidence["trades"]) == (2, "critical", 12)


def test_replace_rules_with_a_shorter_window_forgets_what_is_too_old() -> None:
    evaluator = Evaluator([rule("volume_spike", id=1)])
    for at in range(9):
        evaluator.on_trade(trade(at))
    evaluator.replace_rules([rule("volume_spike", {"window_minutes": 1, "min_trades": 2}, id=1)])
    # Of the nine only that of second 8 is still in the minute, and with one other nothing is above three means.
    assert evaluator.on_trade(trade(68, 10_000)) == ()
    evaluator.on_trade(trade(69))
    evaluator.on_trade(trade(70))
    (alert,) = evaluator.on_trade(trade(71, 100_000))
    assert alert.evidence["trades"] == 4


def test_replace_rules_with_a_longer_window_starts_from_what_was_held() -> None:
    held = rule("foreign_acceleration", id=1)
    evaluator = Evaluator([held])
    evaluator.on_foreign(flow(0, 1e9))
    evaluator.on_foreign(flow(300, 1e9))
    evaluator.replace_rules([rule("foreign_acceleration", {"window_minutes": 10}, id=1)])
    assert evaluator.on_foreign(flow(599, 2e9)) == ()
    assert len(evaluator.on_foreign(flow(600, 2e9))) == 1


def test_replace_rules_with_another_rule_starts_empty() -> None:
    evaluator = Evaluator([rule("price_limit", id=1)])
    evaluator.on_trade(trade(0, price=CEILING))
    evaluator.replace_rules([rule("price_limit", id=2)])
    assert len(evaluator.on_trade(trade(1, price=CEILING))) == 1


def test_replace_rules_that_gives_an_id_another_kind_starts_empty() -> None:
    evaluator = Evaluator([rule("price_limit", id=1)])
    evaluator.on_trade(trade(0, price=CEILING))
    evaluator.replace_rules([rule("large_trade", {"min_value_vnd": 1_000_000}, id=1, cooldown_seconds=60)])
    assert len(evaluator.on_trade(trade(1, price=CEILING))) == 1
