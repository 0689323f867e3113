"""The streaming side of ASP.NET SignalR 2 as SSI runs it: frames, subscriptions, bounded queues. No HTTP in here.

A client that does not read is dropped once MOST_BYTES wait for it: what waits is stale by then.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

from msgspec.json import encode

from market.feed.simulator.faults import Faults
from market.feed.simulator.frames import Frame
from market.feed.simulator.stage import Stage
from market.feed.simulator.subscription import EVERYTHING, NOTHING, Subscription, read_channels

HUB = "FcMarketDataV2Hub"
INIT = '{"C":"d-A,0|B,0","S":1,"M":[]}'
KEEP_ALIVE = "{}"
ENTRY = '{"H":"FcMarketDataV2Hub","M":"Broadcast","A":['
MOST_ENTRIES = 100  # in one frame
MOST_BYTES = 32 * 1024 * 1024
BLOCKED = (
    '{"C":"d-A,1","M":[{"H":"FcMarketDataV2Hub","M":"Error",'
    '"A":["Connection has been blocked, quota 1 exceeded by 1"]}]}'
)


class Client:
    """One connection: what it wants and what waits to be written to it."""

    def __init__(self, abort: Callable[[], None]) -> None:
        self.subscription: Subscription = NOTHING
        self.abort = abort
        self.bytes_waiting = 0
        self._waiting: deque[str] = deque()
        self._woken = asyncio.Event()

    def put(self, text: str) -> None:
        """Queue one frame; drop the connection if it has not been reading."""
        if self.bytes_waiting > MOST_BYTES:
            self.abort()
            return
        self._waiting.append(text)
        self.bytes_waiting += len(text)
        self._woken.set()

    async def write(
        self, send: Callable[[str], Awaitable[None]], keep_alive: float, is_silent: Callable[[], bool]
    ) -> None:
        """Write what is queued, and a keep-alive whenever nothing was for `keep_alive` seconds."""
        while True:
            try:
                # Not wait_for: until Python 3.12 it can swallow the cancellation that ends this task.
                async with asyncio.timeout(keep_alive):
                    await self._woken.wait()
            except TimeoutError:
                if not is_silent():
                    await send(KEEP_ALIVE)
                continue
            self._woken.clear()
            while self._waiting:
                text = self._waiting.popleft()
                await send(text)
                self.bytes_waiting -= len(text)


class Hub:
    """All connections. `publish` hands each message to whom it concerns, encoded once."""

    def __init__(
        self, stage: Stage, faults: Faults, lists: Literal["all", "first"], switch: Literal["add", "replace"]
    ) -> None:
        self.clients: set[Client] = set()
        self._stage = stage
        self._faults = faults
        self._lists, self._switch = lists, switch
        self._cursor = 0
        self._held: Frame | None = None
        self.sent = 0
        faults.drop = self.drop
        faults.send_again = lambda frames: self._spread([Frame(*frame, 0) for frame in frames])
        faults.send_raw = self.send_raw

    def join(self, client: Client) -> None:
        self.clients.add(client)
        client.put(INIT)
        if self._faults.stream_blocked:
            client.put(BLOCKED)

    def leave(self, client: Client) -> None:
        self.clients.discard(client)
        self._choose_kinds()

    def receive(self, client: Client, text: str) -> None:
        """Take one frame from a client. Frames that are no invocation are ignored, as SSI's server seems to do."""
        try:
            call = json.loads(text)
        except ValueError:
            return
        if not isinstance(call, dict) or "M" not in call or self.is_silent(client):
            return
        number, error = str(call.get("I", "")), ""
        arguments = call.get("A")
        if str(call.get("H", "")).lower() != HUB.lower():
            error = f"'{call.get('H')}' Hub could not be resolved."
        elif str(call["M"]).lower() != "switchchannels":
            error = f"'{call['M']}' method could not be resolved."
        elif not isinstance(arguments, list) or len(arguments) != 1 or not isinstance(arguments[0], str):
            error = "'SwitchChannels' method could not be resolved."
        if error:
            client.put(json.dumps({"I": number, "E": error}, separators=(",", ":")))
            return
        client.put(json.dumps({"I": number}, separators=(",", ":")))
        self._subscribe(client, read_channels(arguments[0], self._lists))  # type: ignore[index]

    def _subscribe(self, client: Client, wish: Subscription) -> None:
        client.subscription = client.subscription.joined(wish) if self._switch == "add" else wish
        self._choose_kinds()
        last: list[Frame] = []
        for kind, symbols in wish.channels.items():
            last += self._stage.last_messages(kind, None if symbols is EVERYTHING else symbols)
        for text in self._texts([_entry(frame.text) for frame in last]):
            client.put(text)

    def _choose_kinds(self) -> None:
        kinds: set[str] = set()
        for client in self.clients:
            kinds |= client.subscription.types
        self._stage.want(kinds)

    def publish(self, frames: list[Frame]) -> None:
        """Send new messages to their subscribers, with the faults that are switched on."""
        if not frames:
            return
        self._faults.recent.extend((frame.kind, frame.symbol, frame.text) for frame in frames)
        if self._faults.duplicate:
            frames = [frame for frame in frames for _ in range(2)]
        if self._held:
            frames, self._held = [*frames, self._held], None
        elif self._faults.out_of_order:
            # The last one of this batch comes after all of the next.
            self._held = frames.pop()
        self._spread(frames)

    def _spread(self, frames: list[Frame]) -> None:
        entries: list[str | None] = [None] * len(frames)
        ready: dict[Any, list[str]] = {}
        for client in list(self.clients):
            if not client.subscription.channels or self.is_silent(client):
                continue
            key = client.subscription.key()
            if key not in ready:
                ready[key] = self._texts(_chosen(frames, entries, client.subscription))
            for text in ready[key]:
                client.put(text)

    def _texts(self, entries: Sequence[str]) -> list[str]:
        self.sent += len(entries)
        texts = []
        for first in range(0, len(entries), MOST_ENTRIES):
            self._cursor += 1
            texts.append(f'{{"C":"d-A,{self._cursor}","M":[{",".join(entries[first : first + MOST_ENTRIES])}]}}')
        return texts

    def send_raw(self, text: str) -> None:
        """Send a text as a frame to every connection that is not silenced."""
        for client in list(self.clients):
            if not self.is_silent(client):
                client.put(text)

    def drop(self, channel: str | None) -> int:
        """Cut all connections, or those that carry a channel type; return how many."""
        found = [client for client in self.clients if channel is None or channel in client.subscription.types]
        for client in found:
            client.abort()
        return len(found)

    def is_silent(self, client: Client) -> bool:
        return self._faults.is_silent(client.subscription.types)


def _entry(text: str) -> str:
    return f"{ENTRY}{encode(text).decode()}]}}"


def _chosen(frames: list[Frame], entries: list[str | None], subscription: Subscription) -> list[str]:
    """Return the entries a subscription wants, making each at most once for all."""
    found = []
    for place, frame in enumerate(frames):
        if subscription.wants(frame.kind, frame.symbol):
            entry = entries[place]
            if entry is None:
                entry = entries[place] = _entry(frame.text)
            found.append(entry)
    return found
