"""The trading calendar: days that differ from "open Monday to Friday", and how sure we are of them."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from django.db import models, transaction
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from market.domain.calendar import IsTradingDay, is_weekday
from market.models.instruments import Board

FEED_REASON = gettext_noop("Traded, as the feed shows")
WEEKEND_REASON = gettext_noop("Weekend")


class DayStatus(NamedTuple):
    """What is known of a day on a board. `reason` is in the reader's language, empty for an ordinary weekday."""

    open: bool
    confirmed: bool
    reason: str


class TradingDayQuerySet(models.QuerySet["TradingDay"]):
    """Rows of the calendar. A row of one board overrules the row of all boards; a day without a row is open on
    weekdays, and confirmed where anything at all is known of its year.
    """

    def for_board(self, board: str) -> "TradingDayQuerySet":
        """The rows that say something about a board ("" = all boards)."""
        return self.filter(board__in={"", board})

    def status(self, day: date, board: str = "") -> DayStatus:
        """Whether a board trades on a day, whether that is confirmed, and why."""
        rows = {row.board: row for row in self.for_board(board).filter(date=day)}
        row = rows.get(board) or rows.get("")
        if row:
            return DayStatus(row.open, row.confirmed, gettext(row.reason) if row.reason else "")
        if not is_weekday(day):
            return DayStatus(False, True, gettext(WEEKEND_REASON))
        return DayStatus(True, self.filter(date__year=day.year).exists(), "")

    def opens(self, board: str = "") -> IsTradingDay:
        """A function that tells open days from closed ones, by one reading of these rows; for the domain."""
        said: dict[date, bool] = {}
        for day, is_open in self.for_board(board).order_by("board").values_list("date", "open"):
            said[day] = is_open  # "" sorts first, so the board's own row has the last word
        return lambda day: said.get(day, is_weekday(day))

    def open_days(self, start: date, end: date, board: str = "") -> list[date]:
        """The days of trading from start to end, both included."""
        is_open = self.filter(date__range=(start, end)).opens(board)
        days = (start + timedelta(days=offset) for offset in range((end - start).days + 1))
        return [day for day in days if is_open(day)]

    def record_open(self, day: date, board: str) -> bool:
        """Note that a board traded: the feed overrules whatever the calendar says. True if that was news.

        For live sources only; a simulation or a replay proves nothing about the exchange.
        """
        known = self.status(day, board)
        if known.open and known.confirmed:
            return False
        self.update_or_create(
            date=day,
            board=board,
            defaults={
                "open": True,
                "confirmed": True,
                "reason": FEED_REASON,
                "source": TradingDay.Source.FEED,
            },
        )
        return True

    def seed(self, days: Iterable["TradingDay"], years: Iterable[int]) -> tuple[int, int, int]:
        """Bring the seeded rows of these years up to date: (added, changed, removed).

        Only rows whose source is still `holidays` are changed or removed: what an admin, the exchange or the feed said
        stays.
        """
        wanted = {(day.date, day.board): day for day in days}
        fields = ("open", "confirmed", "reason", "source")
        with transaction.atomic():
            stored = {(row.date, row.board): row for row in self.select_for_update().filter(date__year__in=set(years))}
            added = [day for key, day in wanted.items() if key not in stored]
            changed, removed = [], []
            for key, row in stored.items():
                if row.source != TradingDay.Source.HOLIDAYS:
                    continue
                seed = wanted.get(key)
                if seed is None:
                    removed.append(row.pk)
                elif any(getattr(row, field) != getattr(seed, field) for field in fields):
                    for field in fields:
                        setattr(row, field, getattr(seed, field))
                    changed.append(row)
            self.filter(pk__in=removed).delete()
            self.bulk_update(changed, fields)
            self.bulk_create(added, ignore_conflicts=True)
        return len(added), len(changed), len(removed)


class TradingDay(models.Model):
    """A day that differs from the rule "open Monday to Friday", or of which that is not certain."""

    class Source(models.TextChoices):
        HOLIDAYS = "holidays", _("Public holidays")
        EXCHANGE = "exchange", _("Exchange notice")
        ADMIN = "admin", _("Admin")
        FEED = "feed", _("Feed")

    date = models.DateField(_("date"))
    board = models.CharField(_("board"), max_length=12, choices=Board, blank=True, help_text=_("Empty: all boards."))
    open = models.BooleanField(_("open"), default=False)
    reason = models.CharField(_("reason"), max_length=120, blank=True)
    source = models.CharField(_("source"), max_length=8, choices=Source, default=Source.ADMIN)
    confirmed = models.BooleanField(
        _("confirmed"), default=False, help_text=_("The exchange has said so. Pages mark a day that is not confirmed.")
    )

    objects = TradingDayQuerySet.as_manager()

    class Meta:
        verbose_name = _("trading day")
        verbose_name_plural = _("trading days")
        ordering = ["-date", "board"]
        constraints = [
            # Serves `status`, `open_days` and the upsert of `record_open`.
            models.UniqueConstraint(
                fields=["date", "board"],
                name="trading_day_date_board",
                violation_error_message=_("This day is in the calendar already for this board."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.board}".strip()
