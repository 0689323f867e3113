"""What a rule, its parameters and an alert are. Times are epoch seconds of the exchange's clock.

`RuleError` is what is wrong with a rule as written: correct the rule, retrying does not help.
"""

import math
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, get_args

from msgspec import Struct

from market.domain.changes import Phase

Severity: TypeAlias = Literal["info", "warning", "critical"]
Hears: TypeAlias = Literal["trade", "foreign", "index", "basis", "book"]
ParamValue: TypeAlias = int | float | str
RuleId: TypeAlias = int | str
EvidenceValue: TypeAlias = int | float | str | bool | None

SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
PHASES: Final[tuple[Phase, ...]] = get_args(Phase)
MAX_COOLDOWN_SECONDS: Final = 86_400


class RuleError(ValueError):
    """A rule cannot be used; `problems` maps each field ("params.multiplier") to what is wrong with it."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{field}: {text}" if field else text for field, text in problems.items()))


class Rule(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When to raise an alert. Made by `rules.load_rules`, which checks it and fills in missing params.

    `scope` is all, stocks, vn30_futures, basket:<name> or symbols (then `symbols` lists them); `phases` are those in
    which the rule is judged. `id` ties windows and cool-downs to the rule when it is edited.
    """

    kind: str
    scope: str
    phases: tuple[Phase, ...] | Literal["all"]
    severity: Severity
    cooldown_seconds: int
    params: dict[str, ParamValue]
    symbols: tuple[str, ...] = ()
    id: RuleId | None = None
    name: str = ""
    enabled: bool = True
    version: int = 1

    def number(self, name: str) -> float:
        """Return a numeric param in the unit of its kind's table; whole numbers stay int, so comparisons are exact."""
        value = self.params[name]
        if isinstance(value, str):
            raise TypeError(f"params.{name}: expected a number, was {value!r}")
        return value

    def seconds(self, name: str) -> int:
        """Return a param given in minutes, in seconds."""
        return round(self.number(name) * 60)

    def choice(self, name: str) -> str:
        """Return a param that is one of a few words."""
        return str(self.params[name])


class Alert(Struct, frozen=True, gc=False):
    """A rule that held. `at` is the time of the message that triggered it, `evidence` the numbers that did.

    The names in `evidence` and their units are those of the kind (`KindInfo.evidence`). `number` counts the
    alerts of one rule and symbol of the day from 1: rule, symbol, time and number name an alert for ever.
    """

    kind: str
    symbol: str
    at: int
    severity: Severity
    rule_id: RuleId | None
    rule_version: int
    phase: Phase | None
    evidence: dict[str, EvidenceValue]
    number: int = 0


class Param(Struct, frozen=True, kw_only=True):
    """One parameter of a kind: what it means, its unit and its bounds (both ends allowed) or its choices."""

    name: str
    label: str
    help: str
    default: ParamValue
    unit: str = ""
    minimum: float = 0
    maximum: float = 0
    whole: bool = False
    choices: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """What a value has to be, for messages and help texts."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        sort = "a whole number" if self.whole else "a number"
        return f"{sort} from {self.minimum:,} to {self.maximum:,}"

    def problem(self, value: Any) -> str | None:
        """Return what is wrong with a value, None if it may be used."""
        if self.choices:
            fits = isinstance(value, str) and value in self.choices
        else:
            fits = is_number(value, whole=self.whole) and self.minimum <= value <= self.maximum
        return None if fits else f"expected {self.expected}, was {shown(value)}"


def is_number(value: Any, *, whole: bool = False) -> bool:
    """Tell whether a decoded JSON value is a finite number; booleans are not."""
    if isinstance(value, int):
        return not isinstance(value, bool)
    return isinstance(value, float) and math.isfinite(value) and (not whole or value.is_integer())


def shown(value: Any) -> str:
    """Show a wrong value in a message, cut to a readable length."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
