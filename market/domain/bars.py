"""One-minute bars, built one trade at a time."""

from market.domain.changes import Bar, Side

MINUTE = 60
SPARK_SECONDS = 300
SPARK_POINTS = 60


class BarBuilder:
    """The minute in progress of one symbol. Keeps nothing of the minutes before."""

    __slots__ = (
        "_buy",
        "_close",
        "_high",
        "_low",
        "_neutral",
        "_open",
        "_sell",
        "_symbol",
        "_trades",
        "_value",
        "_volume",
        "finished",
        "minute",
    )

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self.finished = 0  # bars of the day so far, the current one not included
        self.minute = 0  # 0: no bar in progress
        self._start(0, 0.0)

    def _start(self, minute: int, price: float) -> None:
        self.minute = minute
        self._open = self._high = self._low = self._close = price
        self._volume = self._buy = self._sell = self._neutral = self._trades = 0
        self._value = 0.0

    def add(self, at: int, price: float, volume: int, value: float, side: Side | None) -> Bar | None:
        """Count a trade or an index value (no side); return the bar that it finished, if any.

        A time before the current minute counts into the current one: arrival order decides, and a finished bar stays.
        """
        finished = None
        if at - self.minute >= MINUTE:
            finished = self.current()
            self.finished += finished is not None
            self._start(at - at % MINUTE, price)
        elif price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price
        self._close = price
        self._volume += volume
        self._value += value
        self._trades += 1
        if side == "buy":
            self._buy += volume
        elif side == "sell":
            self._sell += volume
        elif side == "neutral":
            self._neutral += volume
        return finished

    def current(self) -> Bar | None:
        """The bar in progress, None before the first trade."""
        if not self.minute:
            return None
        return Bar(
            self._symbol,
            self.minute,
            self._open,
            self._high,
            self._low,
            self._close,
            self._volume,
            self._value,
            self._buy,
            self._sell,
            self._neutral,
            self._trades,
        )

    def resume(self, bar: Bar) -> None:
        """Continue a bar that was stored before a restart."""
        self._start(bar.minute, bar.open)
        self._high, self._low, self._close = bar.high, bar.low, bar.close
        self._volume, self._value, self._trades = bar.volume, bar.value, bar.trades
        self._buy, self._sell, self._neutral = bar.buy_volume, bar.sell_volume, bar.neutral_volume

    def clear(self) -> None:
        """Forget the day."""
        self.finished = 0
        self._start(0, 0.0)


class Spark:
    """The last prices at five-minute steps, for a small line beside the number."""

    __slots__ = ("_step", "points")

    def __init__(self) -> None:
        self._step = 0
        self.points: list[float] = []

    def add(self, at: int, price: float) -> None:
        """Set the current step's price, or begin a new step."""
        step = at // SPARK_SECONDS
        if step > self._step or not self.points:
            self._step = step
            self.points.append(price)
            if len(self.points) > SPARK_POINTS:
                del self.points[0]
        else:
            self.points[-1] = price

    def clear(self) -> None:
        """Forget all points."""
        self._step = 0
        self.points = []

    def dump(self) -> list[float]:
        """The step and the points, for a restart."""
        return [float(self._step), *self.points]

    def load(self, dumped: list[float]) -> None:
        """Take back what `dump` gave."""
        if dumped:
            self._step = int(dumped[0])
            self.points = list(dumped[1:])
