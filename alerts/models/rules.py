"""Alert rules as people edit them, and the alerts that fired.

A rule is the row form of `alerts.domain.model.Rule`; what its params mean and may be is in the table of its kind. An
alert is what ingest stores when a rule held. It names its rule by number and keeps the version: rules come and go,
what fired stays.
"""

from datetime import datetime, timedelta
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Count, F, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from alerts.domain.kinds import KINDS
from alerts.domain.model import Rule, RuleError
from alerts.domain.rules import load_rule

KEEP = timedelta(days=1825)  # the same length as the policy in migration 0004_timescale


class Severity(models.TextChoices):
    INFO = "info", _("Info")
    WARNING = "warning", _("Warning")
    CRITICAL = "critical", _("Critical")


class AlertRuleQuerySet(models.QuerySet["AlertRule"]):
    """Rows of rules."""

    def update(self, **values: Any) -> int:
        """Change many at once; their versions grow as with `save`. History knows nothing of it: use `save` for that."""
        return super().update(**{"version": F("version") + 1, **values})

    def with_counts(self, today: datetime) -> Self:
        """Add how many alerts each fired since a moment and in the seven days to the end of its day."""
        return self.annotate(
            fired_today=fired_since(today),
            fired_lately=fired_since(today - timedelta(days=6)),
        )

    def set_enabled(self, enabled: bool) -> int:
        """Enable or disable each, with history; return how many changed."""
        with transaction.atomic():
            changed = list(self.exclude(enabled=enabled).order_by("pk").select_for_update())
            for rule in changed:
                rule.enabled = enabled
                rule.save()
        return len(changed)


def fired_since(moment: datetime) -> Coalesce:
    """The number of alerts of the rule in the outer query."""
    counts = Alert.objects.filter(rule=OuterRef("pk"), at__gte=moment).order_by().values("rule")
    return Coalesce(Subquery(counts.annotate(count=Count("*")).values("count"), output_field=IntegerField()), 0)


class AlertRule(models.Model):
    """When to raise an alert. Ingest takes up a change within seconds."""

    name = models.CharField(_("name"), max_length=120, blank=True, help_text=_("Empty: the name of the kind."))
    # No choices here: a new kind needs no migration. `clean` knows them.
    kind = models.CharField(_("kind"), max_length=32)
    enabled = models.BooleanField(_("enabled"), default=True)
    severity = models.CharField(_("severity"), max_length=8, choices=Severity, default=Severity.WARNING)
    scope = models.CharField(_("scope"), max_length=40)  # as in the domain: all, stocks, basket:VN30 ...
    symbols = models.JSONField(_("symbols"), default=list, blank=True)  # with scope "symbols"
    phases = models.JSONField(_("phases"), default=list, blank=True)  # empty for all
    params = models.JSONField(_("parameters"), default=dict, blank=True)
    cooldown_seconds = models.PositiveIntegerField(_("cool-down"), default=60)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)

    history = HistoricalRecords()
    objects = AlertRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("alert rule")
        verbose_name_plural = _("alert rules")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name or self.kind_label

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the rule as its next version, also when an old version is brought back."""
        fields = kwargs.get("update_fields")
        if fields is not None:
            kwargs["update_fields"] = {*fields, "version"}
        with transaction.atomic():
            stored = AlertRule.objects.select_for_update().filter(pk=self.pk).values_list("version", flat=True).first()
            if stored is not None:
                self.version = stored + 1
            super().save(*args, **kwargs)

    def clean(self) -> None:
        """Hold the rule against its kind's table. Faults go by the domain's names of fields ("params.multiplier")."""
        try:
            rule = load_rule(self.as_dict())
        except RuleError as error:
            raise ValidationError({field: [text] for field, text in error.problems.items()}) from error
        self.take(rule)

    @property
    def kind_label(self) -> str:
        """The kind in the reader's language."""
        return gettext(KINDS[self.kind].label) if self.kind in KINDS else self.kind

    def as_dict(self) -> dict[str, Any]:
        """The form that is imported and exported."""
        return {
            "id": self.pk,
            "name": self.name,
            "kind": self.kind,
            "scope": self.scope,
            "symbols": self.symbols,
            "phases": self.phases or "all",
            "severity": self.severity,
            "cooldown_seconds": self.cooldown_seconds,
            "params": self.params,
            "enabled": self.enabled,
            "version": self.version,
        }

    def as_rule(self) -> Rule:
        """The rule for the evaluator. Raises RuleError if the row was spoilt by other means than its form."""
        return load_rule(self.as_dict())

    def take(self, rule: Rule) -> None:
        """Take over everything but the identity."""
        self.name, self.kind, self.enabled, self.severity = rule.name, rule.kind, rule.enabled, rule.severity
        self.scope, self.symbols = rule.scope, list(rule.symbols)
        self.phases = [] if rule.phases == "all" else list(rule.phases)
        self.params, self.cooldown_seconds = dict(rule.params), rule.cooldown_seconds


class AlertQuerySet(models.QuerySet["Alert"]):
    """Rows of alerts."""

    def prune(self, now: datetime) -> int:
        """Delete what is too old; return how many. Policies of community TimescaleDB do so before."""
        return self.filter(at__lt=now - KEEP).delete()[0]


class Alert(models.Model):
    """A rule that held: when, for which symbol, and the numbers that made it so.

    The id is made of kind, rule, symbol, time and number (see `alerts.rows`), so storing an alert again changes
    nothing. For Django it is the primary key, which the admin needs; the table's own key is (id, at), since a
    hypertable wants the time column in it.
    """

    # Serves the writer's "on conflict do nothing" and the admin's page of one alert.
    id = models.CharField(_("id"), max_length=96, primary_key=True)
    at = models.DateTimeField(_("time"))
    kind = models.CharField(_("kind"), max_length=32)
    symbol = models.CharField(_("symbol"), max_length=24)
    severity = models.CharField(_("severity"), max_length=8, choices=Severity)
    phase = models.CharField(_("phase"), max_length=12, blank=True)  # empty where none is known
    rule = models.BigIntegerField(_("rule"))  # number of the AlertRule; 0 for a shipped rule that was never stored
    rule_version = models.IntegerField(_("rule's version"))
    evidence = models.JSONField(_("evidence"))  # names and units: KindInfo.evidence of the kind

    objects = AlertQuerySet.as_manager()

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["-at", "-id"]
        indexes = [
            # Serves the newest alerts (API, signals, start of ingest), a day's export, pruning.
            models.Index(fields=["-at"], name="alert_at"),
            # Serves the alerts of some symbols, newest first.
            models.Index(fields=["symbol", "-at"], name="alert_symbol_at"),
            # Serves "fired today, in the last days" of each rule, and the alerts of a rule.
            models.Index(fields=["rule", "-at"], name="alert_rule_at"),
        ]

    def __str__(self) -> str:
        return self.id
