"""The four shipped kinds, line by line of the rule semantics that come with the samples."""

import pytest

from tests.alerts.domain.builders import FUTURE, flow, point, rule, run, seconds, top, trade

SPIKE = rule("volume_spike")
LIMIT = rule("price_limit")
FOREIGN = rule("foreign_acceleration")
FLIP = rule("basis_flip")
BILLION = 1_000_000_000


def test_volume_spike_above_three_means_with_ten_trades_fires() -> None:
    # mean of nine of 100 and one of 386: 128.6, three of it 385.8
    changes = [trade(at) for at in range(9)] + [trade(9, 386)]
    (alert,) = run(SPIKE, changes)
    assert (alert.kind, alert.symbol, alert.severity, alert.phase) == ("volume_spike", "ACB", "warning", "continuous")
    assert alert.evidence["mean_volume"] == 128.6 and alert.evidence["trades"] == 10


def test_volume_spike_at_exactly_three_means_stays_silent() -> None:
    # 270 against a mean of (9 x 70 + 270) / 10 = 90
    before = [trade(at, 70) for at in range(9)]
    assert run(SPIKE, [*before, trade(9, 270)]) == []
    assert len(run(SPIKE, [*before, trade(9, 271)])) == 1


def test_volume_spike_with_nine_trades_stays_silent() -> None:
    assert run(SPIKE, [trade(at) for at in range(8)] + [trade(9, 10_000)]) == []


@pytest.mark.parametrize(("at", "fires"), [(1_200, True), (1_201, False)])
def test_volume_spike_window_includes_both_ends(at: int, fires: bool) -> None:
    changes = [trade(0)] + [trade(10)] * 8 + [trade(at, 10_000)]
    assert bool(run(SPIKE, changes)) is fires


def test_volume_spike_counts_the_trades_of_other_phases_but_fires_in_its_own() -> None:
    auction = [trade(at, phase="ato") for at in range(9)]
    assert run(SPIKE, [*auction, trade(9, 10_000, phase="ato")]) == []
    assert len(run(SPIKE, [*auction, trade(9, 10_000)])) == 1


def test_volume_spike_of_one_symbol_knows_nothing_of_another() -> None:
    changes = [trade(at, symbol="FPT") for at in range(20)] + [trade(30, 10_000)]
    assert run(SPIKE, changes) == []


@pytest.mark.parametrize(
    ("price", "limit"),
    [
        (26_750.0, "ceiling"),
        (26_800.0, "ceiling"),
        (23_250.0, "floor"),
        (23_200.0, "floor"),
        (26_700.0, None),
        (23_300.0, None),
    ],
)
def test_price_limit_at_or_beyond_a_limit_fires(price: float, limit: str | None) -> None:
    alerts = run(LIMIT, [trade(0, price=price)])
    assert [alert.evidence["limit"] for alert in alerts] == ([limit] if limit else [])
    assert all(alert.severity == "critical" for alert in alerts)


def test_price_limit_with_unknown_limits_stays_silent() -> None:
    assert run(LIMIT, [trade(0, price=1.0, ceiling=None, floor=None)]) == []


@pytest.mark.parametrize("phase", ["ato", "continuous", "atc"])
def test_price_limit_in_every_matching_phase_fires(phase: str) -> None:
    assert run(LIMIT, [trade(0, price=26_750.0, phase=phase)])[0].phase == phase  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("net", "fires"), [(1.3 * BILLION, False), (1.31 * BILLION, True), (0.7 * BILLION, False), (0.69 * BILLION, True)]
)
def test_foreign_acceleration_beyond_thirty_percent_either_way_fires(net: float, fires: bool) -> None:
    assert bool(run(FOREIGN, [flow(0, BILLION), flow(300, net)])) is fires


@pytest.mark.parametrize(("past", "fires"), [(BILLION, True), (BILLION - 1, False)])
def test_foreign_acceleration_needs_an_earlier_value_of_a_billion(past: float, fires: bool) -> None:
    assert bool(run(FOREIGN, [flow(0, past), flow(300, 2 * BILLION)])) is fires


@pytest.mark.parametrize(("at", "fires"), [(299, False), (300, True)])
def test_foreign_acceleration_needs_an_earlier_value_of_five_minutes(at: int, fires: bool) -> None:
    assert bool(run(FOREIGN, [flow(0, BILLION), flow(at, 2 * BILLION)])) is fires


def test_foreign_acceleration_compares_with_the_newest_value_that_is_old_enough() -> None:
    changes = [flow(0, BILLION), flow(10, 1.9 * BILLION), flow(10, 2 * BILLION), flow(200, 9 * BILLION)]
    (alert,) = run(FOREIGN, [*changes, flow(310, 3 * BILLION)])
    assert alert.evidence["past_net_value_vnd"] == 2 * BILLION and alert.evidence["past_seconds"] == 300
    assert alert.evidence["change_percent"] == 50.0


def test_foreign_acceleration_of_net_selling_is_measured_by_size() -> None:
    (alert,) = run(FOREIGN, [flow(0, 0, BILLION), flow(300, 0, 1.5 * BILLION)])
    assert alert.evidence["net_value_vnd"] == -1.5 * BILLION and alert.evidence["change_percent"] == -50.0


def test_basis_flip_fires_when_the_state_differs_from_the_trade_before() -> None:
    alerts = run(FLIP, [point(0, 1.0), point(100, 0.5), point(200, -0.5), point(300, -0.1), point(400, 0.1)])
    assert seconds(alerts) == [200, 400]
    assert [alert.evidence["state"] for alert in alerts] == ["discount", "premium"]


def test_basis_flip_at_zero_counts_as_not_above() -> None:
    assert seconds(run(FLIP, [point(0, 0.0), point(100, -1.0), point(200, 0.1), point(300, 0.0)])) == [200, 300]


def test_basis_flip_is_kept_per_contract() -> None:
    assert run(FLIP, [point(0, 1.0), point(1, -1.0, "41I1H1000"), point(2, 1.0), point(3, -1.0, "41I1H1000")]) == []


def test_basis_flip_while_cooling_down_still_moves_the_state() -> None:
    alerts = run(FLIP, [point(0, 1.0), point(10, -1.0), point(20, 1.0), point(70, 1.0), point(71, -1.0)])
    assert seconds(alerts) == [10, 71]


def test_default_scopes_keep_stocks_and_futures_apart() -> None:
    assert run([LIMIT, SPIKE], [trade(0, price=26_750.0, symbol=FUTURE)]) == []
    assert run(FLIP, [point(0, 1.0, "41I2GC000"), point(100, -1.0, "41I2GC000")]) == []
    assert run([LIMIT, SPIKE, FOREIGN, FLIP], [top(0, 26_750.0, None)]) == []
