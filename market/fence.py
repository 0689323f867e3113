"""Keeps two ingests from writing to Redis at once: whoever starts takes the lead there, and the other one finds out."""

from typing import Any, Final

import redis.asyncio

LEADER_KEY: Final = "live:leader"


class Deposed(Exception):
    """Another ingest publishes now: this one must end, trying again does not help."""


class Fence:
    """Transactions of one ingest, named by its epoch, which Redis refuses once another one has taken over.

    Who comes takes over. An empty Redis belongs to the first to come back.
    """

    def __init__(self, epoch: str) -> None:
        self._epoch = epoch
        self._entered = False

    async def enter(self, pipe: "redis.asyncio.client.Pipeline") -> None:
        """Begin a transaction. Raises Deposed."""
        await pipe.watch(LEADER_KEY)
        found: bytes | str | None = await pipe.get(LEADER_KEY)
        leader = found.decode() if isinstance(found, bytes) else found
        if self._entered and leader not in (None, self._epoch):
            raise Deposed(f"another ingest, epoch {leader}, publishes now; this one was {self._epoch}")
        pipe.multi()  # type: ignore[no-untyped-call]
        if leader != self._epoch:
            pipe.set(LEADER_KEY, self._epoch)

    async def commit(self, pipe: "redis.asyncio.client.Pipeline") -> Any:
        """Carry it out; the answer to its last command. Raises redis.WatchError if another one took over meanwhile."""
        answer = (await pipe.execute())[-1]
        self._entered = True
        return answer
