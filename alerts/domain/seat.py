"""The triggers of one symbol, and what has to be remembered for them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Struct

from alerts.domain.check import NEVER, UsualVolume
from alerts.domain.ladder import Ladder
from alerts.domain.triggers import Hit, Kind, Trigger, hit_of
from alerts.domain.values import net_of, percent, place_of, times_usual, trade_evidence
from market.domain.changes import ForeignFlow, IndexTick, Trade
from market.domain.indices import IndexState
from market.domain.symbol import SymbolState

OF_TRADES: Final[tuple[Kind, ...]] = ("price", "change", "volume", "relative_volume")
OF_FLOW: Final[tuple[Kind, ...]] = ("foreign_value", "foreign_volume")
SPENT: Final = 10**12  # later than any time that a one-shot trigger could go off at again
NO_HITS: Final[tuple[Hit, ...]] = ()

Fired: TypeAlias = int
"""When a trigger went off last; NEVER, or SPENT for one that will not again."""


class Kept(Struct):
    """Triggers, and when each fired last."""

    triggers: list[Trigger]
    fired: list[Fired]


class SeatMemory(Struct):
    """What a seat's dump holds: triggers, the last values, and their days."""

    kept: Kept
    last: dict[Kind, float | None]
    day: int
    flow_day: int
    where: str


