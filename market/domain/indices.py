"""An index through the day: value, estimate, turnover, breadth and intraday points."""

from collections.abc import Iterable

from msgspec import Struct

from market.domain.bars import BarBuilder, Spark
from market.domain.calendar import BoardName
from market.domain.changes import Changes, IndexTick
from market.domain.events import IndexUpdate
from market.domain.symbol import SymbolState


class Breadth(Struct, frozen=True):
    """How many members stand where. `advances` holds `ceilings`, `declines` holds `floors`, as on the feed."""

    advances: int
    no_changes: int
    declines: int
    ceilings: int
    floors: int


class IndexState:
    """One index. `index` keeps the spelling of the feed; look-ups are by its upper case."""

    __slots__ = (
        "at",
        "bar",
        "board",
        "day",
        "high",
        "index",
        "last",
        "low",
        "open",
        "spark",
        "total_volume",
        "value",
    )

    def __init__(self, index: str, board: BoardName) -> None:
        self.index = index
        self.board = board
        self.bar = BarBuilder(index)
        self.spark = Spark()
        self.start_day(0)

    def start_day(self, day: int) -> None:
        """Forget the day before."""
        self.day = day
        self.at = 0
        self.last: IndexUpdate | None = None
        self.value = 0.0
        self.open: float | None = None
        self.high: float | None = None
        self.low: float | None = None
        self.total_volume = -1
        self.bar.clear()
        self.spark.clear()

    def apply(self, event: IndexUpdate) -> Changes:
        """Take a value; the change and the bar it finished. The first turnover of the day is a baseline.

        A message without a value (0) changes no value, however late it comes.
        """
        total = int(event.total_volume)
        known = self.total_volume >= 0
        volume = max(0, total - self.total_volume) if known else 0
        value = max(0.0, event.total_value - self.last.total_value) if self.last is not None else 0.0
        self.at = event.at
        self.last = event
        self.total_volume = total
        if not event.value:
            return ()
        self.value = event.value
        tick = IndexTick(
            event.index, event.at, event.day, event.value, event.estimate or None, total, event.total_value
        )
        if self.open is None or self.high is None or self.low is None:
            self.open = self.high = self.low = event.value
        elif event.value > self.high:
            self.high = event.value
        elif event.value < self.low:
            self.low = event.value
        self.spark.add(event.at, event.value)
        bar = self.bar.add(event.at, event.value, volume, value, None)
        return (tick,) if bar is None else (tick, bar)


def count_breadth(members: Iterable[SymbolState]) -> Breadth:
    """Count where members that have traded today stand against their own reference."""
    advances = no_changes = declines = ceilings = floors = 0
    for symbol in members:
        totals, price = symbol.totals, symbol.last_price
        if totals is None or price is None or not totals.reference:
            continue
        if price > totals.reference:
            advances += 1
            ceilings += price >= totals.ceiling > 0
        elif price < totals.reference:
            declines += 1
            floors += price <= totals.floor
        else:
            no_changes += 1
    return Breadth(advances, no_changes, declines, ceilings, floors)
