"""What ingest does with alerts: told once, stored once, remembered over a restart."""

from functools import partial
from typing import Any

import msgspec
import pytest

from alerts.desk import MEMORY, AlertDesk, load_memory, save_memory
from alerts.domain.evaluate import Evaluator
from alerts.domain.model import Rule
from alerts.rows import ALERTS, alert_id, live_row, stored_row
from market.domain.state import MarketState
from market.feed.parse import Parser
from market.pipeline import Pipeline
from market.storage.batch import Run, encode_state
from market.storage.collect import Collector
from market.storage.recovery import load
from tests.alerts.domain.builders import rule, run, trade
from tests.market.small_day import RECORDING

RULES = [
    rule("large_trade", {"min_value_vnd": 1_000_000}, id=7, version=3),
    rule("price_change", {"percent": 0.1}, id=8),
]


class Standing:
    """An ingest's inside without its servers."""

    def __init__(self, rules: list[Rule] = RULES) -> None:
        self.published: list[dict[str, Any]] = []
        self.state = MarketState()
        self.evaluator = Evaluator(rules)
        self.collector = Collector(
            self.state, Run("e", "replay", "replay:x", 0.0), {MEMORY: partial(save_memory, self.evaluator)}
        )
        self.desk = AlertDesk(self.evaluator, self.state, self.published.append, self.collector.add)
        self.take = Pipeline(self.state, Parser(), [self.collector.observe, self.desk.observe]).take


def messages() -> list[bytes]:
    return RECORDING.read_bytes().splitlines()


def test_alert_is_published_as_it_fires_and_stored_under_the_same_id() -> None:
    inside = Standing()
    inside.desk.begin()
    for message in messages():
        inside.take(message)
    stored = inside.collector.seal(1, 0, complete=True).rows[ALERTS.name]
    assert len(inside.published) == inside.desk.fired.total() > 0
    assert [row[0] for row in stored] == [row["id"] for row in inside.published]
    assert len({row["id"] for row in inside.published}) == len(inside.published)


def test_alerts_found_while_recovering_join_the_earlier_ones_once_and_in_order() -> None:
    undisturbed = Standing()
    undisturbed.desk.begin()
    for message in messages():
        undisturbed.take(message)
    inside = Standing()
    for message in messages():
        inside.take(message)
    assert inside.published == []
    known = undisturbed.published[:-1]
    inside.desk.begin(reversed(known))
    assert {row["id"] for row in inside.published} == {row["id"] for row in undisturbed.published}
    times = [row["time"] for row in inside.published]
    assert times == sorted(times)
    assert len(times) == len(undisturbed.published)


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.8])
def test_restart_from_the_stored_states_fires_what_an_undisturbed_run_does(cut: float) -> None:
    lines = messages()
    undisturbed, before, after = Standing(), Standing(), Standing()
    for inside in (undisturbed, before):
        inside.desk.begin()
    for message in lines:
        undisturbed.take(message)
    middle = int(len(lines) * cut)
    for message in lines[:middle]:
        before.take(message)
    states = [encode_state(state) for state in before.collector.seal(1, 0, complete=True).states]
    load(after.state, states, {MEMORY: partial(load_memory, after.evaluator)})
    after.desk.begin(before.published)
    for message in lines[middle:]:
        after.take(message)
    assert after.published == undisturbed.published


def test_memory_that_cannot_be_used_costs_no_start(caplog: pytest.LogCaptureFixture) -> None:
    load_memory(Evaluator(RULES), "ACB", {"version": 99})
    assert "ACB" in caplog.text


def test_live_row_has_all_that_the_channel_promises() -> None:
    (alert,) = run(rule("price_limit", id=5, version=2), [trade(0, price=26_750.0)])
    assert live_row(alert) == {
        "id": f"price_limit-5-ACB-{alert.at}-1",
        "kind": "price_limit",
        "symbol": "ACB",
        "time": "2026-11-20T09:00:00+07:00",
        "severity": "critical",
        "title": "ACB: trade at the ceiling, 26,750",
        "evidence": alert.evidence,
        "rule": 5,
        "version": 2,
    }


def test_stored_row_is_in_the_order_of_the_tables_columns() -> None:
    (alert,) = run(rule("price_limit", id=5), [trade(0, price=26_750.0)], phase="continuous")
    row = dict(zip((column.name for column in ALERTS.columns), stored_row(alert), strict=True))
    assert (row["id"], row["at"], row["rule"], row["phase"]) == (alert_id(alert), alert.at, 5, "continuous")
    assert msgspec.json.decode(row["evidence"]) == alert.evidence


def test_rule_without_a_number_of_its_own_counts_as_zero() -> None:
    (alert,) = run(rule("price_limit"), [trade(0, price=26_750.0)])
    assert alert_id(alert).startswith("price_limit-0-ACB-")
