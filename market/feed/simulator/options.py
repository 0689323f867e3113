"""What a simulator is told at its start."""

from datetime import date
from pathlib import Path
from typing import Literal

from msgspec import Struct


class SimulatorOptions(Struct, frozen=True):
    """Options of one simulator.

    `start` is in milliseconds since midnight. `switch` says what a second SwitchChannels does, `lists` which parts of a
    comma list count: SSI's own behaviour is disputed, so both exist. `day` None: today in Vietnam or the next weekday.
    """

    symbols: Literal["vn30", "all"] = "vn30"
    seed: int = 1
    speed: float = 1.0
    start: int = 31_500_000
    day: date | None = None
    recording: Path | None = None
    host: str = "127.0.0.1"
    port: int = 0
    loop: bool = False
    loop_pause: float = 10.0
    calls_per_second: float = 100.0
    lists: Literal["all", "first"] = "all"
    switch: Literal["add", "replace"] = "add"
    keep_alive: float = 10.0
    consumer_id: str = ""
    consumer_secret: str = ""


class SimulatorError(Exception):
    """The simulator cannot start as asked: the message is the one line that a person needs."""
