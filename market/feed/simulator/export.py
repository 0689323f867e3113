"""A whole synthetic day as a recording, as fast as it can be made, and the truth about it."""

import gzip
import json
from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import Struct

from market.domain.calendar import from_date
from market.feed.simulator.day import Day
from market.feed.simulator.history import History
from market.feed.simulator.instruments import Universe
from market.feed.simulator.options import SimulatorError

STEP = 60_000
DEFAULT_KINDS = ("X", "R", "MI", "F")


class Exported(Struct, frozen=True):
    """What was written."""

    messages: int
    by_type: dict[str, int]
    truth: dict[str, Any]


def export_day(universe: Universe, day: date, path: Path, kinds: Collection[str] = DEFAULT_KINDS) -> Exported:
    """Write the day's messages of some kinds to `path` (.gz: compressed).

    Raises SimulatorError when the file cannot be written.
    """
    played = Day(universe, History(universe), day)
    played.want(kinds)
    counts = dict.fromkeys(kinds, 0)
    midnight = from_date(day)
    try:
        with gzip.open(path, "wb", compresslevel=1) if path.suffix == ".gz" else path.open("wb") as file:
            while not played.is_over:
                for frame in played.advance(played.now + STEP):
                    counts[frame.kind] += 1
                    received = f',"ReceivedAt":{midnight + frame.at / 1000:.3f}}}\n'
                    file.write((frame.text[:-1] + received).encode())
    except OSError as error:
        raise SimulatorError(f"cannot write {path}: {error.strerror or error}") from error
    truth = {**played.truth(), "messages": sum(counts.values()), "messages_by_type": counts}
    for known in truth["symbols"].values():
        known["side_from_feed"] = "X-TRADE" in kinds
    return Exported(messages=sum(counts.values()), by_type=counts, truth=truth)


def write_truth(truth: dict[str, Any], path: Path) -> None:
    """Write the truth as JSON. Raises SimulatorError when it cannot be written."""
    try:
        path.write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise SimulatorError(f"cannot write {path}: {error.strerror or error}") from error
