"""The checks of every symbol for one sort of change, made when a symbol is first heard of."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic

from msgspec import Struct

from alerts.domain.check import NEVER, ChangeT, Check, UsualVolume
from alerts.domain.kinds import KINDS
from alerts.domain.model import Alert, Hears, Rule, RuleId
from alerts.domain.scopes import covers
from market.domain.changes import Phase


class Placed(Struct, frozen=True):
    """A rule with its place in the list (alerts of one change come in that order) and the key of its memory."""

    place: int
    key: RuleId
    rule: Rule


def place(rules: Iterable[Rule]) -> list[Placed]:
    """Number the enabled rules. The key is the id; without one, the kind and how many of the kind came before."""
    seen: Counter[str] = Counter()
    placed = []
    for number, rule in enumerate(rules):
        key: RuleId = rule.id if rule.id is not None else f"{rule.kind}#{seen[rule.kind]}"
        seen[rule.kind] += rule.id is None
        if rule.enabled:
            placed.append(Placed(number, key, rule))
    return placed


class Desk(Generic[ChangeT]):
    """The checks of one symbol; `judges` are their methods, ready to call."""

    __slots__ = ("checks", "day", "judges")

    def __init__(self, day: int = 0) -> None:
        self.day = day
        self.checks: dict[RuleId, Check[ChangeT]] = {}
        self.judges: tuple[Callable[[ChangeT, Phase | None], Alert | None], ...] = ()

    def seat(self, checks: dict[RuleId, Check[ChangeT]]) -> None:
        """Replace the checks."""
        self.checks = checks
        self.judges = tuple(check.judge for check in checks.values())

    def start_day(self, day: int) -> None:
        """Begin another trading day. Where days run backwards (another recording), the cool-downs go too."""
        for check in self.checks.values():
            check.new_day()
            check.number = 0
            if day < self.day:
                check.fired_at = NEVER
        self.day = day


class Desks(Generic[ChangeT]):
    """The desk of each symbol heard of, in `by_symbol`."""

    def __init__(self, hears: Hears, usual_volume: UsualVolume) -> None:
        self.by_symbol: dict[str, Desk[ChangeT]] = {}
        self.hears = hears
        self.usual_volume = usual_volume
        self.broad: list[Placed] = []
        self.listed: dict[str, list[Placed]] = {}
        self.members: Mapping[str, frozenset[str]] = {}

    def desk(self, symbol: str) -> Desk[ChangeT]:
        """Return the desk of a symbol, made at the first time."""
        desk = self.by_symbol.get(symbol)
        if desk is None:
            desk = self.by_symbol[symbol] = Desk()
            desk.seat({placed.key: self._check(placed.rule, symbol) for placed in self._rules_of(symbol)})
        return desk

    def use(self, rules: Iterable[Placed], members: Mapping[str, frozenset[str]]) -> None:
        """Hold every symbol against other rules; a rule that keeps its key keeps its memory and its cool-down."""
        self.members = members
        self.broad, self.listed = [], {}
        for placed in rules:
            if KINDS[placed.rule.kind].hears != self.hears:
                continue
            if placed.rule.scope == "symbols":
                # Rules on single symbols may be thousands: they are found by symbol, not tried one by one.
                for symbol in {each.upper() for each in placed.rule.symbols}:
                    self.listed.setdefault(symbol, []).append(placed)
            else:
                self.broad.append(placed)
        for symbol, desk in self.by_symbol.items():
            desk.seat({each.key: self._successor(desk, each, symbol) for each in self._rules_of(symbol)})

    def _rules_of(self, symbol: str) -> list[Placed]:
        broad = [placed for placed in self.broad if covers(placed.rule, symbol, self.members)]
        listed = self.listed.get(symbol.upper())
        return sorted(broad + listed, key=lambda placed: placed.place) if listed else broad

    def _check(self, rule: Rule, symbol: str) -> Check[ChangeT]:
        return KINDS[rule.kind].check(rule, symbol, self.usual_volume)

    def _successor(self, desk: Desk[ChangeT], placed: Placed, symbol: str) -> Check[ChangeT]:
        old = desk.checks.get(placed.key)
        if old is not None and old.rule == placed.rule:
            return old
        new = self._check(placed.rule, symbol)
        if old is not None and old.rule.kind == placed.rule.kind:
            new.resume(old.save())
            new.fired_at, new.number = old.fired_at, old.number
        return new

    def memories(self, symbol: str) -> Iterator[dict[str, Any]]:
        """Return what the checks of a symbol remember, as plain values; nothing for those that remember nothing."""
        desk = self.by_symbol.get(symbol)
        if desk is None:
            return
        for key, check in desk.checks.items():
            state = check.save()
            if state or state is False or check.fired_at != NEVER:
                yield {
                    "symbol": symbol,
                    "day": desk.day,
                    "rule": key,
                    "kind": check.rule.kind,
                    "fired_at": check.fired_at,
                    "number": check.number,
                    "state": state,
                }
