"""A trading day in a page: what it amounted to. Pure: rows of stored history in, one structure out.

Prices and values in VND, futures and indices in points, volumes in shares. What is not known is None.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from msgspec import Struct

from market.domain.calendar import TIMETABLE, hm, midnight

TOP: Final = 10
NOTABLE: Final = 12
LISTED: Final = frozenset({"stock", "etf", "fund", ""})  # what movers and breadth are about; "" is not described yet
RANK: Final = {"critical": 0, "warning": 1, "info": 2}
# From when on nothing matches on a board any more, by the timetable.
LAST_MATCH: Final[dict[str, timedelta]] = {
    board: timedelta(
        seconds=min(start for start, phase in phases if start > hm(12) and phase in ("put_through", "closed"))
    )
    for board, phases in TIMETABLE.items()
}


class DayRow(Struct, frozen=True):
    """One symbol's day as stored. `kind` and `board` are the instrument's."""

    symbol: str
    kind: str
    board: str
    close: float
    volume: int
    value: float
    buy_volume: int = 0
    sell_volume: int = 0
    reference: float | None = None
    ceiling: float | None = None
    floor: float | None = None
    foreign_buy_volume: int | None = None
    foreign_sell_volume: int | None = None
    foreign_buy_value: float | None = None
    foreign_sell_value: float | None = None

    @property
    def change(self) -> float | None:
        """From the reference, or the close before."""
        return self.close - self.reference if self.reference else None

    @property
    def percent(self) -> float | None:
        """The same in per cent."""
        return 100 * (self.close - self.reference) / self.reference if self.reference else None

    @property
    def net_value(self) -> float | None:
        """Foreign net buying."""
        if self.foreign_buy_value is None or self.foreign_sell_value is None:
            return None
        return self.foreign_buy_value - self.foreign_sell_value

    @property
    def state(self) -> Literal["ceiling", "up", "reference", "down", "floor", ""]:
        """The colour of the close."""
        if not self.reference:
            return ""
        if self.ceiling and self.close >= self.ceiling:
            return "ceiling"
        if self.floor and self.close <= self.floor:
            return "floor"
        return "up" if self.close > self.reference else "down" if self.close < self.reference else "reference"


class Sight(Struct, frozen=True):
    """How far the data of a symbol's day go: `at` is its last message or minute, `end` the end of that.

    None of both: all of its day is known, because the exchange itself told it afterwards.
    """

    symbol: str
    kind: str
    board: str
    at: datetime | None
    end: datetime | None


class Breadth(Struct, frozen=True):
    """How many symbols closed where; `advances` hold `ceilings`, `declines` hold `floors`.

    The last two are None where no limits are known: the exchange's history does not tell them.
    """

    advances: int
    no_changes: int
    declines: int
    ceilings: int | None
    floors: int | None


class ForeignTotal(Struct, frozen=True):
    """What foreigners bought and sold of all symbols."""

    buy_value: float
    sell_value: float

    @property
    def net_value(self) -> float:
        """Net buying."""
        return self.buy_value - self.sell_value


class Basis(Struct, frozen=True):
    """The front contract at its last trade of the day, and its index then."""

    contract: str
    name: str
    future: float
    index: float
    basis: float


class Noted(Struct, frozen=True):
    """An alert that stands out."""

    id: str
    kind: str
    symbol: str
    time: str
    severity: str
    evidence: dict[str, Any]


class DailySummary(Struct, frozen=True):
    """What a day amounted to. Lists are sorted, at most ten long.

    `is_final`: the market has closed, and the data go as far. `until`: up to when they go, None where that is the whole
    day. `ends_early`: the market has closed some minutes ago, and they end before.
    """

    day: date
    is_final: bool
    until: datetime | None
    source: str
    indices: list[DayRow]
    breadth: Breadth
    turnover: float
    turnover_by_board: dict[str, float]
    volume: int
    gainers: list[DayRow]
    losers: list[DayRow]
    most_traded: list[DayRow]
    foreign: ForeignTotal | None
    foreign_bought: list[DayRow]
    foreign_sold: list[DayRow]
    active_buy_percent: float | None
    basis: Basis | None
    alert_counts: dict[str, int]
    notable: list[Noted]
    symbols: int
    ends_early: bool = False


def summarise(
    day: date,
    rows: Iterable[DayRow],
    alert_counts: dict[str, int],
    notable: Iterable[Noted],
    basis: Basis | None,
    *,
    is_final: bool,
    source: str = "",
    until: datetime | None = None,
    ends_early: bool = False,
) -> DailySummary:
    """Sum a day up; `notable` are candidates, the most severe and newest of them stay."""
    rows = list(rows)
    stocks = [row for row in rows if row.kind in LISTED]
    moved = [row for row in stocks if row.percent is not None]
    boards: Counter[str] = Counter()
    for row in stocks:
        boards[row.board] += row.value  # type: ignore[assignment]  # a sum of values
    flows = [row for row in stocks if row.net_value is not None]
    bought, sold = sum(row.buy_volume for row in stocks), sum(row.sell_volume for row in stocks)
    noted = sorted(notable, key=lambda each: each.time, reverse=True)
    return DailySummary(
        day=day,
        is_final=is_final,
        until=until,
        source=source,
        indices=[row for row in rows if row.kind == "index"],
        breadth=breadth_of(moved),
        turnover=sum(row.value for row in stocks),
        turnover_by_board={board: value for board, value in boards.items() if board and value},
        volume=sum(row.volume for row in stocks),
        gainers=top(moved, lambda row: row.percent or 0.0),
        losers=top(moved, lambda row: -(row.percent or 0.0)),
        most_traded=top(stocks, lambda row: row.volume),
        foreign=foreign_total(flows),
        foreign_bought=top(flows, lambda row: row.net_value or 0.0),
        foreign_sold=top(flows, lambda row: -(row.net_value or 0.0)),
        active_buy_percent=100 * bought / (bought + sold) if bought + sold else None,
        basis=basis,
        alert_counts=dict(sorted(alert_counts.items(), key=lambda each: (-each[1], each[0]))),
        notable=sorted(noted, key=lambda each: RANK.get(each.severity, len(RANK)))[:NOTABLE],
        symbols=len(stocks),
        ends_early=ends_early,
    )


def last_of(sights: Sequence[Sight]) -> datetime | None:
    """Up to when the stocks of a day are known; where there are none, everything else."""
    return max((each.at for each in stocks_of(sights) if each.at), default=None)


def reaches_close(day: date, sights: Sequence[Sight]) -> bool:
    """Whether the data of a day go to its close: those of stocks past the closing auction, and any of them to the last
    match of the boards that the stocks are on. A board where little trades may have nothing to say of its last minutes.
    """
    stocks = [each for each in stocks_of(sights) if each.end]
    if not stocks:
        return True
    auction = min(LAST_MATCH.values())
    last = max(LAST_MATCH.get(each.board, auction) for each in stocks)
    stocks_end = max(each.end for each in stocks if each.end)
    any_end = max(each.end for each in sights if each.end)
    return stocks_end >= midnight(day) + auction and any_end >= midnight(day) + last


def stocks_of(sights: Sequence[Sight]) -> Sequence[Sight]:
    """What movers and breadth are about; everything where nothing of it is stored."""
    return [each for each in sights if each.kind in LISTED] or sights


def top(rows: Sequence[DayRow], size: Callable[[DayRow], float]) -> list[DayRow]:
    """The rows of the largest sizes above zero."""
    return sorted((row for row in rows if size(row) > 0), key=lambda row: (-size(row), row.symbol))[:TOP]


def breadth_of(rows: Sequence[DayRow]) -> Breadth:
    """Count states."""
    states = Counter(row.state for row in rows)
    advances, declines = states["up"] + states["ceiling"], states["down"] + states["floor"]
    limits = (states["ceiling"], states["floor"]) if any(row.ceiling or row.floor for row in rows) else (None, None)
    return Breadth(advances, states["reference"], declines, *limits)


def foreign_total(rows: Sequence[DayRow]) -> ForeignTotal | None:
    """Add foreign values up; None where none is known."""
    if not rows:
        return None
    return ForeignTotal(
        sum(row.foreign_buy_value or 0.0 for row in rows), sum(row.foreign_sell_value or 0.0 for row in rows)
    )
