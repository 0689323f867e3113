"""The rows of FastConnect's REST answers.

On the wire every value is a JSON string, numbers too, and any of them may be null, empty or "NaN": those are None
here. Stock prices are VND, prices of futures and indices are points, volumes are shares or contracts, values are VND.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from market.domain.calendar import VIETNAM

DATE_FORMAT = "%d/%m/%Y"
ABSENT = ("", "NaN")

Row = TypeVar("Row", bound=Struct)


class Dated(Struct, frozen=True, rename="pascal", kw_only=True):
    """A row of one trading day, or of a moment in it."""

    trading_date: str
    time: str | None = None

    @property
    def day(self) -> date:
        """Return the trading day. Raises ValueError when the venue sent something else than dd/MM/yyyy."""
        return datetime.strptime(self.trading_date, DATE_FORMAT).replace(tzinfo=VIETNAM).date()


class Security(Struct, frozen=True, rename="pascal", kw_only=True):
    """A row of Securities."""

    symbol: str
    market: str | None = None
    stock_name: str | None = None
    stock_en_name: str | None = None


class SecurityDetails(Struct, frozen=True, rename="pascal", kw_only=True):
    """A row of SecuritiesDetails. Dates are dd/MM/yyyy text."""

    symbol: str
    isin: str | None = None
    symbol_name: str | None = None
    symbol_eng_name: str | None = None
    sec_type: str | None = None
    market_id: str | None = None
    exchange: str | None = None
    issuer: str | None = None
    lot_size: int | None = None
    issue_date: str | None = None
    maturity_date: str | None = None
    first_trading_date: str | None = None
    last_trading_date: str | None = None
    contract_multiplier: float | None = None
    underlying: str | None = None
    put_or_call: str | None = None
    exercise_price: float | None = None
    exercise_ratio: str | None = field(default=None, name="ExcerciseRatio")  # the venue's spelling
    listed_share: int | None = None
    # The tick from a price on, up to four pairs.
    tick_price1: float | None = None
    tick_increment1: float | None = None
    tick_price2: float | None = None
    tick_increment2: float | None = None
    tick_price3: float | None = None
    tick_increment3: float | None = None
    tick_price4: float | None = None
    tick_increment4: float | None = None


class IndexComponents(Struct, frozen=True, kw_only=True):
    """The members of an index."""

    index_code: str
    symbols: tuple[str, ...]
    index_name: str | None = None
    exchange: str | None = None


class IndexName(Struct, frozen=True, rename="pascal", kw_only=True):
    """A row of IndexList."""

    index_code: str
    index_name: str | None = None
    exchange: str | None = None


class Bar(Dated, frozen=True, rename="pascal", kw_only=True):
    """A row of DailyOhlc or IntradayOhlc. `value` of an intraday bar is a price, not turnover."""

    symbol: str
    market: str | None = None
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    volume: int | None = None
    value: float | None = None

    @property
    def minute(self) -> datetime:
        """Return the minute's start; the wire has the second of the last trade in it. Raises ValueError like `day`."""
        clock = time.fromisoformat(self.time or "")
        return datetime.combine(self.day, clock.replace(second=0, microsecond=0), VIETNAM)


class DailyIndex(Dated, frozen=True, rename="pascal", kw_only=True):
    """A row of DailyIndex."""

    index_id: str
    index_name: str | None = None
    index_value: float | None = None
    change: float | None = None
    ratio_change: float | None = None
    total_trade: int | None = None
    total_match_vol: int | None = None
    total_match_val: float | None = None
    total_deal_vol: int | None = None
    total_deal_val: float | None = None
    total_vol: int | None = None
    total_val: float | None = None
    advances: int | None = None
    no_changes: int | None = None
    declines: int | None = None
    ceilings: int | None = None
    floors: int | None = None
    type_index: str | None = None
    trading_session: str | None = None


class DailyStockPrice(Dated, frozen=True, rename="pascal", kw_only=True):
    """A row of DailyStockPrice."""

    symbol: str
    price_change: float | None = None
    per_price_change: float | None = None
    ceiling_price: float | None = None
    floor_price: float | None = None
    ref_price: float | None = None
    open_price: float | None = None
    highest_price: float | None = None
    lowest_price: float | None = None
    close_price: float | None = None
    average_price: float | None = None
    close_price_adjusted: float | None = None
    total_match_vol: int | None = None
    total_match_val: float | None = None
    total_deal_vol: int | None = None
    total_deal_val: float | None = None
    foreign_buy_vol_total: int | None = None
    foreign_sell_vol_total: int | None = None
    foreign_buy_val_total: float | None = None
    foreign_sell_val_total: float | None = None
    foreign_current_room: int | None = None
    total_buy_trade: int | None = None
    total_buy_trade_vol: int | None = None
    total_sell_trade: int | None = None
    total_sell_trade_vol: int | None = None
    net_buy_sell_vol: int | None = None
    net_buy_sell_val: float | None = None
    total_traded_vol: int | None = None
    total_traded_value: float | None = None


def read_row(values: Mapping[str, Any], kind: type[Row]) -> Row:
    """Read one row of the wire. Raises msgspec.ValidationError when a value is missing or not what it should be."""
    present = {name: str(value) for name, value in values.items() if value is not None}
    return msgspec.convert({n: v for n, v in present.items() if v not in ABSENT}, kind, strict=False)
