"""The REST quota: so many calls a second for each endpoint."""

from collections import deque


class Quota:
    """Counts calls in a sliding second. `now` is any clock in seconds, given by the caller."""

    def __init__(self, calls_per_second: float) -> None:
        self.calls_per_second = calls_per_second
        self._calls: dict[str, deque[float]] = {}

    def admits(self, endpoint: str, now: float) -> bool:
        """Count a call and return whether it is within the quota. Rates below one stretch the window."""
        window = max(1.0, 1 / self.calls_per_second)
        calls = self._calls.setdefault(endpoint, deque())
        while calls and calls[0] <= now - window:
            calls.popleft()
        if len(calls) >= max(1, int(self.calls_per_second)):
            return False
        calls.append(now)
        return True

    def text(self) -> str:
        """Return SSI's words for too many calls."""
        return f"API calls quota exceeded! maximum admitted {max(1, int(self.calls_per_second))} per 1s."
