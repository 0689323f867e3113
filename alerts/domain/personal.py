"""Evaluation of users' own triggers: changes in, hits out. Pure, deterministic, on the exchange's time.

A symbol without triggers costs one look-up, one with triggers a comparison for each kind of value they look at; what a
change crosses is found without trying the others. `PersonalStateError` is a saved state that cannot be taken up: start
without it, retrying does not help.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from alerts.domain.check import NoUsualVolume, UsualVolume
from alerts.domain.seat import Fired, Seat, SeatMemory
from alerts.domain.triggers import Hit, Trigger
from alerts.domain.values import place_now, values_now
from market.domain.changes import ForeignFlow, IndexTick, Trade
from market.domain.indices import IndexState
from market.domain.state import MarketState
from market.domain.symbol import SymbolState

NO_HITS: Final[tuple[Hit, ...]] = ()


class PersonalStateError(ValueError):
    """A saved state is damaged, or of another version."""


class PersonalWatch:
    """Every user's triggers, by symbol. The market's state is read when one is set, to know where values are."""

    def __init__(self, state: MarketState, usual_volume: UsualVolume | None = None) -> None:
        self._state = state
        self._usual = usual_volume or NoUsualVolume()
        self._seats: dict[str, Seat] = {}
        self._where: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._where)

    def in_force(self) -> Iterator[Trigger]:
        """Every trigger, those that are spent included."""
        for seat in self._seats.values():
            yield from seat.triggers.values()

    def wants_usual_volume(self) -> bool:
        """Tell whether a trigger asks what volume is usual."""
        return any(seat.wants_usual_volume for seat in self._seats.values())

    def use(self, changed: Iterable[Trigger], gone: Iterable[int] = ()) -> set[str]:
        """Take up new and edited triggers, drop others; return the symbols that this is about.

        One with the version that is known keeps its cool-down, and stays spent.
        """
        changed = list(changed)
        away: dict[str, set[int]] = {}
        for id in (*gone, *(trigger.id for trigger in changed)):
            if id in self._where:
                away.setdefault(self._where.pop(id), set()).add(id)
        kept: dict[int, tuple[int, Fired]] = {}
        for symbol, ids in away.items():
            kept |= self._seats[symbol].remove(ids)
        fresh: dict[str, list[Trigger]] = {}
        for trigger in changed:
            fresh.setdefault(trigger.symbol, []).append(trigger)
            self._where[trigger.id] = trigger.symbol
        for symbol, triggers in fresh.items():
            seat = self._seats.get(symbol)
            if seat is None:
                seat = self._seats[symbol] = self._new_seat(symbol)
            state, index = self._states(symbol)
            seat.add(triggers, kept, values_now(state, index, self._usual), place_now(state))
        for symbol in away:
            if not self._seats[symbol].triggers:
                del self._seats[symbol]
        return away.keys() | fresh.keys()

    def _new_seat(self, symbol: str) -> Seat:
        return Seat(*self._states(symbol), self._usual)

    def _states(self, symbol: str) -> tuple[SymbolState | None, IndexState | None]:
        return self._state.symbols.get(symbol), self._state.indices.get(symbol)

    def on_trade(self, trade: Trade) -> tuple[Hit, ...]:
        """Judge a trade."""
        seat = self._seats.get(trade.symbol)
        return NO_HITS if seat is None else seat.on_trade(trade)

    def on_foreign(self, flow: ForeignFlow) -> tuple[Hit, ...]:
        """Judge foreign totals."""
        seat = self._seats.get(flow.symbol)
        return NO_HITS if seat is None else seat.on_foreign(flow)

    def on_index(self, tick: IndexTick) -> tuple[Hit, ...]:
        """Judge a value of an index."""
        seat = self._seats.get(tick.index.upper())
        return NO_HITS if seat is None else seat.on_index(tick)

    def dump_symbol(self, symbol: str) -> msgspec.Raw | None:
        """Return what is known of a symbol's triggers, themselves included, as JSON; None for nothing."""
        seat = self._seats.get(symbol.upper())
        return None if seat is None else seat.save()

    def load_symbol(self, symbol: str, saved: Any) -> None:
        """Take up what a dump returned, in place of all that is known of the symbol. Raises PersonalStateError."""
        try:
            memory = msgspec.convert(saved, SeatMemory)
        except msgspec.ValidationError as error:
            raise PersonalStateError(f"expected the triggers of a dump: {error}") from None
        self.forget(symbol)
        symbol = symbol.upper()
        if memory.kept.triggers:
            seat = self._seats[symbol] = self._new_seat(symbol)
            seat.resume(memory)
            self._where |= dict.fromkeys(seat.triggers, symbol)

    def forget(self, symbol: str) -> None:
        """Drop all triggers of a symbol."""
        seat = self._seats.pop(symbol.upper(), None)
        for id in seat.triggers if seat is not None else ():
            del self._where[id]
