"""The wire's names for the domain's events: one decoder per FastConnect data type.

A frame type is its event with SSI's field names and the raw clock and date, so that a message becomes an event in one
decode, without a copy. Source of the names: the fact sheet on FastConnect Data v2, section 4.
"""

from collections.abc import Mapping
from typing import Any, get_type_hints

import msgspec
from msgspec import NODEFAULT
from msgspec.structs import fields

from market.domain import events
from market.domain.events import Event

COMMON = {
    "symbol": "Symbol",
    "market": "Exchange",
    "session": "TradingSession",
    "status": "TradingStatus",
    "clock": "Time",
    "date": "TradingDate",
}
BOOK = {
    f"{side}_{what}{level}": f"{side.title()}{wire}{level}"
    for side in ("bid", "ask")
    for what, wire in (("price", "Price"), ("volume", "Vol"))
    for level in range(1, 11)
}
TOTALS = {
    "total_volume": "TotalVol",
    "total_value": "TotalVal",
    "last_price": "LastPrice",
    "last_volume": "LastVol",
    "ceiling": "Ceiling",
    "floor": "Floor",
    "reference": "RefPrice",
    "expected_price": "EstMatchedPrice",
    "side": "Side",
}
UNREAD = {
    "board": "MarketId",
    "change": "Change",
    "change_percent": "RatioChange",
    "close_volume": "CloseQtty",
    "type": "RType",
    "isin": "Isin",
    "close": "Close",
    "average": "AvgPrice",
    "prior": "PriorVal",
}
NAMES: dict[type[Event], dict[str, str]] = {
    events.Quote: COMMON | BOOK,
    events.Snapshot: COMMON
    | BOOK
    | TOTALS
    | {"open": "Open", "high": "High", "low": "Low"}
    | {f"unread_{name}": wire for name, wire in UNREAD.items()},
    events.TradeReport: COMMON | TOTALS | {"high": "Highest", "low": "Lowest"},
    events.ForeignUpdate: COMMON
    | {
        "buy_volume": "BuyVol",
        "sell_volume": "SellVol",
        "buy_value": "BuyVal",
        "sell_value": "SellVal",
        "total_room": "TotalRoom",
        "room": "CurrentRoom",
    },
    events.IndexUpdate: COMMON
    | {
        "index": "IndexId",
        "value": "IndexValue",
        "estimate": "IndexValEst",
        "prior": "PriorIndexValue",
        "total_volume": "TotalQtty",
        "total_value": "TotalValue",
        "put_through_volume": "TotalQttyPt",
        "put_through_value": "TotalValuePt",
        "advances": "Advances",
        "no_changes": "NoChanges",
        "declines": "Declines",
        "ceilings": "Ceilings",
        "floors": "Floors",
    },
    events.StatusUpdate: COMMON,
    events.Fill: COMMON | {"close": "Close", "volume": "Volume"},
    events.OddLot: COMMON | TOTALS,
}

# Other spellings seen in documents and older captures; looked at only when a message does not decode as it is.
ALIASES = {
    "FBuyVol": "BuyVol",
    "FSellVol": "SellVol",
    "FBuyVal": "BuyVal",
    "FSellVal": "SellVal",
    "IndexID": "IndexId",
    "TotalQttyPT": "TotalQttyPt",
    "TotalValuePT": "TotalValuePt",
    "TradingTime": "Time",
    "MarketId": "Exchange",
    "StockSymbol": "Symbol",
}


def frame_type(event: type[Event], names: Mapping[str, str]) -> type[msgspec.Struct]:
    """Make the decodable form of an event; fields the wire does not name keep their default."""
    hints = get_type_hints(event, include_extras=True)
    own: list[Any] = [
        (field.name, hints[field.name])
        if field.default is NODEFAULT
        else (field.name, hints[field.name], field.default)
        for field in fields(event)
    ]
    return msgspec.defstruct(
        f"{event.__name__}Frame",
        [*own, ("date", str), ("clock", str)],
        bases=(event,),
        frozen=True,
        gc=False,
        kw_only=True,
        rename=lambda name: names.get(name, f"-{name}"),
    )


def packed_type(frame: type[msgspec.Struct], tag: int) -> type[msgspec.Struct]:
    """Make the form in which a frame goes from one process to another: a tag, then the fields by their place."""
    name = frame.__name__.replace("Frame", "Packed")
    return msgspec.defstruct(name, [], bases=(frame,), frozen=True, gc=False, array_like=True, tag=tag)


FRAMES = {event: frame_type(event, names) for event, names in NAMES.items()}
PACKED = {frame: packed_type(frame, tag) for tag, frame in enumerate(FRAMES.values())}

# DataType as sent today, and as the 2020/2021 documents have it.
DATA_TYPES: dict[str, type[Event]] = {
    "X": events.Snapshot,
    "X-TRADE": events.TradeReport,
    "X-QUOTE": events.Quote,
    "Trade": events.TradeReport,
    "Quote": events.Quote,
    "R": events.ForeignUpdate,
    "MI": events.IndexUpdate,
    "F": events.StatusUpdate,
    "B": events.Fill,
    "OL": events.OddLot,
}
