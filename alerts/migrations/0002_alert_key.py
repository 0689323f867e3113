"""The key of the alerts as hypertables demand it.

The id names an alert for Django, so it is the model's primary key; the table's own holds the time as well. A second
index on the id, which Django makes for LIKE at the end of the migration before, serves nobody.
"""

from django.db import migrations

INDEX = "alerts_alert_id_13155e16_like"


def change_key(cursor, columns):
    """Give the table another key; a hypertable, which the way back leaves one, has to keep the time in its own."""
    cursor.execute("SELECT to_regclass('timescaledb_information.hypertables') IS NOT NULL")
    if cursor.fetchone()[0]:
        cursor.execute("SELECT FROM timescaledb_information.hypertables WHERE hypertable_name = 'alerts_alert'")
        if cursor.fetchone() is not None:
            return
    cursor.execute(f"ALTER TABLE alerts_alert DROP CONSTRAINT alerts_alert_pkey, ADD PRIMARY KEY ({columns})")


def forwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {INDEX}")
        change_key(cursor, "id, at")


def backwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        change_key(cursor, "id")
        cursor.execute(f"CREATE INDEX {INDEX} ON alerts_alert (id varchar_pattern_ops)")


class Migration(migrations.Migration):
    dependencies = [("alerts", "0001_rules")]
    operations = [migrations.RunPython(forwards, backwards)]
