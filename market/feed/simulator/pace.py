"""The simulated clock: milliseconds since midnight that run at a chosen speed."""

from collections.abc import Callable


class Pace:
    """A clock that can be paused, resumed, sped up and set. `monotonic` is injected: seconds from any origin."""

    def __init__(self, start: int, speed: float, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._from = start
        self._since = monotonic()
        self.speed = speed
        self.paused = False

    def now(self) -> int:
        """Return the simulated time in ms since midnight."""
        if self.paused:
            return self._from
        return self._from + int((self._monotonic() - self._since) * 1000 * self.speed)

    def set(self, now: int) -> None:
        """Jump to a time."""
        self._from, self._since = now, self._monotonic()

    def pause(self) -> None:
        self.set(self.now())
        self.paused = True

    def resume(self) -> None:
        self.set(self.now())
        self.paused = False

    def change_speed(self, speed: float) -> None:
        """Go on at another speed from here. Raises ValueError unless it is positive and finite."""
        if not 0 < speed < float("inf"):
            raise ValueError(f"expected a speed above 0, was {speed}")
        self.set(self.now())
        self.speed = speed
