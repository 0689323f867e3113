"""An alert as others get it: a live row for the socket and pages, a stored row for the writer."""

from typing import Any, Final

import msgspec

from alerts.domain.model import Alert
from alerts.domain.titles import title
from market.domain.calendar import iso_time
from market.storage.tables import TIME, Column, Row, Table, text, whole

ALERTS: Final = Table(
    "alerts_alert",
    (
        text("id"),
        TIME,
        text("kind"),
        text("symbol"),
        text("severity"),
        text("phase"),
        *whole("rule", "rule_version"),
        Column("evidence", "jsonb"),
    ),
    ("id", "at"),
    "keep",
)


def alert_id(alert: Alert) -> str:
    """The name of an alert for ever: the same alert judged again after a restart has the same."""
    return f"{alert.kind}-{rule_number(alert)}-{alert.symbol}-{alert.at}-{alert.number}"


def rule_number(alert: Alert) -> int:
    """The key of the stored rule; 0 for a shipped rule while the database was never reached."""
    return alert.rule_id if isinstance(alert.rule_id, int) else 0


def live_row(alert: Alert) -> dict[str, Any]:
    """A row of the channel `alerts`. `title` is English; `kind` and `evidence` are enough to say it otherwise."""
    return {
        "id": alert_id(alert),
        "kind": alert.kind,
        "symbol": alert.symbol,
        "time": iso_time(alert.at),
        "severity": alert.severity,
        "title": title(alert.kind, alert.symbol, alert.evidence),
        "evidence": alert.evidence,
        "rule": rule_number(alert),
        "version": alert.rule_version,
    }


def stored_row(alert: Alert) -> Row:
    """A row of the table, in the order of its columns."""
    return (
        alert_id(alert),
        alert.at,
        alert.kind,
        alert.symbol,
        alert.severity,
        alert.phase or "",
        rule_number(alert),
        alert.rule_version,
        msgspec.json.encode(alert.evidence).decode(),
    )
