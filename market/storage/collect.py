"""Turns the market's changes into rows, and seals them with the states that they led to: all of one moment."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from market.domain.changes import Bar, BasisPoint, Changes, ForeignFlow, IndexTick, Trade
from market.domain.events import Event, IndexUpdate
from market.domain.memory import dump_index, dump_market, freeze_symbol
from market.domain.state import MarketState
from market.storage.batch import Batch, Run, StoredState
from market.storage.tables import BARS, BASIS, FOREIGN, INDICES, TRADES, Row, Table

Keyed: TypeAlias = dict[tuple[Any, ...], Row]
Memory: TypeAlias = Callable[[str], Any]
"""What another part of the process wants kept with a symbol's or an index's state: plain values by its code."""


def trade_row(trade: Trade) -> Row:
    """A trade as a row of its table."""
    return (
        trade.symbol,
        trade.at,
        trade.total_volume,
        trade.number,
        trade.price,
        trade.volume,
        trade.value,
        trade.side,
        trade.method,
        trade.phase,
        trade.gap,
    )


def bar_row(bar: Bar) -> Row:
    """A minute as a row of its table."""
    return (
        bar.symbol,
        bar.minute,
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.volume,
        bar.value,
        bar.buy_volume,
        bar.sell_volume,
        bar.neutral_volume,
        bar.trades,
        "live",
    )


def foreign_row(flow: ForeignFlow) -> Row:
    """Foreign totals as a row of their table."""
    return (
        flow.symbol,
        flow.at,
        flow.buy_volume,
        flow.sell_volume,
        flow.buy_value,
        flow.sell_value,
        flow.own_buy_value,
        flow.own_sell_value,
        flow.room,
        flow.total_room,
    )


class Collector:
    """A sink of the pipeline. `seal` hands over what came since the last call and begins anew.

    States are handed over for what changed; a complete seal adds those that only a book or a clock touched.
    `memories` are kept inside the states, under their names.
    """

    def __init__(self, state: MarketState, run: Run, memories: Mapping[str, Memory] | None = None) -> None:
        self.run = run
        self.count = 0  # rows waiting, roughly: samples of the same second count each
        self._state = state
        self._memories = dict(memories or {})
        self._trades: list[Row] = []
        self._bars: list[Row] = []
        self._foreign: Keyed = {}
        self._indices: Keyed = {}
        self._basis: Keyed = {}
        self._others: dict[str, Keyed] = {}
        self._moved: set[str] = set()
        self._touched: set[str] = set()
        self._moved_indices: set[str] = set()
        self._touched_indices: set[str] = set()

    def observe(self, event: Event, changes: Changes) -> None:
        """Take what one event changed."""
        if isinstance(event, IndexUpdate):
            self._touched_indices.add(event.index.upper())
        else:
            self._touched.add(event.symbol)
        for change in changes:
            if isinstance(change, Trade):
                self._trades.append(trade_row(change))
                self._moved.add(change.symbol)
            else:
                self._take(change)
            self.count += 1

    def _take(self, change: object) -> None:
        if isinstance(change, Bar):
            self._bars.append(bar_row(change))
        elif isinstance(change, ForeignFlow):
            self._foreign[change.symbol, change.at] = foreign_row(change)
            self._moved.add(change.symbol)
        elif isinstance(change, IndexTick):
            key = change.index.upper()
            self._indices[key, change.at] = (
                change.index,
                change.at,
                change.value,
                change.estimate,
                change.total_volume,
                change.total_value,
            )
            self._moved_indices.add(key)
        elif isinstance(change, BasisPoint):
            self._basis[change.contract, change.at] = (
                change.contract,
                change.at,
                change.underlying,
                change.future,
                change.index,
                change.basis,
            )

    def add(self, table: Table, row: Row, symbol: str) -> None:
        """Take a row of another part of the process; within a batch the last of a key stands.

        The state of its symbol goes with it, since what that part remembers has changed.
        """
        names = [column.name for column in table.columns]
        key = tuple(row[names.index(name)] for name in table.key)
        self._others.setdefault(table.name, {})[key] = row
        if symbol in self._state.symbols:
            self._moved.add(symbol)
        self.count += 1

    def touch(self, code: str) -> None:
        """Let the state of a symbol or index go along, since what another part remembers of it has changed."""
        if code in self._state.symbols:
            self._moved.add(code)
        elif code in self._state.indices:
            self._moved_indices.add(code)

    def touch_all(self) -> None:
        """Everything changed, as it does when sight of the market is lost."""
        self._touched.update(self._state.symbols)
        self._touched_indices.update(self._state.indices)

    def seal(self, seq: int, position: int, *, complete: bool) -> Batch:
        """Hand over rows and states of this moment."""
        symbols, indices = self._moved, self._moved_indices
        if complete:
            symbols, indices = symbols | self._touched, indices | self._touched_indices
            self._touched, self._touched_indices = set(), set()
        bars = [*self._bars, *self._bars_in_progress()]
        rows = {
            TRADES.name: self._trades,
            BARS.name: last_of_each_minute(bars),
            FOREIGN.name: list(self._foreign.values()),
            INDICES.name: list(self._indices.values()),
            BASIS.name: list(self._basis.values()),
        } | {name: list(keyed.values()) for name, keyed in self._others.items()}
        batch = Batch(
            seq,
            self.run,
            self._state.day,
            time.time(),
            position,
            {name: listed for name, listed in rows.items() if listed},
            self._dump(symbols, indices),
            complete,
        )
        self._trades, self._bars = [], []
        self._foreign, self._indices, self._basis, self._others = {}, {}, {}, {}
        self._moved, self._moved_indices = set(), set()
        self.count = 0
        return batch

    def _bars_in_progress(self) -> Iterable[Row]:
        builders = [self._state.symbols[code].bar for code in self._moved]
        builders += [self._state.indices[key].bar for key in self._moved_indices]
        for builder in builders:
            bar = builder.current()
            if bar is not None:
                yield bar_row(bar)

    def _dump(self, symbols: Iterable[str], indices: Iterable[str]) -> list[StoredState]:
        """States as they are now; a thread makes texts of them later."""
        state = self._state
        dumped = []
        for code in symbols:
            symbol = state.symbols.get(code)
            if symbol is not None:
                frozen = freeze_symbol(symbol, state.basis.get(code))
                kept = self._remember(code)
                dumped.append(StoredState("symbol", code, symbol.day, symbol.at, frozen, symbol.book, kept))
        for key in indices:
            index = state.indices.get(key)
            if index is not None:
                kept = self._remember(index.index)
                dumped.append(StoredState("index", key, index.day, index.at, dump_index(index).copy, kept=kept))
        if dumped:
            dumped.append(StoredState("market", "", state.day, state.now, dump_market(state).copy))
        return dumped

    def _remember(self, code: str) -> dict[str, Any]:
        return {name: memory(code) for name, memory in self._memories.items()}


def last_of_each_minute(bars: Iterable[Row]) -> list[Row]:
    """Bars without earlier versions of the same minute: one INSERT may not meet a key twice."""
    return list({(row[0], row[1]): row for row in bars}.values())
