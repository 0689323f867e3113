"""Thresholds of many triggers on one value: what the value crosses is found without looking at the others."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from math import inf
from typing import Final

from msgspec import Struct

from alerts.domain.triggers import Condition, Trigger

UP: Final[frozenset[Condition]] = frozenset({"above", "crosses"})
DOWN: Final[frozenset[Condition]] = frozenset({"below", "crosses"})


class Rung(Struct, order=True, frozen=True):
    """A threshold and whose it is."""

    threshold: float
    id: int


class Ladder:
    """Rungs in order, and the value that came last; None until one is known.

    Between the nearest rungs below and above the last value nothing can happen: `low < value < high` says so at once.
    On a rung both are that rung, since wherever the value goes from there has to be looked at.
    """

    __slots__ = ("_conditions", "_rungs", "_thresholds", "high", "last", "low")

    def __init__(self, last: float | None = None) -> None:
        self._rungs: list[Rung] = []
        self._thresholds: list[float] = []
        self._conditions: dict[int, Condition] = {}
        self.start(last)

    def __len__(self) -> int:
        return len(self._rungs)

    def start(self, last: float | None) -> None:
        """Begin at a value without having come to it."""
        self.last = last
        if last is None:
            self.low, self.high = inf, -inf
            return
        below, above = bisect_right(self._thresholds, last), bisect_left(self._thresholds, last)
        self.low = self._thresholds[below - 1] if below else -inf
        self.high = self._thresholds[above] if above < len(self._thresholds) else inf

    def move(self, value: float) -> list[int]:
        """Take the value of now; return the triggers that it crossed their way, in the order of their ids."""
        last = self.last
        self.start(value)
        if last is None:
            return []
        # Coming to a threshold counts, leaving it does not.
        if value > last:
            first, after, ways = bisect_right(self._thresholds, last), bisect_right(self._thresholds, value), UP
        else:
            first, after, ways = bisect_left(self._thresholds, value), bisect_left(self._thresholds, last), DOWN
        return sorted(rung.id for rung in self._rungs[first:after] if self._conditions[rung.id] in ways)

    def add(self, triggers: Iterable[Trigger]) -> None:
        """Put triggers in their places; they begin where the value is."""
        for trigger in triggers:
            self._rungs.append(Rung(trigger.threshold, trigger.id))
            self._conditions[trigger.id] = trigger.condition
        self._rungs.sort()
        self._rebuild()

    def remove(self, ids: Iterable[int]) -> None:
        """Take triggers away."""
        gone = set(ids)
        self._rungs = [rung for rung in self._rungs if rung.id not in gone]
        for id in gone:
            self._conditions.pop(id, None)
        self._rebuild()

    def _rebuild(self) -> None:
        self._thresholds = [rung.threshold for rung in self._rungs]
        self.start(self.last)
