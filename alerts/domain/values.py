"""The values that triggers look at, as changes and the market's state tell them."""

from typing import Any, Protocol

from alerts.domain.check import UsualVolume
from alerts.domain.triggers import Kind
from market.domain.changes import ForeignFlow, Trade
from market.domain.indices import IndexState
from market.domain.symbol import SymbolState


class Limits(Protocol):
    """What knows the day's limits."""

    @property
    def ceiling(self) -> float | None: ...

    @property
    def floor(self) -> float | None: ...


def values_now(symbol: SymbolState | None, index: IndexState | None, usual: UsualVolume) -> dict[Kind, float | None]:
    """Where each value is when a trigger is set: it goes off only after the value was on the other side."""
    if index is not None:
        return {"price": index.value or None}
    totals = symbol.totals if symbol is not None else None
    if symbol is None or totals is None:
        return {}
    reference = totals.reference or None
    price = symbol.last_price or reference
    total = max(0, symbol.total_volume)
    foreign = symbol.foreign.last
    return {
        "price": price,
        "change": percent(price, reference) if price is not None else None,
        "volume": total,
        "relative_volume": times_usual(usual, symbol.code, total, symbol.at, symbol.day) or 0.0,
        "foreign_value": foreign.buy_value - foreign.sell_value if foreign is not None else None,
        "foreign_volume": foreign.buy_volume - foreign.sell_volume if foreign is not None else None,
    }


def percent(price: float, reference: float | None) -> float | None:
    """Change from the reference; rounded, since prices of futures are no whole numbers."""
    return round((price - reference) * 100 / reference, 6) if reference else None


def times_usual(usual: UsualVolume, symbol: str, total: int, at: int, day: int) -> float | None:
    """The day's volume as a multiple of what is usual by the end of this minute."""
    volume = usual.until(symbol, (at - day) // 60)
    return total / volume if volume else None


def net_of(kind: Kind, flow: ForeignFlow) -> float:
    """Foreign net buying, in VND or shares."""
    if kind == "foreign_value":
        return flow.buy_value - flow.sell_value
    return flow.buy_volume - flow.sell_volume


def place_of(price: float | None, limits: Limits) -> str:
    """Whether a price is at one of the day's limits: "ceiling", "floor" or neither, ""."""
    if not price:
        return ""
    if limits.ceiling and price >= limits.ceiling:
        return "ceiling"
    return "floor" if limits.floor and price <= limits.floor else ""


def place_now(symbol: SymbolState | None) -> str:
    """The same of a symbol's last price."""
    return "" if symbol is None or symbol.totals is None else place_of(symbol.last_price, symbol.totals)


def trade_evidence(trade: Trade) -> dict[str, Any]:
    """What people want to see of the trade that did it."""
    return {"price": trade.price, "change_percent": percent(trade.price, trade.reference), "volume": trade.total_volume}
