"""Which trades of a symbol's tape are marked as big lots.

A big lot is large for this symbol on this day: its volume is among the largest hundredth of the day's trades up to the
moment shown, and at least five times the median one, so that a symbol whose trades are all alike has none. Only trades
of the continuous phase that were seen one by one count, and only they are marked: an auction is one print of many
orders, and a gap's volume is that of several trades. Below a hundred trades nothing is marked: too few to tell.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from django.core.cache import cache
from django.db.models import Aggregate, BigIntegerField, Count

from market.domain.calendar import day_of
from market.history import Tick
from market.history_database import history_alias
from market.models import Trade

SHARE: Final = 0.99  # of the trades that are smaller or alike
TIMES_MEDIAN: Final = 5
LEAST_TRADES: Final = 100
KEPT_SECONDS: Final = 60  # it adds up all trades of a day, and moves slowly


class Percentile(Aggregate):
    """The value below or at which a share of the rows lies, one that occurs."""

    function = "PERCENTILE_DISC"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = BigIntegerField()


def big_lot(code: str, newest: Tick, end: datetime | None = None) -> int | None:
    """The smallest volume of a big lot on the day of a trade, in shares or contracts; None while too few are known.

    `end`: only the trades before it count. Kept for a minute.
    """
    start = datetime.fromtimestamp(day_of(newest.at), tz=UTC)
    key = f"big-lot:{code}:{start:%Y%m%d}:{'' if end is None else f'{end.timestamp():.0f}'}"
    kept: tuple[int | None] | None = cache.get(key)
    if kept is None:
        kept = (counted(code, start, end or start + timedelta(days=1)),)
        cache.set(key, kept, KEPT_SECONDS)
    return kept[0]


def counted(code: str, start: datetime, end: datetime) -> int | None:
    rows = Trade.objects.using(history_alias()).filter(symbol=code, at__gte=start, at__lt=end)
    found = rows.filter(phase=Trade.Phase.CONTINUOUS, gap=False).aggregate(
        trades=Count("volume"), largest=Percentile("volume", share=SHARE), median=Percentile("volume", share=0.5)
    )
    if found["trades"] < LEAST_TRADES:
        return None
    return int(max(found["largest"], TIMES_MEDIAN * found["median"]))


def is_big(tick: Tick, least: int | None) -> bool:
    """Tell whether a trade is a big lot."""
    return least is not None and tick.volume >= least and tick.phase == Trade.Phase.CONTINUOUS and not tick.gap
