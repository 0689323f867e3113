"""Rows that boards and API clients read: plain dicts of JSON values, one builder a channel.

Stock prices in VND, futures and indices in points, volumes in shares or contracts, values in VND, times ISO 8601 with
Vietnam's offset. What is absent is None.
"""

from operator import attrgetter
from typing import Any, Final

from market.domain.calendar import IsTradingDay, is_weekday, iso_time, last_trading_day, to_date
from market.domain.contracts import alias, live_contracts
from market.domain.derivatives import BasisTracker
from market.domain.events import Book
from market.domain.indices import Breadth, IndexState, count_breadth
from market.domain.state import MarketState
from market.domain.symbol import NO_BASELINE, SymbolState

Row = dict[str, Any]
Level = list[float | int | None]

LEVELS: Final = range(1, 11)
_bids: Final = attrgetter(*(f"bid_{what}{level}" for level in LEVELS for what in ("price", "volume")))
_asks: Final = attrgetter(*(f"ask_{what}{level}" for level in LEVELS for what in ("price", "volume")))
AUCTIONS: Final = frozenset({"ato", "atc"})


def book_levels(values: tuple[float, ...]) -> list[Level]:
    """Price and volume of each level, best first, without the empty tail; price None: an ATO/ATC order."""
    levels: list[Level] = []
    filled = 0
    for position in range(0, len(values), 2):
        price, volume = values[position], values[position + 1]
        levels.append([price or None, int(volume)])
        if volume:
            filled = position // 2 + 1
    return levels[:filled]


def bids(book: Book) -> list[Level]:
    """Buy side of a book."""
    return book_levels(_bids(book))


def asks(book: Book) -> list[Level]:
    """Sell side of a book."""
    return book_levels(_asks(book))


def _change(price: float | None, reference: float | None) -> tuple[float | None, float | None]:
    if price is None or not reference:
        return None, None
    change = round(price - reference, 2)
    return change, round(100 * change / reference, 2)


def market_row(symbol: SymbolState) -> Row:
    """One stock or future as the price board shows it."""
    totals, book, volumes = symbol.totals, symbol.book, symbol.volumes
    price = symbol.last_price
    reference = (totals.reference or None) if totals is not None else None
    change, change_percent = _change(price, reference)
    traded = symbol.total_volume if symbol.total_volume != NO_BASELINE else 0
    average = symbol.total_value / traded / symbol.multiplier if traded and symbol.total_value else None
    expected = totals.expected_price if totals is not None and symbol.phase in AUCTIONS else 0.0
    foreign = symbol.foreign.last
    at = max(symbol.at, symbol.foreign.at)
    return {
        "symbol": symbol.code,
        "board": symbol.board,
        "phase": symbol.phase,
        "status": symbol.status or (totals.status if totals is not None else None),
        "time": iso_time(at) if at else None,
        "reference": reference,
        "ceiling": (totals.ceiling or None) if totals is not None else None,
        "floor": (totals.floor or None) if totals is not None else None,
        "open": symbol.open or (getattr(totals, "open", 0.0) or None),
        "high": (totals.high or symbol.high) if totals is not None else None,
        "low": (totals.low or symbol.low) if totals is not None else None,
        "average": (round(average, 2) or None) if average is not None else None,
        "price": price,
        "volume": symbol.last_volume,
        "change": change,
        "change_percent": change_percent,
        "total_volume": traded,
        "total_value": round(symbol.total_value),
        "trades": symbol.trades,
        "bids": bids(book) if book is not None else [],
        "asks": asks(book) if book is not None else [],
        "expected_price": expected or None,
        "buy_volume": volumes.of_kind("buy"),
        "sell_volume": volumes.of_kind("sell"),
        "neutral_volume": volumes.of_kind("neutral"),
        "unclassified_volume": volumes.of_kind("unclassified"),
        "phases": {phase: dict(kinds) for phase, kinds in volumes.phases.items()},
        "methods": dict(volumes.methods),
        "foreign_buy_volume": int(foreign.buy_volume) if foreign is not None else None,
        "foreign_sell_volume": int(foreign.sell_volume) if foreign is not None else None,
        "foreign_room": int(foreign.room) if foreign is not None and foreign.total_room else None,
        "spark": list(symbol.spark.points),
    }