class Seat:
    """Judges the changes of one symbol. Values begin where the market is when a first trigger asks for them."""

    def __init__(self, symbol: SymbolState | None, index: IndexState | None, usual: UsualVolume) -> None:
        self.triggers: dict[int, Trigger] = {}
        self.wants_usual_volume = False
        self._usual = usual
        self._fired: dict[int, Fired] = {}
        self._ladders: dict[Kind, Ladder] = {}
        self._limits: tuple[int, ...] = ()
        self._price: float | None = None  # of the last trade
        self._on_price: tuple[tuple[Kind, Ladder], ...] = ()
        self._on_volume: tuple[tuple[Kind, Ladder], ...] = ()
        self._text: msgspec.Raw | None = None
        self._day = index.day if index is not None else symbol.day if symbol is not None else 0
        self._flow_day = symbol.day if symbol is not None and symbol.foreign.last is not None else 0
        self._where = ""

    # --- Triggers -------------------------------------------------------------------------------------------------

    def add(
        self,
        triggers: Iterable[Trigger],
        known: Mapping[int, tuple[int, Fired]],
        values: Mapping[Kind, float | None],
        place: str,
    ) -> None:
        """Take up triggers. `known`: version and last time of those that were there before.

        `values` and `place` are those of now, for kinds that nobody asked about until now.
        """
        if not self._limits:
            self._where = place
        by_kind: dict[Kind, list[Trigger]] = {}
        for trigger in triggers:
            version, fired = known.get(trigger.id, (0, NEVER))
            self.triggers[trigger.id] = trigger
            self._fired[trigger.id] = fired if version == trigger.version else NEVER
            if self._fired[trigger.id] != SPENT:
                by_kind.setdefault(trigger.kind, []).append(trigger)
        for kind, added in by_kind.items():
            if kind != "limit":
                ladder = self._ladders.get(kind)
                if ladder is None:
                    ladder = self._ladders[kind] = Ladder(values.get(kind))
                ladder.add(added)
        self._rearrange()

    def remove(self, ids: Iterable[int]) -> dict[int, tuple[int, Fired]]:
        """Drop triggers; return their versions and last times."""
        known = {id: (self.triggers[id].version, self._fired[id]) for id in ids}
        for id in known:
            del self.triggers[id], self._fired[id]
        for ladder in self._ladders.values():
            ladder.remove(known)
        self._rearrange()
        return known

    def _rearrange(self) -> None:
        unspent = [trigger for trigger in self.triggers.values() if self._fired[trigger.id] != SPENT]
        self._price = None  # the next trade is looked at by all
        # An empty ladder would not follow its value: the next trigger gets a new one, at the value of then.
        self._ladders = {kind: ladder for kind, ladder in self._ladders.items() if len(ladder)}
        waiting = self._ladders.items()
        self._on_price = tuple(each for each in waiting if each[0] in ("price", "change"))
        self._on_volume = tuple(each for each in waiting if each[0] in ("volume", "relative_volume"))
        self._limits = tuple(sorted(trigger.id for trigger in unspent if trigger.kind == "limit"))
        self.wants_usual_volume = any(trigger.kind == "relative_volume" for trigger in unspent)
        self._text = None

    # --- Changes --------------------------------------------------------------------------------------------------

    def on_trade(self, trade: Trade) -> tuple[Hit, ...]:
        """Judge a trade."""
        if trade.day != self._day:
            self._begin_day(trade)
        hits = NO_HITS
        if trade.price != self._price:  # most trades are at the price of the one before
            self._price = trade.price
            for kind, ladder in self._on_price:
                value = trade.price if kind == "price" else percent(trade.price, trade.reference)
                if value is not None:
                    hits += self._step(ladder, value, trade)
            if self._limits:
                hits += self._on_place(trade)
        for kind, ladder in self._on_volume:
            total, at = trade.total_volume, trade.at
            value = total if kind == "volume" else times_usual(self._usual, trade.symbol, total, at, trade.day)
            if value is not None:
                hits += self._step(ladder, value, trade)
        return hits

    def _step(self, ladder: Ladder, value: float, trade: Trade) -> tuple[Hit, ...]:
        if ladder.low < value < ladder.high:
            ladder.last = value
            return NO_HITS
        return self._crossed(ladder, value, trade.at, trade.day, trade_evidence(trade))

    def on_foreign(self, flow: ForeignFlow) -> tuple[Hit, ...]:
        """Judge foreign totals."""
        if flow.day != self._flow_day:
            self._flow_day = flow.day
            for kind in OF_FLOW:
                self._restart(kind, 0.0)
        hits = NO_HITS
        for kind in OF_FLOW:
            ladder = self._ladders.get(kind)
            if ladder is not None:
                value = net_of(kind, flow)
                if ladder.low < value < ladder.high:
                    ladder.last = value
                else:
                    hits += self._crossed(ladder, value, flow.at, flow.day, {})
        return hits

    def on_index(self, tick: IndexTick) -> tuple[Hit, ...]:
        """Judge a value of an index. A day begins where the one before ended."""
        ladder = self._ladders.get("price")
        if ladder is None or not tick.value:
            return NO_HITS
        if ladder.low < tick.value < ladder.high:
            ladder.last = tick.value
            return NO_HITS
        return self._crossed(ladder, tick.value, tick.at, tick.day, {})

    def _begin_day(self, trade: Trade) -> None:
        self._day = trade.day
        self._price = None
        if trade.reference is not None:
            self._restart("price", trade.reference)
        for kind in OF_TRADES[1:]:
            self._restart(kind, 0.0)
        self._where = ""

    def _restart(self, kind: Kind, value: float) -> None:
        if kind in self._ladders:
            self._ladders[kind].start(value)

    def _crossed(self, ladder: Ladder, value: float, at: int, day: int, evidence: dict[str, Any]) -> tuple[Hit, ...]:
        hits = []
        for id in ladder.move(value):
            hit = self._fire(id, at, day, {"value": value} | evidence)
            if hit is not None:
                hits.append(hit)
        return tuple(hits)

    def _on_place(self, trade: Trade) -> tuple[Hit, ...]:
        before, self._where = self._where, place_of(trade.price, trade)
        if self._where == before:
            return NO_HITS
        hits = []
        for id in self._limits:
            condition = self.triggers[id].condition
            if condition == self._where or (condition == "leaves" and before):
                said = {"value": trade.price, "limit": before or self._where}
                hits.append(self._fire(id, trade.at, trade.day, said | trade_evidence(trade)))
        return tuple(hit for hit in hits if hit is not None)

    def _fire(self, id: int, at: int, day: int, evidence: dict[str, Any]) -> Hit | None:
        trigger, fired = self.triggers[id], self._fired[id]
        if trigger.last_day is not None and day > trigger.last_day:
            return None
        if not trigger.repeats:
            for ladder in self._ladders.values():
                ladder.remove((id,))
            self._fired[id] = SPENT
            self._rearrange()
        elif 0 <= at - fired < trigger.cooldown_seconds:
            return None
        else:
            self._fired[id] = at
            self._text = None
        return hit_of(trigger, at, evidence)

    # --- Memory ---------------------------------------------------------------------------------------------------

    def save(self) -> msgspec.Raw:
        """Return all that is known, as JSON. Triggers, which seldom change, are encoded once."""
        if self._text is None:
            kept = Kept(list(self.triggers.values()), list(self._fired.values()))
            self._text = msgspec.Raw(msgspec.json.encode(kept))
        last = {kind: ladder.last for kind, ladder in self._ladders.items()}
        days = {"day": self._day, "flow_day": self._flow_day, "where": self._where}
        return msgspec.Raw(msgspec.json.encode({"kept": self._text, "last": last} | days))

    def resume(self, memory: SeatMemory) -> None:
        """Take up what `save` returned."""
        kept = memory.kept
        known = {each.id: (each.version, fired) for each, fired in zip(kept.triggers, kept.fired, strict=True)}
        self._day, self._flow_day = memory.day, memory.flow_day
        self.add(kept.triggers, known, memory.last, memory.where)
