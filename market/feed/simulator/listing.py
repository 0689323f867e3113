"""One symbol during the day: its state and what the feed would say about it now. What moves it is in `trading.py`."""

from datetime import date
from zlib import crc32

from market.feed.simulator.book import Book
from market.feed.simulator.days import previous_trading_day
from market.feed.simulator.frames import X_QUOTE_TAIL, DayTemplates, day_templates, envelope, levels_text
from market.feed.simulator.history import DailyRow, History
from market.feed.simulator.instruments import Instrument, day_random
from market.feed.simulator.schedule import clock_text
from market.feed.simulator.tally import Tally
from market.feed.simulator.ticks import ladder_of, limits_of

SIDE_ON_THE_WIRE = {"buy": '\\"BU\\"', "sell": '\\"SD\\"'}
# In an auction the field says nothing: one capture shows SD for a closing fill.
AUCTION_SIDE = {"ATO": '\\"Unknow\\"', "ATC": '\\"SD\\"', "PT": "null"}


class Listing:
    """A listed symbol on one day. Until its first message of the day it still shows the day before."""

    def __init__(self, instrument: Instrument, history: History, day: date) -> None:
        self.instrument = instrument
        self.symbol = instrument.symbol
        self.day = day
        self.rng = day_random(history.universe.seed, day, instrument.symbol)
        self.shown = 3 if instrument.board == "HOSE" else 10
        self.multiplier = instrument.multiplier
        before = previous_trading_day(day)
        self.previous_close = history.close(instrument, before)
        self.reference = history.reference(instrument, day)
        self.ceiling, self.floor = limits_of(instrument.board, self.reference)
        self.ladder = ladder_of(instrument.board, self.ceiling, self.floor)
        self.texts = [repr(price) for price in self.ladder]
        self.top = len(self.ladder) - 1
        self.book = Book(self.rng, self.top, 10, instrument.lot, instrument.mean_size)
        self.market_bid = self.market_ask = 0  # volume of ATO/ATC orders, shown as a level of price 0
        self.expected = -1  # ladder position of the expected match, -1 outside auctions
        self.session = "C"
        self.at = 0  # second of the last message
        self.total_room, self.room = _rooms(instrument)
        self.is_today = False
        self._show_day_before(history.row(instrument, before))

    def _show_day_before(self, row: DailyRow) -> None:
        self.tally = Tally(
            open=row.open, high=row.high, low=row.low, last=row.close, last_volume=self.instrument.lot,
            last_at=53_100, last_session="C", volume=row.volume, value=float(row.value), trades=row.trades,
            foreign_buy=row.foreign_buy_volume, foreign_sell=row.foreign_sell_volume,
            foreign_buy_value=row.foreign_buy_value, foreign_sell_value=row.foreign_sell_value,
        )  # fmt: skip
        self.at = 53_100
        self.change_from = row.reference
        ceiling, floor = limits_of(self.instrument.board, row.reference)
        self.templates = self._templates(row.day, row.reference, ceiling, floor)

    def _templates(self, day: date, reference: float, ceiling: float, floor: float) -> DayTemplates:
        known = self.instrument
        status = "Active" if known.underlying else known.status
        return day_templates(
            known.symbol, known.board, status, f"{day:%d/%m/%Y}", reference, ceiling, floor, self.total_room
        )

    def begin_day(self) -> None:
        """Forget the day before: totals 0, today's date and limits."""
        self.is_today = True
        self.change_from = self.reference
        self.tally = Tally(minutes=[])
        self.templates = self._templates(self.day, self.reference, self.ceiling, self.floor)

    def x_text(self, sides: tuple[str, str] | None = None) -> str:
        """Return the combined snapshot (X). `sides` are those of `sides()`, where they are at hand."""
        tally, form = self.tally, self.templates
        change, ratio, mean = self._change()
        last = repr(tally.last)
        prices = form.x_prices % (
            repr(tally.open), repr(tally.high), repr(tally.low), last, mean, last, tally.last_volume,
            repr(tally.value), tally.volume,
        )  # fmt: skip
        tail = form.x_tail % (self.session, change, ratio, self._expected_text())
        bids, asks = sides or self.sides()
        return envelope("X", f"{form.x_head % clock_text(self.at)}{prices}{bids},{asks}{tail}")

    def quote_text(self, sides: tuple[str, str] | None = None) -> str:
        """Return the book (X-QUOTE)."""
        bids, asks = sides or self.sides()
        head = self.templates.quote_head % clock_text(self.at)
        return envelope("X-QUOTE", f"{head}{asks},{bids}{X_QUOTE_TAIL % self.session}")

    def trade_text(self) -> str:
        """Return the last match (X-TRADE)."""
        tally = self.tally
        change, ratio, mean = self._change()
        side = AUCTION_SIDE.get(tally.last_session) or SIDE_ON_THE_WIRE.get(tally.last_side, '\\"Unknow\\"')
        content = self.templates.trade % (
            clock_text(tally.last_at), mean, repr(tally.last), tally.last_volume, repr(tally.value), tally.volume,
            tally.last_session, change, ratio, self._expected_text(), repr(tally.high), repr(tally.low), side,
        )  # fmt: skip
        return envelope("X-TRADE", content)

    def bar_text(self) -> str:
        """Return the last match as a bar (B)."""
        last = repr(self.tally.last)
        content = self.templates.bar % (clock_text(self.tally.last_at), last, last, last, last, self.tally.last_volume)
        return envelope("B", content)

    def foreign_text(self) -> str:
        """Return the foreign totals (R)."""
        tally = self.tally
        content = self.templates.foreign % (
            clock_text(self.at), self.room, tally.foreign_buy, tally.foreign_sell,
            repr(float(tally.foreign_buy_value)), repr(float(tally.foreign_sell_value)),
        )  # fmt: skip
        return envelope("R", content)

    def status_text(self) -> str:
        """Return the session and status (F)."""
        return envelope("F", self.templates.status % (clock_text(self.at), self.session))

    def _expected_text(self) -> str:
        return self.texts[self.expected] if self.expected >= 0 else "0.0"

    def _change(self) -> tuple[str, str, str]:
        """Return change, its percent and the mean price, as texts; before the first match what the feed sends then."""
        tally = self.tally
        reference = self.change_from
        if not tally.volume:
            return repr(-reference), "-100.0", '\\"NaN\\"'
        change = tally.last - reference
        return repr(change), repr(round(change / reference * 100, 2)), repr(tally.value / tally.volume)

    def sides(self) -> tuple[str, str]:
        """Return the fields of the bid and of the ask side."""
        book, shown, texts = self.book, self.shown, self.texts
        bid_prices = [texts[position] for position in book.bid_at[:shown]]
        ask_prices = [texts[position] for position in book.ask_at[:shown]]
        bid_sizes = [f"{size}.0" for size in book.bid_size[:shown]]
        ask_sizes = [f"{size}.0" for size in book.ask_size[:shown]]
        if self.market_bid:
            bid_prices, bid_sizes = ["0.0", *bid_prices][:shown], [f"{self.market_bid}.0", *bid_sizes][:shown]
        if self.market_ask:
            ask_prices, ask_sizes = ["0.0", *ask_prices][:shown], [f"{self.market_ask}.0", *ask_sizes][:shown]
        bids = f"{levels_text('BidPrice', shown, bid_prices)},{levels_text('BidVol', shown, bid_sizes)}"
        asks = f"{levels_text('AskPrice', shown, ask_prices)},{levels_text('AskVol', shown, ask_sizes)}"
        return bids, asks


def _rooms(instrument: Instrument) -> tuple[int, int]:
    """Return total and remaining foreign room in shares: banks 30 %, others 49 % or all."""
    draw = crc32(instrument.symbol.encode()) / 2**32
    cap = 0.3 if "Ngân hàng" in instrument.name else (0.49 if draw < 0.7 else 1.0)
    total = int(instrument.shares * cap)
    return total, int(total * (0.02 + 0.9 * (draw * 13 % 1)))
