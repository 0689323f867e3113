"""How many alerts a user may have: a new one, or one that becomes active, needs a place."""

from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from alerts.models import PersonalAlert

MOST_STORED: Final = 10  # times as many as may be active: spent and paused ones count here


class LimitReached(Exception):
    """A user has as many alerts as one may have; the text says so."""


def create(user: Any, values: dict[str, Any]) -> PersonalAlert:
    """Store a new alert. Raises LimitReached."""
    with transaction.atomic():
        hold_room(user)
        if PersonalAlert.objects.of(user).count() >= MOST_STORED * settings.PERSONAL_ALERTS_PER_USER:
            raise LimitReached(_("Please delete old alerts first: no more can be kept."))
        return PersonalAlert.objects.create(user=user, **values)


def hold_room(user: Any, besides: PersonalAlert | None = None) -> None:
    """Hold a user's place for one more active alert until the transaction ends. Raises LimitReached."""
    most = settings.PERSONAL_ALERTS_PER_USER
    rows = PersonalAlert.objects.exclude(pk=besides.pk) if besides else PersonalAlert.objects.all()
    if rows.room(user, timezone.localdate(), most) <= 0:
        raise LimitReached(
            _("You have %(most)s active alerts, and more are not possible: pause or delete some.") % {"most": most}
        )
