"""The market's state: one event in, its changes out. Deterministic, no clock, no I/O."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from market.domain.bars import BarBuilder
from market.domain.calendar import board_of
from market.domain.changes import Bar, BasisPoint, Changes, PhaseChange, Trade
from market.domain.derivatives import BasisTracker
from market.domain.events import (
    Event,
    Fill,
    ForeignUpdate,
    IndexUpdate,
    OddLot,
    Quote,
    Snapshot,
    StatusUpdate,
    TradeReport,
)
from market.domain.indices import IndexState
from market.domain.phases import all_boards
from market.domain.symbol import SymbolState

NOTHING: Final[Changes] = ()


class MarketState:
    """Every symbol and index of the market, of the newest trading day that the feed named.

    `members` maps an index to its stocks, for breadth where the feed sends none. `ignored` counts events that were
    understood but not used, by reason: old_day, out_of_order.
    """

    def __init__(self, members: Mapping[str, frozenset[str]] | None = None) -> None:
        self.symbols: dict[str, SymbolState] = {}
        self.indices: dict[str, IndexState] = {}
        self.basis: dict[str, BasisTracker] = {}
        self.boards = all_boards()
        self.members = members or {}
        self.day = 0
        self.now = 0
        self.ignored: dict[str, int] = {"old_day": 0, "out_of_order": 0}
        self._handlers: dict[type, Callable[[Any], Changes]] = _Handlers(
            {
                Snapshot: self._on_snapshot,
                TradeReport: self._on_report,
                Quote: self._on_quote,
                ForeignUpdate: self._on_foreign,
                IndexUpdate: self._on_index,
                StatusUpdate: self._on_status,
                Fill: self._on_unused,
                OddLot: self._on_unused,
            }
        )

    def apply(self, event: Event) -> Changes:
        """Take one event and return what it changed, in order; an empty tuple if nothing but a book did."""
        if event.day != self.day and not self._start_day(event.day):
            return NOTHING
        if event.at > self.now:
            self.now = event.at
        return self._handlers[type(event)](event)

    def _start_day(self, day: int) -> bool:
        if day < self.day:
            self.ignored["old_day"] += 1
            return False
        self.day = day
        self.now = 0
        return True

    def _symbol(self, event: Snapshot | TradeReport | Quote | ForeignUpdate | StatusUpdate) -> SymbolState:
        symbol = self.symbols.get(event.symbol)
        if symbol is None:
            symbol = self.symbols[event.symbol] = SymbolState(event.symbol, event.market)
            if symbol.contract is not None:
                self.basis[event.symbol] = BasisTracker(symbol.contract.underlying)
        if symbol.day != event.day:
            symbol.start_day(event.day, event.market)
            if event.symbol in self.basis:
                self.basis[event.symbol].clear()
        return symbol

    def _hear(self, symbol: SymbolState, at: int) -> Changes:
        """Let the symbol's board know the symbol's phase."""
        if self.boards[symbol.board].hear(symbol.phase, at):
            return (PhaseChange(symbol.board, at, self.day, symbol.phase),)
        return NOTHING

    def _on_snapshot(self, event: Snapshot) -> Changes:
        symbol = self.symbols.get(event.symbol)
        if symbol is None or symbol.day != event.day:
            symbol = self._symbol(event)
        at = event.at
        if event.total_volume == symbol.total_volume and event.session == symbol.session and at >= symbol.at:
            # Most frames: only the book changed. What follows would come to the same, in three times the time.
            symbol.totals = symbol.book = event
            symbol.at = symbol.book_at = at
            return self._hear(symbol, at) if at > self.boards[symbol.board].said_at else NOTHING
        taken = symbol.take_totals(event)
        if taken is None or event.at < symbol.book_at:
            if taken is None or taken[0] is None:
                self.ignored["out_of_order"] += 1
                return NOTHING
        else:
            symbol.book = event
            symbol.book_at = event.at
        return self._traded(symbol, event.at, taken)

    def _on_report(self, event: TradeReport) -> Changes:
        symbol = self._symbol(event)
        taken = symbol.take_totals(event)
        if taken is None:
            self.ignored["out_of_order"] += 1
            return NOTHING
        return self._traded(symbol, event.at, taken)

    def _traded(self, symbol: SymbolState, at: int, taken: tuple[Trade | None, Bar | None]) -> Changes:
        if at > symbol.at:
            symbol.at = at
        board = self.boards[symbol.board]
        changes = NOTHING if symbol.phase == board.phase and at <= board.said_at else self._hear(symbol, at)
        trade, bar = taken
        if trade is None:
            return changes
        point = self._basis_point(symbol, at) if symbol.contract is not None else None
        if bar is None and point is None and not changes:
            return (trade,)
        return changes + tuple(change for change in (trade, point, bar) if change is not None)

    def _basis_point(self, symbol: SymbolState, at: int) -> BasisPoint | None:
        tracker = self.basis[symbol.code]
        index = self.indices.get(tracker.underlying.upper())
        if index is None or index.day != symbol.day or not index.value or symbol.last_price is None:
            return None
        basis = symbol.last_price - index.value
        tracker.add(at, basis)
        return BasisPoint(symbol.code, tracker.underlying, at, self.day, symbol.last_price, index.value, basis)

    def _on_quote(self, event: Quote) -> Changes:
        symbol = self._symbol(event)
        if event.at < symbol.book_at:
            self.ignored["out_of_order"] += 1
            return NOTHING
        symbol.take_book(event)
        return self._traded(symbol, event.at, (None, None))

    def _on_foreign(self, event: ForeignUpdate) -> Changes:
        symbol = self._symbol(event)
        tracker = symbol.foreign
        totals = symbol.totals
        price = symbol.last_price or (totals.reference if totals is not None else 0.0)
        flow = tracker.apply(event, price * symbol.multiplier)
        if flow is None:
            self.ignored["out_of_order"] += 1
            return NOTHING
        return (flow,)

    def _on_index(self, event: IndexUpdate) -> Changes:
        key = event.index.upper()
        index = self.indices.get(key)
        if index is None:
            # The venue names HNX, which calculates it, as the exchange of UPCOM's index.
            board = "UPCOM" if "UPCOM" in key else board_of(event.market)
            index = self.indices[key] = IndexState(event.index, board)
        if index.day != event.day:
            index.start_day(event.day)
        if event.at < index.at:
            self.ignored["out_of_order"] += 1
            return NOTHING
        return index.apply(event)

    def _on_status(self, event: StatusUpdate) -> Changes:
        symbol = self._symbol(event)
        symbol.status = event.status
        if event.session and event.at >= symbol.at:
            symbol.enter(event.session, event.at)
            symbol.at = event.at
            return self._hear(symbol, event.at)
        return NOTHING

    def _on_unused(self, event: Fill | OddLot) -> Changes:
        """Fills repeat what the totals say and odd lots are no part of them: neither moves the state."""
        return NOTHING

    def lose_sight(self) -> None:
        """The wire was interrupted: what trades until the next totals was not seen."""
        for symbol in self.symbols.values():
            symbol.lose_sight()

    def lose_sight_of_foreigners(self) -> None:
        """The wire of foreign flow was interrupted: what the next totals add has no known pace."""
        for symbol in self.symbols.values():
            symbol.foreign.lose_sight()

    def bar_count(self) -> int:
        """Bars of the day, those in progress included."""
        return sum(builder.finished + (builder.minute > 0) for builder in self._bar_builders())

    def _bar_builders(self) -> Iterator[BarBuilder]:
        for symbol in self.symbols.values():
            yield symbol.bar
        for index in self.indices.values():
            yield index.bar


class _Handlers(dict[type, Callable[[Any], Changes]]):
    """Handlers by event type; a subclass (a frame of the wire) finds its event's handler once."""

    def __missing__(self, kind: type) -> Callable[[Any], Changes]:
        for base in kind.__mro__:
            if base in self:
                self[kind] = handler = self[base]
                return handler
        raise TypeError(f"expected an event, was {kind.__name__}")
