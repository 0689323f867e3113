"""What an event changed: immutable outputs of `MarketState.apply`, for alerts, storage and broadcast.

Units and times as in `events`. A symbol's totals are those after the change.
"""

from typing import Literal, TypeAlias

from msgspec import Struct

Side: TypeAlias = Literal["buy", "sell", "neutral"]
Method: TypeAlias = Literal["feed", "quote", "auction", "none"]
VolumePhase: TypeAlias = Literal["ato", "continuous", "atc"]
Phase: TypeAlias = Literal[
    "pre_open", "ato", "continuous", "lunch", "atc", "post_close", "put_through", "closed", "halted"
]


class Trade(Struct, frozen=True, gc=False):
    """An increase of a symbol's total volume. `side` is the aggressor: buy = mua chủ động, sell = bán chủ động.

    `number` counts the symbol's trades of the day from 1. `gap` marks an increase larger than the last match: matches
    between were not seen one by one. `ceiling`, `floor`, `reference` are those of the day, None if unknown.
    """

    symbol: str
    at: int
    day: int
    number: int
    price: float
    volume: int
    value: float
    side: Side
    method: Method
    phase: VolumePhase
    total_volume: int
    reference: float | None
    ceiling: float | None
    floor: float | None
    gap: bool = False


class ForeignFlow(Struct, frozen=True, gc=False):
    """Foreign totals of the day after an update, and what it added. Values are VND.

    `own_*_value` is our sum of added volume x last price, since the feed's value may move with the price alone.
    """

    symbol: str
    at: int
    day: int
    buy_volume: int
    sell_volume: int
    buy_value: float
    sell_value: float
    added_buy_volume: int
    added_sell_volume: int
    own_buy_value: float
    own_sell_value: float
    room: int
    total_room: int


class IndexTick(Struct, frozen=True, gc=False):
    """A value of an index, in points, with its turnover so far."""

    index: str
    at: int
    day: int
    value: float
    estimate: float | None
    total_volume: int
    total_value: float


class BasisPoint(Struct, frozen=True, gc=False):
    """A futures trade held against the newest value of its underlying index, both in points."""

    contract: str
    underlying: str
    at: int
    day: int
    future: float
    index: float
    basis: float


class Bar(Struct, frozen=True, gc=False):
    """One minute. `minute` is its first epoch second; volumes in shares or contracts, value in VND."""

    symbol: str
    minute: int
    open: float
    high: float
    low: float
    close: float
    volume: int
    value: float
    buy_volume: int
    sell_volume: int
    neutral_volume: int
    trades: int


class PhaseChange(Struct, frozen=True, gc=False):
    """A board entered another phase."""

    board: str
    at: int
    day: int
    phase: Phase


Change: TypeAlias = Trade | ForeignFlow | IndexTick | BasisPoint | PhaseChange | Bar
Changes: TypeAlias = tuple[Change, ...]
