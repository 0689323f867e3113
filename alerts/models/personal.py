"""Alerts that users set for themselves, and what came of them. Nobody but their user sees either.

Ingest judges the alerts (`alerts.domain.personal`) and stores the hits. The keys of a hit are not held by the database:
whoever deletes an alert or a user while a hit is on its way must not cost the batch of trades that it travels with.
"""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal, Self

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

MINUTE = 60
KEEP_HITS = timedelta(days=365)
CONDITION = ("symbol", "kind", "condition", "threshold", "repeats")


class Measure(models.TextChoices):
    """What an alert looks at. Units of its threshold: VND or points, percent, shares, times, VND, shares, none."""

    PRICE = "price", _("Price")
    CHANGE = "change", _("Change from reference")
    VOLUME = "volume", _("Total volume of the day")
    RELATIVE_VOLUME = "relative_volume", _("Volume against the usual")
    FOREIGN_VALUE = "foreign_value", _("Foreign net value")
    FOREIGN_VOLUME = "foreign_volume", _("Foreign net volume")
    LIMIT = "limit", _("Ceiling or floor")


class Condition(models.TextChoices):
    """When it fires: each measure has some of these (`alerts.domain.personal.CONDITIONS`)."""

    ABOVE = "above", _("rises to")
    BELOW = "below", _("falls to")
    CROSSES = "crosses", _("crosses, either way")
    CEILING = "ceiling", _("touches the ceiling")
    FLOOR = "floor", _("touches the floor")
    LEAVES = "leaves", _("leaves ceiling or floor")


class PersonalAlertQuerySet(models.QuerySet["PersonalAlert"]):
    """Rows of users' own alerts."""

    def of(self, user: Any) -> Self:
        """Those of one user."""
        return self.filter(user=user)

    def with_spent(self) -> Self:
        """Add `is_spent`: a one-shot alert whose present version has fired."""
        hits = PersonalHit.objects.filter(alert=OuterRef("pk"), alert_version=OuterRef("version"))
        return self.annotate(is_spent=Q(repeats=False) & Exists(hits))

    def stamp(self, user: Any) -> str:
        """A short text that is another one as soon as an alert of a user is, or has gone off."""
        rows = self.of(user).with_spent().order_by("pk")
        said = [(row.pk, row.updated_at, row.is_spent) for row in rows]  # type: ignore[attr-defined]  # an annotation
        return hashlib.sha256(repr(said).encode()).hexdigest()[:16]

    def room(self, user: Any, day: date, most: int) -> int:
        """How many more of a user may be active. The caller holds the transaction; it waits for others of this user."""
        get_user_model().objects.select_for_update().get(pk=user.pk)
        return most - self.of(user).active(day).count()

    def active(self, day: date) -> Self:
        """Those that may still fire on a day."""
        rows = self.with_spent().filter(Q(expires_on=None) | Q(expires_on__gte=day), is_paused=False)
        return rows.filter(is_spent=False)


class PersonalAlert(models.Model):
    """What one user wants to be told of one symbol. `version` grows when its condition is edited or set anew.

    A one-shot alert that fired is spent until then; one that repeats tells at most once in `cooldown_seconds`.
    """

    # The foreign key's own index serves the user's page and the count against the limit.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="personal_alerts")
    symbol = models.CharField(_("symbol"), max_length=24)
    kind = models.CharField(_("what"), max_length=16, choices=Measure)
    condition = models.CharField(_("condition"), max_length=8, choices=Condition)
    threshold = models.FloatField(_("threshold"), null=True, blank=True)  # in the unit of its kind; None for limits
    repeats = models.BooleanField(_("repeats"), default=False)
    cooldown_seconds = models.PositiveIntegerField(_("cool-down"), default=15 * MINUTE)
    note = models.CharField(_("note"), max_length=200, blank=True)
    expires_on = models.DateField(_("last day"), null=True, blank=True)
    is_paused = models.BooleanField(_("paused"), default=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    objects = PersonalAlertQuerySet.as_manager()

    class Meta:
        verbose_name = _("personal alert")
        verbose_name_plural = _("personal alerts")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.symbol} {self.kind} {self.condition} {self.threshold}"

    def state(self, day: date) -> Literal["active", "paused", "spent", "expired"]:
        """Whether it may go off on a day, or why not. For rows of `with_spent`."""
        if self.is_paused:
            return "paused"
        if self.is_spent:  # type: ignore[attr-defined]  # an annotation
            return "spent"
        return "expired" if self.expires_on is not None and self.expires_on < day else "active"

    def change(self, values: Mapping[str, Any]) -> None:
        """Take over fields and store them; another condition makes another version, which is judged anew."""
        if any(getattr(self, name) != values[name] for name in CONDITION if name in values):
            self.version += 1
        for name, value in values.items():
            setattr(self, name, value)
        self.save()

    def set_again(self) -> None:
        """Let a spent alert wait anew."""
        self.version += 1
        self.is_paused = False
        self.save()


class PersonalHitQuerySet(models.QuerySet["PersonalHit"]):
    """Rows of hits."""

    def prune(self, now: datetime) -> int:
        """Delete what is too old; return how many. The hit of a one-shot alert says that it is spent: it stays."""
        return self.filter(Q(alert=None) | Q(alert__repeats=True), time__lt=now - KEEP_HITS).delete()[0]


class PersonalHit(models.Model):
    """A user's alert that fired: when, and the numbers that made it so.

    The id is made of the alert, its version and, where it repeats, the time: storing a hit again changes nothing.
    `evidence` holds condition, threshold and what was measured (see `alerts.domain.personal.Hit`).
    """

    # Serves the writer's "on conflict do nothing" and the page of one hit.
    id = models.UUIDField(primary_key=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="personal_hits",
        db_constraint=False,
        db_index=False,  # the index below begins with it
    )
    # The foreign key's own index serves "has it fired" of each alert, and taking the key out when an alert goes.
    alert = models.ForeignKey(
        PersonalAlert, on_delete=models.SET_NULL, null=True, related_name="hits", db_constraint=False
    )
    alert_version = models.IntegerField()
    symbol = models.CharField(_("symbol"), max_length=24)
    kind = models.CharField(_("what"), max_length=16, choices=Measure)
    time = models.DateTimeField(_("time"))  # the exchange's
    evidence = models.JSONField(_("evidence"))
    note = models.CharField(_("note"), max_length=200, blank=True)  # as it was when the alert fired
    created_at = models.DateTimeField(_("stored at"), db_default=Now())

    objects = PersonalHitQuerySet.as_manager()

    class Meta:
        verbose_name = _("personal hit")
        verbose_name_plural = _("personal hits")
        ordering = ["-time", "-id"]
        indexes = [
            # Serves a user's hits, newest first.
            models.Index(fields=["user", "-time"], name="personal_hit_user_time"),
            # Serves whoever delivers: what was stored since the last look.
            models.Index(fields=["created_at"], name="personal_hit_created"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.kind} {self.time}"
