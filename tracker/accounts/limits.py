"""How often something may be done in a time, counted in Redis for all web processes.

While Redis does not answer, each process counts for itself: an outage must neither lock readers out nor let robots in.
"""

import logging
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final

import redis
from django.conf import settings
from django.http import HttpRequest

from market.access import client_address

logger = logging.getLogger(__name__)

MOST_KEPT: Final = 10_000  # keys counted without Redis; the oldest is forgotten
ANSWER_SECONDS: Final = 1.0
NOWHERE: Final = "0.0.0.0"
COUNT: Final = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return count
"""


class Limits:
    """Counts what was done, by key, from the first time on until `seconds` later."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: dict[str, tuple[int, float]] = {}  # how often, until when

    def spend(self, key: str, most: int, seconds: int) -> bool:
        """Count one more; False if that is more than `most`."""
        try:
            client = redis.Redis.from_url(
                settings.REDIS_URL, socket_connect_timeout=ANSWER_SECONDS, socket_timeout=ANSWER_SECONDS
            )
            with client:
                count = int(client.eval(COUNT, 1, f"limits:{key}", str(seconds)))
        except (redis.RedisError, OSError) as error:
            logger.warning("Redis does not answer; this process counts alone: %s", error)
            count = self._count(key, seconds)
        return count <= most

    def _count(self, key: str, seconds: int) -> int:
        now = self._clock()
        count, until = self._counts.pop(key, (0, 0.0))
        if now >= until:
            count, until = 0, now + seconds
        self._counts[key] = count + 1, until
        if len(self._counts) > MOST_KEPT:
            del self._counts[next(iter(self._counts))]
        return count + 1


# A web process has no composition root.
limits: Final = Limits()


def address_of(request: HttpRequest) -> str:
    """The address that a request counts for, behind trusted proxies too."""
    return client_address(request.META.get("REMOTE_ADDR") or None, request.META.get("HTTP_X_FORWARDED_FOR", ""))


def plain_address_of(request: HttpRequest) -> str:
    """The same as an address that a database takes: of a network its first, of a Unix socket none that exists."""
    address = address_of(request).partition("/")[0]
    try:
        return str(ip_address(address))
    except ValueError:
        return NOWHERE
