"""The key of the alerts as hypertables demand it.

The id names an alert for Django, so it is the model's primary key; the table's own holds the time as well. A second
index on the id, which Django makes for LIKE at the end of the migration before, serves nobody.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("alerts", "0001_rules")]
    operations = [
        migrations.RunSQL(
            """
            DROP INDEX alerts_alert_id_13155e16_like;
            ALTER TABLE alerts_alert DROP CONSTRAINT alerts_alert_pkey, ADD PRIMARY KEY (id, at);
            """,
            """
            ALTER TABLE alerts_alert DROP CONSTRAINT alerts_alert_pkey, ADD PRIMARY KEY (id);
            CREATE INDEX alerts_alert_id_13155e16_like ON alerts_alert (id varchar_pattern_ops);
            """,
        )
    ]
