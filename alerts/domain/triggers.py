"""What a user asks to be told of one symbol, and what a trigger that went off says.

A trigger goes off when its value *comes to* the threshold, not while it is there: "rises to 26,000" needs a price below
26,000 and then one at or above it. One that holds already when it is set waits until it has ceased. A day begins at the
reference price, and at zero for volumes and foreign flow, so that an opening beyond the threshold is coming to it.
"""

from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

Kind: TypeAlias = Literal["price", "change", "volume", "relative_volume", "foreign_value", "foreign_volume", "limit"]
Condition: TypeAlias = Literal["above", "below", "crosses", "ceiling", "floor", "leaves"]

# The conditions of each kind, the first is what a new trigger starts with.
CONDITIONS: Final[dict[Kind, tuple[Condition, ...]]] = {
    "price": ("above", "below", "crosses"),
    "change": ("above", "below", "crosses"),
    "volume": ("above",),
    "relative_volume": ("above",),
    "foreign_value": ("above", "below", "crosses"),
    "foreign_volume": ("above", "below", "crosses"),
    "limit": ("ceiling", "floor", "leaves"),
}


class Trigger(Struct, frozen=True, gc=False):
    """What ingest has to know of a user's alert. `id` and `version` name it; the rest may change meanwhile.

    `threshold` is in VND or points (price), percent of the reference (change), shares (volume, foreign_volume), times
    the usual (relative_volume) or VND (foreign_value); foreign net selling is negative. `last_day` is the midnight, an
    epoch second, of the last day on which it may go off.
    """

    id: int
    version: int
    user: int
    symbol: str
    kind: Kind
    condition: Condition
    threshold: float = 0.0
    repeats: bool = False
    cooldown_seconds: int = 900
    last_day: int | None = None
    note: str = ""


class Hit(Struct, frozen=True, gc=False):
    """A trigger that went off at an exchange time. `evidence`: condition, threshold, value, and what else was so."""

    trigger: Trigger
    at: int
    evidence: dict[str, Any]


def hit_of(trigger: Trigger, at: int, evidence: dict[str, Any]) -> Hit:
    """Say what went off."""
    said = {"condition": trigger.condition}
    if trigger.kind != "limit":
        said["threshold"] = trigger.threshold  # type: ignore[assignment]
    return Hit(trigger, at, said | evidence)
