"""A futures contract: it follows its index at the distance that the climate says."""

from bisect import bisect_left

from market.feed.simulator.climate import Climate
from market.feed.simulator.index import LiveIndex
from market.feed.simulator.listing import Listing
from market.feed.simulator.trading import Script, Trading


class FuturesTrading(Trading):
    """Drives one contract. `month` counts from the front month, 0; later months keep a larger distance."""

    def __init__(self, listing: Listing, climate: Climate, underlying: LiveIndex, month: int) -> None:
        super().__init__(listing, climate, Script(), [])
        self.underlying = underlying
        self.month = month
        self.own = 0.0

    def _fair(self, now: int) -> float:
        span = min(now - self.moved_at, 600_000) / 60_000
        self.moved_at = now
        # Noise that returns to zero within minutes, about half a point wide.
        self.own += -0.3 * min(span, 1.0) * self.own + self.rng.gauss(0, 0.25) * span**0.5
        price = self.underlying.points + self.climate.basis(now) * (1 + 0.4 * self.month) + self.own
        return bisect_left(self.listing.ladder, price) - 0.5
