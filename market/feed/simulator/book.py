"""An order book on a price ladder: positions are indices into the day's ladder, so every level is a legal price."""

from math import log
from random import Random


class Book:
    """Two sides, best first. Trades consume it from the top; what is consumed or cancelled is refilled further out.

    Between events: positions fall on the bid side and rise on the ask side, the best bid is below the best ask, every
    volume is positive and whole lots. A side may be empty (a locked stock).
    """

    __slots__ = ("ask_at", "ask_size", "bid_at", "bid_size", "depth", "lot", "mean_lots", "rng", "top")

    def __init__(self, rng: Random, top: int, depth: int, lot: int, mean_size: int) -> None:
        self.rng = rng
        self.top = top  # the ladder's last position: the ceiling
        self.depth = depth
        self.lot = lot
        self.mean_lots = max(1.5, 4 * mean_size / lot)
        self.clear()

    def clear(self) -> None:
        """Empty both sides."""
        self.bid_at: list[int] = []
        self.bid_size: list[int] = []
        self.ask_at: list[int] = []
        self.ask_size: list[int] = []

    def some_size(self) -> int:
        """Return the volume of a level: whole lots, many small ones and a few large."""
        return self.lot * (1 + int(-log(1 - self.rng.random()) * self.mean_lots))

    def center(self, fair: float, spread: int = 1) -> None:
        """Rebuild both sides around a position between -1 and top + 1. Beyond a limit the far side stays empty."""
        best_bid = min(self.top, int(fair))
        best_ask = max(best_bid + spread, 0)
        if fair < 0:
            best_bid, best_ask = -1, 0
        size = self.some_size
        self.bid_at = list(range(best_bid, max(-1, best_bid - self.depth), -1))
        self.bid_size = [size() for _ in self.bid_at]
        self.ask_at = list(range(best_ask, min(self.top + 1, best_ask + self.depth)))
        self.ask_size = [size() for _ in self.ask_at]

    def middle(self) -> float:
        """Return the position between the best levels; an empty side counts as one step beyond the limit."""
        return ((self.ask_at[0] if self.ask_at else self.top + 1) + (self.bid_at[0] if self.bid_at else -1)) / 2

    def gap(self) -> int:
        """Return the distance between the best levels in ticks, counted likewise."""
        return (self.ask_at[0] if self.ask_at else self.top + 1) - (self.bid_at[0] if self.bid_at else -1)

    def lift(self, size: int) -> int:
        """Match up to `size` against the best ask level and return what was matched."""
        return self._take(self.ask_at, self.ask_size, size, 1)

    def hit(self, size: int) -> int:
        """Match up to `size` against the best bid level and return what was matched."""
        return self._take(self.bid_at, self.bid_size, size, -1)

    def _take(self, at: list[int], sizes: list[int], size: int, outward: int) -> int:
        if not at:
            return 0
        if size < sizes[0]:
            sizes[0] -= size
            return size
        matched = sizes[0]
        self._drop_best(at, sizes, outward)
        return matched

    def _drop_best(self, at: list[int], sizes: list[int], outward: int) -> None:
        edge = at[-1] + outward
        del at[0], sizes[0]
        if 0 <= edge <= self.top:
            at.append(edge)
            sizes.append(self.some_size())

    def change(self, fair: float) -> None:
        """Enter, change or cancel an order; a book that has lost the fair position moves towards it."""
        distance = fair - self.middle()
        # Beyond a limit nobody stays on the far side: the stock locks.
        slack = 1.6 if 0 <= fair <= self.top else 0.4
        if distance > slack:
            self._rise(distance)
        elif distance < -slack:
            self._fall(distance)
        else:
            self._stir()

    def _rise(self, distance: float) -> None:
        """Cancel the best ask or improve the bid. A market far away re-quotes at once."""
        if distance > 12:
            self.center(self.middle() + distance * 0.7)
            return
        if self.gap() > 1:
            self._improve(self.bid_at, self.bid_size, 1)
        elif self.ask_at:
            self._drop_best(self.ask_at, self.ask_size, 1)

    def _fall(self, distance: float) -> None:
        if distance < -12:
            self.center(self.middle() + distance * 0.7)
            return
        if self.gap() > 1:
            self._improve(self.ask_at, self.ask_size, -1)
        elif self.bid_at:
            self._drop_best(self.bid_at, self.bid_size, -1)

    def _improve(self, at: list[int], sizes: list[int], inward: int) -> None:
        at.insert(0, at[0] + inward if at else (0 if inward > 0 else self.top))
        sizes.insert(0, self.some_size())
        del at[self.depth :], sizes[self.depth :]

    def _stir(self) -> None:
        rng = self.rng
        draw = rng.random()
        bid_side = draw < 0.5
        at, sizes = (self.bid_at, self.bid_size) if bid_side else (self.ask_at, self.ask_size)
        if self.gap() > 1 and self.bid_at and self.ask_at and rng.random() < 0.6:
            self._improve(at, sizes, 1 if bid_side else -1)
            return
        if not at:
            at, sizes = (self.ask_at, self.ask_size) if bid_side else (self.bid_at, self.bid_size)
        level = min(len(at) - 1, int(rng.random() * rng.random() * 4))
        sizes[level] = max(
            self.lot, self.some_size() if draw * 4 % 1 < 0.3 else sizes[level] + self.lot * rng.randint(-9, 9)
        )
