"""The users' alerts that ingest judges by: those of the database, looked at each second, so that edits count at once.

One query asks for a fingerprint of the table; while it stays the same nothing is read. While the database is away the
last alerts hold.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import date
from typing import Final

import msgspec
from asgiref.sync import sync_to_async
from django.db import Error as DatabaseError
from django.db import connection
from msgspec import Struct

from alerts.domain.triggers import Trigger
from alerts.models import PersonalAlert
from alerts.personal.rows import trigger_of

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 1.0
# A row that is written gets another xmin, whatever wrote it.
FINGERPRINT: Final = "SELECT md5(string_agg(concat(id, '.', xmin), ',' ORDER BY id)) FROM alerts_personalalert"


class PersonalPage(Struct, frozen=True):
    """The alerts of one moment that may go off on a day."""

    triggers: tuple[Trigger, ...] = ()
    fingerprint: str | None = None
    day: date | None = None


class PersonalBook:
    """The alerts in force, in `page`."""

    def __init__(self) -> None:
        self.page = PersonalPage()
        self._is_away = False

    async def refresh(self, day: date) -> bool:
        """Look whether something changed; False while the database is away."""
        try:
            self.page = await sync_to_async(read_page)(self.page, day)
        except DatabaseError as error:
            if not self._is_away:
                logger.warning("Users' alerts cannot be read, keeping the last ones: %s", str(error).strip())
            self._is_away = True
            return False
        self._is_away = False
        return True

    async def keep_fresh(self, use: Callable[[tuple[Trigger, ...]], None], today: Callable[[], date]) -> None:
        """Until cancelled, hand over the alerts each time they changed; `today()` is the market's date."""
        used = PersonalPage()
        while True:
            if await self.refresh(today()) and self.page is not used:
                used = self.page
                use(used.triggers)
            await asyncio.sleep(POLL_SECONDS)


def read_page(known: PersonalPage, day: date) -> PersonalPage:
    """The page of now: the known one if nothing changed. Raises django.db.Error."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(FINGERPRINT)
            (fingerprint,) = cursor.fetchone()
        if (fingerprint, day) == (known.fingerprint, known.day):
            return known
        rows = list(PersonalAlert.objects.active(day).order_by("pk"))
    except DatabaseError:
        connection.close()  # this thread keeps its connection, which would stay dead
        raise
    return PersonalPage(usable(rows), fingerprint, day)


def usable(rows: Iterable[PersonalAlert]) -> tuple[Trigger, ...]:
    """Triggers of rows; one that was spoilt in the table is left out and told."""
    triggers = []
    for row in rows:
        try:
            triggers.append(trigger_of(row))
        except msgspec.ValidationError as error:
            logger.error("The alert %s of a user is left out: %s", row.pk, error)
    return tuple(triggers)
