"""Which days were summed up already."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class DayEnd(models.Model):
    """A trading day whose summary was made and handed to delivery, so that this happens once."""

    day = models.DateField(_("day"), primary_key=True)
    made_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        verbose_name = _("day's summary")
        verbose_name_plural = _("days' summaries")
        ordering = ["-day"]

    def __str__(self) -> str:
        return self.day.isoformat()
