"""What goes from the event loop to the writer: rows and states of one moment."""

from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from market.domain.events import Quote, Snapshot
from market.domain.memory import Frozen
from market.storage.tables import Row

StateKey: TypeAlias = tuple[str, str]
"""Kind (symbol, index or market) and code."""


class Run(Struct, frozen=True):
    """One start of ingest. `identity` names what it listens to; states are resumed only from a run of the same."""

    epoch: str
    source: str
    identity: str
    started_at: float


class StoredState(Struct, frozen=True):
    """The state of a symbol, an index or the market at the batch's moment; `book` is only kept on this machine.

    `dump` makes the plain values in the writer's thread; `kept` is what other parts add to them.
    """

    kind: str
    code: str
    day: int
    at: int
    dump: Frozen
    book: Quote | Snapshot | None = None
    kept: dict[str, Any] = {}


class EncodedState(Struct, frozen=True):
    """A state as the text that the database holds, and its book."""

    kind: str
    code: str
    day: int
    at: int
    text: str
    book: Quote | Snapshot | None = None

    @property
    def key(self) -> StateKey:
        """What it is the state of."""
        return self.kind, self.code


class Batch(Struct):
    """Everything since the batch before. Rows by table; within a table a key occurs once.

    `position` counts the source's messages up to this moment. `is_complete`: with the batches before it, the states
    make up the whole of the market, so that a checkpoint may be taken.
    """

    seq: int
    run: Run
    day: int
    sealed_at: float
    position: int
    rows: dict[str, list[Row]]
    states: list[StoredState]
    is_complete: bool = False

    @property
    def count(self) -> int:
        """Rows in it."""
        return sum(map(len, self.rows.values()))


def encode_state(state: StoredState) -> EncodedState:
    """Turn the plain values into text: for the writer's thread, it takes as long as the event did."""
    text = msgspec.json.encode(state.dump() | state.kept).decode()
    return EncodedState(state.kind, state.code, state.day, state.at, text, state.book)


def dump_book(book: Quote | Snapshot | None) -> dict[str, Any] | None:
    """A book as plain values under the names of the domain, whatever frame brought it."""
    return None if book is None else {name: getattr(book, name) for name in _fields_of(book)}


def load_book(dump: dict[str, Any] | None) -> Quote | Snapshot | None:
    """Take back what `dump_book` gave. Raises ValueError for another form."""
    if dump is None:
        return None
    return msgspec.convert(dump, Snapshot) if "total_volume" in dump else msgspec.convert(dump, Quote)


def _fields_of(book: Quote | Snapshot) -> tuple[str, ...]:
    return Snapshot.__struct_fields__ if isinstance(book, Snapshot) else Quote.__struct_fields__
