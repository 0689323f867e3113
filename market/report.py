"""The replay report: what a recording amounts to, as plain JSON values."""

from typing import Any

from market.domain.state import MarketState
from market.domain.symbol import NO_BASELINE, SymbolState


def symbol_report(symbol: SymbolState) -> dict[str, Any]:
    """One symbol's day: prices in VND or points, volumes in shares or contracts, value in VND."""
    totals, volumes, foreign = symbol.totals, symbol.volumes, symbol.foreign.last
    return {
        "last_price": symbol.last_price,
        "open": symbol.open or (getattr(totals, "open", 0.0) or None),
        "high": symbol.high if totals is None else totals.high or symbol.high,
        "low": symbol.low if totals is None else totals.low or symbol.low,
        "total_volume": symbol.total_volume if symbol.total_volume != NO_BASELINE else 0,
        "total_value": round(symbol.total_value),
        "buy_volume": volumes.of_kind("buy"),
        "sell_volume": volumes.of_kind("sell"),
        "neutral_volume": volumes.of_kind("neutral"),
        "unclassified_volume": volumes.of_kind("unclassified"),
        "ato_volume": volumes.of_phase("ato"),
        "continuous_volume": volumes.of_phase("continuous"),
        "atc_volume": volumes.of_phase("atc"),
        "trades": symbol.trades,
        "foreign_buy_volume": int(foreign.buy_volume) if foreign is not None else 0,
        "foreign_sell_volume": int(foreign.sell_volume) if foreign is not None else 0,
    }


def market_report(state: MarketState) -> dict[str, Any]:
    """Symbols, indices and futures as the recording left them."""
    futures = {}
    for code, tracker in state.basis.items():
        price = state.symbols[code].last_price
        index = state.indices.get(tracker.underlying.upper())
        known = price is not None and index is not None and index.value
        futures[code] = {
            "last_price": price,
            "basis": round(price - index.value, 2) if known and price is not None and index is not None else None,
        }
    return {
        "symbols": {code: symbol_report(symbol) for code, symbol in sorted(state.symbols.items())},
        "indices": {index.index: {"value": index.value} for index in state.indices.values()},
        "futures": futures,
    }
