"""What users ask for themselves, what came of it, and the days that were summed up."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('alerts', '0004_timescale'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DayEnd',
            fields=[
                ('day', models.DateField(primary_key=True, serialize=False, verbose_name='day')),
                ('made_at', models.DateTimeField(auto_now_add=True, verbose_name='made at')),
            ],
            options={
                'verbose_name': "day's summary",
                'verbose_name_plural': "days' summaries",
                'ordering': ['-day'],
            },
        ),
        migrations.CreateModel(
            name='PersonalAlert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('symbol', models.CharField(max_length=24, verbose_name='symbol')),
                ('kind', models.CharField(choices=[('price', 'Price'), ('change', 'Change from reference'), ('volume', 'Total volume of the day'), ('relative_volume', 'Volume against the usual'), ('foreign_value', 'Foreign net value'), ('foreign_volume', 'Foreign net volume'), ('limit', 'Ceiling or floor')], max_length=16, verbose_name='what')),
                ('condition', models.CharField(choices=[('above', 'rises to'), ('below', 'falls to'), ('crosses', 'crosses, either way'), ('ceiling', 'touches the ceiling'), ('floor', 'touches the floor'), ('leaves', 'leaves ceiling or floor')], max_length=8, verbose_name='condition')),
                ('threshold', models.FloatField(blank=True, null=True, verbose_name='threshold')),
                ('repeats', models.BooleanField(default=False, verbose_name='repeats')),
                ('cooldown_seconds', models.PositiveIntegerField(default=900, verbose_name='cool-down')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('expires_on', models.DateField(blank=True, null=True, verbose_name='last day')),
                ('is_paused', models.BooleanField(default=False, verbose_name='paused')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='updated at')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='personal_alerts', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'personal alert',
                'verbose_name_plural': 'personal alerts',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='PersonalHit',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('alert_version', models.IntegerField()),
                ('symbol', models.CharField(max_length=24, verbose_name='symbol')),
                ('kind', models.CharField(choices=[('price', 'Price'), ('change', 'Change from reference'), ('volume', 'Total volume of the day'), ('relative_volume', 'Volume against the usual'), ('foreign_value', 'Foreign net value'), ('foreign_volume', 'Foreign net volume'), ('limit', 'Ceiling or floor')], max_length=16, verbose_name='what')),
                ('time', models.DateTimeField(verbose_name='time')),
                ('evidence', models.JSONField(verbose_name='evidence')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='stored at')),
                ('alert', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='hits', to='alerts.personalalert')),
                ('user', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='personal_hits', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'personal hit',
                'verbose_name_plural': 'personal hits',
                'ordering': ['-time', '-id'],
                'indexes': [models.Index(fields=['user', '-time'], name='personal_hit_user_time'), models.Index(fields=['created_at'], name='personal_hit_created')],
            },
        ),
    ]
