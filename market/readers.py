"""Whose session it is, also for a while after the database went away. Pages and sockets ask the same.

Each look-up reads the database, so that a log-out holds at once; what it found is remembered for its absence alone.
"""

import copy
import logging
import time
from collections.abc import Callable
from importlib import import_module
from typing import Final

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest

from market.access import KEPT_WITHOUT_DATABASE_SECONDS, MOST_KEPT, AccessUnavailable, Known

logger = logging.getLogger(__name__)

TRY_AGAIN_SECONDS: Final = 5.0  # after a failure: each try may cost a second of a reader's patience


class Readers:
    """Look sessions up; one for each process, for threads and event loops alike."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, Known] = {}
        self._away_until = 0.0

    def user(self, session: SessionBase) -> AbstractBaseUser | None:
        """The active user who logged in with this session, else None. Raises AccessUnavailable."""
        key = session.session_key
        if not key:
            return None
        if self._clock() < self._away_until:
            return self._remembered(key)
        request = HttpRequest()
        request.session = session
        try:
            found = get_user(request)
        except (DatabaseError, InterfaceError) as error:
            self._away_until = self._clock() + TRY_AGAIN_SECONDS
            logger.warning("The database does not answer; sessions known shortly before stay valid: %s", error)
            return self._remembered(key)
        user = found if isinstance(found, AbstractBaseUser) and found.is_active else None
        self._known.pop(key, None)
        if user:
            self._known[key] = Known(user, self._clock())
        while len(self._known) > MOST_KEPT:
            self._known.pop(next(iter(self._known)), None)
        return user

    async def auser(self, key: str) -> AbstractBaseUser | None:
        """The same for event loops, of a session's key. Raises AccessUnavailable."""
        session: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore(key)
        return await database_sync_to_async(self.user)(session)

    def _remembered(self, key: str) -> AbstractBaseUser | None:
        known = self._known.get(key)
        if known and self._clock() - known.at < KEPT_WITHOUT_DATABASE_SECONDS:
            return copy.copy(known.user)
        raise AccessUnavailable("expected the database to know this session, but it does not answer")


# A web process has no composition root.
readers: Final = Readers()
