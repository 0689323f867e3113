"""Evaluation of the alert rules: changes in, alerts out. Pure, deterministic, O(1) amortised per change.

Time is that of the messages. Windows and edges are kept per rule and symbol; a new trading day of a symbol clears them,
cool-downs go on. `AlertStateError` is a saved state that cannot be taken up: start without it, retrying does not help.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

import msgspec

from alerts.domain.check import NoUsualVolume, UsualVolume
from alerts.domain.desks import Desk, Desks, place
from alerts.domain.kinds import KINDS
from alerts.domain.kinds.book import BookTop
from alerts.domain.model import Alert, Hears, Rule, RuleId
from market.domain.changes import BasisPoint, Change, ForeignFlow, IndexTick, Phase, Trade

STATE_VERSION: Final = 1
NO_ALERTS: Final[tuple[Alert, ...]] = ()

AnyChange: TypeAlias = Change | BookTop


class AlertStateError(ValueError):
    """A saved state is of another version or damaged."""


class Memory(msgspec.Struct, frozen=True):
    """What one rule remembers of one symbol."""

    symbol: str
    day: int
    rule: RuleId
    kind: str
    fired_at: int
    state: Any
    number: int = 0


class SavedState(msgspec.Struct, frozen=True):
    """What `Evaluator.dump` returns."""

    version: int
    memories: list[Memory]


class Evaluator:
    """Holds every change against the rules that are about its symbol.

    `members` are the symbols of each basket, by the name that scopes use ("VN30"). Rules come from `load_rules`.
    A symbol that no rule is about costs one look-up.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        members: Mapping[str, frozenset[str]] | None = None,
        usual_volume: UsualVolume | None = None,
    ) -> None:
        usual = usual_volume or NoUsualVolume()
        self._trades: Desks[Trade] = Desks("trade", usual)
        self._foreign: Desks[ForeignFlow] = Desks("foreign", usual)
        self._indices: Desks[IndexTick] = Desks("index", usual)
        self._basis: Desks[BasisPoint] = Desks("basis", usual)
        self._books: Desks[BookTop] = Desks("book", usual)
        self._trade_desks = self._trades.by_symbol
        self._members = members or {}
        self.rules: tuple[Rule, ...] = ()
        self.replace_rules(rules)

    def on_trade(self, trade: Trade) -> tuple[Alert, ...]:
        """Judge a trade, in the volume phase it carries."""
        # Written out although `_judge` says the same: most of what rules cost is spent here.
        try:
            desk = self._trade_desks[trade.symbol]
        except KeyError:
            desk = self._trades.desk(trade.symbol)
        if trade.day != desk.day:
            desk.start_day(trade.day)
        alerts, phase = NO_ALERTS, trade.phase
        for judge in desk.judges:
            alert = judge(trade, phase)
            if alert is not None:
                alerts += (alert,)
        return alerts

    def on_foreign(self, flow: ForeignFlow, phase: Phase | None = None) -> tuple[Alert, ...]:
        """Judge foreign totals; `phase` is the symbol's, None if unknown (then only rules for all phases may fire)."""
        return self._judge(self._foreign.desk(flow.symbol), flow, phase)

    def on_index(self, tick: IndexTick, phase: Phase | None = None) -> tuple[Alert, ...]:
        """Judge a value of an index; `phase` is that of its board."""
        return self._judge(self._indices.desk(tick.index), tick, phase)

    def on_basis(self, point: BasisPoint, phase: Phase | None = None) -> tuple[Alert, ...]:
        """Judge a basis; `phase` is that of the trade it came with."""
        return self._judge(self._basis.desk(point.contract), point, phase)

    def on_book(self, top: BookTop, phase: Phase | None = None) -> tuple[Alert, ...]:
        """Judge a changed book. Ask `wants_book` first: quotes are most of the feed and few rules need them."""
        return self._judge(self._books.desk(top.symbol), top, phase)

    def wants_book(self, symbol: str) -> bool:
        """Tell whether a rule needs the book of a symbol."""
        return self.wants_books and bool(self._books.desk(symbol).judges)

    def apply(self, change: AnyChange, phase: Phase | None = None) -> tuple[Alert, ...]:
        """Judge any change; those that no kind hears give no alerts."""
        if isinstance(change, Trade):
            return self.on_trade(change)
        if isinstance(change, ForeignFlow):
            return self.on_foreign(change, phase)
        if isinstance(change, BasisPoint):
            return self.on_basis(change, phase)
        if isinstance(change, IndexTick):
            return self.on_index(change, phase)
        if isinstance(change, BookTop):
            return self.on_book(change, phase)
        return NO_ALERTS

    def replace_rules(self, rules: Iterable[Rule], members: Mapping[str, frozenset[str]] | None = None) -> None:
        """Use other rules (and members) from the next change on.

        A rule that is unchanged, or has the same id and kind, keeps its windows and cool-downs; a longer window fills
        up from what the shorter one held. A rule that is new or was disabled starts empty.
        """
        self.rules = tuple(rules)
        if members is not None:
            self._members = members
        placed = place(self.rules)
        for desks in self._all_desks():
            desks.use(placed, self._members)
        self.wants_books = any(KINDS[each.rule.kind].hears == "book" for each in placed)

    def dump(self) -> dict[str, Any]:
        """Return windows, edges and cool-downs as plain JSON values."""
        return {
            "version": STATE_VERSION,
            "memories": [
                each for desks in self._all_desks() for symbol in desks.by_symbol for each in desks.memories(symbol)
            ],
        }

    def dump_symbol(self, symbol: str) -> dict[str, Any] | None:
        """Return those of one symbol, in the same form; None for nothing. No later change shows in it."""
        memories = [each for desks in self._all_desks() for each in desks.memories(symbol)]
        return {"version": STATE_VERSION, "memories": memories} if memories else None

    def load(self, saved: Any) -> None:
        """Take up what a dump returned (also after a trip through JSON), for the rules that are still there.

        Raises AlertStateError and changes nothing if the state is of another version or damaged.
        """
        try:
            state = msgspec.convert(saved, SavedState)
            if state.version != STATE_VERSION:
                raise AlertStateError(f"expected alert state of version {STATE_VERSION}, was {state.version}")
            memories = [
                (memory, msgspec.convert(memory.state, KINDS[memory.kind].check.STATE))
                for memory in state.memories
                if memory.kind in KINDS
            ]
        except msgspec.ValidationError as error:
            raise AlertStateError(f"expected the alert state of a dump: {error}") from None
        by_hearing: dict[Hears, Desks[Any]] = {desks.hears: desks for desks in self._all_desks()}
        for memory, remembered in memories:
            desk = by_hearing[KINDS[memory.kind].hears].desk(memory.symbol)
            check = desk.checks.get(memory.rule)
            if check is not None and check.rule.kind == memory.kind:
                desk.day = memory.day
                check.resume(remembered)
                check.fired_at, check.number = memory.fired_at, memory.number

    def _judge(self, desk: Desk[Any], change: Any, phase: Phase | None) -> tuple[Alert, ...]:
        if change.day != desk.day:
            desk.start_day(change.day)
        alerts = NO_ALERTS
        for judge in desk.judges:
            alert = judge(change, phase)
            if alert is not None:
                alerts += (alert,)
        return alerts

    def _all_desks(self) -> tuple[Desks[Any], ...]:
        return self._trades, self._foreign, self._indices, self._basis, self._books
