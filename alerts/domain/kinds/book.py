"""Kinds about the book: limit_lock, and the view of a book that they need."""

from typing import Final

from msgspec import Struct

from alerts.domain.check import EdgeCheck, KindInfo, UsualVolume
from alerts.domain.kinds.price import SIDE
from alerts.domain.model import Alert, Param, Rule
from alerts.domain.scopes import ON_SYMBOLS
from market.domain.changes import Phase
from market.domain.events import Book


class BookTop(Struct, frozen=True, gc=False):
    """What the rules need of a symbol's book after it changed. Prices VND or points, volumes shares or contracts.

    `bid` and `ask` are the best limit prices (None without a limit order) and `*_queue` the volume waiting there;
    `buyers` and `sellers` tell whether the side holds any order, those at the auction price (price 0) included.
    """

    symbol: str
    at: int
    day: int
    bid: float | None
    bid_queue: int
    buyers: bool
    ask: float | None
    ask_queue: int
    sellers: bool
    ceiling: float | None
    floor: float | None


def book_top(book: Book, symbol: str, at: int, day: int, ceiling: float | None, floor: float | None) -> BookTop:
    """Read the top of a book as the feed sends it; the limits come from the symbol, a quote does not carry them.

    Levels come best first, and an order at the auction price takes the first one, so two levels tell all.
    """
    bid, bid_queue = book.bid_price1, book.bid_volume1
    buyers = bool(bid_queue or book.bid_volume2)
    if not bid:
        bid, bid_queue = book.bid_price2, book.bid_volume2
    ask, ask_queue = book.ask_price1, book.ask_volume1
    sellers = bool(ask_queue or book.ask_volume2)
    if not ask:
        ask, ask_queue = book.ask_price2, book.ask_volume2
    return BookTop(
        symbol,
        at,
        day,
        bid or None,
        int(bid_queue) if bid else 0,
        buyers,
        ask or None,
        int(ask_queue) if ask else 0,
        sellers,
        ceiling,
        floor,
    )


class LimitLock(EdgeCheck[BookTop]):
    """At the ceiling with no sellers (trắng bên bán) or at the floor with no buyers (trắng bên mua)."""

    __slots__ = ("min_queue", "side")

    def __init__(self, rule: Rule, symbol: str, usual_volume: UsualVolume) -> None:
        super().__init__(rule, symbol, usual_volume)
        self.side = rule.choice("side")
        self.min_queue = rule.number("min_queue")

    def judge(self, change: BookTop, phase: Phase | None) -> Alert | None:
        lock = self._lock(change)
        if not self.begins(lock, change.at, phase):
            return None
        at_ceiling = lock == "ceiling"
        return self.fire(
            change.at,
            phase,
            {
                "limit": lock,
                "limit_price": change.ceiling if at_ceiling else change.floor,
                "queue": change.bid_queue if at_ceiling else change.ask_queue,
            },
        )

    def _lock(self, top: BookTop) -> str:
        limit, queue = "", 0
        if not top.sellers and top.bid is not None and top.ceiling is not None and top.bid >= top.ceiling:
            limit, queue = "ceiling", top.bid_queue
        elif not top.buyers and top.ask is not None and top.floor is not None and top.ask <= top.floor:
            limit, queue = "floor", top.ask_queue
        return limit if self.side in ("both", limit) and queue >= self.min_queue else ""


LIMIT_LOCK: Final = KindInfo(
    name="limit_lock",
    check=LimitLock,
    hears="book",
    label="Locked at the limit",
    help="Buyers wait at the ceiling and nobody sells, or sellers wait at the floor and nobody buys.",
    title="locked at the {limit}, {queue:,} waiting",
    params=(
        SIDE,
        Param(
            name="min_queue",
            label="Minimum queue",
            help="Silent while less waits at the limit.",
            default=1,
            unit="shares",
            minimum=1,
            maximum=1_000_000_000,
            whole=True,
        ),
    ),
    evidence={
        "limit": "ceiling or floor",
        "limit_price": "the ceiling or the floor, VND or points",
        "queue": "shares or contracts waiting at the limit",
    },
    scopes=ON_SYMBOLS,
    phases=("continuous",),  # before and in auctions one side is often empty for a while
    severity="critical",
    cooldown_seconds=300,
)
