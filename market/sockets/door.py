"""The door of the pages' sockets: who may come in, how many at once, and the word before the process ends."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, TypeAlias

from market.sockets.farewell import Farewell
from market.sockets.slots import Slot, Slots
from market.sockets.terms import COME_BACK, CROWDED, Refused, Visitor, identify

Goodbye: TypeAlias = Callable[[], Awaitable[None]]

CHECK_SECONDS: Final = 60.0  # whether a session still holds


class Entry(NamedTuple):
    """A socket that was let in."""

    visitor: Visitor
    slot: Slot


class Door:
    """Lets sockets in by the API's rules and counts them in the API's places. One for each web process."""

    def __init__(self, slots: Slots, farewell: Farewell | None = None) -> None:
        self._slots = slots
        self._farewell = farewell
        self._inside: dict[str, Goodbye] = {}  # by the slot's name
        self._leaving: set[asyncio.Future[None]] = set()

    async def enter(self, scope: dict[str, Any], goodbye: Goodbye) -> Entry:
        """Let a socket in; `goodbye` is to close it when the process ends. Raises Refused."""
        if self._farewell:
            self._farewell.prepare()
            if self._farewell.said:
                raise Refused(COME_BACK)
        visitor = await identify(scope, None)
        slot = await self._slots.take(visitor.limits())
        if slot is None:
            raise Refused(CROWDED)
        entry = Entry(visitor, slot)
        self._inside[slot.name] = goodbye
        return entry

    async def leave(self, entry: Entry) -> None:
        """Make room for the next one."""
        self._inside.pop(entry.slot.name, None)
        await self._slots.give_back(entry.slot)

    def close_all(self) -> None:
        """Ask everybody to come back: another process will be there."""
        for goodbye in self._inside.values():
            leaving = asyncio.ensure_future(goodbye())
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)
