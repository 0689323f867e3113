"""The venue's rows as ours. What no bar can be made of is left out."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from math import isfinite
from typing import Final, Protocol, TypeVar

from msgspec import Struct

from market.backfill.plan import Target
from market.domain.contracts import MULTIPLIER
from market.feed.rows import Bar, DailyIndex, DailyStockPrice

MOST_VOLUME: Final = 2**62  # what the database holds, and far more than there are shares
MINUTE: Final = timedelta(minutes=1)


class Day(Struct, frozen=True):
    """A finished day. Prices in VND or points, volumes in shares or contracts, values in VND; None where not told."""

    symbol: str
    day: date
    open: float
    high: float
    low: float
    close: float
    volume: int
    value: float
    reference: float | None = None
    ceiling: float | None = None
    floor: float | None = None
    foreign_buy_volume: int | None = None
    foreign_sell_volume: int | None = None
    foreign_buy_value: float | None = None
    foreign_sell_value: float | None = None


class Minute(Struct, frozen=True):
    """A minute from the venue, `at` its first second. `value` is an estimate: the venue tells none."""

    symbol: str
    at: datetime
    open: float
    high: float
    low: float
    close: float
    volume: int
    value: float


class Dated(Protocol):
    """A row of the wire with a day, which may be misspelt."""

    @property
    def day(self) -> date: ...


Wire = TypeVar("Wire", bound=Dated)


def within(rows: Iterable[Wire], first: date, last: date) -> list[Wire]:
    """The rows of days from first to last. A row whose day cannot be read belongs to none."""
    found = []
    for row in rows:
        try:
            day = row.day
        except ValueError:
            continue
        if first <= day <= last:
            found.append(row)
    return found


def day_of_bar(target: Target, row: Bar) -> Day | None:
    """A row of DailyOhlc."""
    prices = four(row.open, row.high, row.low, row.close)
    volume = counted(row.volume)
    if prices is None or not (volume or target.is_index):
        return None
    return Day(target.code, row.day, *prices, volume, amount(row.value) or estimate(target, prices, volume))


def day_of_price(target: Target, row: DailyStockPrice) -> Day | None:
    """A row of DailyStockPrice. Matched volume only: negotiated deals are no part of a bar."""
    prices = four(row.open_price, row.highest_price, row.lowest_price, row.close_price)
    volume = counted(row.total_match_vol)
    if prices is None or not volume:
        return None
    return Day(
        target.code,
        row.day,
        *prices,
        volume,
        amount(row.total_match_val) or estimate(target, prices, volume),
        reference=price(row.ref_price),
        ceiling=price(row.ceiling_price),
        floor=price(row.floor_price),
        foreign_buy_volume=total(row.foreign_buy_vol_total),
        foreign_sell_volume=total(row.foreign_sell_vol_total),
        foreign_buy_value=amount(row.foreign_buy_val_total),
        foreign_sell_value=amount(row.foreign_sell_val_total),
    )


def day_of_index(target: Target, row: DailyIndex) -> Day | None:
    """A row of DailyIndex. It tells the close and its change: the bar is drawn from the close before to the day's."""
    close = price(row.index_value)
    if close is None:
        return None
    prior = price(close - row.change) if row.change is not None else None
    opened = prior or close
    return Day(
        target.code,
        row.day,
        opened,
        max(opened, close),
        min(opened, close),
        close,
        counted(row.total_match_vol),
        amount(row.total_match_val) or 0.0,
        reference=prior,
    )


def minute_of(target: Target, row: Bar, until: datetime) -> Minute | None:
    """A row of IntradayOhlc whose minute ended by `until`: one that goes on would be stored as if it were whole."""
    prices = four(row.open, row.high, row.low, row.close)
    volume = counted(row.volume)
    try:
        at = row.minute
    except ValueError:
        return None
    if prices is None or not (volume or target.is_index) or at + MINUTE > until:
        return None
    return Minute(target.code, at, *prices, volume, estimate(target, prices, volume))


def four(
    opened: float | None, high: float | None, low: float | None, close: float | None
) -> tuple[float, float, float, float] | None:
    """Open, high, low and close, put right so that high and low hold the others; None where one is no price."""
    told = [each for each in (price(opened), price(high), price(low), price(close)) if each is not None]
    return (told[0], max(told), min(told), told[3]) if len(told) == 4 else None


def estimate(target: Target, prices: tuple[float, float, float, float], volume: int) -> float:
    """Turnover in VND at the middle of high, low and close. The points of an index are no price of its volume."""
    _, high, low, close = prices
    multiplier = 0 if target.is_index else MULTIPLIER if target.is_future else 1
    return round((high + low + close) / 3 * volume * multiplier, 2)


def price(number: float | None) -> float | None:
    """A price, None for what is none."""
    return number if number is not None and isfinite(number) and number > 0 else None


def amount(number: float | None) -> float | None:
    """A sum of money from 0, None for what is none."""
    return number if number is not None and isfinite(number) and number >= 0 else None


def total(number: int | None) -> int | None:
    """A volume from 0, None for what is none."""
    return number if number is not None and 0 <= number < MOST_VOLUME else None


def counted(volume: int | None) -> int:
    """A volume that can be stored; 0 for what is none."""
    return total(volume) or 0
