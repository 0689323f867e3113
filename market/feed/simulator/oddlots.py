"""The odd-lot board: now and then somebody trades fewer than 100 shares, at the price of the round lots or near it."""

from datetime import date

from market.feed.simulator.frames import envelope
from market.feed.simulator.instruments import day_random
from market.feed.simulator.listing import Listing
from market.feed.simulator.out import Out
from market.feed.simulator.schedule import DAY_END, at, clock_text

EVERY = 4_000


class OddLots:
    """Totals of the odd-lot board and its messages (OL). They are no part of the round lots' totals."""

    def __init__(self, listings: list[Listing], seed: int, day: date) -> None:
        self._listings = listings
        self._rng = day_random(seed, day, "odd lots")
        self._totals: dict[str, list[int]] = {}  # first, high, low, last, last volume, value, volume

    def first(self) -> int:
        return at(9, 0, 5)

    def step(self, now: int, out: Out) -> int | None:
        listing = self._rng.choice(self._listings)
        volume = self._rng.randint(1, 99)
        if listing.session in ("LO", "ATC") and listing.tally.trades:
            self._trade(listing, volume)
            if out.odd_lots:
                out.send("OL", listing.symbol, self.text(listing, now // 1000) or "", now)
        following = now + EVERY
        return following if following < DAY_END else None

    def _trade(self, listing: Listing, volume: int) -> None:
        price = int(listing.tally.last)
        totals = self._totals.setdefault(listing.symbol, [price, price, price, price, 0, 0, 0])
        totals[1], totals[2] = max(totals[1], price), min(totals[2], price)
        totals[3], totals[4] = price, volume
        totals[5] += price * volume
        totals[6] += volume

    def text(self, listing: Listing, second: int) -> str | None:
        """Return the symbol's odd-lot message, None before its first odd-lot trade."""
        totals = self._totals.get(listing.symbol)
        if totals is None:
            return None
        first, high, low, last, volume, value, total = totals
        change = last - listing.reference
        facts = {
            "time": clock_text(second), "first": first, "high": high, "low": low, "last": last, "volume": volume,
            "value": value, "total": total, "bid": last, "bid_volume": 37, "ask": last, "ask_volume": 41,
            "session": listing.session, "change": change, "ratio": repr(round(change / listing.reference * 100, 2)),
        }  # fmt: skip
        return envelope("OL", listing.templates.odd_lot % facts)
