"""The state as plain values, and back: what a restart needs to go on as if nothing had happened.

Books are left out: after a restart they are old, and the feed sends them again. Values are those of JSON, so that a
database column or a file can hold them.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from operator import attrgetter
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
from market.domain.volume import PHASES

Dump = dict[str, Any]
Frozen = Callable[[], Dump]

_TRACKERS: Final = frozenset({"bar", "book", "code", "contract", "foreign", "multiplier", "spark", "totals", "volumes"})
_SYMBOL_VALUES: Final = tuple(name for name in SymbolState.__slots__ if name not in _TRACKERS)
_INDEX_VALUES: Final = tuple(name for name in IndexState.__slots__ if name not in {"bar", "index", "last", "spark"})
_symbol_values: Final = attrgetter(*_SYMBOL_VALUES)
_TOTALS: Final = tuple(
    name for name in Snapshot.__struct_fields__ if name not in Book.__struct_fields__ and not name.startswith("unread_")
)


def _fields(event: msgspec.Struct, names: Iterable[str]) -> Dump:
    return {name: getattr(event, name) for name in names if hasattr(event, name)}


def _dump_bar(bar: Bar | None, finished: int) -> Dump | None:
    return None if bar is None else msgspec.structs.asdict(bar) | {"finished": finished}


def _load_bar(builder: BarBuilder, dump: Mapping[str, Any] | None) -> None:
    if dump is not None:
        values = dict(dump)
        builder.finished = int(values.pop("finished"))
        builder.resume(msgspec.convert(values, Bar))


def dump_symbol(symbol: SymbolState, basis: BasisTracker | None = None) -> Dump:
    """One symbol; a future with its basis."""
    return freeze_symbol(symbol, basis)()


def freeze_symbol(symbol: SymbolState, basis: BasisTracker | None = None) -> Frozen:
    """The symbol as it is now; the dump itself, which takes three times as long, may be made later, in any thread."""
    volumes, foreign, bar = symbol.volumes, symbol.foreign, symbol.bar
    return partial(
        _dump_symbol,
        _symbol_values(symbol),
        symbol.totals,
        [kinds.copy() for kinds in volumes.phases.values()],
        volumes.methods.copy(),
        None if foreign.last is None else _freeze_foreign(foreign),
        bar.current(),
        bar.finished,
        symbol.spark.dump(),
        None if basis is None else basis.trend(),
    )


def _dump_symbol(
    values: tuple[Any, ...],
    totals: Snapshot | TradeReport | None,
    phases: list[dict[str, int]],
    methods: dict[str, int],
    foreign: tuple[Any, ...] | None,
    bar: Bar | None,
    finished: int,
    spark: list[float],
    trend: list[tuple[int, float]] | None,
) -> Dump:
    return {
        **dict(zip(_SYMBOL_VALUES, values, strict=True)),
        "totals": None if totals is None else _fields(totals, _TOTALS),
        "volumes": {"phases": dict(zip(PHASES, phases, strict=True)), "methods": methods},
        "foreign": None if foreign is None else _dump_foreign(*foreign),
        "bar": _dump_bar(bar, finished),
        "spark": spark,
        "basis": trend,
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


def _freeze_foreign(tracker: ForeignTracker) -> tuple[Any, ...]:
    values = (tracker.last, tracker.at, tracker.own_buy_value, tracker.own_sell_value)
    return *values, tuple(tracker.samples), tuple(tracker.speeds)


def _dump_foreign(last: ForeignUpdate, at: int, bought: float, sold: float, samples: Any, speeds: Any) -> Dump:
    return {
        "last": _fields(last, ForeignUpdate.__struct_fields__),
        "at": at,
        "own_buy_value": bought,
        "own_sell_value": sold,
        "samples": samples,
        "speeds": speeds,
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
        "bar": _dump_bar(index.bar.current(), index.bar.finished),
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
