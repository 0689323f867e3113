"""What is traded or quoted: instruments, their sectors, and the other spellings of index ids."""

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class Board(models.TextChoices):
    """Where an instrument trades."""

    HOSE = "HOSE", "HOSE"
    HNX = "HNX", "HNX"
    UPCOM = "UPCOM", "UPCOM"
    DERIVATIVES = "DERIVATIVES", _("Derivatives")


def in_language(vietnamese: str, english: str) -> str:
    """The one of two names that the reader's language asks for, or the one that exists."""
    wanted, other = (english, vietnamese) if (get_language() or "").startswith("en") else (vietnamese, english)
    return wanted or other


def check_tick_table(value: Any) -> None:
    """Accept `[[from price, tick], ...]`, prices rising, ticks positive; an empty list stands for "not known"."""
    message = _("Expected pairs of [from price, tick], prices rising from 0, such as [[0, 10], [10000, 50]].")
    if not isinstance(value, list):
        raise ValidationError(message)
    below = None
    for pair in value:
        if not (isinstance(pair, list) and len(pair) == 2 and all(type(number) in (int, float) for number in pair)):
            raise ValidationError(message)
        price, tick = pair
        if tick <= 0 or (price != 0 if below is None else price <= below):
            raise ValidationError(message)
        below = price


class Sector(models.Model):
    """A super-sector of the Industry Classification Benchmark (ICB)."""

    code = models.CharField(
        _("ICB code"),
        max_length=4,
        primary_key=True,
        validators=[RegexValidator(r"^\d{4}$", _("Expected four digits."))],
    )
    name = models.CharField(_("Vietnamese name"), max_length=80)
    english_name = models.CharField(_("English name"), max_length=80)

    class Meta:
        verbose_name = _("sector")
        verbose_name_plural = _("sectors")
        ordering = ["code"]

    def __str__(self) -> str:
        return in_language(self.name, self.english_name)


class InstrumentQuerySet(models.QuerySet["Instrument"]):
    """Rows of instruments."""

    def of_code(self, code: str) -> "InstrumentQuerySet":
        """Those with this code or alias, in any case: feeds and people spell index ids as they like."""
        return self.filter(Q(code__iexact=code) | Q(aliases__alias=code.upper())).distinct()

    def trading_on(self, day: date) -> "InstrumentQuerySet":
        """Active ones whose first and last trading days, where known, hold the day."""
        return self.filter(
            Q(first_trading_day=None) | Q(first_trading_day__lte=day),
            Q(last_trading_day=None) | Q(last_trading_day__gte=day),
            active=True,
        )


