"""Makes rules, changes and evaluators for the tests; times are seconds after 09:00 of a made-up day."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from alerts.domain.check import UsualVolume
from alerts.domain.evaluate import AnyChange, Evaluator
from alerts.domain.kinds.book import BookTop
from alerts.domain.model import Alert, Rule
from alerts.domain.rules import load_rule, new_rule
from market.domain.changes import BasisPoint, ForeignFlow, IndexTick, Phase, Trade, VolumePhase

Heard: TypeAlias = Trade | ForeignFlow | IndexTick | BasisPoint | BookTop

DAY = 1_795_107_600
NEXT_DAY = DAY + 86_400
OPEN = 9 * 3600
FUTURE = "41I1GC000"


def rule(kind: str, params: Mapping[str, Any] | None = None, **fields: Any) -> Rule:
    """A new rule of a kind with some fields changed, checked like any other."""
    raw = msgspec.to_builtins(new_rule(kind)) | fields
    return load_rule(raw | {"params": raw["params"] | dict(params or {})})


def trade(
    at: int = 0,
    volume: int = 100,
    price: float = 25_000.0,
    *,
    symbol: str = "ACB",
    day: int = DAY,
    phase: VolumePhase = "continuous",
    total: int = 1_000,
    reference: float | None = 25_000.0,
    ceiling: float | None = 26_750.0,
    floor: float | None = 23_250.0,
    gap: bool = False,
) -> Trade:
    """A trade of a stock at its reference price."""
    value = price * volume
    return Trade(
        symbol,
        day + OPEN + at,
        day,
        1,
        price,
        volume,
        value,
        "buy",
        "quote",
        phase,
        total,
        reference,
        ceiling,
        floor,
        gap,
    )


def flow(
    at: int, bought: float, sold: float = 0.0, *, room: int = 50, total_room: int = 100, day: int = DAY
) -> ForeignFlow:
    """Foreign totals of ACB; values in VND."""
    return ForeignFlow("ACB", day + OPEN + at, day, 0, 0, bought, sold, 0, 0, 0.0, 0.0, room, total_room)


def tick(at: int, value: float, index: str = "VNINDEX") -> IndexTick:
    """A value of an index."""
    return IndexTick(index, DAY + OPEN + at, DAY, value, None, 0, 0.0)


def point(at: int, basis: float, contract: str = FUTURE, day: int = DAY) -> BasisPoint:
    """A futures trade `basis` points above an index of 1,900."""
    return BasisPoint(contract, "VN30", day + OPEN + at, day, 1_900.0 + basis, 1_900.0, basis)


def top(at: int, bid: float | None, ask: float | None, queue: int = 500, day: int = DAY) -> BookTop:
    """A book of ACB whose sides hold one limit order each, or nothing."""
    return BookTop(
        "ACB",
        day + OPEN + at,
        day,
        bid,
        queue if bid else 0,
        bid is not None,
        ask,
        queue if ask else 0,
        ask is not None,
        26_750.0,
        23_250.0,
    )


def run(
    rules: Iterable[Rule] | Rule,
    changes: Iterable[AnyChange],
    *,
    phase: Phase | None = "continuous",
    usual_volume: UsualVolume | None = None,
) -> list[Alert]:
    """Hold changes against rules from an empty start."""
    evaluator = Evaluator([rules] if isinstance(rules, Rule) else rules, {}, usual_volume)
    return [alert for change in changes for alert in evaluator.apply(change, phase)]


def seconds(alerts: Iterable[Alert]) -> list[int]:
    """When alerts fired, in seconds after 09:00 of their day."""
    return [(alert.at - DAY) % 86_400 - OPEN for alert in alerts]
