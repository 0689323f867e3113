"""Where the engine puts its frames. A text that nobody wants is not made."""

from collections.abc import Collection

from market.feed.simulator.frames import KINDS, Frame


class Out:
    """Collects frames of the wanted kinds, in order."""

    __slots__ = ("bars", "books", "foreign", "frames", "indices", "odd_lots", "quotes", "statuses", "trades", "wanted")

    def __init__(self, wanted: Collection[str] = KINDS) -> None:
        self.frames: list[Frame] = []
        self.want(wanted)

    def want(self, kinds: Collection[str]) -> None:
        """Choose the kinds to make from now on. What is chosen has no influence on what happens in the market."""
        self.wanted = frozenset(kinds)
        self.books = "X" in kinds
        self.quotes = "X-QUOTE" in kinds
        self.trades = "X-TRADE" in kinds
        self.bars = "B" in kinds
        self.foreign = "R" in kinds
        self.indices = "MI" in kinds
        self.statuses = "F" in kinds
        self.odd_lots = "OL" in kinds

    def send(self, kind: str, symbol: str, text: str, now: int) -> None:
        self.frames.append(Frame(kind, symbol, text, now))

    def take(self) -> list[Frame]:
        """Return what was collected and start anew."""
        frames, self.frames = self.frames, []
        return frames
