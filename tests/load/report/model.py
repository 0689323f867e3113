"""What a report holds, as its JSON file shows it."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Final

import msgspec

from tests.load.report.parts import Told

COUNTED: Final = frozenset({"clients", "failures", "frames", "gaps"})  # units of which the worst run counts


class Machine(msgspec.Struct):
    """What figures were measured on. `load` is the one-minute load average before the first part."""

    system: str
    processor: str
    cores: int
    memory_gb: float
    python: str
    postgresql: str
    valkey: str
    load: float

    @property
    def same(self) -> tuple[object, ...]:
        """What two machines must share for their figures to be compared."""
        return (self.processor, self.cores, round(self.memory_gb))


class Figure(msgspec.Struct):
    """One figure over all runs: the median of `values`; of counted faults the worst.

    `ok` is None without a bar. `value` is None when no run measured any.
    """

    name: str
    part: str
    unit: str
    value: float | None
    bar: float | None
    better: str
    ok: bool | None
    values: list[float]
    note: str = ""


class PartResult(msgspec.Struct):
    """How a part went: seconds of all its runs, and what went wrong."""

    name: str
    seconds: float
    errors: list[str]
    skipped: str = ""


class Report(msgspec.Struct):
    """A report. `at` is its time, `quick` says that it held nothing but errors to bars."""

    at: str
    commit: str
    quick: bool
    runs: int
    machine: Machine
    parts: list[PartResult]
    figures: list[Figure]

    @property
    def missed(self) -> list[Figure]:
        """The criteria that do not hold."""
        return [each for each in self.figures if each.ok is False]

    @property
    def ok(self) -> bool:
        """Whether every part ran and every criterion holds."""
        return not self.missed and not any(part.errors for part in self.parts)


def merged(part: str, runs: Sequence[Iterable[Told]]) -> list[Figure]:
    """The figures of a part from what its runs told, in the order of the first that told each."""
    found: dict[str, list[Told]] = {}
    for run in runs:
        for told in run:
            found.setdefault(told.name, []).append(told)
    return [over(part, each) for each in found.values()]


def over(part: str, told: Sequence[Told]) -> Figure:
    """One figure over its runs."""
    values = [each.value for each in told if each.value is not None]
    last = told[-1]
    counted = last.unit in COUNTED and last.bar is not None
    higher = last.better == "higher"
    value = (min(values) if higher else max(values)) if counted and values else median(values) if values else None
    ok = None if last.bar is None else holds(told, value, counted=counted)
    return Figure(last.name, part, last.unit, value, last.bar, last.better, ok, values, last.note)


def holds(told: Sequence[Told], value: float | None, *, counted: bool) -> bool:
    """Whether a bar holds: in every run for what is counted and for a single run, else for the median."""
    last = told[-1]
    if value is None or last.bar is None:
        return False
    if counted or len(told) == 1:
        return all(each.ok for each in told)
    return value >= last.bar if last.better == "higher" else value <= last.bar
