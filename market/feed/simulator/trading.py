"""What happens to one symbol: sessions, auctions, matches, orders. Each moment decides when the next one comes."""

from bisect import bisect_left
from math import log
from zlib import crc32

from market.feed.simulator.climate import Climate
from market.feed.simulator.index import LiveIndex
from market.feed.simulator.listing import Listing
from market.feed.simulator.out import Out
from market.feed.simulator.schedule import ACTIVITY_BY_MINUTE, MINUTE, POST_CLOSE_MATCHING, SESSIONS, at
from market.feed.simulator.tally import Side

TRADING_MS = (at(11, 30) - at(9, 0)) + (at(14, 30) - at(13, 0))
QUOTES_PER_TRADE = 5.0
OWN_MOVE = 0.011  # standard deviation of a stock's own log return over a day
FOREIGN_EVERY = 2_000  # ms between two foreign messages of a symbol
MOST_SHARES = 500_000  # of one order on HOSE
MOST_LOTS_OF_FUTURES = 500
MOST_FILLS = 450  # of one auction and symbol, as seen on a heavy day


class Script:
    """What is planned for a symbol: a drive to a limit, and busy spells."""

    __slots__ = ("goal", "spells", "start", "until")

    def __init__(self, goal: float = 0.0, start: int = 0, until: int = 1) -> None:
        self.goal, self.start, self.until = goal, start, until
        self.spells: list[tuple[int, int, float]] = []  # start, end, how one-sided (-1 .. 1)

    def drift(self, now: int) -> float:
        """Return the planned part of the log return."""
        if now <= self.start:
            return 0.0
        return self.goal * min(1.0, (now - self.start) / (self.until - self.start))

    def spell(self, now: int) -> float | None:
        """Return the one-sidedness of the busy spell at `now`, None outside spells."""
        for start, end, lean in self.spells:
            if start <= now < end:
                return lean
        return None


