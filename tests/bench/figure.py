"""What a bench says: a number, what it has to reach, and what it ran on."""

import os
import platform
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from statistics import median

import msgspec
from msgspec import Struct


class Figure(Struct, omit_defaults=True):
    """One measured number. `bar` is the limit it is held to, if there is one; `ok` says whether it held.

    `better` is higher or lower; empty where a change is neither good nor bad.
    """

    name: str
    value: float
    unit: str
    bar: float | None = None
    ok: bool | None = None
    on: str = ""
    note: str = ""
    better: str = ""


def figure(
    name: str,
    value: float,
    unit: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    note: str = "",
) -> Figure:
    """A figure and whether its bar holds."""
    bar = at_least if at_least is not None else at_most
    ok, better = None, ""
    if at_least is not None:
        ok, better = value >= at_least, "higher"
    elif at_most is not None:
        ok, better = value <= at_most, "lower"
    return Figure(name, round(value, 3), unit, bar, ok, machine(), note, better)


@lru_cache(maxsize=1)
def machine() -> str:
    """The machine in a few words: cores, processor, interpreter, and how busy it was at the start."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, {model}, Python {platform.python_version()}, load {load:.1f}"


def typical(measure: Callable[[], float], runs: int = 5) -> float:
    """The median of several runs after one that does not count."""
    measure()
    return median(measure() for _ in range(runs))


def line(shown: Figure) -> str:
    """One JSON object."""
    return msgspec.json.encode(shown).decode()
