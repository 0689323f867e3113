"""The basis of one futures contract: newest value and whether it closes in on the index."""

from collections import deque

WINDOW_MINUTES = 30
MINUTE = 60


class BasisTracker:
    """The last basis of each of the last thirty minutes of one contract, in points."""

    __slots__ = ("_minutes", "basis", "underlying")

    def __init__(self, underlying: str) -> None:
        self.underlying = underlying
        self.basis: float | None = None
        self._minutes: deque[tuple[int, float]] = deque()

    def add(self, at: int, basis: float) -> None:
        """Take the basis at a trade."""
        self.basis = basis
        minute = at // MINUTE
        minutes = self._minutes
        if minutes and minutes[-1][0] >= minute:
            minutes[-1] = (minutes[-1][0], basis)
        else:
            minutes.append((minute, basis))
            while minutes[0][0] <= minute - WINDOW_MINUTES:
                minutes.popleft()

    def convergence(self) -> float | None:
        """Least-squares slope of |basis|, points a minute; negative: closing in. None below three minutes."""
        count = len(self._minutes)
        if count < 3:
            return None
        first = self._minutes[0][0]
        times = [minute - first for minute, _ in self._minutes]
        sizes = [abs(basis) for _, basis in self._minutes]
        mean_time, mean_size = sum(times) / count, sum(sizes) / count
        spread = sum((time - mean_time) ** 2 for time in times)
        return sum((t - mean_time) * (s - mean_size) for t, s in zip(times, sizes, strict=True)) / spread

    def trend(self) -> list[tuple[int, float]]:
        """Epoch second of each minute of the window and its last basis."""
        return [(minute * MINUTE, basis) for minute, basis in self._minutes]

    def clear(self) -> None:
        """Forget the day."""
        self.basis = None
        self._minutes.clear()

    def load(self, trend: list[tuple[int, float]]) -> None:
        """Take back what `trend` gave."""
        self._minutes = deque((int(at) // MINUTE, basis) for at, basis in trend)
        self.basis = self._minutes[-1][1] if self._minutes else None
