"""Users' alerts between the database and ingest: rows in as triggers, hits out as rows and messages."""

from typing import Any, Final

import msgspec
from django.contrib.auth import get_user_model

from alerts.domain.triggers import Hit, Trigger
from alerts.models import PersonalAlert, PersonalHit
from market.domain.calendar import from_date, iso_time
from market.storage.tables import Column, Row, Table, text, whole


def hit_table() -> Table:
    """Where hits go. A user who has gone refuses the row, an alert that has gone leaves it without one."""
    users, alerts = get_user_model()._meta.db_table, PersonalAlert._meta.db_table
    return Table(
        PersonalHit._meta.db_table,
        (
            Column("id", "text", "{}::uuid"),
            Column("user_id", "bigint", f"(SELECT id FROM {users} AS owner WHERE owner.id = {{}})"),
            Column("alert_id", "bigint", f"(SELECT id FROM {alerts} AS own WHERE own.id = {{}})"),
            *whole("alert_version"),
            text("symbol"),
            text("kind"),
            Column("time", "bigint", "to_timestamp({})"),
            Column("evidence", "jsonb"),
            text("note"),
        ),
        ("id",),
        "keep",
        is_lasting=True,
    )


HITS: Final = hit_table()


def hit_row(hit: Hit) -> Row:
    """A row of the table, in the order of its columns."""
    trigger = hit.trigger
    return (
        hit.id,
        trigger.user,
        trigger.id,
        trigger.version,
        trigger.symbol,
        trigger.kind,
        hit.at,
        msgspec.json.encode(hit.evidence).decode(),
        trigger.note,
    )


def hit_message(hit: Hit) -> dict[str, Any]:
    """What the user's open pages are told."""
    trigger = hit.trigger
    return {
        "id": hit.id,
        "alert": trigger.id,
        "symbol": trigger.symbol,
        "kind": trigger.kind,
        "time": iso_time(hit.at),
        "evidence": hit.evidence,
        "note": trigger.note,
    }


def trigger_of(row: PersonalAlert) -> Trigger:
    """What ingest has to know of a row. Raises msgspec.ValidationError for one that was spoilt in the table."""
    return msgspec.convert(
        {
            "id": row.pk,
            "version": row.version,
            "user": row.user_id,
            "symbol": row.symbol,
            "kind": row.kind,
            "condition": row.condition,
            "threshold": row.threshold or 0.0,
            "repeats": row.repeats,
            "cooldown_seconds": row.cooldown_seconds,
            "last_day": from_date(row.expires_on) if row.expires_on is not None else None,
            "note": row.note,
        },
        Trigger,
    )
