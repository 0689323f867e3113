"""What is known of one traded symbol today: totals, book, aggressor volumes, phase."""

from typing import Final

from market.domain.bars import BarBuilder, Spark
from market.domain.calendar import BoardName, board_of
from market.domain.changes import Bar, Method, Phase, Side, Trade, VolumePhase
from market.domain.contracts import MULTIPLIER, Contract, parse_code
from market.domain.events import Quote, Snapshot, TradeReport
from market.domain.foreign import ForeignTracker
from market.domain.phases import is_lasting, phase_of, volume_phase_of
from market.domain.volume import PhaseVolumes

FEED_SIDES: Final[dict[str | None, Side]] = {"BU": "buy", "SD": "sell"}
NO_BASELINE: Final = -1
LOOK_AGAIN: Final = "(look again)"  # no session is called so


class SymbolState:
    """One symbol's day. The newest totals and book stay as the events that brought them; only sums are kept beside.

    `total_volume` is the volume counted so far, NO_BASELINE before the first totals of the day. `session` is the code
    last heard, LOOK_AGAIN if the next message has to be looked at whatever its code is.
    """

    __slots__ = (
        "_phase_before",
        "_second",
        "_since",
        "_total_before_second",
        "at",
        "bar",
        "board",
        "book",
        "book_at",
        "code",
        "contract",
        "day",
        "foreign",
        "gap",
        "high",
        "last_price",
        "last_volume",
        "low",
        "multiplier",
        "open",
        "phase",
        "session",
        "spark",
        "status",
        "total_value",
        "total_volume",
        "totals",
        "trades",
        "volume_phase",
        "volumes",
    )

    def __init__(self, code: str, market: str | None) -> None:
        self.code = code
        self.contract: Contract | None = parse_code(code)
        self.board: BoardName = board_of(market, "DERIVATIVES" if self.contract else "HOSE")
        self.multiplier = MULTIPLIER if self.contract else 1
        self.foreign = ForeignTracker()
        self.bar = BarBuilder(code)
        self.spark = Spark()
        self.start_day(0)

    def start_day(self, day: int, market: str | None = None) -> None:
        """Forget everything that belongs to the day before. A symbol may come back on another board."""
        if market:
            self.board = board_of(market, self.board)
        self.day = day
        self.at = 0
        self.book: Snapshot | Quote | None = None
        self.book_at = 0
        self.totals: Snapshot | TradeReport | None = None
        self.total_volume = NO_BASELINE
        self.total_value = 0.0
        self.trades = 0
        self.open: float | None = None
        self.high: float | None = None
        self.low: float | None = None
        self.last_price: float | None = None
        self.last_volume: int | None = None
        self.status: str | None = None
        self.gap = False
        self.volumes = PhaseVolumes()
        self.phase: Phase = "pre_open"
        self.volume_phase: VolumePhase = "ato"
        self._phase_before: Phase | None = None
        self.session: str | None = LOOK_AGAIN
        self._since = 0  # when counting began
        self._second = 0  # of the newest growth
        self._total_before_second = 0
        self.foreign.clear()
        self.bar.clear()
        self.spark.clear()

    def enter(self, session: str | None, at: int) -> None:
        """Take the session that a message carries."""
        second = at - self.day
        phase = phase_of(session, self.board, second)
        if phase != self.phase:
            self._phase_before, self.phase = self.phase, phase
        self.session = session if is_lasting(session, phase) else LOOK_AGAIN
        self.volume_phase = volume_phase_of(phase, self._phase_before, self.board, second)

    def take_book(self, event: Quote) -> None:
        """Keep a book that came without totals."""
        if event.session != self.session and event.at >= self.at:
            self.enter(event.session, event.at)
        self.book = event
        self.book_at = event.at

    def take_totals(self, event: Snapshot | TradeReport) -> tuple[Trade | None, Bar | None] | None:
        """Count what an event adds to the day's totals.

        Returns the trade and the bar it finished; (None, None) if the totals were a repeat or a baseline; None if the
        event is older than what is known and must not be used at all.
        """
        if event.session != self.session and event.at >= self.at:
            self.enter(event.session, event.at)
        total = int(event.total_volume)
        if total == self.total_volume:
            self.gap = False  # nothing traded out of sight
            if self.totals is None or event.at >= self.totals.at:
                self.totals = event
            return NOTHING_NEW
        if event.at < self._since:  # from before the totals fell
            return None
        if total < self.total_volume:
            if event.at < self._second or (event.at == self._second and total >= self._total_before_second):
                return None
            self._restart(event)
            return NOTHING_NEW
        if self.total_volume == NO_BASELINE and (total != event.last_volume or not total):
            self._restart(event)
            return NOTHING_NEW
        if self.gap:
            self._take_unseen(event, self._phases_of(event)[1])
            return NOTHING_NEW
        return self._trade(event)

    def _phases_of(self, event: Snapshot | TradeReport) -> tuple[Phase, VolumePhase]:
        """The phases of what an event counts: its own, also where a later message overtook it."""
        if event.at >= self.at:
            return self.phase, self.volume_phase
        second = event.at - self.day
        phase = phase_of(event.session, self.board, second)
        return phase, volume_phase_of(phase, self._phase_before, self.board, second)

    def _restart(self, event: Snapshot | TradeReport) -> None:
        """Begin counting at an event's totals; what they hold was not seen being traded."""
        self.volumes = PhaseVolumes()
        self.trades = 0
        self.open = self.high = self.low = None
        self.last_price = self.last_volume = None
        self.total_volume = self._total_before_second = 0
        self._since = self._second = event.at
        # Before the closing auction matches, nearly all of the day was continuous; after it, still most of it.
        self._take_unseen(event, "ato" if self._phases_of(event)[1] == "ato" else "continuous")

    def _take_unseen(self, event: Snapshot | TradeReport, phase: VolumePhase) -> None:
        total = int(event.total_volume)
        self.volumes.add_unclassified(phase, total - self.total_volume)
        self._keep(event, total)
        self.gap = False
        if event.last_price:
            self.last_price = event.last_price
            self.last_volume = int(event.last_volume) or None
            self.spark.add(event.at, event.last_price)

    def _keep(self, event: Snapshot | TradeReport, total: int) -> None:
        if event.at > self._second:
            self._second = event.at
            self._total_before_second = self.total_volume
        self.totals = event
        self.total_volume = total
        self.total_value = event.total_value

    def _trade(self, event: Snapshot | TradeReport) -> tuple[Trade | None, Bar | None]:
        if self.total_volume == NO_BASELINE:
            self.total_volume = 0
        total, before = int(event.total_volume), self.total_volume
        volume = total - before
        added_value = event.total_value - self.total_value
        price = event.last_price
        if not price:  # the totals grew but the price is missing
            mean = added_value / volume / self.multiplier if added_value > 0 else 0.0
            price = mean or self.last_price or event.reference
            if not price:
                self._take_unseen(event, self._phases_of(event)[1])
                return NOTHING_NEW
        value = added_value if added_value > 0 else price * volume * self.multiplier
        self._keep(event, total)
        phase, volume_phase = self._phases_of(event)
        side, method = self._aggressor(event.side if phase == "continuous" else None, volume_phase, price)
        self.volumes.add(volume_phase, side, method, volume)
        self.trades += 1
        self.last_price = price
        self.last_volume = int(event.last_volume) or volume
        if self.trades == 1 and before == 0:
            self.open = price
        if self.high is None or price > self.high:
            self.high = price
        if self.low is None or price < self.low:
            self.low = price
        self.spark.add(event.at, price)
        trade = Trade(
            self.code,
            event.at,
            event.day,
            self.trades,
            price,
            volume,
            value,
            side,
            method,
            volume_phase,
            total,
            event.reference or None,
            event.ceiling or None,
            event.floor or None,
            volume > event.last_volume,
        )
        return trade, self.bar.add(event.at, price, volume, value, side)

    def _aggressor(self, feed_side: str | None, phase: VolumePhase, price: float) -> tuple[Side, Method]:
        """Who moved: decided by the phase, else the feed, else the book as it was before the trade."""
        if phase != "continuous":
            return "neutral", "auction"
        side = FEED_SIDES.get(feed_side)
        if side is not None:
            return side, "feed"
        book = self.book
        if book is not None:
            if book.ask_price1 and price >= book.ask_price1:
                return "buy", "quote"
            if book.bid_price1 and price <= book.bid_price1:
                return "sell", "quote"
        return "neutral", "none"

    def lose_sight(self) -> None:
        """The wire was interrupted: the book is unknown, and the totals' next growth was not seen being traded."""
        self.book = None
        self.gap = self.total_volume != NO_BASELINE
        self.session = LOOK_AGAIN


NOTHING_NEW: Final[tuple[None, None]] = (None, None)
