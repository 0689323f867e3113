"""The documented client (tests/client.py) and when it got what; what many of them saw, on its way between processes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from tests.client import Copy
from tests.load.crowd import Position

SNAPSHOT: Final = '{"type":"snapshot"'
UPDATE: Final = '{"type":"update"'


class Follower:
    """One client. `gaps` counts updates that did not follow the one before."""

    def __init__(self, texts: dict[Position, str]) -> None:
        self.copy = Copy()
        self.snapshot_at: float | None = None
        self.at: dict[Position, float] = {}
        self.gaps = 0
        self._texts = texts

    def take(self, text: str, at: float) -> list[str]:
        """Apply a frame that came at an epoch second; return what to send."""
        copy = self.copy
        before, complete = (copy.epoch, copy.seq), copy.complete
        replies = copy.take(text)
        if text.startswith(SNAPSHOT):
            self.snapshot_at = at
        elif complete and not copy.complete:
            self.gaps += 1
        elif text.startswith(UPDATE) and (position := (copy.epoch, copy.seq)) != before:
            self.at[position] = at
            self._texts.setdefault(position, text)
        return replies


class Seen(msgspec.Struct):
    """What one client saw: its updates as (epoch, seq, epoch second)."""

    snapshot_at: float | None
    updates: list[tuple[str, int, float]]
    gaps: int

    @property
    def at(self) -> dict[Position, float]:
        return {(epoch, seq): at for epoch, seq, at in self.updates}


class Answers(msgspec.Struct):
    """How one kind of request went. Times in milliseconds; None where none was measured."""

    kind: str
    name: str
    count: int
    failures: int
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    most: float | None = None


class Outcome(msgspec.Struct):
    """What a run of the load generator tells: requests, failures as text, and what the clients of each channel saw."""

    answers: list[Answers] = []
    errors: list[str] = []
    channels: dict[str, "Channel"] = {}

    def answer(self, name: str) -> Answers:
        """How a kind of request went; none of it is a count of 0."""
        return next((each for each in self.answers if each.name == name), Answers("", name, 0, 0))


class Channel(msgspec.Struct):
    """The clients of a channel and the text of each update."""

    clients: Sequence[Seen]
    updates: list[tuple[str, int, str]]

    @property
    def texts(self) -> dict[Position, bytes]:
        return {(epoch, seq): text.encode() for epoch, seq, text in self.updates}


def channel_of(followers: Sequence[Follower], texts: dict[Position, str]) -> Channel:
    """What followers saw."""
    seen = [
        Seen(each.snapshot_at, [(*position, at) for position, at in each.at.items()], each.gaps) for each in followers
    ]
    return Channel(seen, [(*position, text) for position, text in texts.items()])


def write(path: Path, outcome: Outcome) -> None:
    path.write_bytes(msgspec.json.encode(outcome))


def read(path: Path) -> Outcome:
    return msgspec.json.decode(path.read_bytes(), type=Outcome)
