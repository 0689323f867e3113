"""The tables that ingest writes, and how a batch of rows gets into each: COPY into a staging table, then one INSERT.

A row is a tuple in the order of its table's columns, times as epoch seconds. `same` says what happens to a row whose
key is stored already. Another part of the process that has rows of its own describes its table here-like and hands it
to the collector.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

Row: TypeAlias = tuple[Any, ...]
Same: TypeAlias = Literal["keep", "replace", "replace unless less"]

# What COPY's text format gives a meaning to; none of it is in a code of the exchange, but a feed may send anything.
ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Column(Struct, frozen=True):
    """A column: its type while it is staged, and the expression that turns that into the stored value."""

    name: str
    staged: Literal["text", "bigint", "double precision", "boolean", "jsonb", "date"]
    stored: str = "{}"


class Table(Struct, frozen=True):
    """Where rows go. `key` names columns; `same`: what a row does that meets its key.

    "keep": the stored row stays. "replace": the new one stands. "replace unless less": the new one stands unless its
    `measure` is smaller. `is_sample` marks rows of which a few may be lost when everything else would be, `is_lasting`
    those that stay when another simulation takes a day over.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    same: Same
    measure: str = ""
    is_sample: bool = False
    is_lasting: bool = False

    @property
    def staging(self) -> str:
        """Name of the staging table."""
        return f"staged_{self.name}"

    def create_staging(self) -> str:
        """The statement that makes the session's staging table."""
        columns = ", ".join(f'"{column.name}" {column.staged}' for column in self.columns)
        return f"CREATE TEMPORARY TABLE {self.staging} ({columns}) ON COMMIT DELETE ROWS"

    def copy(self) -> str:
        """The statement that fills the staging table."""
        return f"COPY {self.staging} FROM STDIN"

    def insert(self) -> str:
        """The statement that moves staged rows to where they belong."""
        names = ", ".join(f'"{column.name}"' for column in self.columns)
        values = ", ".join(column.stored.format(f'"{column.name}"') for column in self.columns)
        keys = ", ".join(f'"{name}"' for name in self.key)
        return (
            f"INSERT INTO {self.name} ({names}) SELECT {values} FROM {self.staging} ON CONFLICT ({keys}) {self._do()}"
        )

    def _do(self) -> str:
        if self.same == "keep":
            return "DO NOTHING"
        changed = ", ".join(
            f'"{column.name}" = excluded."{column.name}"' for column in self.columns if column.name not in self.key
        )
        if self.same == "replace":
            return f"DO UPDATE SET {changed}"
        return f'DO UPDATE SET {changed} WHERE excluded."{self.measure}" >= {self.name}."{self.measure}"'


def copy_text(rows: Iterable[Sequence[Any]]) -> str:
    """Rows in COPY's text format. Texts are escaped, None is a null, numbers are exact."""
    return "".join(["\t".join([field(value) for value in row]) + "\n" for row in rows])


def field(value: Any) -> str:
    """One value in COPY's text format."""
    if type(value) is str:
        return value if value.isalnum() else value.translate(ESCAPES)
    return "\\N" if value is None else str(value)


TIME: Final = Column("at", "bigint", "to_timestamp({})")


def text(name: str) -> Column:
    """A column of words."""
    return Column(name, "text")


def whole(*names: str) -> tuple[Column, ...]:
    """Columns of whole numbers."""
    return tuple(Column(name, "bigint") for name in names)


def real(*names: str) -> tuple[Column, ...]:
    """Columns of numbers."""
    return tuple(Column(name, "double precision") for name in names)


TRADES: Final = Table(
    "market_trade",
    (
        text("symbol"),
        TIME,
        *whole("total_volume", "number"),
        *real("price"),
        *whole("volume"),
        *real("value"),
        text("side"),
        text("method"),
        text("phase"),
        Column("gap", "boolean"),
    ),
    ("symbol", "at", "total_volume"),
    "keep",
)
# A minute is stored again as it goes on, and by backfill; whoever saw more of it is right.
BARS: Final = Table(
    "market_bar",
    (
        text("symbol"),
        TIME,
        *real("open", "high", "low", "close"),
        *whole("volume"),
        *real("value"),
        *whole("buy_volume", "sell_volume", "neutral_volume", "trades"),
        text("source"),
    ),
    ("symbol", "at"),
    "replace unless less",
    "volume",
)
FOREIGN: Final = Table(
    "market_foreignflow",
    (
        text("symbol"),
        TIME,
        *whole("buy_volume", "sell_volume"),
        *real("buy_value", "sell_value", "own_buy_value", "own_sell_value"),
        *whole("room", "total_room"),
    ),
    ("symbol", "at"),
    "replace",
    is_sample=True,
)
INDICES: Final = Table(
    "market_indextick",
    (text("index"), TIME, *real("value", "estimate"), *whole("total_volume"), *real("total_value")),
    ("index", "at"),
    "replace",
    is_sample=True,
)
BASIS: Final = Table(
    "market_basispoint",
    (text("contract"), TIME, text("underlying"), *real("future", "index", "basis")),
    ("contract", "at"),
    "replace",
    is_sample=True,
)
STATES: Final = Table(
    "market_symbolstate",
    (text("kind"), text("code"), Column("day", "date"), TIME, text("epoch"), *whole("seq"), Column("state", "jsonb")),
    ("kind", "code"),
    "replace",
)
HISTORY: Final = (TRADES, BARS, FOREIGN, INDICES, BASIS)
