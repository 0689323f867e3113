"""Who asks: API tokens, and the address behind proxies. REST and sockets use the same.

`authenticate` and `aauthenticate` say whose token a text is. What they found they remember for a few seconds, so that
a program that asks often, or many that come back at once, do not each cost a query. While the database is away, whoever
it vouched for shortly before stays known.
"""

import copy
import ipaddress
import logging
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final, NamedTuple

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import DatabaseError, InterfaceError
from django.db.models import Q
from django.utils import timezone

from market.models.access import TOKEN_START, ApiToken

logger = logging.getLogger(__name__)

KEPT_SECONDS: Final = 15.0
KEPT_WITHOUT_DATABASE_SECONDS: Final = 900.0
MOST_KEPT: Final = 2000  # tokens; the oldest is forgotten
USE_NOTED_SECONDS: Final = 60.0
WARN_EVERY_SECONDS: Final = 10.0
LONGEST_TOKEN: Final = 100
SCHEMES: Final = ("bearer", "token")


class AccessUnavailable(Exception):
    """The database does not answer, and nothing is remembered of this token: try again later."""


class Known(NamedTuple):
    """What the database said about a token."""

    user: AbstractBaseUser | None
    at: float


class Tokens:
    """Look tokens up and remember the answers; one for each process, for threads and event loops alike."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, Known] = {}
        self._warn_at = 0.0

    def user(self, token: str) -> AbstractBaseUser | None:
        """The active user whose valid token this is, else None. Raises AccessUnavailable."""
        if not _looks_right(token):
            return None
        digest = ApiToken.digest_of(token)
        known = self._fresh(digest) or self._ask(digest)
        return copy.copy(known.user)

    async def auser(self, token: str) -> AbstractBaseUser | None:
        """The same for event loops. Raises AccessUnavailable."""
        if not _looks_right(token):
            return None
        digest = ApiToken.digest_of(token)
        known = self._fresh(digest) or await database_sync_to_async(self._ask)(digest)
        return copy.copy(known.user)

    def _fresh(self, digest: str) -> Known | None:
        known = self._known.get(digest)
        return known if known and self._clock() - known.at < KEPT_SECONDS else None

    def _ask(self, digest: str) -> Known:
        if known := self._fresh(digest):  # another thread asked while this one waited for its turn
            return known
        try:
            found = ApiToken.objects.select_related("user").filter(digest=digest, revoked_at=None).first()
            user = found.user if found and found.user.is_active else None
            if found and user:
                _note_use(found)
        except (DatabaseError, InterfaceError) as error:
            return self._remembered(digest, error)
        known = self._known[digest] = Known(user, self._clock())
        while len(self._known) > MOST_KEPT:
            self._known.pop(next(iter(self._known)), None)
        return known

    def _remembered(self, digest: str, error: Exception) -> Known:
        known = self._known.get(digest)
        if self._clock() >= self._warn_at:
            self._warn_at = self._clock() + WARN_EVERY_SECONDS
            logger.warning("The database does not answer; tokens known shortly before stay valid: %s", error)
        if known and known.user and self._clock() - known.at < KEPT_WITHOUT_DATABASE_SECONDS:
            return known
        raise AccessUnavailable("expected the database to know this token, but it does not answer") from error


# A web process has no composition root.
_tokens: Final = Tokens()


def authenticate(token: str) -> AbstractBaseUser | None:
    """The active user whose valid token this is, else None. Raises AccessUnavailable when the database is away."""
    return _tokens.user(token)


async def aauthenticate(token: str) -> AbstractBaseUser | None:
    """The same as `authenticate`, for event loops."""
    return await _tokens.auser(token)


def token_in(authorization: str) -> str | None:
    """The token of an Authorization header, `Bearer …` or `Token …`; None where it holds something else."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() in SCHEMES and token else None


def client_address(peer: str | None, forwarded_for: str) -> str:
    """The address that a connection counts for, given its peer's (None: a Unix socket) and X-Forwarded-For.

    The header is believed from proxies in TRUSTED_PROXIES alone, from its end on, past further such proxies: what
    stands before was written by whoever sent it. A customer with IPv6 owns a whole /64, which counts as one address.
    """
    address = peer or "unix"
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    while hops and _is_trusted(address):
        address = hops.pop()
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:45]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _is_trusted(address: str) -> bool:
    proxies: Iterable[str] = settings.TRUSTED_PROXIES
    if address == "unix":
        return "unix" in proxies
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in ipaddress.ip_network(proxy) for proxy in proxies if proxy != "unix")


def _looks_right(token: str) -> bool:
    return token.startswith(TOKEN_START) and token.isascii() and len(token) <= LONGEST_TOKEN


def _note_use(token: ApiToken) -> None:
    now = timezone.now()
    before = now - timedelta(seconds=USE_NOTED_SECONDS)
    unnoted = Q(last_used_at=None) | Q(last_used_at__lt=before)
    ApiToken.objects.filter(unnoted, pk=token.pk).update(last_used_at=now)
