"""The way of a message through the process: parse, apply, hand on. The same for feeds, simulations and replays."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from market.domain.changes import Changes
from market.domain.events import Event
from market.domain.state import MarketState
from market.feed.errors import RejectedMessage
from market.feed.parse import Parser

logger = logging.getLogger(__name__)

Sink: TypeAlias = Callable[[Event, Changes], None]
LOGGED_EVERY_SECONDS = 1.0
SAMPLE_CHARACTERS = 300


class Pipeline:
    """Feeds one market state. `take` never raises for what a message holds: it counts and samples it.

    `received` counts events by type, `rejected` messages by reason. Sinks see events in arrival order.
    """

    def __init__(self, state: MarketState, parser: Parser, sinks: Sequence[Sink] = ()) -> None:
        self.state = state
        self.received: Counter[type] = Counter()
        self.rejected: Counter[str] = Counter()
        self.last_received_at = 0.0
        self._parse = parser.parse
        self._sinks = tuple(sinks)
        self._quiet_until = 0.0

    def add_sink(self, sink: Sink) -> None:
        """Let one more part see every event, after those that are there."""
        self._sinks = (*self._sinks, sink)

    def take(self, message: str | bytes, received_at: float = 0.0) -> None:
        """Use one message text; `received_at` is the wall clock's epoch seconds of its arrival."""
        self.take_all((message,), received_at)

    def take_all(self, messages: Iterable[str | bytes], received_at: float = 0.0) -> None:
        """Use message texts one after the other."""
        self.last_received_at = received_at
        self.use_all(self._parsed(messages))

    def use_all(self, events: Iterable[Event]) -> None:
        """Use events one after the other, for who has parsed the messages elsewhere."""
        apply, received, sinks = self.state.apply, self.received, self._sinks
        for event in events:
            received[type(event)] += 1
            changes = apply(event)
            for sink in sinks:
                sink(event, changes)

    def reject(self, rejected: RejectedMessage, message: str | bytes) -> None:
        """Count a message that is no event; one a second is logged, as far as its beginning."""
        self.rejected[rejected.reason] += 1
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + LOGGED_EVERY_SECONDS
            logger.warning("Rejected a message: %s. It begins with %r", rejected, message[:SAMPLE_CHARACTERS])

    def _parsed(self, messages: Iterable[str | bytes]) -> Iterator[Event]:
        parse = self._parse
        for message in messages:
            try:
                event = parse(message)
            except RejectedMessage as rejected:
                self.reject(rejected, message)
            else:
                yield event

    @property
    def messages(self) -> int:
        """All messages taken, rejected ones included."""
        return self.received.total() + self.rejected.total()

    def all_rejected(self) -> dict[str, int]:
        """Counts by reason of what was not used: not understood, or too old."""
        return {reason: count for reason, count in (self.rejected + Counter(self.state.ignored)).items() if count}
