"""Reads of stored alerts, newest first, in the form of the live rows."""

import logging
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Q
from msgspec import Struct

from alerts.domain.titles import title
from alerts.models import Alert, AlertRule
from market import live
from market.domain.calendar import iso_time, to_date

logger = logging.getLogger(__name__)

MOST: Final = 1_000
EARLIER: Final = 200  # as many as the live channel keeps


class Filter(Struct, frozen=True):
    """Which alerts: None and empty mean all. `start` is included, `end` is not.

    `before` is the time and id of the last alert of the page before.
    """

    symbols: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    rule: int | None = None
    start: datetime | None = None
    end: datetime | None = None
    before: tuple[datetime, str] | None = None


def recent(wanted: Filter, limit: int) -> list[dict[str, Any]]:
    """The newest alerts that a filter lets through, at most `limit` of them."""
    rows = Alert.objects.order_by("-at", "-id")
    for name, values in (("symbol", wanted.symbols), ("kind", wanted.kinds), ("severity", wanted.severities)):
        if values:
            rows = rows.filter(**{f"{name}__in": values})
    if wanted.rule is not None:
        rows = rows.filter(rule=wanted.rule)
    if wanted.start is not None:
        rows = rows.filter(at__gte=wanted.start)
    if wanted.end is not None:
        rows = rows.filter(at__lt=wanted.end)
    if wanted.before is not None:
        at, key = wanted.before
        rows = rows.filter(Q(at__lt=at) | Q(at=at, id__lt=key), at__lte=at)  # the last says it to the index
    return [shown(row) for row in rows[:limit]]


def shown(row: Alert) -> dict[str, Any]:
    """A stored alert as a live row."""
    return {
        "id": row.id,
        "kind": row.kind,
        "symbol": row.symbol,
        "time": iso_time(int(row.at.timestamp())),
        "severity": row.severity,
        "title": title(row.kind, row.symbol, row.evidence),
        "evidence": row.evidence,
        "rule": row.rule,
        "version": row.rule_version,
    }


async def earlier_alerts() -> list[dict[str, Any]]:
    """What fired before this start, for the live list: the stored alerts, and those that only Redis has as yet."""
    found: dict[str, dict[str, Any]] = {}
    try:
        found |= by_id(await sync_to_async(recent)(Filter(), EARLIER))
    except DatabaseError as error:
        logger.warning("Alerts: the stored ones cannot be read: %s", str(error).strip())
    try:
        snapshot = await live.snapshot("alerts")
        found |= by_id(snapshot.rows.values() if snapshot else ())
    except live.LiveUnavailable as error:
        logger.warning("Alerts: the live ones cannot be read: %s", error)
    return sorted(found.values(), key=lambda row: str(row["time"]))[-EARLIER:]


def by_id(rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Rows by their id."""
    return {str(row["id"]): row for row in rows}


DAYS: Final = """
    WITH RECURSIVE found AS (
        (SELECT at FROM alerts_alert ORDER BY at DESC LIMIT 1)
        UNION ALL
        SELECT older.at FROM found, LATERAL (
            SELECT at FROM alerts_alert
            WHERE at < date_bin(INTERVAL '1 day', found.at, TIMESTAMPTZ '2000-01-01 00:00:00+07')
            ORDER BY at DESC LIMIT 1
        ) AS older
    )
    SELECT at FROM found LIMIT %(limit)s
"""


def alert_days(limit: int = 60) -> list[date]:
    """The newest days that have alerts, newest first. It looks at one alert a day, not at all of them."""
    with connection.cursor() as cursor:
        cursor.execute(DAYS, {"limit": limit})
        return [to_date(int(at.timestamp())) for (at,) in cursor.fetchall()]


def rule_names() -> dict[int, str]:
    """What people called their rules; those without a name of their own are not in it."""
    return dict(AlertRule.objects.exclude(name="").values_list("pk", "name"))
