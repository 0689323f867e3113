"""Channel lists as SwitchChannels takes them: `X:ALL`, `R:ACB-BID`, `MI:VN30`, bare `ALL`, several with commas."""

from typing import Literal

from msgspec import Struct

from market.feed.simulator.frames import KINDS

EVERYTHING = frozenset({"*"})


class Subscription(Struct, frozen=True):
    """For each channel type, the symbols wanted in upper case, or EVERYTHING."""

    channels: dict[str, frozenset[str]]

    @property
    def types(self) -> set[str]:
        return set(self.channels)

    def wants(self, kind: str, symbol: str) -> bool:
        symbols = self.channels.get(kind)
        return symbols is not None and (symbols is EVERYTHING or symbol.upper() in symbols)

    def joined(self, other: "Subscription") -> "Subscription":
        """Return both together."""
        both = dict(self.channels)
        for kind, symbols in other.channels.items():
            before = both.get(kind, frozenset())
            both[kind] = EVERYTHING if EVERYTHING in (before, symbols) else before | symbols
        return Subscription(both)

    def key(self) -> frozenset[tuple[str, frozenset[str]]]:
        """Return what is equal for equal subscriptions, for sharing work between clients."""
        return frozenset(self.channels.items())


NOTHING = Subscription({})


def read_channels(text: str, lists: Literal["all", "first"]) -> Subscription:
    """Read a channel list. Unknown types are skipped, as the real server says nothing about them."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    found = NOTHING
    for part in parts if lists == "all" else parts[:1]:
        kind, _, symbols = part.partition(":")
        kind = kind.strip().upper()
        wanted = {symbol.strip().upper() for symbol in symbols.split("-") if symbol.strip()}
        names = EVERYTHING if "ALL" in wanted else frozenset(wanted)
        if kind == "ALL" and not symbols:
            found = found.joined(Subscription(dict.fromkeys(KINDS, EVERYTHING)))
        elif kind in KINDS and names:
            found = found.joined(Subscription({kind: names}))
    return found
