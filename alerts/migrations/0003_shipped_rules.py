"""The rules that ship. An admin may change or delete them; running this again brings none back.

The same values as DEFAULT_RULES in alerts/domain/rules.py; a test holds both together.
"""

from django.db import migrations
from django.utils import timezone

AUCTIONS_AND_CONTINUOUS = ["ato", "continuous", "atc"]
RULES = [
    {
        "kind": "volume_spike",
        "scope": "stocks",
        "phases": ["continuous"],
        "severity": "warning",
        "cooldown_seconds": 60,
        "params": {"multiplier": 3, "window_minutes": 20, "min_trades": 10},
    },
    {
        "kind": "price_limit",
        "scope": "stocks",
        "phases": AUCTIONS_AND_CONTINUOUS,
        "severity": "critical",
        "cooldown_seconds": 60,
        "params": {},
    },
    {
        "kind": "foreign_acceleration",
        "scope": "stocks",
        "phases": [],  # all
        "severity": "warning",
        "cooldown_seconds": 60,
        "params": {"change_percent": 30, "window_minutes": 5, "min_value_vnd": 1_000_000_000},
    },
    {
        "kind": "basis_flip",
        "scope": "vn30_futures",
        "phases": AUCTIONS_AND_CONTINUOUS,
        "severity": "warning",
        "cooldown_seconds": 60,
        "params": {},
    },
]


def seed(apps, schema_editor):
    """Store the rules, with the first entry of each one's history, so that it can be brought back."""
    database = schema_editor.connection.alias
    Rule = apps.get_model("alerts", "AlertRule")
    HistoricalRule = apps.get_model("alerts", "HistoricalAlertRule")
    if HistoricalRule.objects.using(database).exists():
        return
    for values in RULES:
        rule = Rule.objects.using(database).create(**values)
        copied = {field.attname: getattr(rule, field.attname) for field in Rule._meta.concrete_fields}
        HistoricalRule.objects.using(database).create(**copied, history_date=timezone.now(), history_type="+")


class Migration(migrations.Migration):
    dependencies = [("alerts", "0002_alert_key")]

    # Backwards keeps the rules: by then people may have edited them, and the tables go with the migration before.
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
