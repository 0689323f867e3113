"""Signs of life of processes that answer no requests: workers and beat write when they last turned, others read it.

In Redis, because that is what they live on: without it they do nothing, and are late.
"""

import logging
import time
from typing import Final, Literal, TypeAlias

import redis
import redis.asyncio
from django.conf import settings

logger = logging.getLogger(__name__)

Name: TypeAlias = Literal["worker", "courier", "beat"]

NAMES: Final[tuple[Name, ...]] = ("worker", "courier", "beat")
EVERY_SECONDS: Final = 5.0
LATE_SECONDS: Final = 45.0
FORGOTTEN_SECONDS: Final = 7 * 86_400


def key(name: Name) -> str:
    """Redis key of the newest sign of life: epoch seconds."""
    return f"monitor:heartbeat:{name}"


def connect() -> "redis.Redis":
    """A client that answers or fails soon: whoever beats has other work."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=2)


class Heartbeat:
    """Writes signs of life of one process, however often it is asked to."""

    def __init__(self, name: Name) -> None:
        self._name: Name = name
        self._client = connect()
        self._due = 0.0

    def beat(self) -> None:
        """Write that this process turns, if it is time to. Redis away: then everybody sees that we are late."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + EVERY_SECONDS
        try:
            self._client.set(key(self._name), round(time.time(), 1), ex=FORGOTTEN_SECONDS)
        except redis.RedisError as error:
            logger.debug("No sign of life could be written: %s", error)


def ages(client: "redis.Redis") -> dict[Name, float | None]:
    """Seconds since each process last turned; None where none ever did. Raises redis.RedisError."""
    return read(client.mget([key(name) for name in NAMES]))


async def aages(client: "redis.asyncio.Redis") -> dict[Name, float | None]:
    """The same for event loops."""
    return read(await client.mget([key(name) for name in NAMES]))


def read(values: object) -> dict[Name, float | None]:
    """Ages, of the values of the keys."""
    now = time.time()
    found = values if isinstance(values, list) else []
    return {
        name: None if value is None else max(0.0, now - float(value))
        for name, value in zip(NAMES, found, strict=True)
    }  # fmt: skip
