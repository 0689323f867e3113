"""What backfill has asked the venue for, and where ingest saw nothing. No page shows these: no words to translate."""

from django.db import models


class FetchedRange(models.Model):
    """Days, first and last included, that the venue was asked about for one code and kind of data.

    `as_of` is the market's date at that time: the venue may still correct the days just before it. A `refusal` is what
    the venue said where it would not answer.
    """

    class Kind(models.TextChoices):
        PRICES = "prices", "Prices of days"
        DAILY = "daily", "Daily bars"
        INDEX = "index", "Days of indices"
        INTRADAY = "intraday", "Minutes"

    kind = models.CharField(max_length=8, choices=Kind)
    code = models.CharField(max_length=24)
    first = models.DateField()
    last = models.DateField()
    as_of = models.DateField()
    fetched_at = models.DateTimeField()
    refusal = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = "fetched range"
        verbose_name_plural = "fetched ranges"
        ordering = ["kind", "code", "first"]
        constraints = [
            # Serves "what is known of these codes" before a run, and the merge after each step.
            models.UniqueConstraint(
                fields=["kind", "code", "first"], condition=models.Q(refusal=""), name="fetched_range_first"
            ),
        ]
        indexes = [
            # Serves the same where ranges were refused: those are few, and replaced as a whole.
            models.Index(fields=["kind", "code"], name="fetched_range_code"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.code} {self.first} – {self.last}"


class Gap(models.Model):
    """A time, in the market's clock, in which ingest saw nothing; minutes are fetched for it afterwards."""

    start = models.DateTimeField()
    end = models.DateTimeField()
    reason = models.CharField(max_length=200)
    found_at = models.DateTimeField(auto_now_add=True)
    reached = models.CharField(max_length=24, blank=True)  # the last code that was filled, in the order of codes
    filled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "gap"
        verbose_name_plural = "gaps"
        ordering = ["start"]
        constraints = [
            # Serves `record_gap`: the same gap found twice is one gap.
            models.UniqueConstraint(fields=["start", "end"], name="gap_times"),
        ]
        indexes = [
            # Serves "what is still to be filled", every few minutes.
            models.Index(fields=["end"], condition=models.Q(filled_at=None), name="gap_unfilled"),
        ]

    def __str__(self) -> str:
        return f"{self.start} – {self.end}: {self.reason}"
