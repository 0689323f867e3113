"""The final settlement price of an index future, as it forms in the last half hour of its last day.

The mean of the index values of the last fifteen minutes of continuous trading, without the three highest and the three
lowest of them, and of the fifteen minutes of the closing auction. Source: terms of the VN30 and VN100 futures.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from market.domain.calendar import VIETNAM_OFFSET, hm

BEGINS: Final = hm(14, 15)
AUCTION_BEGINS: Final = hm(14, 30)
ENDS: Final = hm(14, 45)
DROPPED: Final = 3


class Settlement(NamedTuple):
    """A mean in points, and of how many values it is: continuous ones after dropping, and those of the auction."""

    mean: float
    continuous: int
    auction: int


def settlement_mean(continuous: Sequence[float], auction: Sequence[float]) -> Settlement | None:
    """The mean of the values so far; None until there are more continuous ones than are dropped."""
    kept = sorted(continuous)[DROPPED:-DROPPED]
    if not kept:
        return None
    return Settlement((sum(kept) + sum(auction)) / (len(kept) + len(auction)), len(kept), len(auction))


def running_settlement(values: Iterable[tuple[int, float]]) -> Settlement | None:
    """The mean of a day's index values, each with its epoch second; only the last half hour counts."""
    continuous, auction = [], []
    for at, value in values:
        second = (at + VIETNAM_OFFSET) % 86_400
        if BEGINS <= second < AUCTION_BEGINS:
            continuous.append(value)
        elif AUCTION_BEGINS <= second <= ENDS:
            auction.append(value)
    return settlement_mean(continuous, auction)
