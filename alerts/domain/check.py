"""The base of every kind: one rule held against one symbol."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from msgspec import Struct

from alerts.domain.model import PHASES, Alert, EvidenceValue, Hears, Param, Rule, Severity
from market.domain.changes import Phase

NEVER: Final = -(10**12)  # so long before any time that no cool-down reaches it
_EVERY_PHASE: Final[frozenset[Phase | None]] = frozenset({*PHASES, None})

ChangeT = TypeVar("ChangeT", contravariant=True)


class UsualVolume(Protocol):
    """The usual course of a symbol's volume over the day, from history."""

    def until(self, symbol: str, minute: int) -> float | None:
        """Usual total volume (shares) at the end of a minute of the day (0 to 1439, Vietnam); None if unknown."""


class NoUsualVolume:
    """Knows no symbol: `relative_volume` stays silent."""

    def until(self, symbol: str, minute: int) -> float | None:
        """Return None."""
        return None


class Check(ABC, Generic[ChangeT]):
    """One rule of one symbol: hears its changes in order, keeps what the rule has to remember, says when it holds.

    A subclass updates its memory at every change, in any phase; the rule's phases only decide whether it may fire.
    """

    __slots__ = ("cooldown", "fired_at", "number", "phases", "rule", "symbol", "usual_volume")

    STATE: ClassVar[Any] = None
    """The type of what `save` returns, for msgspec to check what `resume` gets."""

    def __init__(self, rule: Rule, symbol: str, usual_volume: UsualVolume) -> None:
        self.rule = rule
        self.symbol = symbol
        self.usual_volume = usual_volume
        self.phases = _EVERY_PHASE if rule.phases == "all" else frozenset(rule.phases)
        self.cooldown = rule.cooldown_seconds
        self.fired_at = NEVER
        self.number = 0

    @abstractmethod
    def judge(self, change: ChangeT, phase: Phase | None) -> Alert | None:
        """Take a change; return an alert if the rule holds now and may fire."""

    def new_day(self) -> None:
        """Forget what belongs to the day before. Cool-downs go on."""

    def save(self) -> Any:
        """Return what the kind remembers as plain JSON values, in the shape of `STATE`."""
        return None

    def resume(self, state: Any) -> None:
        """Take up what `save` returned, perhaps of this rule with other params."""

    def ready(self, at: int, phase: Phase | None) -> bool:
        """Tell whether the rule may fire: in one of its phases and not cooling down."""
        # Without the second half, a message that is older than the last alert would wait even for a cool-down of 0.
        return phase in self.phases and (at - self.fired_at >= self.cooldown or not self.cooldown)

    def fire(self, at: int, phase: Phase | None, evidence: dict[str, EvidenceValue]) -> Alert:
        """Make the alert and start the cool-down."""
        self.number += 1
        self.fired_at = max(at, self.fired_at)
        rule = self.rule
        return Alert(rule.kind, self.symbol, at, rule.severity, rule.id, rule.version, phase, evidence, self.number)


class EdgeCheck(Check[ChangeT]):
    """A condition that lasts: it fires when it begins and not again before it has ended.

    One that begins while the rule cools down or in another phase fires as soon as it may, if it still lasts then.
    """

    __slots__ = ("told",)

    STATE: ClassVar[Any] = str

    def __init__(self, rule: Rule, symbol: str, usual_volume: UsualVolume) -> None:
        super().__init__(rule, symbol, usual_volume)
        self.told = ""

    def begins(self, condition: str, at: int, phase: Phase | None) -> bool:
        """Tell whether to fire for the condition that holds now ("" for none, "up" and "down" are two)."""
        if not condition:
            self.told = ""
            return False
        if condition == self.told or not self.ready(at, phase):
            return False
        self.told = condition
        return True

    def new_day(self) -> None:
        self.told = ""

    def save(self) -> Any:
        return self.told

    def resume(self, state: Any) -> None:
        self.told = state


class KindInfo(Struct, frozen=True, kw_only=True):
    """All there is to know about a kind: its check, its params and what a new rule of it starts with."""

    name: str
    check: type[Check[Any]]
    hears: Hears
    label: str
    help: str
    title: str
    """An alert in a few words, after its symbol: a format of the numbers in its evidence."""
    params: tuple[Param, ...]
    evidence: dict[str, str]
    """Name of each number in an alert's evidence -> what it is, with unit."""
    scopes: tuple[str, ...]
    """Scopes that make sense, the first is the default; `basket` stands for every basket:<name>."""
    phases: tuple[Phase, ...] | None
    """Phases of a new rule; None for all."""
    severity: Severity
    cooldown_seconds: int
