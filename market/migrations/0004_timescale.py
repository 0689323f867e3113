"""Hypertables, compression, continuous aggregates and retention, as far as the server offers them.

Looks at the server and does what it can: TimescaleDB's community edition gets everything, its Apache edition
hypertables, any other PostgreSQL stays with the ordinary tables of the migration before. To gain a level later (the
extension was installed after this ran) `manage.py use_timescale` runs `forwards` again: all of it may be repeated.

The lengths of time and the names of the aggregates are repeated in market/storage/retention.py and market/queries.py;
tests hold them together.
"""

from django.db import migrations

# Table: (chunk, compress after, how a compressed chunk is laid out, keep). Every key holds `at`, the time column.
HYPERTABLES = {
    "market_trade": ("7 days", "14 days", ("symbol", "at, total_volume"), "180 days"),
    "market_bar": ("30 days", "90 days", ("symbol", "at"), "1825 days"),
    "market_foreignflow": ("7 days", "14 days", ("symbol", "at"), "180 days"),
    "market_indextick": ("7 days", "14 days", ('"index"', "at"), "180 days"),
    "market_basispoint": ("7 days", "14 days", ("contract", "at"), "180 days"),
}
# Aggregate: how `at` falls into buckets. A day is a day in Vietnam.
AGGREGATES = {
    "market_bar_5m": "time_bucket(INTERVAL '5 minutes', at)",
    "market_bar_15m": "time_bucket(INTERVAL '15 minutes', at)",
    "market_bar_1h": "time_bucket(INTERVAL '1 hour', at)",
    "market_bar_1d": "time_bucket(INTERVAL '1 day', at, 'Asia/Ho_Chi_Minh')",
}


def hypertable_statements():
    """Both editions."""
    for table, (chunk, _, _, _) in HYPERTABLES.items():
        yield (
            f"SELECT create_hypertable('{table}', 'at', chunk_time_interval => INTERVAL '{chunk}', "
            "create_default_indexes => FALSE, migrate_data => TRUE, if_not_exists => TRUE)"
        )


def community_statements():
    """What only the community edition has. Aggregates start empty: filling them cannot happen in a transaction."""
    for table, (_, compress, (segment, order), keep) in HYPERTABLES.items():
        yield (
            f"ALTER TABLE {table} SET (timescaledb.compress, timescaledb.compress_segmentby = '{segment}', "
            f"timescaledb.compress_orderby = '{order}')"
        )
        yield f"SELECT add_compression_policy('{table}', INTERVAL '{compress}', if_not_exists => TRUE)"
        yield f"SELECT add_retention_policy('{table}', INTERVAL '{keep}', if_not_exists => TRUE)"
    for view, bucket in AGGREGATES.items():
        # Real time (materialized_only = false): what is not aggregated yet is added up when read.
        yield f"""
            CREATE MATERIALIZED VIEW IF NOT EXISTS {view} WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
            SELECT symbol, {bucket} AS at, first(open, at) AS open, max(high) AS high, min(low) AS low,
                last(close, at) AS close, sum(volume)::bigint AS volume, sum(value) AS value,
                sum(buy_volume)::bigint AS buy_volume, sum(sell_volume)::bigint AS sell_volume,
                sum(neutral_volume)::bigint AS neutral_volume, sum(trades)::bigint AS trades
            FROM market_bar GROUP BY 1, 2 WITH NO DATA"""
        # No start: rows that a backfill brings for any day are taken in. The end leaves today to the moment of reading,
        # where a bar that is corrected within its day shows at once.
        yield (
            f"SELECT add_continuous_aggregate_policy('{view}', start_offset => NULL, end_offset => INTERVAL '1 day', "
            "schedule_interval => INTERVAL '1 hour', if_not_exists => TRUE)"
        )
        # As long as the bars below: every kind of server forgets the same things.
        yield f"SELECT add_retention_policy('{view}', INTERVAL '{HYPERTABLES['market_bar'][3]}', if_not_exists => TRUE)"
    # A refresh goes by batches, and by itself begins with the newest: until its end readers would miss what is older.
    yield (
        "SELECT alter_job(job_id, config => config || '{\"refresh_newest_first\": false}') "
        "FROM timescaledb_information.jobs WHERE proc_name = 'policy_refresh_continuous_aggregate'"
    )


def undo_statements():
    """Take back what the community edition added. A hypertable answers every statement that an ordinary table does."""
    for view in AGGREGATES:
        # Its job first, which waits for a refresh at work: the two would stumble over each other.
        yield f"SELECT remove_continuous_aggregate_policy(view, TRUE) FROM to_regclass('{view}') AS view WHERE view IS NOT NULL"
        yield f"DROP MATERIALIZED VIEW IF EXISTS {view}"
    for table in HYPERTABLES:
        yield f"SELECT remove_compression_policy('{table}', if_exists => TRUE)"
        yield f"SELECT remove_retention_policy('{table}', if_exists => TRUE)"


def value(cursor, query):
    """First column of the first row, None without one."""
    cursor.execute(query)
    row = cursor.fetchone()
    return row and row[0]


def can_create(cursor):
    """Whether TimescaleDB is installed, loaded (else CREATE would kill the session), and ours to create."""
    return value(
        cursor,
        """
        SELECT EXISTS (SELECT FROM pg_settings WHERE name = 'timescaledb.max_background_workers') AND EXISTS (
            SELECT FROM pg_available_extensions AS extension
            JOIN pg_available_extension_versions AS version
                ON version.name = extension.name AND version.version = extension.default_version
            WHERE extension.name = 'timescaledb' AND (
                (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
                OR ((version.trusted OR NOT version.superuser)
                    AND has_database_privilege(current_database(), 'CREATE'))))
        """,
    )


def has_extension(cursor):
    return value(cursor, "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')")


def is_community(cursor):
    return value(cursor, "SHOW timescaledb.license") == "timescale"


def forwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        if not has_extension(cursor):
            if not can_create(cursor):
                return
            cursor.execute("CREATE EXTENSION timescaledb")
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
    dependencies = [("market", "0003_history")]
    operations = [migrations.RunPython(forwards, backwards)]
