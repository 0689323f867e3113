"""Users' alerts between the database and ingest: rows in as triggers, hits out as rows and messages."""

from typing import Any, Final
from uuid import UUID, uuid5

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
NAMES: Final = UUID("4b1c8f7e-0a55-5d0c-9f0e-2f5f8a6f7f10")  # the name space of hits


def hit_id(hit: Hit) -> str:
    """The name of a hit for ever: that of the alert's version and, where it repeats, the time.

    Judged again after a restart it is the same, and a one-shot alert has one for each version.
    """
    trigger = hit.trigger
    return str(uuid5(NAMES, f"{trigger.id}-{trigger.version}" + (f"-{hit.at}" if trigger.repeats else "")))


def hit_row(hit: Hit) -> Row:
    """A row of the table, in the order of its columns."""
    trigger = hit.trigger
    return (
        hit_id(hit),
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
        "id": hit_id(hit),
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
