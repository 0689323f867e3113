"""How long history is kept, and pruning where the server has no policies of its own."""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Min, Model

from market.domain.calendar import VIETNAM
from market.models import Bar, BasisPoint, ForeignFlow, IndexTick, Trade
from market.storage.level import database_level
from market.storage.rollup import roll_up_days

# The same lengths as the policies in migration 0004_timescale. Days (DailyBar) are kept for good.
TICKS = timedelta(days=180)
BARS = timedelta(days=1825)
KEEP: dict[type[Model], timedelta] = {Trade: TICKS, ForeignFlow: TICKS, IndexTick: TICKS, BasisPoint: TICKS, Bar: BARS}


def prune(now: datetime) -> dict[str, int]:
    """Delete what is too old; return rows deleted by table. For Celery, once a day.

    Days that lose rows are rolled up first. On community TimescaleDB policies drop whole chunks; nothing is left to do.
    """
    if database_level(connection) == "community":
        return {}
    deleted = {}
    for model, keep in KEEP.items():
        deleted[model._meta.db_table] = prune_table(model, now - keep)
    return deleted


def prune_table(model: type[Model], before: datetime) -> int:
    """Delete the rows of one table from before a moment, after their days are safe."""
    old = model._default_manager.filter(at__lt=before)
    oldest: datetime | None = old.aggregate(oldest=Min("at"))["oldest"]
    if oldest is None:
        return 0
    with transaction.atomic():
        if model in (Bar, ForeignFlow):
            roll_up_days(oldest.astimezone(VIETNAM).date(), before.astimezone(VIETNAM).date())
        return old.delete()[0]
