"""The state as plain values, and back: what a restart needs to go on as if nothing had happened.

Books are left out: after a restart they are old, and the feed sends them again. Values are those of JSON, so that a
database column or a file can hold them.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from market.domain.bars import BarBuilder
from market.domain.changes import Bar
from market.domain.derivatives import BasisTracker
from market.domain.events import Book, ForeignUpdate, IndexUpdate, Snapshot, TradeReport
from market.domain.foreign import ForeignTracker
from market.domain.indices import IndexState
from market.domain.state import MarketState
from market.domain.symbol import SymbolState

Dump = dict[str, Any]

_TRACKERS: Final = frozenset({"bar", "book", "code", "contract", "foreign", "multiplier", "spark", "totals", "volumes"})
_SYMBOL_VALUES: Final = tuple(name for name in SymbolState.__slots__ if name not in _TRACKERS)
_INDEX_VALUES: Final = tuple(name for name in IndexState.__slots__ if name not in {"bar", "index", "last", "spark"})
_TOTALS: Final = tuple(name for name in Snapshot.__struct_fields__ if name not in Book.__struct_fields__)


def _fields(event: msgspec.Struct, names: Iterable[str]) -> Dump:
    return {name: getattr(event, name) for name in names if hasattr(event, name)}


def _dump_bar(builder: BarBuilder) -> Dump | None:
    bar = builder.current()
    return None if bar is None else msgspec.structs.asdict(bar) | {"finished": builder.finished}


def _load_bar(builder: BarBuilder, dump: Mapping[str, Any] | None) -> None:
    if dump is not None:
        values = dict(dump)
        builder.finished = int(values.pop("finished"))
        builder.resume(msgspec.convert(values, Bar))


def dump_symbol(symbol: SymbolState, basis: BasisTracker | None = None) -> Dump:
    """One symbol; a future with its basis. Nothing in it changes when the symbol does."""
    totals = symbol.totals
    return {
        **{name: getattr(symbol, name) for name in _SYMBOL_VALUES},
        "totals": None if totals is None else _fields(totals, _TOTALS),
        "volumes": {
            "phases": {phase: dict(kinds) for phase, kinds in symbol.volumes.phases.items()},
            "methods": dict(symbol.volumes.methods),
        },
        "foreign": _dump_foreign(symbol.foreign),
        "bar": _dump_bar(symbol.bar),
        "spark": symbol.spark.dump(),
        "basis": None if basis is None else basis.trend(),
    }


def load_symbol(state: MarketState, code: str, dump: Mapping[str, Any]) -> SymbolState:
    """Put a dumped symbol into a state. Raises KeyError, TypeError or ValueError for a dump of another form."""
    symbol = SymbolState(code, dump["board"])
    for name in _SYMBOL_VALUES:
        setattr(symbol, name, dump[name])
    if dump["totals"] is not None:
        values = dump["totals"]
        symbol.totals = msgspec.convert(values, Snapshot) if "open" in values else msgspec.convert(values, TradeReport)
    symbol.volumes.load(dump["volumes"]["phases"], dump["volumes"]["methods"])
    _load_foreign(symbol.foreign, dump["foreign"])
    _load_bar(symbol.bar, dump["bar"])
    symbol.spark.load(dump["spark"])
    state.symbols[code] = symbol
    if symbol.contract is not None:
        tracker = state.basis[code] = BasisTracker(symbol.contract.underlying)
        tracker.load([(int(at), float(basis)) for at, basis in dump["basis"] or ()])
    return symbol


def _dump_foreign(tracker: ForeignTracker) -> Dump | None:
    last = tracker.last
    if last is None:
        return None
    return {
        "last": _fields(last, ForeignUpdate.__struct_fields__),
        "at": tracker.at,
        "own_buy_value": tracker.own_buy_value,
        "own_sell_value": tracker.own_sell_value,
        "samples": list(tracker.samples),
        "speeds": list(tracker.speeds),
    }


def _load_foreign(tracker: ForeignTracker, dump: Mapping[str, Any] | None) -> None:
    if dump is None:
        return
    tracker.last = msgspec.convert(dump["last"], ForeignUpdate)
    tracker.at = int(dump["at"])
    tracker.own_buy_value = float(dump["own_buy_value"])
    tracker.own_sell_value = float(dump["own_sell_value"])
    tracker.samples = deque((int(at), int(buy), int(sell), float(value)) for at, buy, sell, value in dump["samples"])
    tracker.speeds = deque((int(at), float(speed)) for at, speed in dump["speeds"])


def dump_index(index: IndexState) -> Dump:
    """One index."""
    last = index.last
    return {
        **{name: getattr(index, name) for name in _INDEX_VALUES},
        "index": index.index,
        "last": None if last is None else _fields(last, IndexUpdate.__struct_fields__),
        "bar": _dump_bar(index.bar),
        "spark": index.spark.dump(),
    }


def load_index(state: MarketState, dump: Mapping[str, Any]) -> IndexState:
    """Put a dumped index into a state."""
    index = IndexState(dump["index"], dump["board"])
    for name in _INDEX_VALUES:
        setattr(index, name, dump[name])
    if dump["last"] is not None:
        index.last = msgspec.convert(dump["last"], IndexUpdate)
    _load_bar(index.bar, dump["bar"])
    index.spark.load(dump["spark"])
    state.indices[index.index.upper()] = index
    return index


def dump_market(state: MarketState) -> Dump:
    """What belongs to no symbol: the day, the clock and the boards' phases."""
    boards = {name: [board.phase, board.since, board.said_at] for name, board in state.boards.items()}
    return {"day": state.day, "now": state.now, "boards": boards}


def load_market(state: MarketState, dump: Mapping[str, Any]) -> None:
    """Take back what `dump_market` gave."""
    state.day, state.now = int(dump["day"]), int(dump["now"])
    for name, board in state.boards.items():
        if name in dump["boards"]:
            board.phase, board.since, board.said_at = dump["boards"][name]
