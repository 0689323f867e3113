"""How many sockets one address and one user have, over all web processes.

Each socket holds a lease in a sorted set of Redis, scored with its end. A process renews the leases of its sockets;
those of a process that crashed end by themselves. Counting and taking is one script, so that two processes cannot
both take the last place.

When Redis does not answer, a process counts its own sockets only. Refusing everybody would turn an outage of the cache
into one of the whole site, and whoever wants to use the moment finds the limit of each process still there.
"""

import asyncio
import logging
import secrets
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, NamedTuple

import redis
import redis.asyncio

from market.broadcast import goes_on

logger = logging.getLogger(__name__)

LEASE_SECONDS: Final = 30.0
RENEW_SECONDS: Final = 10.0
RENEWED_AT_ONCE: Final = 1000  # leases in a call: Lua can unpack about 8,000 values
TRY_AGAIN_SECONDS: Final = 2.0  # after a failure: each try may cost seconds of a client's patience

TAKE: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  if redis.call('ZCARD', key) >= tonumber(ARGV[2 + i]) then return i end
end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + ARGV[2], ARGV[1])
  redis.call('PEXPIRE', key, ARGV[2])
end
return 0
"""
RENEW: Final = """
local time = redis.call('TIME')
local ends = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], ends, ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
"""


class Limit(NamedTuple):
    """What is counted, and how many of it there may be."""

    key: str
    most: int


class Slot(NamedTuple):
    """A place that was taken."""

    name: str
    keys: list[str]


class Slots:
    """The places that this process holds. `connect` makes the client when the first one is asked for."""

    def __init__(
        self,
        connect: Callable[[], "redis.asyncio.Redis"],
        *,
        lease: float = LEASE_SECONDS,
        renew: float = RENEW_SECONDS,
    ) -> None:
        self._connect = connect
        self._lease = str(round(lease * 1000))
        self._renew_every = renew
        self._process = secrets.token_hex(6)
        self._count = 0
        self._held: defaultdict[str, set[str]] = defaultdict(set)
        self._client: redis.asyncio.Redis | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._asking = 0
        self._trouble_until = 0.0

    async def take(self, limits: list[Limit]) -> Slot | None:
        """Take one place of each limit, or none at all."""
        self._count += 1
        slot = Slot(f"{self._process}:{self._count}", [limit.key for limit in limits])
        if any(len(self._held.get(limit.key, ())) >= limit.most for limit in limits):
            return None
        for key in slot.keys:  # before the question: others ask meanwhile
            self._held[key].add(slot.name)
        try:
            most = [str(limit.most) for limit in limits]
            full = await self._ask(partial(_run, TAKE, slot.keys, [slot.name, self._lease, *most]))
        except BaseException:
            self._forget(slot)
            raise
        if full:
            self._forget(slot)
            return None
        if self._renewing is None:
            self._renewing = asyncio.create_task(self._renew())
        return slot

    async def give_back(self, slot: Slot) -> None:
        """Make room for the next one."""
        self._forget(slot)
        for key in slot.keys:
            await self._ask(partial(_remove, key, slot.name))
        if not self._held and not self._asking:
            await self._rest()

    async def _rest(self) -> None:
        task, self._renewing = self._renewing, None
        client, self._client = self._client, None
        if task:
            task.cancel()
        if client:
            await client.aclose()

    def _forget(self, slot: Slot) -> None:
        for key in slot.keys:
            self._held[key].discard(slot.name)
            if not self._held[key]:
                del self._held[key]

    async def _renew(self) -> None:
        while goes_on():
            await asyncio.sleep(self._renew_every)
            for key, names in list(self._held.items()):
                await self._renew_one(key, list(names))

    async def _renew_one(self, key: str, names: list[str]) -> None:
        for start in range(0, len(names), RENEWED_AT_ONCE):
            some = names[start : start + RENEWED_AT_ONCE]
            await self._ask(partial(_run, RENEW, [key], [self._lease, *some]))

    async def _ask(self, command: Callable[["redis.asyncio.Redis"], Awaitable[Any]]) -> Any:
        """What Redis says; None when it does not answer."""
        if time.monotonic() < self._trouble_until:
            return None
        if self._client is None:
            self._client = self._connect()
        self._asking += 1
        try:
            return await command(self._client)
        except (redis.RedisError, OSError) as error:
            self._trouble_until = time.monotonic() + TRY_AGAIN_SECONDS
            logger.warning("Redis does not answer; sockets are counted in this process alone: %s", error)
            return None
        finally:
            self._asking -= 1


async def _run(script: str, keys: list[str], arguments: list[str], client: "redis.asyncio.Redis") -> Any:
    return await client.eval(script, len(keys), *keys, *arguments)


async def _remove(key: str, name: str, client: "redis.asyncio.Redis") -> Any:
    return await client.zrem(key, name)
