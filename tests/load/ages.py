"""How old what clients received was: from a feed frame's arrival at ingest to each client's receipt.

Ingest's own recording says when each frame arrived. A frame that raised a symbol's total volume is in the first update
that shows that total, or a later one.
"""

from bisect import bisect_left
from collections import defaultdict
from pathlib import Path

import msgspec

from market.domain.events import Snapshot
from market.feed.errors import RejectedMessage
from market.feed.parse import Parser
from market.feed.recording import read_messages
from tests.load.crowd import Crowd, Position


class Frame(msgspec.Struct):
    """An update."""

    data: dict[str, dict[str, dict[str, object]]]


def arrivals(directory: Path) -> dict[str, list[tuple[float, float]]]:
    """By symbol, (total volume, when it arrived), both rising."""
    parser = Parser()
    found: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for path in sorted(directory.glob("*")):
        for line in read_messages(path):
            received_at = msgspec.json.decode(line)["ReceivedAt"]
            try:
                event = parser.parse(line)
            except RejectedMessage:
                continue
            if not isinstance(event, Snapshot) or not event.total_volume:
                continue
            known = found[event.symbol]
            if not known or event.total_volume > known[-1][0]:
                known.append((event.total_volume, received_at))
    return found


def market_ages(crowd: Crowd, recorded: Path) -> list[float]:
    """Seconds, one for each trade frame and client that got it; of frames since the last client had its snapshot."""
    since = max(client.snapshot_at or 0.0 for client in crowd.clients)
    arrived = arrivals(recorded)
    shown: dict[str, int] = {}  # how many of a symbol's frames earlier updates held
    sources: dict[Position, list[float]] = {}  # update -> when its trade frames arrived
    for position in sorted(crowd.texts):
        frame = msgspec.json.decode(crowd.texts[position], type=Frame)
        times = sources[position] = []
        for symbol, row in frame.data["rows"].items():
            total = row.get("total_volume")
            if not isinstance(total, int | float):
                continue
            known = arrived.get(symbol, [])
            first, shown[symbol] = shown.get(symbol, 0), bisect_left(known, (total + 0.5, 0.0))
            times += [at for _, at in known[first : shown[symbol]] if at >= since]
    return [
        receipt - at
        for client in crowd.clients
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
