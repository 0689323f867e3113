"""The market's clock: exchange time, carried on between messages."""

import time
from collections.abc import Callable
from datetime import date, datetime

from market.domain.calendar import VIETNAM, day_of, to_date
from market.domain.state import MarketState

MEASURED_SECONDS = 10.0
SPEED_TOLERANCE = 0.05


class MarketClock:
    """Epoch seconds of the exchange's clock as of now.

    A live feed runs with the wall clock. A simulation or replay runs from its newest message, at the speed at which its
    messages have been coming; a silence (lunch) does not stop it.
    """

    def __init__(self, newest: Callable[[], int], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._newest = newest
        self._monotonic = monotonic
        self.live = True
        self.speed = 1.0
        self._seen = 0
        self._seen_at = 0.0
        self._anchor = 0
        self._anchor_at = 0.0

    def tick(self) -> None:
        """Look at the newest message's time; call it a few times a second."""
        newest, now = self._newest(), self._monotonic()
        if newest == self._seen:
            return
        if newest < self._anchor or day_of(newest) != day_of(self._anchor):  # the step to another day is no speed
            self._anchor, self._anchor_at = newest, now
        elif now - self._anchor_at >= MEASURED_SECONDS:
            self._measure((newest - self._anchor) / (now - self._anchor_at))
            self._anchor, self._anchor_at = newest, now
        self._seen, self._seen_at = newest, now

    def _measure(self, speed: float) -> None:
        whole = max(1.0, round(speed))
        near = abs(speed - whole) <= SPEED_TOLERANCE * whole + 0.1
        self.speed = whole if near else round(speed, 1)

    def silence(self) -> float:
        """Seconds of the wall clock since the newest message moved the market's time."""
        return self._monotonic() - self._seen_at if self._seen else 0.0

    def now(self) -> int:
        """Epoch seconds; 0 before the first message of a simulation."""
        if self.live:
            return int(time.time())
        if not self._seen:
            return 0
        return self._seen + int((self._monotonic() - self._seen_at) * self.speed)


def vietnam_today() -> date:
    """The wall clock's date in Vietnam."""
    return datetime.now(tz=VIETNAM).date()


def market_date(state: MarketState) -> date:
    """The market's trading date; today before the first message."""
    return to_date(state.day) if state.day else vietnam_today()
