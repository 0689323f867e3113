"""The tables: reference data that people maintain, and history that ingest writes.

History has no foreign keys to reference data: a trade is stored whether or not its symbol was described before.
"""

from market.models.access import ApiToken
from market.models.backfill import FetchedRange, Gap
from market.models.baskets import Basket, BasketMember
from market.models.calendar import DayStatus, TradingDay
from market.models.history import (
    Bar,
    BasisPoint,
    DailyBar,
    ForeignFlow,
    IndexTick,
    IngestRun,
    SymbolState,
    Trade,
)
from market.models.instruments import Board, IndexAlias, Instrument, Sector
from market.models.watchlist import Watchlist, WatchlistItem

__all__ = [
    "ApiToken",
    "Bar",
    "BasisPoint",
    "Basket",
    "BasketMember",
    "Board",
    "DailyBar",
    "DayStatus",
    "FetchedRange",
    "ForeignFlow",
    "Gap",
    "IndexAlias",
    "IndexTick",
    "IngestRun",
    "Instrument",
    "Sector",
    "SymbolState",
    "Trade",
    "TradingDay",
    "Watchlist",
    "WatchlistItem",
]
