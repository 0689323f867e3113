"""What judging by the shipped rules costs on the whole market: its share of a message's way through the process.

Both ways run in turns over the same messages, some at a time, so that whatever else the machine does meets both alike.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from alerts.desk import AlertDesk
from alerts.domain.evaluate import Evaluator
from alerts.domain.kinds import KINDS
from alerts.domain.model import Rule
from alerts.domain.rules import DEFAULT_RULES, new_rule
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
EVERY_KIND = tuple(new_rule(kind) for kind in KINDS)


def figures() -> Iterator[Figure]:
    """Measure on a simulated day of the whole market."""
    for name, rules, bar in (("shipped", DEFAULT_RULES, 1 / 3), ("every_kind", EVERY_KIND, None)):
        plain, judged, messages, fired = seconds(rules)
        share = max(0.0, (judged - plain) / judged)
        note = f"{messages:,} messages of the whole market, {fired:,} alerts"
        yield figure(f"alerts_{name}_rules_share_of_message_time", share, "of 1", at_most=bar, note=note)
        yield figure(f"alerts_{name}_rules_microseconds_per_message", (judged - plain) / messages * 1e6, "us")


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
    return times[0], times[1], messages, desk.fired.total()
