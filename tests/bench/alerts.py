"""What judging by the shipped rules costs on the whole market: its share of a message's way through the process.

Both ways run in turns over the same messages, some at a time, so that whatever else the machine does meets both alike.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from alerts.desk import AlertDesk
from alerts.domain.evaluate import Evaluator
from alerts.domain.kinds import KINDS
from alerts.domain.model import Rule
from alerts.domain.personal import PersonalWatch
from alerts.domain.rules import DEFAULT_RULES, new_rule
from alerts.domain.triggers import Condition, Kind, Trigger
from alerts.personal.desk import PersonalDesk
from market.domain.state import MarketState
from market.feed.parse import Parser
from market.feed.recording import read_messages
from market.pipeline import Pipeline
from market.storage.tables import Row, Table
from tests.bench.figure import Figure, figure

ROOT = Path(__file__).resolve().parent.parent.parent
MARKET = ROOT / ".run" / "bench" / "market.jsonl.gz"
SLICE = 20_000
MOST_MESSAGES = 600_000  # later ones cost the same, as the bench of replay shows
PERSONAL_ALERTS = 5_000
Take: TypeAlias = Callable[[bytes], None]
EVERY_KIND = tuple(new_rule(kind) for kind in KINDS)


def figures() -> Iterator[Figure]:
    """Measure on a simulated day of the whole market."""
    for name, rules, bar in (("shipped", DEFAULT_RULES, 1 / 3), ("every_kind", EVERY_KIND, None)):
        plain, judged, messages, fired = seconds(rules)
        share = max(0.0, (judged - plain) / judged)
        note = f"{messages:,} messages of the whole market, {fired:,} alerts"
        yield figure(f"alerts_{name}_rules_share_of_message_time", share, "of 1", at_most=bar, note=note)
        yield figure(f"alerts_{name}_rules_microseconds_per_message", (judged - plain) / messages * 1e6, "us")
    plain, judged, messages, fired = personal_seconds()
    share = max(0.0, (judged - plain) / judged)
    note = f"{PERSONAL_ALERTS:,} alerts of users on the whole market, {messages:,} messages, {fired:,} hits"
    yield figure("alerts_personal_share_of_message_time", share, "of 1", at_most=0.15, note=note)
    yield figure("alerts_personal_microseconds_per_message", (judged - plain) / messages * 1e6, "us")


def whole_market() -> Path:
    """A recording of a day of all symbols; made once and kept."""
    if not MARKET.exists():
        MARKET.parent.mkdir(parents=True, exist_ok=True)
        made = MARKET.with_name(f"new-{MARKET.name}")
        options = ("--symbols", "all", "--seed", "1", "--date", "2026-11-20", "--export", str(made))
        subprocess.run([sys.executable, "manage.py", "simulate", *options], cwd=ROOT, check=True, stdout=sys.stderr)
        made.replace(MARKET)
    return MARKET


def seconds(rules: Sequence[Rule]) -> tuple[float, float, int, int]:
    """Seconds without and with rules, messages, and alerts that fired; alerts are made into rows, as in ingest."""
    state = MarketState()
    rows: list[object] = []

    def store(table: Table, row: Row, symbol: str) -> None:
        rows.append(row)

    desk = AlertDesk(Evaluator(rules), state, rows.append, store)
    desk.begin()
    plain, judged = Pipeline(MarketState(), Parser()).take, Pipeline(state, Parser(), [desk.observe]).take
    return *in_turns(plain, judged), desk.fired.total()


def personal_seconds() -> tuple[float, float, int, int]:
    """Seconds without and with alerts of users, messages, and hits; they are made into rows, as in ingest."""
    state = MarketState()
    pipeline = Pipeline(state, Parser())
    rows: list[object] = []
    desk = PersonalDesk(
        PersonalWatch(state),
        attach=pipeline.add_sink,
        store=lambda table, row, symbol: rows.append(row),
        touch=lambda symbol: None,
    )
    desk.begin(lambda user, message: rows.append(message))
    desk.suppose(triggers(symbols_of_market()))
    return *in_turns(Pipeline(MarketState(), Parser()).take, pipeline.take), desk.fired


def symbols_of_market() -> list[str]:
    """The symbols that the first messages are about."""
    state = MarketState()
    take = Pipeline(state, Parser()).take
    for message in islice(read_messages(whole_market()), SLICE):
        take(message)
    return sorted(state.symbols)


def triggers(symbols: Sequence[str]) -> list[Trigger]:
    """What many users might ask, spread over the market; every other one repeats."""
    asked: list[tuple[Kind, Condition, float]] = [
        ("change", "above", 1.0),
        ("change", "below", -1.5),
        ("price", "crosses", 20_000.0),
        ("volume", "above", 100_000.0),
        ("foreign_value", "crosses", 1e9),
        ("limit", "ceiling", 0.0),
    ]
    return [
        Trigger(
            id,
            1,
            id % 500,
            symbols[id % len(symbols)],
            *asked[(id // len(symbols) + id) % len(asked)],
            repeats=id % 2 == 0,
        )
        for id in range(PERSONAL_ALERTS)
    ]


def in_turns(plain: Take, judged: Take) -> tuple[float, float, int]:
    """Seconds of two ways over the same messages, and how many these were."""
    times = [0.0, 0.0]
    messages = 0
    recording = read_messages(whole_market())
    while messages < MOST_MESSAGES and (part := list(islice(recording, SLICE))):
        messages += len(part)
        for place, take in enumerate((plain, judged)):
            started = time.thread_time()
            for message in part:
                take(message)
            times[place] += time.thread_time() - started
    recording.close()
    return times[0], times[1], messages