def foreign_row(symbol: SymbolState, now: int) -> Row | None:
    """Foreign flow of one symbol at a moment of the market's clock; None before its first update."""
    tracker = symbol.foreign
    last = tracker.last
    if last is None:
        return None
    buy_speed, sell_speed, net_speed, value_speed = tracker.speed(now) or (None, None, None, None)
    used = 100 * (1 - last.room / last.total_room) if last.total_room else None
    acceleration = tracker.acceleration()
    return {
        "symbol": symbol.code,
        "board": symbol.board,
        "time": iso_time(tracker.at),
        "buy_volume": int(last.buy_volume),
        "sell_volume": int(last.sell_volume),
        "net_volume": int(last.buy_volume) - int(last.sell_volume),
        "buy_value": round(last.buy_value),
        "sell_value": round(last.sell_value),
        "net_value": round(last.buy_value - last.sell_value),
        "own_buy_value": round(tracker.own_buy_value),
        "own_sell_value": round(tracker.own_sell_value),
        "own_net_value": round(tracker.own_buy_value - tracker.own_sell_value),
        "room": int(last.room) if last.total_room else None,
        "total_room": int(last.total_room) or None,
        "room_used_percent": _rounded(used),
        "buy_speed": _rounded(buy_speed),
        "sell_speed": _rounded(sell_speed),
        "net_speed": _rounded(net_speed),
        "value_speed": _rounded(value_speed),
        "acceleration": _rounded(acceleration),
        "covered_seconds": tracker.covered_seconds(now),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def index_row(index: IndexState, state: MarketState) -> Row:
    """One index; breadth is the feed's, or counted from the members where the feed sends none."""
    last = index.last
    change, change_percent = _change(index.value or None, last.prior if last is not None else None)
    breadth, breadth_from = _breadth(index, state)
    phase, _, _ = state.boards[index.board].outlook(max(state.now, index.at))
    estimate = last.estimate if last is not None and phase in AUCTIONS else 0.0
    return {
        "index": index.index,
        "board": index.board,
        "phase": phase,
        "time": iso_time(index.at) if index.at else None,
        "value": index.value or None,
        "estimate": estimate or None,
        "prior": (last.prior or None) if last is not None else None,
        "open": index.open,
        "high": index.high,
        "low": index.low,
        "change": change,
        "change_percent": change_percent,
        "advances": breadth.advances if breadth else None,
        "no_changes": breadth.no_changes if breadth else None,
        "declines": breadth.declines if breadth else None,
        "ceilings": breadth.ceilings if breadth else None,
        "floors": breadth.floors if breadth else None,
        "breadth_from": breadth_from,
        "total_volume": int(last.total_volume) if last is not None else 0,
        "total_value": round(last.total_value) if last is not None else 0,
        "spark": list(index.spark.points),
    }


def _breadth(index: IndexState, state: MarketState) -> tuple[Breadth | None, str | None]:
    last = index.last
    if last is not None and last.advances + last.no_changes + last.declines:
        feed = Breadth(last.advances, last.no_changes, last.declines, last.ceilings, last.floors)
        return feed, "feed"
    codes = state.members.get(index.index.upper(), frozenset())
    members = [symbol for code in codes if (symbol := state.symbols.get(code)) and symbol.day == index.day]
    counted = count_breadth(members)
    if counted.advances + counted.no_changes + counted.declines:
        return counted, "members"
    return None, None


def derivatives_row(
    symbol: SymbolState, tracker: BasisTracker, state: MarketState, is_trading_day: IsTradingDay = is_weekday
) -> Row:
    """One index future: the board's row and its place against the index."""
    contract = symbol.contract
    if contract is None:
        raise ValueError(f"expected a futures code, was {symbol.code}")
    today = to_date(symbol.day)
    expiry = last_trading_day(contract.year, contract.month, is_trading_day)
    index = state.indices.get(contract.underlying.upper())
    value = index.value if index is not None and index.day == symbol.day else None
    price = symbol.last_price
    basis = round(price - value, 2) if price is not None and value else None
    convergence = tracker.convergence()
    return market_row(symbol) | {
        "alias": alias(contract, today, is_trading_day),
        "name": contract.name,
        "underlying": contract.underlying,
        "expiry": expiry.isoformat(),
        "days_to_expiry": (expiry - today).days,
        "front": contract == live_contracts(contract.underlying, today, is_trading_day)[0],
        "basis": basis,
        "basis_percent": round(100 * basis / value, 3) if basis is not None and value else None,
        "basis_state": None if basis is None else "premium" if basis > 0 else "discount" if basis < 0 else "flat",
        "convergence": None if convergence is None else round(convergence, 4),
    }
