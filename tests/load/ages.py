"""How old what clients received was: from a feed frame's arrival at ingest to each client's receipt.

Ingest's own recording says when each frame arrived. A frame that raised a symbol's total volume is in the first update
that shows that total, or a later one.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import msgspec

from market.domain.events import Event, ForeignUpdate, Snapshot
from market.feed.errors import RejectedMessage
from market.feed.parse import Parser
from market.feed.recording import read_messages
from tests.load.crowd import Crowd, Position


class Client(Protocol):
    """When a client got its newest snapshot, and each update."""

    @property
    def snapshot_at(self) -> float | None: ...

    @property
    def at(self) -> Mapping[Position, float]: ...


class Receipts(Protocol):
    """What many clients of a channel received."""

    @property
    def clients(self) -> Sequence[Client]: ...

    @property
    def texts(self) -> Mapping[Position, bytes]: ...


class Total(NamedTuple):
    """A number that only rises through the day, by one name in the feed's events and in our rows."""

    event: type[Event]
    name: str


TRADED: Final = Total(Snapshot, "total_volume")
FOREIGN_BOUGHT: Final = Total(ForeignUpdate, "buy_volume")


class Frame(msgspec.Struct):
    """An update."""

    data: dict[str, dict[str, dict[str, object]]]


def arrivals(directory: Path, total: Total = TRADED) -> dict[str, list[tuple[float, float]]]:
    """By symbol, (total, when it arrived), both rising."""
    parser = Parser()
    found: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for path in sorted(directory.glob("*")):
        for line in read_messages(path):
            received_at = msgspec.json.decode(line)["ReceivedAt"]
            try:
                event = parser.parse(line)
            except RejectedMessage:
                continue
            if not isinstance(event, Snapshot | ForeignUpdate) or not isinstance(event, total.event):
                continue
            value = getattr(event, total.name)
            known = found[event.symbol]
            if value and (not known or value > known[-1][0]):
                known.append((value, received_at))
    return found


def market_ages(receipts: Receipts, recorded: Path, total: Total = TRADED, since: float = 0.0) -> list[float]:
    """Seconds, one for each frame that raised the total and client that got it.

    Of frames since an epoch second and since the last client had its snapshot. What came before that receipts began to
    be kept has to be left out so: the first update would answer for it.
    """
    since = max([since, *(client.snapshot_at or 0.0 for client in receipts.clients)])
    arrived = arrivals(recorded, total)
    shown: dict[str, int] = {}  # how many of a symbol's frames earlier updates held
    sources: dict[Position, list[float]] = {}  # update -> when its frames arrived
    for position in sorted(receipts.texts):
        frame = msgspec.json.decode(receipts.texts[position], type=Frame)
        times = sources[position] = []
        for symbol, row in frame.data["rows"].items():
            value = row.get(total.name)
            if not isinstance(value, int | float):
                continue
            known = arrived.get(symbol, [])
            first, shown[symbol] = shown.get(symbol, 0), bisect_left(known, (value + 0.5, 0.0))
            times += [at for _, at in known[first : shown[symbol]] if at >= since]
    return [
        receipt - at
        for client in receipts.clients
        for position, receipt in client.at.items()
        for at in sources.get(position, ())
    ]


def alert_ages(crowd: Crowd) -> list[float]:
    """Seconds, one for each alert and client that got it."""
    sent: dict[Position, list[float]] = {}
    for position, text in crowd.texts.items():
        rows = msgspec.json.decode(text)["data"]["rows"].values()
        sent[position] = [row["arrived_at"] for row in rows if row and "arrived_at" in row]
    return [
        receipt - at for client in crowd.clients for position, receipt in client.at.items() for at in sent[position]
    ]


def quantile(values: list[float], share: float) -> float:
    """The value below which this share of the values lies; NaN of none."""
    if not values:
        return float("nan")
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
