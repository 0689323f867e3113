"""Batches for the tests of storage, small and made by hand."""

from typing import Any

from market.storage.batch import Batch, Run
from market.storage.tables import BARS, FOREIGN, TRADES, Row

DAY = 1_795_107_600  # midnight of 20 Nov 2026 in Vietnam
OPEN = DAY + 33_300  # 09:15
RUN = Run("one", "replay", "replay:one", 0.0)


def trade(number: int, symbol: str = "HPG", **changes: Any) -> Row:
    """The n-th trade of a symbol, a second and a hundred shares after the one before."""
    values: dict[str, Any] = {
        "symbol": symbol, "at": OPEN + number, "total_volume": number * 100, "number": number, "price": 27150.0,
        "volume": 100, "value": 2715000.0, "side": "buy", "method": "feed", "phase": "continuous", "gap": False,
    }  # fmt: skip
    return tuple((values | changes).values())


def bar(volume: int, close: float, source: str = "live", minute: int = 0) -> Row:
    """A minute of HPG."""
    counts = (volume, volume * close, volume, 0, 0, 1)
    return ("HPG", OPEN + minute * 60, 27150.0, 27200.0, 27100.0, close, *counts, source)


def foreign(second: int, bought: int) -> Row:
    """Foreign totals of HPG."""
    return ("HPG", OPEN + second, bought, 0, bought * 27150.0, 0.0, bought * 27150.0, 0.0, 1000, 2000)


def batch(seq: int, trades: list[Row] | None = None, *, run: Run = RUN, day: int = DAY, **rows: list[Row]) -> Batch:
    """A batch of rows; `bars` and `foreign` name their tables."""
    named = {TRADES.name: trades or [], BARS.name: rows.get("bars", []), FOREIGN.name: rows.get("foreign", [])}
    return Batch(seq, run, day, 1_795_140_000.0, seq, {name: each for name, each in named.items() if each}, [])
