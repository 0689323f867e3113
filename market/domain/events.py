"""What the market says: immutable input events, in the field's terms, after the edge has checked them.

Times (`at`) are whole epoch seconds of the exchange's own clock, `day` is the epoch second of that day's midnight in
Vietnam; both are set by the parser. Stock prices are VND, prices of futures and indices are points, volumes are
shares or contracts, values are VND. A price of 0 with a volume is an auction (ATO/ATC) order, a price of 0 without
one is an empty level, a last price of 0 means that the symbol has not traded.

Fields stand in the order in which the wire sends them, beginning anywhere: the decoder looks for a key after the one
before it, and that halves the time of a decode. For the same reason a snapshot, the most frequent event by far, has
the wire's fields that nobody reads: a key that is not found costs a comparison with every field.
"""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

# The decoder enforces the bounds, in C, so that nothing after the edge has to.
Price = Annotated[float, Meta(ge=0, le=1e9)]
Volume = Annotated[float, Meta(ge=0, le=1e18)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Code = Annotated[str, Meta(min_length=1, max_length=24)]
Unread: TypeAlias = float | str | None


class Book(Struct, frozen=True, gc=False):
    """Ten levels a side, best first. HOSE fills three."""

    bid_price1: Price = 0.0
    bid_price2: Price = 0.0
    bid_price3: Price = 0.0
    bid_price4: Price = 0.0
    bid_price5: Price = 0.0
    bid_price6: Price = 0.0
    bid_price7: Price = 0.0
    bid_price8: Price = 0.0
    bid_price9: Price = 0.0
    bid_price10: Price = 0.0
    bid_volume1: Volume = 0.0
    bid_volume2: Volume = 0.0
    bid_volume3: Volume = 0.0
    bid_volume4: Volume = 0.0
    bid_volume5: Volume = 0.0
    bid_volume6: Volume = 0.0
    bid_volume7: Volume = 0.0
    bid_volume8: Volume = 0.0
    bid_volume9: Volume = 0.0
    bid_volume10: Volume = 0.0
    ask_price1: Price = 0.0
    ask_price2: Price = 0.0
    ask_price3: Price = 0.0
    ask_price4: Price = 0.0
    ask_price5: Price = 0.0
    ask_price6: Price = 0.0
    ask_price7: Price = 0.0
    ask_price8: Price = 0.0
    ask_price9: Price = 0.0
    ask_price10: Price = 0.0
    ask_volume1: Volume = 0.0
    ask_volume2: Volume = 0.0
    ask_volume3: Volume = 0.0
    ask_volume4: Volume = 0.0
    ask_volume5: Volume = 0.0
    ask_volume6: Volume = 0.0
    ask_volume7: Volume = 0.0
    ask_volume8: Volume = 0.0
    ask_volume9: Volume = 0.0
    ask_volume10: Volume = 0.0


class Quote(Book, frozen=True, gc=False, kw_only=True):
    """The book of one symbol (X-QUOTE)."""

    session: str | None = None
    at: int = 0
    day: int = 0
    market: str | None = None
    symbol: Code


class TradeReport(Struct, frozen=True, gc=False, kw_only=True):
    """The day's totals of one symbol as of its last match (X-TRADE). It may repeat the match before."""

    symbol: Code
    ceiling: Price = 0.0
    floor: Price = 0.0
    reference: Price = 0.0
    last_price: Price
    last_volume: Volume = 0.0
    total_value: Volume = 0.0
    total_volume: Volume
    market: str | None = None
    session: str | None = None
    status: str | None = None
    expected_price: Price = 0.0
    high: Price = 0.0
    low: Price = 0.0
    side: str | None = None
    at: int = 0
    day: int = 0


class Snapshot(Book, frozen=True, gc=False, kw_only=True):
    """Totals and book in one (X). It repeats the last match whenever the book changes."""

    unread_board: Unread = None
    market: str | None = None
    session: str | None = None
    status: str | None = None
    unread_change: Unread = None
    unread_change_percent: Unread = None
    expected_price: Price = 0.0
    side: str | None = None
    unread_close_volume: Unread = None
    unread_type: Unread = None
    at: int = 0
    day: int = 0
    unread_isin: Unread = None
    symbol: Code
    ceiling: Price = 0.0
    floor: Price = 0.0
    reference: Price = 0.0
    open: Price = 0.0
    high: Price = 0.0
    low: Price = 0.0
    unread_close: Unread = None
    unread_average: Unread = None
    unread_prior: Unread = None
    last_price: Price
    last_volume: Volume = 0.0
    total_value: Volume = 0.0
    total_volume: Volume


class ForeignUpdate(Struct, frozen=True, gc=False, kw_only=True):
    """Foreign totals of the day and the room that is left (R)."""

    symbol: Code
    total_room: Volume = 0.0
    room: Volume = 0.0
    buy_volume: Volume
    sell_volume: Volume
    buy_value: Volume = 0.0
    sell_value: Volume = 0.0
    market: str | None = None
    at: int = 0
    day: int = 0


class IndexUpdate(Struct, frozen=True, gc=False, kw_only=True):
    """An index, its turnover and its breadth (MI). `estimate` is sent in auctions only, if at all."""

    index: Code
    estimate: Price = 0.0
    value: Price
    prior: Price = 0.0
    total_volume: Volume = 0.0
    total_value: Volume = 0.0
    advances: Count = 0
    no_changes: Count = 0
    declines: Count = 0
    ceilings: Count = 0
    floors: Count = 0
    put_through_volume: Volume = 0.0
    put_through_value: Volume = 0.0
    market: str | None = None
    session: str | None = None
    at: int = 0
    day: int = 0


class StatusUpdate(Struct, frozen=True, gc=False, kw_only=True):
    """The session and trading status of one symbol (F), sent at a change."""

    symbol: Code
    at: int = 0
    day: int = 0
    session: str | None = None
    status: str | None = None
    market: str | None = None


class Fill(Struct, frozen=True, gc=False, kw_only=True):
    """One match or index tick as a bar (B). It cannot be told from a repeat, so nothing is counted from it."""

    symbol: Code
    at: int = 0
    day: int = 0
    close: Price = 0.0
    volume: Volume = 0.0


class OddLot(Struct, frozen=True, gc=False, kw_only=True):
    """The odd-lot board of one symbol (OL). Its volume is not part of the round-lot totals."""

    symbol: Code
    at: int = 0
    day: int = 0
    last_price: Price = 0.0
    last_volume: Volume = 0.0
    total_volume: Volume = 0.0


Event: TypeAlias = Quote | TradeReport | Snapshot | ForeignUpdate | IndexUpdate | StatusUpdate | Fill | OddLot
