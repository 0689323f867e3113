from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("market", "0005_api_token")]
    operations = [
        migrations.AddField("ingestrun", "identity", models.CharField(blank=True, default="", max_length=200)),
        migrations.AddField("ingestrun", "first_day", models.DateField(blank=True, null=True)),
        migrations.AddField("ingestrun", "last_day", models.DateField(blank=True, null=True)),
    ]
