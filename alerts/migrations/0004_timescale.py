"""The alerts as a hypertable, with compression and retention, as far as the server offers them.

It comes after the market's migration of the same name, which installs the extension where that is possible. To gain a
level later `manage.py use_timescale` runs `forwards` again: all of it may be repeated. The length of time is repeated
in alerts/models/rules.py; a test holds them together.
"""

from django.db import migrations

TABLE = "alerts_alert"
CHUNK, COMPRESS_AFTER, KEEP = "30 days", "90 days", "1825 days"


def hypertable_statements():
    """Both editions."""
    yield (
        f"SELECT create_hypertable('{TABLE}', 'at', chunk_time_interval => INTERVAL '{CHUNK}', "
        "create_default_indexes => FALSE, migrate_data => TRUE, if_not_exists => TRUE)"
    )


def community_statements():
    """What only the community edition has."""
    yield (
        f"ALTER TABLE {TABLE} SET (timescaledb.compress, timescaledb.compress_segmentby = 'symbol', "
        "timescaledb.compress_orderby = 'at, id')"
    )
    yield f"SELECT add_compression_policy('{TABLE}', INTERVAL '{COMPRESS_AFTER}', if_not_exists => TRUE)"
    yield f"SELECT add_retention_policy('{TABLE}', INTERVAL '{KEEP}', if_not_exists => TRUE)"


def undo_statements():
    """Take back what the community edition added. A hypertable answers every statement that an ordinary table does."""
    yield f"SELECT remove_compression_policy('{TABLE}', if_exists => TRUE)"
    yield f"SELECT remove_retention_policy('{TABLE}', if_exists => TRUE)"


def value(cursor, query):
    """First column of the first row, None without one."""
    cursor.execute(query)
    row = cursor.fetchone()
    return row and row[0]


def has_extension(cursor):
    return value(cursor, "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')")


def is_community(cursor):
    return value(cursor, "SHOW timescaledb.license") == "timescale"


def forwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        if not has_extension(cursor) or not value(cursor, f"SELECT to_regclass('{TABLE}') IS NOT NULL"):
            return
        for statement in hypertable_statements():
            cursor.execute(statement)
        if is_community(cursor):
            for statement in community_statements():
                cursor.execute(statement)


def backwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        if has_extension(cursor) and is_community(cursor):
            for statement in undo_statements():
                cursor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("alerts", "0003_shipped_rules"), ("market", "0004_timescale")]
    operations = [migrations.RunPython(forwards, backwards)]
