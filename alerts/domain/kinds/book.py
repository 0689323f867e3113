"""Kinds about the book: limit_lock, and the view of a book that they need."""

from typing import Final

from msgspec import Struct

from alerts.domain.check import EdgeCheck, KindInfo, UsualVolume
from alerts.domain.kinds.price import SIDE
from alerts.domain.model import Alert, Param, Rule
from alerts.domain.scopes import ON_SYMBOLS
from market.domain.changes import Phase
from market.domain.events import Book

_LEVELS: Final = tuple(
    (f"bid_price{level}", f"bid_volume{level}", f"ask_price{level}", f"ask_volume{level}") for level in range(1, 11)
)


class BookTop(Struct, frozen=True, gc=False):
    """What the rules need of a symbol's book after it changed. Prices VND or points, volumes shares or contracts.

    `bid` and `ask` are the best limit prices (None without a limit order) and `*_queue` the volume waiting there;
    `*_volume` is all that the side shows, orders at the auction price (price 0) included, so 0 means nobody is there.
    """

    symbol: str
    at: int
    day: int
    bid: float | None
    bid_queue: int
    bid_volume: int
    ask: float | None
    ask_queue: int
    ask_volume: int
    ceiling: float | None
    floor: float | None


def book_top(book: Book, symbol: str, at: int, day: int, ceiling: float | None, floor: float | None) -> BookTop:
    """Read the top of a book as the feed sends it; the limits come from the symbol, a quote does not carry them."""
    bid = ask = None
    bid_queue = bid_volume = ask_queue = ask_volume = 0
    for bid_price, bid_size, ask_price, ask_size in _LEVELS:
        size = int(getattr(book, bid_size))
        bid_volume += size
        if bid is None and size and (price := getattr(book, bid_price)):
            bid, bid_queue = price, size
        size = int(getattr(book, ask_size))
        ask_volume += size
        if ask is None and size and (price := getattr(book, ask_price)):
            ask, ask_queue = price, size
    return BookTop(symbol, at, day, bid, bid_queue, bid_volume, ask, ask_queue, ask_volume, ceiling, floor)


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
        # Most books have both sides and end here.
        if top.ask_volume and top.bid_volume:
            return ""
        limit, queue = "", 0
        if not top.ask_volume and top.bid is not None and top.ceiling is not None and top.bid >= top.ceiling:
            limit, queue = "ceiling", top.bid_queue
        elif not top.bid_volume and top.ask is not None and top.floor is not None and top.ask <= top.floor:
            limit, queue = "floor", top.ask_queue
        return limit if self.side in ("both", limit) and queue >= self.min_queue else ""


LIMIT_LOCK: Final = KindInfo(
    name="limit_lock",
    check=LimitLock,
    hears="book",
    label="Locked at the limit",
    help="Buyers wait at the ceiling and nobody sells, or sellers wait at the floor and nobody buys.",
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
