"""The newest alerts as every open page of this web process sees them: noticed once, put into words once a language.

It listens to the hub's channel `alerts` while somebody listens to it. Each alert gets a number in the order in which
it came; a page is then no more than a position.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from asgiref.sync import sync_to_async
from django.db import Error as DatabaseError
from django.template.loader import render_to_string
from django.utils import translation

from alerts.queries import rule_names
from alerts.signals.lines import signal
from market.sockets.hub import LiveHub

logger = logging.getLogger(__name__)

KEPT: Final = 200  # as many as the live channel; older ones are dropped, the page shows them when it is loaded
MOST_CLIENTS: Final = 2_000


class Told:
    """An alert that came, and its HTML by language and template as somebody asked for it."""

    __slots__ = ("_html", "number", "row")

    def __init__(self, number: int, row: Mapping[str, Any]) -> None:
        self.number = number
        self.row = row
        self._html: dict[tuple[str, str], str] = {}

    def html(self, template: str, language: str, rules: Mapping[int, str]) -> str:
        """Render it, as a line of the feed or as a toast."""
        key = (template, language)
        if key not in self._html:
            with translation.override(language):
                context = {"signal": signal(self.row, rules, language)}
                self._html[key] = render_to_string(template, context) + ""  # plain text: msgspec knows no SafeString
        return self._html[key]


class Client(Protocol):
    """A socket."""

    wake: asyncio.Event

    def tick(self, now: float) -> None:
        """Look at the clock, once a second."""


class SignalFeed:
    """One for each web process."""

    def __init__(self, hub: LiveHub, most_clients: int = MOST_CLIENTS) -> None:
        self.clients: set[Client] = set()
        self.most_clients = most_clients
        self.rules: dict[int, str] = {}
        self.wake = asyncio.Event()
        self._hub = hub
        self._kept: deque[Told] = deque(maxlen=KEPT)
        self._known: set[str] = set()
        self._number = 0
        self._begun = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def full(self) -> bool:
        """Whether no more clients are let in."""
        return len(self.clients) >= self.most_clients

    async def join(self, client: Client) -> int:
        """Let a socket listen; its position. It waits a moment for the first snapshot."""
        self.clients.add(client)
        if self._task is None:
            self.wake, self._begun = asyncio.Event(), asyncio.Event()
            self._task = asyncio.create_task(self._follow())
        await self._begun.wait()
        return self._number

    async def leave(self, client: Client) -> None:
        """Let a socket go; with the last one the channel is not followed any more."""
        self.clients.discard(client)
        if self.clients or self._task is None:
            return
        task, self._task = self._task, None
        task.cancel()
        self._kept.clear()
        self._known.clear()
        await self._hub.leave("alerts", self)

    def since(self, number: int) -> list[Told]:
        """What came after a position, oldest first; what is forgotten is left out."""
        return [told for told in self._kept if told.number > number]

    def later(self, at: int) -> list[Told]:
        """What is known and happened after an epoch second, oldest first."""
        return [told for told in self._kept if seconds(told.row) > at]

    @property
    def newest(self) -> int:
        """Epoch second of the newest alert that is known; 0 for none."""
        return max((seconds(told.row) for told in self._kept), default=0)

    def tick(self, now: float) -> None:
        """Pass the hub's clock on."""
        for client in tuple(self.clients):
            client.tick(now)

    def close(self, code: int) -> None:
        """Nothing: the door bids the sockets good-bye."""

    async def _follow(self) -> None:
        channel = self._hub.join("alerts", self)
        await self._hub.ready("alerts")
        loaded = False
        while True:
            news, loaded = loaded, loaded or bool(channel.epoch)
            try:
                if self._take(channel.rows, news):
                    for client in self.clients:
                        client.wake.set()
                    await self._name_rules()
            except Exception:  # every page of this process waits for this task
                logger.exception("signals go on after a fault")
            self._begun.set()
            await self.wake.wait()
            self.wake.clear()

    def _take(self, rows: Mapping[str, Mapping[str, Any]], news: bool) -> bool:
        """Take in what is new; True if anything is. What was there before anybody listened is no news: number 0."""
        fresh = sorted((row for id, row in rows.items() if id not in self._known), key=seconds)
        for row in fresh:
            self._number += news
            self._kept.append(Told(self._number if news else 0, row))
        self._known = set(rows)
        return bool(fresh)

    async def _name_rules(self) -> None:
        """Read rules' names when an alert of an unknown rule came; without a database the rule's number must do."""
        if all(told.row["rule"] in self.rules for told in self._kept):
            return
        try:
            names = await sync_to_async(rule_names)()
        except DatabaseError as error:
            logger.info("signals name no rules: %s", str(error).strip())
            names = {}
        self.rules = {told.row["rule"]: names.get(told.row["rule"], "") for told in self._kept}


def seconds(row: Mapping[str, Any]) -> int:
    """Epoch second of a live row."""
    return int(datetime.fromisoformat(row["time"]).timestamp())
