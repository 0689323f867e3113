"""Indices during the day: the value follows the members' prices by weight, the turnover is theirs."""

from datetime import date
from math import exp

from market.feed.simulator.climate import Climate
from market.feed.simulator.frames import envelope, index_template
from market.feed.simulator.instruments import IndexSpec, day_random
from market.feed.simulator.listing import Listing
from market.feed.simulator.out import Out
from market.feed.simulator.schedule import DAY_START, LUNCH, at, clock_text, session_at

EVERY = 5_000  # ms between two messages of an index, as captured
FIRST, LAST = at(9, 0), at(15, 5, 5)


class LiveIndex:
    """One index on one day. `points` is kept up to date by the members' matches."""

    def __init__(self, spec: IndexSpec, prior: float, before: date, day: date, climate: Climate, seed: int) -> None:
        self.spec = spec
        self.symbol = spec.index
        self.prior = prior
        self.points = prior
        self.day = day
        self.climate = climate
        self.members: list[tuple[Listing, float]] = []
        self.rng = day_random(seed, day, spec.index)
        self.estimate = 0.0
        self.at = 54_305
        self.session = "C"
        self.volume = self.volume_before = 0
        self.value = 0.0
        self.put_through = 0
        self.breadth = (0, 0, 0, 0, 0)
        self.is_today = False
        self.template = index_template(spec.index, spec.board, f"{before:%d/%m/%Y}", prior)

    def per_price(self, symbol: str, price: float) -> float:
        """Return the points that one VND of a member's price is worth; `price` is its ordinary price."""
        return self.spec.base * self.spec.weights[symbol] / price

    def first(self) -> int:
        return FIRST if self.spec.index == "VNINDEX" else FIRST + self.rng.randint(1, 9) * 100

    def step(self, now: int, out: Out) -> int | None:
        """Say the index's state and return when to say the next (nothing during lunch)."""
        if not self.is_today:
            self.is_today = True
            self.template = index_template(self.spec.index, self.spec.board, f"{self.day:%d/%m/%Y}", self.prior)
        self.at = now // 1000
        self.session = session_at(self.spec.board, now)
        self._count(now)
        if out.indices:
            out.send("MI", self.symbol, self.text(), now)
        if out.bars:
            out.send("B", self.symbol, self.bar_text(), now)
        self.volume_before = self.volume
        following = now + EVERY + (EVERY if self.rng.random() < 0.02 else 0)
        if LUNCH[0] + EVERY < following < LUNCH[1]:
            following += LUNCH[1] - LUNCH[0]
        if now >= LAST:
            return None
        return min(following, LAST)

    def text(self) -> str:
        """Return the index message (MI)."""
        value = round(self.points, 2)
        change = round(value - self.prior, 2)
        session = f'\\"{self.session}\\"' if self.spec.board == "HOSE" else "null"
        market = '\\"HOSE\\"' if self.spec.board == "HOSE" else "null"
        dealt = self.put_through
        mean = self.value / self.volume if self.volume else 0.0
        estimate = f'\\"IndexValEst\\":{round(self.estimate, 2)!r},' if self.estimate else ""
        content = self.template % (
            estimate, repr(value), clock_text(self.at), self.volume, repr(float(self.value)), *self.breadth,
            repr(change), repr(round(change / self.prior * 100, 2)), dealt, repr(dealt * mean), self.volume + dealt,
            repr(self.value + dealt * mean), session, market,
        )  # fmt: skip
        return envelope("MI", content)

    def bar_text(self) -> str:
        """Return the index tick as a bar (B)."""
        value = repr(round(self.points, 2))
        date_text = f"{self.day:%d/%m/%Y}"
        return envelope(
            "B",
            f'\\"RType\\":\\"B\\",\\"TradingDate\\":\\"{date_text}\\",\\"Time\\":\\"{clock_text(self.at)}\\",'
            f'\\"Symbol\\":\\"{self.symbol}\\",\\"Open\\":{value},\\"High\\":{value},\\"Low\\":{value},\\"Close\\":{value},'
            f'\\"Volume\\":{self.volume - self.volume_before}.0,\\"Value\\":0.0',
        )

    def _count(self, now: int) -> None:
        if not self.members:
            self._follow_market(now)
            return
        self._count_members()
        if self.session == "LO" and self.rng.random() < 0.004:
            self.put_through += self.rng.randint(20, 900) * 1000

    def _count_members(self) -> None:
        up = level = down = ceilings = floors = volume = 0
        value = estimate = 0.0
        auction = self.session in ("ATO", "ATC")
        for listing, per_price in self.members:
            tally = listing.tally
            if auction and listing.expected >= 0:
                price = tally.last or listing.previous_close
                estimate += per_price * (listing.ladder[listing.expected] - price)
            if not listing.is_today or not tally.volume:
                continue
            volume += tally.volume
            value += tally.value
            up += tally.last > listing.reference
            down += tally.last < listing.reference
            level += tally.last == listing.reference
            ceilings += tally.last >= listing.ceiling
            floors += tally.last <= listing.floor
        self.volume, self.value = volume, value
        self.estimate = self.points + estimate if auction else 0.0
        if self.spec.sends_breadth:
            self.breadth = (up, level, down, ceilings, floors)

    def _follow_market(self, now: int) -> None:
        """Move with the whole market, since no member of this index is listed here."""
        self.points = self.prior * exp(0.8 * self.climate.move(now))
        self.volume += int(self.rng.random() * 40_000) if self.session in ("LO", "ATC") else 0
        self.value = self.volume * 15_000.0
        gone = (now - DAY_START) / (LAST - DAY_START)
        self.breadth = (int(60 * gone) + 20, int(50 * gone) + 10, int(70 * gone) + 20, 3, 2)
