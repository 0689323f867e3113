"""Answers that the process keeps for a while, read by one of the threads that ask for them at once."""

from collections.abc import Callable
from threading import RLock
from typing import Final, TypeVar

from django.core.cache import cache

Answer = TypeVar("Answer")

# So many different answers can be read at once; others wait for one that has nothing to do with them.
_turns: Final = tuple(RLock() for _ in range(64))


def once(key: str, read: Callable[[], tuple[Answer, float]]) -> Answer:
    """The kept answer to a key, or the one that `read` gives with its seconds; who comes meanwhile waits for it."""
    found: Answer | None = cache.get(key)
    if found is not None:
        return found
    with _turns[hash(key) % len(_turns)]:
        found = cache.get(key)
        if found is None:
            found, seconds = read()
            cache.set(key, found, seconds)
        return found
