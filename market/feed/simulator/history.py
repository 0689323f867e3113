"""Past trading days, made from a formula so that any day can be asked for without the days before it.

A close is the ordinary price times slow waves plus noise, rounded to a tick; a day's reference is the close before it
(UPCOM: the mean price before it). Days that were really played replace the formula.
"""

from datetime import date
from math import exp, pi, sin
from zlib import crc32

from msgspec import Struct

from market.feed.simulator.days import previous_trading_day
from market.feed.simulator.instruments import IndexSpec, Instrument, Universe, day_random
from market.feed.simulator.ticks import limits_of, round_to_step, step_of


class DailyRow(Struct, frozen=True):
    """One symbol's finished day. Prices in VND or points, volumes in shares or contracts, values in VND."""

    day: date
    reference: float
    open: float
    high: float
    low: float
    close: float
    average: float
    volume: int
    value: float
    foreign_buy_volume: int = 0
    foreign_sell_volume: int = 0
    foreign_buy_value: float = 0.0
    foreign_sell_value: float = 0.0
    trades: int = 0
    buy_volume: int = 0
    sell_volume: int = 0


class Minute(Struct):
    """One minute with a trade: `second` of the day of the last trade in it, prices, volume."""

    second: int
    open: float
    high: float
    low: float
    close: float
    volume: int


class History:
    """Daily rows and minutes of any trading day before today, and of days that were played."""

    def __init__(self, universe: Universe) -> None:
        self.universe = universe
        self._seed = universe.seed
        self._by_symbol = {stock.symbol: stock for stock in universe.stocks}
        self._rows: dict[tuple[str, date], DailyRow] = {}
        self._closes: dict[tuple[str, date], float] = {}
        self._played_minutes: dict[tuple[str, date], list[Minute]] = {}
        self._played_indices: dict[tuple[str, date], float] = {}

    def remember(self, symbol: str, row: DailyRow, minutes: list[Minute]) -> None:
        """Keep a played day in place of the formula's."""
        self._rows[symbol, row.day] = row
        self._closes[symbol, row.day] = row.close
        self._played_minutes[symbol, row.day] = minutes

    def remember_index(self, index: str, day: date, value: float) -> None:
        """Keep the last value of a played day."""
        self._played_indices[index, day] = value

    def close(self, instrument: Instrument, day: date) -> float:
        """Return the closing price of a trading day (a future's settlement price), on a tick."""
        key = (instrument.symbol, day)
        found = self._closes.get(key)
        if found is None:
            found = self._closes[key] = self._formula_close(instrument, day)
        return found

    def reference(self, instrument: Instrument, day: date) -> float:
        """Return the reference price that holds on a trading day."""
        before = previous_trading_day(day)
        if instrument.board != "UPCOM":
            return self.close(instrument, before)
        return round_to_step("UPCOM", self.average(instrument, before))

    def average(self, instrument: Instrument, day: date) -> float:
        """Return the mean price of a trading day. UPCOM's next reference comes from it, so it asks for no row."""
        played = self._rows.get((instrument.symbol, day))
        if played is not None:
            return played.average
        return round(self.close(instrument, day) * (1 + 0.004 * self._noise(f"average:{instrument.symbol}", day)), 2)

    def index_value(self, spec: IndexSpec, day: date) -> float:
        """Return an index at the close of a trading day."""
        if (spec.index, day) in self._played_indices:
            return self._played_indices[spec.index, day]
        if not spec.weights:
            return round(spec.base * exp(self._market(day)), 2)
        stocks = self._by_symbol
        parts = (part * self.close(stocks[code], day) / stocks[code].price for code, part in spec.weights.items())
        return round(spec.base * sum(parts), 2)

    def row(self, instrument: Instrument, day: date) -> DailyRow:
        """Return one finished day of one symbol."""
        key = (instrument.symbol, day)
        if key not in self._rows:
            self._rows[key] = self._formula_row(instrument, day)
        return self._rows[key]

    def minutes(self, instrument: Instrument, day: date) -> list[Minute] | None:
        """Return the minutes of a played day, None for a day of the formula."""
        return self._played_minutes.get((instrument.symbol, day))

    def _noise(self, what: str, day: date) -> float:
        return crc32(f"{self._seed}:{what}:{day.toordinal()}".encode()) / 2**31 - 1

    def _wave(self, what: str, day: date, size: float) -> float:
        turn = crc32(f"{self._seed}:{what}".encode()) / 2**32
        number = day.toordinal()
        slow = sin(2 * pi * (number / 83 + turn)) + 0.6 * sin(2 * pi * (number / 31 + turn * 7))
        return size * slow

    def _market(self, day: date) -> float:
        return self._wave("market", day, 0.04) + 0.004 * self._noise("market", day)

    def _formula_close(self, instrument: Instrument, day: date) -> float:
        if instrument.underlying:
            spec = next(spec for spec in self.universe.indices if spec.index == instrument.underlying)
            price = self.index_value(spec, day) + 6 * self._noise(instrument.symbol, day)
        else:
            own = self._wave(instrument.symbol, day, 0.03) + 0.008 * self._noise(instrument.symbol, day)
            price = instrument.price * exp(self._market(day) + own)
        return round_to_step(instrument.board, price)

    def _formula_row(self, instrument: Instrument, day: date) -> DailyRow:
        rng = day_random(self._seed, day, instrument.symbol)
        close = self.close(instrument, day)
        before = self.reference(instrument, day)
        ceiling, floor = limits_of(instrument.board, before)
        board, width = instrument.board, abs(close - before) + 0.008 * close

        def near(price: float) -> float:
            return min(ceiling, max(floor, round_to_step(board, price)))

        opening = near(before + (rng.random() - 0.5) * width)
        average = self.average(instrument, day)
        step = step_of(board, int(close)) if board != "DERIVATIVES" else 0.1
        above, below = max(opening, close, average), min(opening, close, average)
        high = max(opening, close, near(above + rng.random() * 0.5 * width + step / 2))
        low = min(opening, close, near(below - rng.random() * 0.5 * width - step / 2))
        volume = (
            int(instrument.trades * instrument.mean_size * (0.6 + 0.9 * rng.random()) / instrument.lot) * instrument.lot
        )
        buys = int(volume * instrument.foreign_part * rng.random())
        sells = int(volume * instrument.foreign_part * rng.random())
        lifted = int(volume * (0.35 + 0.2 * rng.random()) / instrument.lot) * instrument.lot
        worth = average * instrument.multiplier
        return DailyRow(
            day=day,
            reference=before,
            open=opening,
            high=high,
            low=low,
            close=close,
            average=average,
            volume=volume,
            value=round(volume * worth),
            foreign_buy_volume=buys,
            foreign_sell_volume=sells,
            foreign_buy_value=round(buys * worth),
            foreign_sell_value=round(sells * worth),
            trades=instrument.trades,
            buy_volume=lifted,
            sell_volume=int(volume * 0.9 / instrument.lot) * instrument.lot - lifted,
        )
