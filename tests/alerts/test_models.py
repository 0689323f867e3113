"""Rules and alerts as rows: versions, history, validation, migrations."""

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_django
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from alerts.domain.kinds import KINDS
from alerts.domain.rules import DEFAULT_RULES, dump_rules, new_rule
from alerts.editors import EDITORS
from alerts.models import KEEP, Alert, AlertRule
from tests.market.scratch import scratch_database

shipped = importlib.import_module("alerts.migrations.0003_shipped_rules")
timescale = importlib.import_module("alerts.migrations.0004_timescale")
NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)


def make_rule(kind: str = "large_trade", **values: object) -> AlertRule:
    row = AlertRule()
    row.take(new_rule(kind))
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    return row


def make_alert(rule: int, at: datetime = NOW, symbol: str = "HPG", number: int = 1) -> Alert:
    return Alert.objects.create(
        id=f"large_trade-{rule}-{symbol}-{at.timestamp():.0f}-{number}", at=at, kind="large_trade", symbol=symbol,
        severity="info", phase="continuous", rule=rule, rule_version=1, evidence={"value_vnd": 1e10},
    )  # fmt: skip


@pytest.mark.django_db
def test_seeded_rules_are_the_shipped_defaults() -> None:
    rows = AlertRule.objects.order_by("pk")[: len(DEFAULT_RULES)]
    stored = [row.as_rule() for row in rows]
    assert [{**each, "id": None} for each in dump_rules(stored)] == [
        {**each, "id": None} for each in dump_rules(DEFAULT_RULES)
    ]
    assert [row.history.count() for row in rows] == [1] * len(DEFAULT_RULES)


def test_migrated_defaults_are_those_of_the_code() -> None:
    written = [{**each, "phases": each["phases"] or "all"} for each in shipped.RULES]
    assert written == dump_rules(DEFAULT_RULES)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", KINDS)
def test_rule_of_every_kind_comes_back_as_it_went_in(kind: str) -> None:
    row = make_rule(kind)
    row.full_clean()
    stored = AlertRule.objects.get(pk=row.pk)
    assert dump_rules([stored.as_rule()]) == [{**dump_rules([new_rule(kind)])[0], "id": row.pk}]


@pytest.mark.django_db
def test_rule_version_grows_with_each_save_whatever_the_row_says() -> None:
    row = make_rule()
    assert row.version == 1
    stale = AlertRule.objects.get(pk=row.pk)
    row.save()
    row.save(update_fields=["enabled"])
    stale.save()
    assert stale.version == 4
    assert AlertRule.objects.get(pk=row.pk).version == 4
    assert [each.version for each in row.history.all()] == [4, 3, 2, 1]


@pytest.mark.django_db
def test_rule_version_grows_with_bulk_changes() -> None:
    row = make_rule()
    AlertRule.objects.filter(pk=row.pk).update(severity="critical")
    row.refresh_from_db()
    assert (row.version, row.severity) == (2, "critical")
    row.severity = "info"
    AlertRule.objects.bulk_update([row], ["severity"])
    row.refresh_from_db()
    assert (row.version, row.severity) == (3, "info")


@pytest.mark.django_db
def test_set_enabled_saves_only_what_changes_and_with_history() -> None:
    on, off = make_rule(), make_rule(enabled=False)
    changed = AlertRule.objects.filter(pk__in=[on.pk, off.pk]).set_enabled(False)
    assert changed == 1
    assert (on.history.count(), off.history.count()) == (2, 1)
    assert not AlertRule.objects.get(pk=on.pk).enabled


@pytest.mark.django_db
def test_rule_out_of_bounds_names_the_param_and_what_was_expected() -> None:
    row = make_rule("volume_spike")
    row.params = {"multiplier": 0.5, "window_minutes": 20, "min_trades": 10}
    with pytest.raises(ValidationError) as raised:
        row.full_clean()
    assert raised.value.message_dict["params.multiplier"] == ["expected a number from 1 to 100, was 0.5"]


@pytest.mark.django_db
def test_rules_are_counted_in_one_query(django_assert_num_queries: pytest_django.DjangoAssertNumQueries) -> None:
    rule, silent = make_rule(), make_rule()
    for number, days in enumerate((0, 0, 1, 6, 7)):
        make_alert(rule.pk, NOW - timedelta(days=days), number=number)
    with django_assert_num_queries(1):
        rows = {row.pk: row for row in AlertRule.objects.with_counts(NOW.replace(hour=0))}
    counted = {pk: (row.fired_today, row.fired_lately) for pk, row in rows.items()}
    assert (counted[rule.pk], counted[silent.pk]) == ((2, 4), (0, 0))


@pytest.mark.django_db
def test_alerts_are_pruned_when_too_old() -> None:
    kept = make_alert(1, NOW - KEEP)
    make_alert(1, NOW - KEEP - timedelta(seconds=1))
    assert Alert.objects.prune(NOW) == 1
    assert list(Alert.objects.all()) == [kept]


@pytest.mark.django_db
def test_alert_table_key_holds_the_time_as_hypertables_demand() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'alerts_alert' AND indexdef LIKE '%UNIQUE%'")
        assert [definition.partition("(")[2] for (definition,) in cursor.fetchall()] == ["id, at)"]
        cursor.execute("SELECT count(*) FROM pg_indexes WHERE tablename = 'alerts_alert'")
        assert cursor.fetchone() == (4,)


def test_timescale_retention_is_that_of_pruning() -> None:
    assert f"{KEEP.days} days" == timescale.KEEP
    assert any(f"INTERVAL '{timescale.KEEP}'" in statement for statement in timescale.community_statements())


@pytest.mark.django_db
def test_editors_have_rights_on_rules_only() -> None:
    group = Group.objects.get(name=EDITORS)
    codenames = set(group.permissions.values_list("codename", flat=True))
    assert codenames == {"add_alertrule", "change_alertrule", "delete_alertrule", "view_alertrule"}


@pytest.fixture
def scratch(postgres_url: str, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[BaseDatabaseWrapper]:
    with django_db_blocker.unblock(), scratch_database("alert_migrations") as database:
        yield database


def migrate(database: BaseDatabaseWrapper, target: str | None) -> None:
    MigrationExecutor(database).migrate([("alerts", target)])


def test_migrations_of_alerts_back_and_again_keep_the_rules(scratch: BaseDatabaseWrapper) -> None:
    migrate(scratch, "0004_timescale")
    AlertRule.objects.using(scratch.alias).get(kind="basis_flip").delete()
    migrate(scratch, "0001_rules")
    migrate(scratch, "0004_timescale")
    assert AlertRule.objects.using(scratch.alias).count() == len(DEFAULT_RULES) - 1
    migrate(scratch, None)
    with scratch.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'alerts\\_%'")
        assert cursor.fetchone() == (0,)
    migrate(scratch, "0004_timescale")
    assert AlertRule.objects.using(scratch.alias).count() == len(DEFAULT_RULES)
