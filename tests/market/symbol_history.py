"""Stored history of one symbol, for tests of its page."""

from datetime import datetime, timedelta

from market.domain.calendar import VIETNAM
from market.models import Bar, DailyBar, ForeignFlow, Trade

MORNING = datetime(2026, 11, 20, 9, 15, tzinfo=VIETNAM)


def store_minutes(symbol: str = "HPG", count: int = 60, last: datetime | None = None, price: float = 27_000.0) -> None:
    """One bar a minute up to `last`, 10:14 on 20 November if not given; prices rise by 10 a bar."""
    last = last or datetime(2026, 11, 20, 10, 14, tzinfo=VIETNAM)
    Bar.objects.bulk_create(
        Bar(
            symbol=symbol, at=last - timedelta(minutes=back), open=close, high=close + 50, low=close - 50,
            close=close + 10, volume=1_000, value=close * 1_000, buy_volume=500, sell_volume=300, neutral_volume=150,
            trades=7,
        )
        for back in range(count)
        for close in [price + 10 * (count - back)]
    )  # fmt: skip


def store_days(symbol: str = "HPG", count: int = 40) -> None:
    """One bar a calendar day, up to 19 November."""
    DailyBar.objects.bulk_create(
        DailyBar(
            symbol=symbol, day=(MORNING - timedelta(days=back + 1)).date(), open=26_000, high=26_500, low=25_500,
            close=26_100, volume=9_000_000, value=9e6 * 26_000,
        )
        for back in range(count)
    )  # fmt: skip


def store_trades(symbol: str = "HPG", count: int = 6) -> None:
    """Trades of the morning, one a second: bought at 27,450, sold at 27,400, and one without aggressor."""
    sides = ("buy", "sell", "buy", "neutral", "sell", "buy")
    Trade.objects.bulk_create(
        Trade(
            symbol=symbol, at=MORNING + timedelta(seconds=number), total_volume=100 * (number + 1), number=number + 1,
            price=27_400.0 if side == "sell" else 27_450.0, volume=100, value=2_740_000.0, side=side,
            method="none" if side == "neutral" else "quote", phase="continuous",
        )
        for number in range(count)
        for side in [sides[number % len(sides)]]
    )  # fmt: skip


def store_foreign_flow(symbol: str = "HPG") -> None:
    """Net buying that grows through the morning."""
    ForeignFlow.objects.bulk_create(
        ForeignFlow(
            symbol=symbol, at=MORNING + timedelta(minutes=5 * step), buy_volume=step * 1_000, sell_volume=100,
            buy_value=step * 27e6, sell_value=2.7e6, own_buy_value=0, own_sell_value=0, room=0, total_room=0,
        )
        for step in range(4)
    )  # fmt: skip
