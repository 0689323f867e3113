"""Index baskets with dated membership."""

from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from market.models.instruments import Instrument, InstrumentQuerySet


class Basket(models.Model):
    """A named set of instruments that changes on known dates, such as VN30."""

    code = models.CharField(
        _("code"),
        max_length=24,
        validators=[RegexValidator(r"^[A-Z0-9]+$", _("Expected capital letters and digits."))],
    )
    name = models.CharField(_("name"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("basket")
        verbose_name_plural = _("baskets")
        ordering = ["code"]
        constraints = [
            # Serves the look-up by code of ingest, pages and API.
            models.UniqueConstraint(fields=["code"], name="basket_code"),
        ]

    def __str__(self) -> str:
        return self.code

    def members_on(self, day: date) -> InstrumentQuerySet:
        """The instruments that belong to the basket on a day, ordered by code."""
        inside = BasketMember.objects.filter(basket=self).on(day)
        return Instrument.objects.filter(pk__in=inside.values("instrument"))


class BasketMemberQuerySet(models.QuerySet["BasketMember"]):
    """Periods of membership."""

    def on(self, day: date) -> "BasketMemberQuerySet":
        """Those that hold the day."""
        return self.filter(Q(left=None) | Q(left__gt=day), joined__lte=day)

    def overlapping(self, joined: date, left: date | None) -> "BasketMemberQuerySet":
        """Those that share a day with the period [joined, left)."""
        beginning_before_end = self.filter(joined__lt=left) if left else self
        return beginning_before_end.filter(Q(left=None) | Q(left__gt=joined))


class BasketMember(models.Model):
    """One period in which an instrument belonged to a basket."""

    basket = models.ForeignKey(
        Basket,
        verbose_name=_("basket"),
        on_delete=models.CASCADE,
        related_name="members",
        db_index=False,  # the constraint below begins with it
    )
    # The foreign key's own index serves "the baskets of this instrument" and the check when an instrument is deleted.
    instrument = models.ForeignKey(
        Instrument, verbose_name=_("instrument"), on_delete=models.PROTECT, related_name="memberships"
    )
    joined = models.DateField(_("joined"), help_text=_("First day in the basket."))
    left = models.DateField(
        _("left"), null=True, blank=True, help_text=_("First day no longer in the basket; empty while it is a member.")
    )

    objects = BasketMemberQuerySet.as_manager()

    class Meta:
        verbose_name = _("basket member")
        verbose_name_plural = _("basket members")
        ordering = ["instrument__code", "joined"]
        constraints = [
            # Serves `Basket.members_on` and `overlapping`; two periods that start together overlap.
            models.UniqueConstraint(
                fields=["basket", "instrument", "joined"],
                name="basket_member_joined",
                violation_error_message=_("This instrument joined this basket on that day already."),
            ),
            # Serves the daily refresh, which closes the one open period; two open periods overlap.
            models.UniqueConstraint(
                fields=["basket", "instrument"],
                condition=Q(left=None),
                name="basket_member_open",
                violation_error_message=_("This instrument is a member of this basket already; end that period first."),
            ),
            # Serves `Basket.members_on`: a period without a day would never be found.
            models.CheckConstraint(
                condition=Q(left__gt=F("joined")),
                name="basket_member_period_in_order",
                violation_error_message=_("The day of leaving must be after the day of joining."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instrument.code}: {self.joined} – {self.left or ''}"

    def overlaps(self, other: "BasketMember") -> bool:
        """Whether two periods of the same instrument and basket share a day."""
        same = self.instrument_id == other.instrument_id and self.basket_id == other.basket_id
        return (
            same
            and (other.left is None or self.joined < other.left)
            and (self.left is None or other.joined < self.left)
        )

    def clean(self) -> None:
        """Refuse a period that overlaps a stored one of the same instrument.

        The constraints keep equal starts and two open periods apart; other overlaps would need a range constraint, for
        which PostgreSQL needs an extension (btree_gist) that not every server has.
        """
        if self.joined is None or self.instrument_id is None or self.basket_id is None:
            return  # reported by the fields themselves
        others = BasketMember.objects.filter(basket=self.basket_id, instrument=self.instrument_id).exclude(pk=self.pk)
        clash = others.overlapping(self.joined, self.left).first()
        if clash:
            raise ValidationError(
                _("This period overlaps another one of the same instrument: %(period)s."), params={"period": clash}
            )
