"""Foreign flow of one symbol: the day's totals, our own value, speed and acceleration."""

from collections import deque

from market.domain.changes import ForeignFlow
from market.domain.events import ForeignUpdate

WINDOW_SECONDS = 300
MINIMUM_COVERED_SECONDS = 30  # a rate from less than this would be noise blown up
ACCELERATION_SECONDS = 60
MINUTE = 60


class ForeignTracker:
    """Cumulative totals in, speed out. The window holds one sample a second at most, and five minutes at most."""

    __slots__ = ("at", "last", "own_buy_value", "own_sell_value", "samples", "speeds")

    def __init__(self) -> None:
        self.last: ForeignUpdate | None = None
        self.at = 0
        self.own_buy_value = 0.0
        self.own_sell_value = 0.0
        # (at, bought, sold, own net value), cumulative
        self.samples: deque[tuple[int, int, int, float]] = deque()
        self.speeds: deque[tuple[int, float]] = deque()

    def apply(self, event: ForeignUpdate, price: float) -> ForeignFlow | None:
        """Take an update of the same day; `price` (VND a share or contract) values what it added.

        The first update seeds: what came before it is not a burst. Totals that fall in a later second restart the same
        way; None if the update is older than what is known and was not used.
        """
        last = self.last
        bought, sold = int(event.buy_volume), int(event.sell_volume)
        fell = last is not None and (bought < int(last.buy_volume) or sold < int(last.sell_volume))
        if event.at < self.at or (fell and event.at == self.at):
            return None
        if last is None or fell:
            added_buy = added_sell = 0
            self.own_buy_value = event.buy_value or bought * price
            self.own_sell_value = event.sell_value or sold * price
            self.samples.clear()
            self.speeds.clear()
        else:
            added_buy, added_sell = bought - int(last.buy_volume), sold - int(last.sell_volume)
            self.own_buy_value += added_buy * price
            self.own_sell_value += added_sell * price
        self.last = event
        self.at = event.at
        self._sample(bought, sold)
        return ForeignFlow(
            symbol=event.symbol,
            at=event.at,
            day=event.day,
            buy_volume=bought,
            sell_volume=sold,
            buy_value=event.buy_value,
            sell_value=event.sell_value,
            added_buy_volume=added_buy,
            added_sell_volume=added_sell,
            own_buy_value=self.own_buy_value,
            own_sell_value=self.own_sell_value,
            room=int(event.room),
            total_room=int(event.total_room),
        )

    def _sample(self, bought: int, sold: int) -> None:
        samples = self.samples
        sample = (self.at, bought, sold, self.own_buy_value - self.own_sell_value)
        if samples and samples[-1][0] == self.at:
            samples[-1] = sample
        else:
            samples.append(sample)
        # One sample at or before the window's start stays: the totals held from there on.
        while len(samples) > 1 and samples[1][0] <= self.at - WINDOW_SECONDS:
            samples.popleft()
        speed = self.speed(self.at)
        if speed is not None:
            speeds = self.speeds
            if speeds and speeds[-1][0] == self.at:
                speeds[-1] = (self.at, speed[2])
            else:
                speeds.append((self.at, speed[2]))
            while len(speeds) > 1 and speeds[1][0] <= self.at - ACCELERATION_SECONDS:
                speeds.popleft()

    def covered_seconds(self, now: int) -> int:
        """How much of the window was really watched."""
        return min(WINDOW_SECONDS, max(0, now - self.samples[0][0])) if self.samples else 0

    def speed(self, now: int) -> tuple[float, float, float, float] | None:
        """Bought, sold, net (shares a minute) and net own value (VND a minute) over the window.

        None until enough of the window was watched.
        """
        covered = self.covered_seconds(now)
        if covered < MINIMUM_COVERED_SECONDS:
            return None
        start = now - WINDOW_SECONDS
        base = self.samples[0]
        for sample in self.samples:
            if sample[0] > start:
                break
            base = sample
        newest = self.samples[-1]
        minutes = covered / MINUTE
        bought, sold = (newest[1] - base[1]) / minutes, (newest[2] - base[2]) / minutes
        return bought, sold, bought - sold, (newest[3] - base[3]) / minutes

    def acceleration(self) -> float | None:
        """Change of the net speed (shares a minute) per minute; None until two speeds a minute apart are known."""
        if not self.speeds:
            return None
        (first_at, first), (last_at, last) = self.speeds[0], self.speeds[-1]
        if last_at - first_at < ACCELERATION_SECONDS:
            return None
        return (last - first) / ((last_at - first_at) / MINUTE)

    def lose_sight(self) -> None:
        """The wire was interrupted: the next update starts a new window, or a gap's volume would look like a burst."""
        self.samples.clear()
        self.speeds.clear()

    def clear(self) -> None:
        """Forget the day."""
        self.last = None
        self.at = 0
        self.own_buy_value = self.own_sell_value = 0.0
        self.lose_sight()
