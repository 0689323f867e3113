"""Windows over event time: O(1) amortised per value, bounded by their length in seconds.

Both ends belong to a window. A value that is older than the newest one counts as if it came with the newest: the order
of arrival decides, sums and extremes stay right, and an overtaken message is off by the second or two that it was late.
"""

from collections import deque
from collections.abc import Iterable
from typing import TypeAlias

Timed: TypeAlias = tuple[int, float]


class PastValue:
    """The newest value that is at least `age` seconds old. Holds one value a second at most."""

    __slots__ = ("age", "past", "waiting")

    def __init__(self, age: int) -> None:
        self.age = age
        self.past: Timed | None = None
        self.waiting: deque[Timed] = deque()

    def push(self, at: int, value: float) -> Timed | None:
        """Add the value of now; return the past one as (at, value), None if nothing is that old."""
        waiting = self.waiting
        if waiting and at <= waiting[-1][0]:
            at = waiting[-1][0]
            waiting.pop()
        waiting.append((at, value))
        old = at - self.age
        while waiting[0][0] <= old:
            self.past = waiting.popleft()
        return self.past

    def clear(self) -> None:
        """Forget all values."""
        self.past = None
        self.waiting.clear()

    def save(self) -> list[Timed]:
        """Return the values it still needs, oldest first."""
        return [*([self.past] if self.past else []), *self.waiting]

    def resume(self, values: Iterable[Timed]) -> None:
        """Take up saved values; they may come from a window of another age."""
        self.past = None
        self.waiting = deque(values)


class Extremes:
    """The lowest and the highest value of the last `seconds`."""

    __slots__ = ("highs", "lows", "seconds")

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        # Each holds only values that can still become the extreme, so the first of a queue is it.
        self.lows: deque[Timed] = deque()
        self.highs: deque[Timed] = deque()

    def push(self, at: int, value: float) -> tuple[float, float]:
        """Add the value of now; return (lowest, highest), this one included."""
        lows, highs = self.lows, self.highs
        if lows and at < lows[-1][0]:
            at = lows[-1][0]
        entry = (at, value)
        while lows and lows[-1][1] >= value:
            lows.pop()
        lows.append(entry)
        while highs and highs[-1][1] <= value:
            highs.pop()
        highs.append(entry)
        oldest = at - self.seconds
        while lows[0][0] < oldest:
            lows.popleft()
        while highs[0][0] < oldest:
            highs.popleft()
        return lows[0][1], highs[0][1]

    def clear(self) -> None:
        """Forget all values."""
        self.lows.clear()
        self.highs.clear()

    def save(self) -> tuple[list[Timed], list[Timed]]:
        """Return both queues, oldest first."""
        return list(self.lows), list(self.highs)

    def resume(self, queues: tuple[Iterable[Timed], Iterable[Timed]]) -> None:
        """Take up saved queues; they may come from a window of another length."""
        self.lows, self.highs = deque(queues[0]), deque(queues[1])
