"""A whole synthetic day, as fast or as slowly as it is asked for. No clock, no I/O: `advance` is told the time."""

from collections.abc import Collection
from datetime import date
from heapq import heapify, heappop, heapreplace
from typing import Any, Protocol

from market.feed.simulator.climate import Climate
from market.feed.simulator.days import previous_trading_day
from market.feed.simulator.frames import KINDS, Frame
from market.feed.simulator.futures import FuturesTrading
from market.feed.simulator.history import DailyRow, History
from market.feed.simulator.index import LiveIndex
from market.feed.simulator.instruments import Instrument, Universe, futures_on
from market.feed.simulator.listing import Listing
from market.feed.simulator.oddlots import OddLots
from market.feed.simulator.out import Out
from market.feed.simulator.schedule import DAY_END, DAY_START, at
from market.feed.simulator.script import write_scripts
from market.feed.simulator.trading import Trading

FOREIGN_FLUSH = 5_000


class Actor(Protocol):
    """Something that does something at moments that it chooses itself."""

    def first(self) -> int: ...
    def step(self, now: int, out: Out) -> int | None: ...


class ForeignFlush:
    """Sends foreign totals that were held back because their symbol had sent some a moment ago."""

    def __init__(self, tradings: list[Trading]) -> None:
        self.tradings = tradings

    def first(self) -> int:
        return DAY_START + FOREIGN_FLUSH

    def step(self, now: int, out: Out) -> int | None:
        for trading in self.tradings:
            trading.tell_foreign(now, out)
        return now + FOREIGN_FLUSH if now < at(15, 5) else None


class Day:
    """The market of one day. The same universe, history and day give the same frames in the same order."""

    def __init__(self, universe: Universe, history: History, day: date) -> None:
        self.universe, self.history, self.day = universe, history, day
        self.now = DAY_START - 1
        climate = Climate(universe.seed, day)
        before = previous_trading_day(day)
        self.indices = {
            spec.index: LiveIndex(spec, history.index_value(spec, before), before, day, climate, universe.seed)
            for spec in universe.indices
        }
        self.futures = futures_on(universe, day)
        self.listings = {known.symbol: Listing(known, history, day) for known in [*universe.stocks, *self.futures]}
        scripts = write_scripts(universe, day)
        tradings = [
            Trading(self.listings[known.symbol], climate, scripts[known.symbol], self._memberships(known))
            for known in universe.stocks
        ]
        tradings += self._futures_tradings(climate)
        stocks = [self.listings[known.symbol] for known in universe.stocks]
        self._odd_lots = OddLots(stocks, universe.seed, day)
        self._actors: list[Actor] = [*tradings, *self.indices.values(), ForeignFlush(tradings), self._odd_lots]
        self._heap = [(actor.first(), number) for number, actor in enumerate(self._actors)]
        heapify(self._heap)
        self._out = Out(KINDS)

    def want(self, kinds: Collection[str]) -> None:
        """Choose the kinds of messages that `advance` returns; the market does the same whatever is chosen."""
        self._out.want(kinds)

    def advance(self, until: int) -> list[Frame]:
        """Let the day go on to `until` (ms since midnight), included, and return the frames in order."""
        heap, actors, out = self._heap, self._actors, self._out
        while heap and heap[0][0] <= until:
            now, number = heap[0]
            following = actors[number].step(now, out)
            if following is None:
                heappop(heap)
            else:
                heapreplace(heap, (following, number))
        self.now = max(self.now, until)
        return out.take()

    @property
    def is_over(self) -> bool:
        return not self._heap or self.now >= DAY_END

    def last_messages(self, kind: str, symbols: Collection[str] | None) -> list[Frame]:
        """Return the newest message of a kind for each symbol (None: all). Symbols are upper case."""
        found = []
        if kind == "MI" or kind == "B":
            for index in self.indices.values():
                if symbols is None or index.symbol.upper() in symbols:
                    said = index.text() if kind == "MI" else index.bar_text()
                    found.append(Frame(kind, index.symbol, said, self.now))
        for listing in self.listings.values():
            if symbols is not None and listing.symbol.upper() not in symbols:
                continue
            text = self._odd_lots.text(listing, listing.at) if kind == "OL" else _last_text(listing, kind)
            if text:
                found.append(Frame(kind, listing.symbol, text, self.now))
        return found

    def truth(self) -> dict[str, Any]:
        """Return the totals so far of each symbol, under the names of the truth file, and the indices' values."""
        symbols = {
            listing.symbol: {
                "reference": listing.reference,
                "ceiling": listing.ceiling,
                "floor": listing.floor,
                **(listing.tally.truth() if listing.is_today else {}),
            }
            for listing in self.listings.values()
        }
        indices = {index.symbol: {"value": round(index.points, 2)} for index in self.indices.values()}
        return {"date": self.day.isoformat(), "symbols": symbols, "indices": indices}

    def remember(self) -> None:
        """Hand the finished day over to the history, so that the next day starts from it."""
        for listing in self.listings.values():
            self.history.remember(listing.symbol, daily_row(listing), listing.tally.minutes)
        for index in self.indices.values():
            self.history.remember_index(index.symbol, self.day, round(index.points, 2))

    def _memberships(self, known: Instrument) -> list[tuple[LiveIndex, float]]:
        found = []
        for index in self.indices.values():
            if known.symbol in index.spec.weights:
                per_price = index.per_price(known.symbol, known.price)
                index.members.append((self.listings[known.symbol], per_price))
                found.append((index, per_price))
        return found

    def _futures_tradings(self, climate: Climate) -> list[Trading]:
        months: dict[str, int] = {}
        found: list[Trading] = []
        for known in self.futures:
            month = months.setdefault(known.underlying, 0)
            months[known.underlying] += 1
            found.append(FuturesTrading(self.listings[known.symbol], climate, self.indices[known.underlying], month))
        return found


def daily_row(listing: Listing) -> DailyRow:
    """Return a listing's day so far as a daily row; an untraded symbol keeps its reference."""
    tally = listing.tally
    last = tally.last or listing.reference
    mean = tally.value / tally.volume / listing.multiplier if tally.volume else listing.reference
    return DailyRow(
        day=listing.day,
        reference=listing.reference,
        open=tally.open or last,
        high=tally.high or last,
        low=tally.low or last,
        close=last,
        average=round(mean, 2),
        volume=tally.volume,
        value=round(tally.value),
        foreign_buy_volume=tally.foreign_buy,
        foreign_sell_volume=tally.foreign_sell,
        foreign_buy_value=tally.foreign_buy_value,
        foreign_sell_value=tally.foreign_sell_value,
        trades=tally.trades,
        buy_volume=tally.buy,
        sell_volume=tally.sell,
    )


def _last_text(listing: Listing, kind: str) -> str | None:
    if kind == "X":
        return listing.x_text()
    if kind == "X-QUOTE":
        return listing.quote_text()
    if kind == "R":
        return listing.foreign_text()
    if kind == "F":
        return listing.status_text()
    if kind == "X-TRADE" and listing.tally.volume:
        return listing.trade_text()
    if kind == "B" and listing.tally.volume:
        return listing.bar_text()
    return None
