"""The weather of one day, fixed before it starts: the common move of all stocks, the basis of the futures."""

from bisect import bisect_right
from collections.abc import Callable
from datetime import date

from market.feed.simulator.instruments import day_random
from market.feed.simulator.schedule import DAY_END, DAY_START, at

STEP = 10_000  # ms between two points of the common move
DAILY_MOVE = 0.008  # standard deviation of the market's log return over a day
TURN = 240_000  # ms that the basis takes from one level to the next


class Climate:
    """Common move (log return since the close before) and basis (points) at any moment of the day."""

    def __init__(self, seed: int, day: date) -> None:
        rng = day_random(seed, day, "climate")
        steps = (DAY_END - DAY_START) // STEP + 2
        size = DAILY_MOVE / steps**0.5
        level = rng.gauss(0, 0.002)
        self._moves = [level]
        for _ in range(steps):
            level += rng.gauss(0, size)
            self._moves.append(level)
        self._turns, self._levels = _basis_turns(rng.choice((-1, 1)), rng.random, rng.randint(4, 6))

    def move(self, now: int) -> float:
        """Return the common log return at `now` (ms of the day)."""
        position = (now - DAY_START) // STEP
        return self._moves[min(max(position, 0), len(self._moves) - 1)]

    def basis(self, now: int) -> float:
        """Return what the front future is worth above its index, in points: level stretches of changing sign."""
        place = bisect_right(self._turns, now) - 1
        level = self._levels[place]
        since = now - self._turns[place]
        if place == 0 or since >= TURN:
            return level
        before = self._levels[place - 1]
        return before + (level - before) * since / TURN


def _basis_turns(sign: int, draw: Callable[[], float], count: int) -> tuple[list[int], list[float]]:
    """Return when the basis turns and the level that it then goes to. Turns keep away from the edges of the day."""
    turns, levels = [0], [sign * (2.5 + 4 * draw())]
    start, end = at(9, 20), at(14, 20)
    for place in range(count):
        sign = -sign
        turns.append(start + int((place + 0.2 + 0.6 * draw()) * (end - start) / count))
        levels.append(sign * (2.5 + 4 * draw()))
    return turns, levels
