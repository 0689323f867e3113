"""Alerts as ingest publishes them, and their channel on a test's publisher."""

from datetime import datetime, timedelta
from typing import Any

from market.domain.calendar import VIETNAM
from tests.market.live_rows import Publisher

Row = dict[str, Any]
START = datetime(2026, 11, 20, 10, 15, 4, tzinfo=VIETNAM)

LIMIT = {"limit": "ceiling", "price": 28_800.0, "limit_price": 28_800.0, "volume": 12_300}
SPIKE = {
    "volume": 25_000, "mean_volume": 2_510.4, "times": 9.96, "trades": 212, "window_minutes": 20, "price": 27_450.0,
    "side": "buy",
}  # fmt: skip


def alert_row(number: int = 1, symbol: str = "HPG", kind: str = "price_limit", **changes: Any) -> Row:
    """A critical alert of HPG at the ceiling, `number` seconds after 10:15:04 on 20 November."""
    at = START + timedelta(seconds=number)
    row: Row = {
        "id": f"{kind}-2-{symbol}-{at.timestamp():.0f}-{abs(number)}", "kind": kind, "symbol": symbol,
        "time": at.isoformat(), "severity": "critical" if kind == "price_limit" else "warning",
        "title": f"{symbol}: …", "evidence": LIMIT if kind == "price_limit" else SPIKE, "rule": 2, "version": 1,
    }  # fmt: skip
    return row | changes


class AlertPublisher(Publisher):
    """A publisher that also has alerts."""

    def __init__(self, epoch: str = "e1", **status_changes: Any) -> None:
        super().__init__(epoch, **status_changes)
        self.seq["alerts"] = 0
        self.rows["alerts"] = {}

    def store_alerts(self, *rows: Row) -> None:
        """Write what fired already."""
        self.store("alerts", {row["id"]: row for row in rows})

    async def fire(self, *rows: Row) -> None:
        """Tell what fires now."""
        await self.update("alerts", {row["id"]: row for row in rows})