class Instrument(models.Model):
    """A stock, fund, warrant, future, bond or index. Prices of stocks are VND, of futures and indices points."""

    class Kind(models.TextChoices):
        STOCK = "stock", _("Stock")
        ETF = "etf", _("ETF")
        FUND = "fund", _("Fund")
        WARRANT = "warrant", _("Covered warrant")
        FUTURE = "future", _("Future")
        INDEX = "index", _("Index")
        BOND = "bond", _("Bond")

    code = models.CharField(
        _("code"), max_length=24, validators=[RegexValidator(r"^[A-Za-z0-9]+$", _("Expected letters and digits."))]
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    board = models.CharField(_("board"), max_length=12, choices=Board)
    name = models.CharField(_("Vietnamese name"), max_length=200, blank=True)
    english_name = models.CharField(_("English name"), max_length=200, blank=True)
    # The foreign key's own index serves the admin's filter by sector and the page of one sector.
    sector = models.ForeignKey(
        Sector, verbose_name=_("sector"), null=True, blank=True, on_delete=models.PROTECT, related_name="instruments"
    )
    lot_size = models.PositiveIntegerField(_("lot size"), default=100, validators=[MinValueValidator(1)])
    tick_table = models.JSONField(
        _("tick table"),
        default=list,
        blank=True,
        help_text=_("Pairs of [from price, tick], such as [[0, 10], [10000, 50], [50000, 100]]."),
    )
    listed_shares = models.PositiveBigIntegerField(_("listed shares"), null=True, blank=True)
    first_trading_day = models.DateField(_("first trading day"), null=True, blank=True)
    last_trading_day = models.DateField(_("last trading day"), null=True, blank=True)
    # The foreign key's own index serves "the contracts of this index".
    underlying = models.ForeignKey(
        "self",
        verbose_name=_("underlying"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="derivatives",
        help_text=_("Futures and warrants only."),
    )
    active = models.BooleanField(_("active"), default=True, help_text=_("Inactive ones are kept for their history."))
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    objects = InstrumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("instrument")
        verbose_name_plural = _("instruments")
        ordering = ["code"]
        constraints = [
            # Serves the daily refresh from the exchange: insert, or on conflict of `code` update.
            models.UniqueConstraint(fields=["code"], name="instrument_code"),
            # Serves `of_code`: ids are compared case-insensitively (HNXIndex, HNXINDEX).
            models.UniqueConstraint(
                Upper("code"),
                name="instrument_code_any_case",
                violation_error_message=_("An instrument with this code exists already, perhaps in other letter case."),
            ),
            # Serves `trading_on`: a period that ends before it starts would hide the instrument silently.
            models.CheckConstraint(
                condition=Q(last_trading_day__gte=F("first_trading_day")),
                name="instrument_trading_days_in_order",
                violation_error_message=_("The last trading day must not be before the first."),
            ),
        ]
        indexes = [
            # Serves "the live contracts, nearest first" of ingest at start and "what is there on this board".
            models.Index(fields=["kind", "board", "last_trading_day"], name="instrument_kind_board_expiry"),
        ]

    def __str__(self) -> str:
        name = in_language(self.name, self.english_name)
        return f"{self.code} · {name}" if name else self.code

    def clean(self) -> None:
        """Hold kind, board and underlying together, and check the tick table.

        A validator on the field would be imported by the migration, and migrations import no app code.
        """
        try:
            check_tick_table(self.tick_table)
        except ValidationError as error:
            raise ValidationError({"tick_table": error.messages}) from error
        derived = self.kind in (self.Kind.FUTURE, self.Kind.WARRANT)
        if self.underlying_id is not None and not derived:
            raise ValidationError({"underlying": _("Only futures and warrants have an underlying.")})
        if self.underlying_id is not None and self.underlying_id == self.pk:
            raise ValidationError({"underlying": _("An instrument cannot be its own underlying.")})
        if (self.kind == self.Kind.FUTURE) != (self.board == Board.DERIVATIVES):
            raise ValidationError({"board": _("Futures trade on the derivatives board, and nothing else does.")})


class IndexAlias(models.Model):
    """Another spelling of an index id, as some feed or page uses it."""

    alias = models.CharField(
        _("alias"),
        max_length=24,
        validators=[RegexValidator(r"^[^a-z\s]+$", _("Expected capital letters without spaces."))],
        help_text=_("In capital letters; case plays no part in the comparison."),
    )
    # The foreign key's own index serves the inline of the index in the admin.
    index = models.ForeignKey(
        Instrument,
        verbose_name=_("index"),
        on_delete=models.CASCADE,
        related_name="aliases",
        limit_choices_to={"kind": Instrument.Kind.INDEX},
    )

    class Meta:
        verbose_name = _("index alias")
        verbose_name_plural = _("index aliases")
        ordering = ["alias"]
        constraints = [
            # Serves `InstrumentQuerySet.of_code` and the alias map that ingest loads at start.
            models.UniqueConstraint(fields=["alias"], name="index_alias_alias"),
        ]

    def __str__(self) -> str:
        return self.alias

    def clean(self) -> None:
        """Refuse an alias that is the code of something else: codes win, so it would never be found."""
        if Instrument.objects.filter(code__iexact=self.alias).exclude(pk=self.index_id).exists():
            raise ValidationError({"alias": _("This is the code of another instrument.")})
