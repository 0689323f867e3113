"""Figures from what Locust's users saw."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.bench.figure import Figure, figure
from tests.load.ages import FOREIGN_BOUGHT, TRADED, market_ages, quantile
from tests.load.follower import Channel, Outcome
from tests.load.swarm_scenarios import Scenario

TOTALS: Final = {"market": TRADED, "foreign": FOREIGN_BOUGHT}


def figures(scenario: Scenario, outcome: Outcome, recorded: Path | None, *, times: bool) -> Iterator[Figure]:
    """How many requests and failures; where `times` is set also how long they took and how old updates were."""
    prefix = f"locust_{scenario.name}"
    failures = sum(each.failures for each in outcome.answers)
    note = "; ".join(outcome.errors[:3])
    yield figure(f"{prefix}_failures", failures, "failures", at_most=0, note=note)
    yield figure(f"{prefix}_requests", sum(each.count for each in outcome.answers), "requests", at_least=1)
    for name, channel in outcome.channels.items():
        yield figure(f"{prefix}_{name}_gaps", sum(each.gaps for each in channel.clients), "gaps", at_most=0)
        served = sum(each.snapshot_at is not None for each in channel.clients)
        yield figure(f"{prefix}_{name}_served", served, "clients", at_least=len(channel.clients))
    for name in {**scenario.p95, **scenario.most}:
        yield figure(f"{prefix}_{slug(name)}_answers", outcome.answer(name).count, "requests", at_least=1)
    if times:
        yield from answer_times(prefix, scenario, outcome)
    for name in scenario.age_p99:
        yield from ages(prefix, scenario, name, outcome.channels.get(name), recorded, times=times)


def answer_times(prefix: str, scenario: Scenario, outcome: Outcome) -> Iterator[Figure]:
    for name, bar in scenario.p95.items():
        answer = outcome.answer(name)
        yield figure(f"{prefix}_{slug(name)}_p95", worst_if_none(answer.p95), "ms", at_most=bar)
    for name, bar in scenario.most.items():
        yield figure(f"{prefix}_{slug(name)}_slowest", worst_if_none(outcome.answer(name).most), "ms", at_most=bar)


def ages(
    prefix: str, scenario: Scenario, name: str, channel: Channel | None, recorded: Path | None, *, times: bool
) -> Iterator[Figure]:
    """Ages of updates, where the feed's own recording is at hand."""
    updates = sum(len(each.updates) for each in channel.clients) if channel else 0
    yield figure(f"{prefix}_{name}_updates", updates, "updates", at_least=1)
    if recorded is None or channel is None or not times:
        return
    found = market_ages(channel, recorded, TOTALS[name])
    note = f"{len(found)} receipts"
    if not found:
        found = [1e6]  # nothing measured holds no bar
    yield figure(f"{prefix}_{name}_age_p50", 1000 * quantile(found, 0.5), "ms", note=note)
    yield figure(f"{prefix}_{name}_age_p99", 1000 * quantile(found, 0.99), "ms", at_most=scenario.age_p99[name])


def worst_if_none(value: float | None) -> float:
    return 1e9 if value is None else value


def slug(name: str) -> str:
    """A name as a part of a figure's name."""
    return name.replace(" ", "_").replace("-", "_")
