"""Makes events, states and message texts for the tests. Times are HH:MM:SS of Friday, 20 November 2026, in Vietnam."""

from typing import Any

import msgspec

from market.domain.calendar import hm
from market.domain.changes import Change, Trade
from market.domain.events import (
    Event,
    ForeignUpdate,
    IndexUpdate,
    Quote,
    Snapshot,
    StatusUpdate,
    TradeReport,
)
from market.domain.state import MarketState
from market.domain.symbol import SymbolState

DAY = 1_795_107_600
NEXT_DAY = DAY + 86_400
FUTURE = "41I1GC000"
NEXT_FUTURE = "41I1H1000"


def at(clock: str, day: int = DAY) -> int:
    """Epoch second of a time like 09:15:01, or 09:15."""
    hours, minutes, *seconds = map(int, clock.split(":"))
    return day + hm(hours, minutes) + sum(seconds)


def snapshot(clock: str, total: float, price: float = 25_000.0, /, last: float = 100, **fields: Any) -> Snapshot:
    """Totals and book of ACB on HOSE, in continuous trading: 24,950 is bid and 25,050 asked."""
    day = fields.pop("day", DAY)
    usual: dict[str, Any] = {
        "symbol": "ACB",
        "market": "HOSE",
        "session": "LO",
        "reference": 25_000.0,
        "ceiling": 26_750.0,
        "floor": 23_250.0,
        "bid_price1": 24_950.0,
        "bid_volume1": 500.0,
        "ask_price1": 25_050.0,
        "ask_volume1": 700.0,
        "total_value": total * price,
    }
    return Snapshot(
        at=at(clock, day), day=day, total_volume=total, last_price=price, last_volume=last, **(usual | fields)
    )


def report(clock: str, total: float, price: float = 25_000.0, /, last: float = 100, **fields: Any) -> TradeReport:
    """Totals of ACB on HOSE as X-TRADE gives them."""
    day = fields.pop("day", DAY)
    usual: dict[str, Any] = {
        "symbol": "ACB",
        "market": "HOSE",
        "session": "LO",
        "reference": 25_000.0,
        "ceiling": 26_750.0,
        "floor": 23_250.0,
        "total_value": total * price,
    }
    return TradeReport(
        at=at(clock, day), day=day, total_volume=total, last_price=price, last_volume=last, **(usual | fields)
    )


def quote(clock: str, bid: float = 24_950.0, ask: float = 25_050.0, /, **fields: Any) -> Quote:
    """The book of ACB on HOSE as X-QUOTE gives it: 500 shares a side."""
    day = fields.pop("day", DAY)
    usual: dict[str, Any] = {
        "symbol": "ACB",
        "market": "HOSE",
        "session": "LO",
        "bid_price1": bid,
        "bid_volume1": 500.0,
        "ask_price1": ask,
        "ask_volume1": 500.0,
    }
    return Quote(at=at(clock, day), day=day, **(usual | fields))


def foreign(clock: str, bought: float, sold: float = 0, /, **fields: Any) -> ForeignUpdate:
    """Foreign totals of ACB; values are left out unless given."""
    day = fields.pop("day", DAY)
    usual: dict[str, Any] = {"symbol": "ACB", "market": "HOSE", "total_room": 1_000_000.0, "room": 400_000.0}
    return ForeignUpdate(at=at(clock, day), day=day, buy_volume=bought, sell_volume=sold, **(usual | fields))


def index(clock: str, value: float, /, **fields: Any) -> IndexUpdate:
    """A value of VN30, which closed at 1,900 the day before."""
    day = fields.pop("day", DAY)
    usual: dict[str, Any] = {"index": "VN30", "market": "HOSE", "prior": 1_900.0}
    return IndexUpdate(at=at(clock, day), day=day, value=value, **(usual | fields))


def status(clock: str, session: str | None, code: str | None = "N", /, **fields: Any) -> StatusUpdate:
    """Session and trading status of ACB."""
    day = fields.pop("day", DAY)
    usual: dict[str, Any] = {"symbol": "ACB", "market": "HOSE"}
    return StatusUpdate(at=at(clock, day), day=day, session=session, status=code, **(usual | fields))


def future(clock: str, total: float, price: float, /, **fields: Any) -> Snapshot:
    """Totals of the front future, in points; nothing in the book."""
    empty = dict.fromkeys(("bid_price1", "bid_volume1", "ask_price1", "ask_volume1"), 0.0)
    usual: dict[str, Any] = {"symbol": FUTURE, "market": "DERIVATIVES", "reference": 1_900.0, "ceiling": 0.0}
    return snapshot(clock, total, price, **(empty | usual | {"floor": 0.0, "total_value": 0.0} | fields))


def market(*events: Event, members: dict[str, frozenset[str]] | None = None) -> MarketState:
    """A state that has taken the events."""
    state = MarketState(members)
    for event in events:
        state.apply(event)
    return state


def changes(state: MarketState, *events: Event) -> list[Change]:
    """Everything that the events change."""
    return [change for event in events for change in state.apply(event)]


def trades(state: MarketState, *events: Event) -> list[Trade]:
    """The trades that the events make."""
    return [change for change in changes(state, *events) if isinstance(change, Trade)]


def volumes(state: MarketState, code: str = "ACB") -> dict[str, int]:
    """Volume by aggressor, without zeros, after a look at the invariant."""
    symbol = state.symbols[code]
    check_sums(symbol)
    kinds = ("buy", "sell", "neutral", "unclassified")
    return {kind: volume for kind in kinds if (volume := symbol.volumes.of_kind(kind))}


def phase_volumes(state: MarketState, code: str = "ACB") -> dict[str, int]:
    """Volume by session phase, without zeros, after a look at the invariant."""
    symbol = state.symbols[code]
    check_sums(symbol)
    return {phase: volume for phase in ("ato", "continuous", "atc") if (volume := symbol.volumes.of_phase(phase))}


def check_sums(symbol: SymbolState) -> None:
    """Volumes by aggressor and by phase add up to the total, and none is negative."""
    by_kind = [symbol.volumes.of_kind(kind) for kind in ("buy", "sell", "neutral", "unclassified")]
    by_method = sum(symbol.volumes.methods.values())
    total = max(symbol.total_volume, 0)
    assert sum(by_kind) == symbol.volumes.total == total
    assert by_method + symbol.volumes.of_kind("unclassified") == total
    assert all(volume >= 0 for kinds in symbol.volumes.phases.values() for volume in kinds.values())


def message(data_type: str, **content: Any) -> str:
    """A message text as the hub broadcasts it: JSON whose Content is JSON in a string."""
    return msgspec.json.encode({"DataType": data_type, "Content": msgspec.json.encode(content).decode()}).decode()
