"""The parts of a report: commands that print figures, each run in a process of its own and not for ever."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[3]
END_SECONDS: Final = 20  # for a part that took too long to end its servers
LAST_BYTES: Final = 8_192


class Part(NamedTuple):
    """A command: arguments of Python, and the seconds that it may take."""

    name: str
    arguments: tuple[str, ...]
    seconds: float


class Told(NamedTuple):
    """One figure as a command printed it; NaN is None."""

    name: str
    value: float | None
    unit: str
    bar: float | None
    ok: bool
    better: str
    note: str


class Done(NamedTuple):
    """What a part told. `error` is one line, empty when all went well; `skipped` why it told nothing."""

    told: list[Told]
    seconds: float
    error: str = ""
    skipped: str = ""


def parts(benches: list[str], loads: list[str], swarms: list[str]) -> Iterator[Part]:
    """All parts in their order."""
    for name in benches:
        yield Part(f"bench {name}", ("-m", "tests.bench", name), 900)
    for name in loads:
        yield Part(f"load {name}", ("-m", "tests.load", "--only", name), 240)
    for name in swarms:
        yield Part(f"locust {name}", ("-m", "tests.load.swarm", name), 240)
    yield Part("limit market", ("-m", "tests.load.limit"), 600)
    yield Part("limit foreign", ("-m", "tests.load.limit", "--channel", "foreign"), 600)
    yield Part("limit whole", ("-m", "tests.load.limit", "--symbols", "all", "--start", "50", "--bar", "0.7"), 600)


QUICK: Final = (Part("locust smoke", ("-m", "tests.load.swarm", "--quick"), 180),)


def run(part: Part) -> Done:
    """Run a part to its end, or to the end of its time."""
    started = time.monotonic()
    with TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, *part.arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        too_long = ""
        try:
            said, _ = process.communicate(timeout=part.seconds)
        except subprocess.TimeoutExpired:
            too_long = f"took longer than {part.seconds:g} s"
            said = end(process)
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - LAST_BYTES))
        last = last_line(errors.read())
    told, strange = read(said)
    error = too_long or judged(process.returncode, told, last, strange)
    skipped = last if not told and not error else ""
    return Done(told, time.monotonic() - started, error, skipped)


def end(process: subprocess.Popen[bytes]) -> bytes:
    """End a process and what it started; what it had said until then."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=END_SECONDS)[0]
    return b""


def judged(code: int, told: list[Told], last: str, strange: str) -> str:
    """What is wrong with a part that ended: 0 and 1 say whether bars held, anything else that it broke."""
    if code not in (0, 1) or (code == 1 and all(each.ok for each in told)):
        return f"ended with {code}: {last or 'said nothing'}"
    return f"expected figures, was {strange[:80]!r}" if strange else ""


def last_line(said: bytes) -> str:
    lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def read(said: bytes) -> tuple[list[Told], str]:
    """The figures that a command printed, and the first line that is none."""
    told, strange = [], ""
    for line in said.decode(errors="replace").splitlines():
        try:
            told.append(figure(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError):
            strange = strange or line
    return told, strange


def figure(given: Mapping[str, Any]) -> Told:
    """A figure from the fields that a command printed."""
    value = float(given["value"])
    bar = None if given.get("bar") is None else float(given["bar"])
    ok = given.get("ok") is not False
    note, better = str(given.get("note", "")), str(given.get("better", ""))
    return Told(str(given["name"]), value if math.isfinite(value) else None, given["unit"], bar, ok, better, note)