class Trading:
    """Drives one listing through its board's sessions."""

    def __init__(
        self, listing: Listing, climate: Climate, script: Script, indices: list[tuple[LiveIndex, float]]
    ) -> None:
        self.listing = listing
        self.rng = listing.rng
        self.climate = climate
        self.script = script
        self.indices = indices
        self.price_in_index = listing.previous_close
        known = listing.instrument
        self.beta = 0.6 + 0.8 * (crc32(known.symbol.encode()) / 2**32)
        self.own = self.rng.gauss(0, 0.004)
        self.moved_at = 0
        self.mean_wait = 1.25 * TRADING_MS / max(1, known.trades) / (1 + QUOTES_PER_TRADE)
        self.trade_part = 1 / (1 + QUOTES_PER_TRADE)
        self.foreign_lean = self.rng.uniform(0.25, 0.75)
        self.foreign_sent = 0
        self.foreign_waits = False
        # Boards change session within a second, symbol after symbol.
        shift = crc32(known.symbol.encode(), 7) % 900
        self.timeline = [(start + shift, code) for start, code in SESSIONS[known.board]]
        if known.board != "DERIVATIVES":
            self.timeline[0] = (self.timeline[0][0] + shift * 130, "C")
        self.place = 0

    def first(self) -> int:
        """Return when this symbol first does something."""
        return self.timeline[0][0]

    def step(self, now: int, out: Out) -> int | None:
        """Let happen what happens at `now` (ms of the day) and return when to come back, None when the day is over."""
        listing = self.listing
        listing.at = now // 1000
        if self.place < len(self.timeline) and now >= self.timeline[self.place][0]:
            self._enter(now, out)
        elif listing.session == "LO":
            self._continuous(now, out)
        elif listing.session in ("ATO", "ATC"):
            self._call(now, out)
        elif listing.session == "PT":
            self._post_close(now, out)
        return self._next(now)

    def _next(self, now: int) -> int | None:
        boundary = self.timeline[self.place][0] if self.place < len(self.timeline) else None
        session = self.listing.session
        if session in ("BREAK", "C") or not self._is_traded():
            return boundary
        wait = -log(1 - self.rng.random()) * self.mean_wait / ACTIVITY_BY_MINUTE[now // MINUTE]
        if session == "LO":
            if self.script.spells and self.script.spell(now) is not None:
                wait *= 0.12
        elif session == "PT":
            wait = max(wait, 5_000) * 3 + max(0, POST_CLOSE_MATCHING - now)
        else:
            wait = max(wait, 400) * 2
        following = now + 1 + int(wait)
        return following if boundary is None or following < boundary else boundary

    def _enter(self, now: int, out: Out) -> None:
        """Go to the next session of the timeline; leaving an auction matches it first."""
        listing, book = self.listing, self.listing.book
        code = self.timeline[self.place][1]
        self.place += 1
        if not listing.is_today:
            listing.begin_day()
        if listing.session in ("ATO", "ATC") and self._is_traded():
            self._uncross(now, out)
        came_from, listing.session = listing.session, code
        if code in ("ATO", "ATC") and self._is_traded():
            self._start_call(now)
        elif code == "LO" and not book.bid_at and not book.ask_at and self._is_traded():
            book.center(self._fair(now))
        elif code == "PT":
            book.clear()
        if out.statuses:
            out.send("F", listing.symbol, listing.status_text(), now)
        if out.foreign and came_from == "C" and not listing.tally.trades:
            out.send("R", listing.symbol, listing.foreign_text(), now)
        self._tell_book(now, out)

    def _is_traded(self) -> bool:
        return self.listing.instrument.status not in ("H", "S")

    def _fair(self, now: int) -> float:
        """Return the fair position on the ladder, half a tick beyond an end when the fair price is beyond a limit."""
        rng, listing = self.rng, self.listing
        span = min(now - self.moved_at, 600_000)
        self.moved_at = now
        self.own += rng.gauss(0, OWN_MOVE) * (span / TRADING_MS) ** 0.5
        level = self.beta * self.climate.move(now) + self.own + self.script.drift(now)
        return bisect_left(listing.ladder, listing.reference * (1 + level)) - 0.5

    # --- Auctions -------------------------------------------------------------------------------------------------

    def _start_call(self, now: int) -> None:
        listing = self.listing
        listing.expected = min(listing.top, max(0, int(self._fair(now) + 0.5)))
        self._show_call()

    def _call(self, now: int, out: Out) -> None:
        listing, draw = self.listing, self.rng.random()
        aim = min(listing.top, max(0, int(self._fair(now) + 0.5)))
        pull = (aim > listing.expected) - (aim < listing.expected)
        listing.expected += pull if draw < 0.7 else 0
        self._show_call()
        self._tell_book(now, out)

    def _show_call(self) -> None:
        """Show what would remain unmatched: market orders as a level of price 0, then limit orders around the price."""
        listing, draw = self.listing, self.rng.random()
        listing.book.center(listing.expected + 0.5 * (draw < 0.5))
        listing.market_bid = listing.book.some_size() if draw < 0.4 else 0
        listing.market_ask = listing.book.some_size() if 0.3 < draw < 0.7 else 0

    def _uncross(self, now: int, out: Out) -> None:
        """Match the auction: many fills at one price, all stamped with the second that ends it."""
        listing, rng = self.listing, self.rng
        position, known = listing.expected, listing.instrument
        # The expected price stays on the fills, as the session does: they belong to the auction.
        wish = known.trades * (0.012 + 0.01 * rng.random())
        count = min(MOST_FILLS, int(wish) + (rng.random() < wish % 1))
        listing.market_bid = listing.market_ask = 0
        for _ in range(count):
            self._match(now, position, self._size() * 2, "neutral", out)
        listing.expected = -1
        listing.book.center(
            position + (0.0 if rng.random() < 0.5 else -1.0) if 0 < position < listing.top else position
        )

    def _post_close(self, now: int, out: Out) -> None:
        """Match at the closing price; the book is not shown."""
        listing = self.listing
        if now >= POST_CLOSE_MATCHING and listing.tally.last:
            position = bisect_left(listing.ladder, listing.tally.last)
            self._match(now, position, self._size(), "neutral", out)

    # --- Continuous trading -----------------------------------------------------------------------------------------

    def _continuous(self, now: int, out: Out) -> None:
        fair = self._fair(now)
        if self.rng.random() < self.trade_part:
            self._aggress(now, fair, out)
        else:
            self.listing.book.change(fair)
            self._tell_book(now, out)

    def _aggress(self, now: int, fair: float, out: Out) -> None:
        """Send a marketable order: it takes the best level, and up to two more if it is large."""
        book, rng = self.listing.book, self.rng
        lean = self.script.spell(now) if self.script.spells else None
        part = 0.5 + 0.12 * (fair - book.middle()) + 0.3 * (lean or 0.0)
        buys = rng.random() < min(0.93, max(0.07, part))
        if not (book.ask_at if buys else book.bid_at):
            buys = not buys
        left = self._size(busy=lean is not None)
        for _ in range(3):
            levels = book.ask_at if buys else book.bid_at
            if left <= 0 or not levels:
                break
            position = levels[0]
            matched = book.lift(left) if buys else book.hit(left)
            left -= matched
            self._match(now, position, matched, "buy" if buys else "sell", out)

    def _size(self, busy: bool = False) -> int:
        """Return the volume of one order: whole lots, seldom far from the mean except in busy spells."""
        known, draw = self.listing.instrument, self.rng.random
        mean = known.mean_size / known.lot
        scale = (5 if draw() < 0.002 else 1) * (2.5 if busy else 1)
        lots = 1 + int(-log((1 - draw()) * (1 - draw()) * (1 - draw())) / 3 * mean * scale)
        return known.lot * min(lots, MOST_LOTS_OF_FUTURES if known.underlying else MOST_SHARES // known.lot)

    def _match(self, now: int, position: int, volume: int, side: Side, out: Out) -> None:
        listing = self.listing
        price = listing.ladder[position]
        listing.tally.match(now // 1000, listing.session, price, volume, side, listing.multiplier)
        for index, per_price in self.indices:
            index.points += per_price * (price - self.price_in_index)
        self.price_in_index = price
        if out.trades:
            out.send("X-TRADE", listing.symbol, listing.trade_text(), now)
        if out.bars:
            out.send("B", listing.symbol, listing.bar_text(), now)
        self._tell_book(now, out)
        if self.rng.random() < listing.instrument.foreign_part * 1.6:
            self._foreigner(now, price, volume, out)

    def _tell_book(self, now: int, out: Out) -> None:
        if not (out.books or out.quotes):
            return
        sides = self.listing.sides()
        if out.books:
            out.send("X", self.listing.symbol, self.listing.x_text(sides), now)
        if out.quotes:
            out.send("X-QUOTE", self.listing.symbol, self.listing.quote_text(sides), now)

    def _foreigner(self, now: int, price: float, volume: int, out: Out) -> None:
        """Let a foreigner have been one side of the match."""
        listing, tally, rng = self.listing, self.listing.tally, self.rng
        share = volume if rng.random() < 0.5 else max(1, int(volume * rng.random()))
        # The lean swings during the day, so that net flow speeds up and turns.
        lean = self.foreign_lean + 0.35 * (((now // 1_200_000) * 37 + int(self.foreign_lean * 1000)) % 3 - 1)
        if rng.random() < lean:
            tally.foreign_buy += share
            tally.foreign_buy_value += share * price * listing.multiplier
            listing.room -= share if listing.total_room else 0
        else:
            tally.foreign_sell += share
            tally.foreign_sell_value += share * price * listing.multiplier
            listing.room += share if listing.total_room else 0
        self.foreign_waits = True
        if now - self.foreign_sent >= FOREIGN_EVERY:
            self.tell_foreign(now, out)

    def tell_foreign(self, now: int, out: Out) -> None:
        """Send the foreign totals if there is something new in them."""
        if self.foreign_waits:
            self.foreign_waits = False
            self.foreign_sent = now
            self.listing.at = now // 1000
            if out.foreign:
                out.send("R", self.listing.symbol, self.listing.foreign_text(), now)
