"""The running totals of one symbol on one day: what was matched, by whom, in which phase. The generator's truth."""

from typing import Any, Literal

from msgspec import Struct

from market.feed.simulator.history import Minute

Side = Literal["buy", "sell", "neutral"]


class Tally(Struct):
    """Totals so far. Prices in VND or points (0.0 before the first match), volumes in shares or contracts."""

    open: float = 0.0
    high: float = 0.0
    low: float = 0.0
    last: float = 0.0
    last_volume: int = 0
    last_at: int = 0
    last_side: Side = "neutral"
    last_session: str = "C"
    volume: int = 0
    value: float = 0.0
    trades: int = 0
    buy: int = 0
    sell: int = 0
    neutral: int = 0
    ato: int = 0
    atc: int = 0
    continuous: int = 0
    foreign_buy: int = 0
    foreign_sell: int = 0
    foreign_buy_value: float = 0.0
    foreign_sell_value: float = 0.0
    minutes: list[Minute] = []

    def match(self, second: int, session: str, price: float, volume: int, side: Side, multiplier: int) -> None:
        """Count one match."""
        if not self.trades:
            self.open = self.high = self.low = price
        elif price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.last = price
        self.last_volume = volume
        self.last_at = second
        self.last_side = side
        self.last_session = session
        self.volume += volume
        self.value += price * multiplier * volume
        self.trades += 1
        if side == "buy":
            self.buy += volume
        elif side == "sell":
            self.sell += volume
        else:
            self.neutral += volume
        if session == "ATO":
            self.ato += volume
        elif session == "ATC":
            self.atc += volume
        else:
            self.continuous += volume
        self._count_minute(second, price, volume)

    def _count_minute(self, second: int, price: float, volume: int) -> None:
        minutes = self.minutes
        if minutes and minutes[-1].second // 60 == second // 60:
            minute = minutes[-1]
            minute.second = second
            minute.high = max(minute.high, price)
            minute.low = min(minute.low, price)
            minute.close = price
            minute.volume += volume
        else:
            minutes.append(Minute(second, price, price, price, price, volume))

    def truth(self) -> dict[str, Any]:
        """Return the totals under the names of the truth file."""
        return {
            "last_price": self.last,
            "open": self.open,
            "high": self.high,
            "low": self.low,
            "total_volume": self.volume,
            "total_value": round(self.value),
            "trades": self.trades,
            "buy_volume": self.buy,
            "sell_volume": self.sell,
            "neutral_volume": self.neutral,
            "ato_volume": self.ato,
            "continuous_volume": self.continuous,
            "atc_volume": self.atc,
            "foreign_buy_volume": self.foreign_buy,
            "foreign_sell_volume": self.foreign_sell,
        }
