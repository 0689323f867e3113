"""How the feed does, as one object that every page and API client gets."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from market.clock import MarketClock
from market.domain.calendar import BOARDS, iso_time, to_date
from market.domain.state import MarketState
from market.feed.source import Source
from market.pipeline import Pipeline

logger = logging.getLogger(__name__)

ACTIVE_PHASES: Final = frozenset({"ato", "continuous", "atc"})
DELAYED_SECONDS: Final = 15
SILENT_SECONDS: Final = 60
LOGGED_EVERY_SECONDS: Final = 60.0
DayNote = dict[str, Any]


class FeedStatus:
    """Builds the status object from what the process knows; `day_note` is the calendar's word on the trading date.

    `parts` are what else of the process may be in trouble: each tells in a few words, or "" when it is well.
    """

    def __init__(
        self,
        state: MarketState,
        pipeline: Pipeline,
        source: Source,
        clock: MarketClock,
        day_note: Callable[[], DayNote],
        parts: Mapping[str, Callable[[], str]],
    ) -> None:
        self._state = state
        self._pipeline = pipeline
        self._source = source
        self._clock = clock
        self._day_note = day_note
        self._parts = parts
        self.last: dict[str, Any] = {}  # as said last, for other threads

    def __call__(self) -> dict[str, Any]:
        """The status object of the WebSocket API."""
        self._clock.live = self._source.kind == "ssi"
        self._clock.tick()
        now = self._clock.now() or self._state.now
        feed, detail = self._feed(now)
        self.last = {
            "source": self._source.kind,
            "feed": feed,
            "detail": detail,
            "trading_date": to_date(self._state.day).isoformat() if self._state.day else None,
            "time": iso_time(now) if now else None,
            "speed": self._clock.speed,
            "delay_seconds": self._delay(),
            "boards": self._boards(now),
            "day": self._day_note(),
            "counts": {"messages": self._pipeline.messages, "rejected": self._pipeline.all_rejected()},
            "connections": {short(name): each.state for name, each in self._source.connections().items()},
            "parts": {name: trouble for name, look in self._parts.items() if (trouble := look())},
        }
        return self.last

    async def log_progress(self) -> None:
        """Say in the log once a minute how it goes, until cancelled."""
        before = self._pipeline.messages
        while True:
            await asyncio.sleep(LOGGED_EVERY_SECONDS)
            now = self()
            logger.info(
                "%s, %s messages (%s a minute), rejected %s, market time %s",
                now["feed"],
                self._pipeline.messages,
                self._pipeline.messages - before,
                now["counts"]["rejected"] or "none",
                now["time"],
            )
            before = self._pipeline.messages

    def _boards(self, now: int) -> dict[str, Any]:
        boards: dict[str, Any] = {}
        for board in BOARDS:
            phase, until, following = self._state.boards[board].outlook(now)
            boards[board] = {"phase": phase, "until": iso_time(until) if until else None, "next": following}
        return boards

    def _delay(self) -> int | None:
        """Seconds between the exchange's time and the arrival of the newest message; None where there is no telling."""
        if self._source.kind != "ssi" or not self._state.now:
            return None
        return max(0, round(self._pipeline.last_received_at - self._state.now))

    def _feed(self, now: int) -> tuple[str, str]:
        connections = self._source.connections().values()
        troubles = [each for each in connections if each.state in ("waiting", "blocked", "closed")]
        if troubles:
            return "reconnecting", troubles[0].detail
        if not self._pipeline.messages:
            return "starting", ""
        trading = any(self._state.boards[board].at(now) in ACTIVE_PHASES for board in BOARDS)
        if not trading or not self._day_note().get("open", True):
            return "closed", ""
        silent = self._clock.silence()
        if silent > SILENT_SECONDS / self._clock.speed + DELAYED_SECONDS:
            return "delayed", f"no message for {round(silent)} s"
        delay = self._delay()
        if delay is not None and delay > DELAYED_SECONDS and silent < SILENT_SECONDS:
            return "delayed", f"{delay} s behind the exchange"
        return "live", ""


def in_session(status: Mapping[str, Any]) -> bool:
    """Whether a status object says that some board trades."""
    if not status.get("day", {}).get("open", True):
        return False
    return any(board["phase"] in ACTIVE_PHASES for board in status.get("boards", {}).values())


def short(channel: str) -> str:
    """What a channel string begins with: its type, for the symbols behind it may be hundreds."""
    return channel.split(":", 1)[0]
