"""How fast `manage.py replay` is, whether it slows down through the day, whether it grows, and what alerts cost."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from alerts.domain.evaluate import Evaluator
from alerts.domain.rules import DEFAULT_RULES
from alerts.engine import AlertEngine
from market.domain.state import MarketState
from market.feed.parse import Parser
from market.feed.recording import read_messages
from market.pipeline import Pipeline
from tests.bench.data import recorded_day
from tests.bench.figure import Figure, figure, typical

ROOT = Path(__file__).resolve().parent.parent.parent
MESSAGES_PER_SECOND = 100_000
PREDECESSOR_PER_SECOND = 4_668
MEMORY_RUNS = 4


def figures() -> Iterator[Figure]:
    """Measure on the recorded day."""
    day = recorded_day()
    rate = typical(lambda: command_rate(day))
    yield figure("replay_messages_per_second", rate, "messages/s", at_least=MESSAGES_PER_SECOND)
    yield figure("replay_times_predecessor", rate / PREDECESSOR_PER_SECOND, "x", at_least=20)
    messages = list(read_messages(day))
    first, last = ends_of_the_day(messages)
    yield figure("replay_last_tenth_over_first_tenth", last / first, "x time per message", at_most=1.1)
    plain, judged = typical(lambda: seconds(messages, False), 3), typical(lambda: seconds(messages, True), 3)
    share = max(0.0, (judged - plain) / judged)
    yield figure("alert_rules_share_of_message_time", share, "of 1", at_most=1 / 3)
    yield figure("replay_microseconds_per_message", judged / len(messages) * 1e6, "us")
    yield figure("replay_memory_growth_after_one_more_day", growth_kilobytes(day), "kB", at_most=4096)


def command_rate(day: Path) -> float:
    """Messages a second, as the command itself reports them."""
    command = [sys.executable, "manage.py", "replay", str(day), "--json"]
    report = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    return float(report["messages"] / report["seconds"])


def chain(alerts: bool = True) -> Pipeline:
    """Parser, state and, if wanted, the shipped rules."""
    state = MarketState()
    sinks = [AlertEngine(Evaluator(DEFAULT_RULES), state, lambda alert: None).observe] if alerts else []
    return Pipeline(state, Parser(), sinks)


def seconds(messages: Sequence[bytes], alerts: bool) -> float:
    """Time of this thread for a whole day, without reading the file."""
    take = chain(alerts).take
    started = time.thread_time()
    for message in messages:
        take(message)
    return time.thread_time() - started


def ends_of_the_day(messages: Sequence[bytes]) -> tuple[float, float]:
    """Seconds for the same tenth of messages on a fresh state and after a whole day; the median of several runs.

    The last tenth is played twice, so that the kind of messages is the same: once as a day of its own.
    """
    tenth = len(messages) // 10
    first, last = [], []
    for _ in range(5):
        full, fresh = chain(), chain()
        for message in messages[:-tenth]:
            full.take(message)
        for pipeline, times in ((fresh, first), (full, last)):
            started = time.thread_time()
            for message in messages[-tenth:]:
                pipeline.take(message)
            times.append(time.thread_time() - started)
    return median(first), median(last)


def growth_kilobytes(day: Path) -> float:
    """Resident memory after several days through one state, less that after one, a day."""
    script = f"""
import django; django.setup()
from pathlib import Path
from market.feed.recording import read_messages
from tests.bench.replay import chain, resident
take, sizes = chain().take, []
for run in range({MEMORY_RUNS}):
    for message in read_messages(Path({str(day)!r})):
        take(message.replace(b"20/11/2026", b"%02d/12/2026" % (run + 1)))
    sizes.append(resident())
print((sizes[-1] - sizes[0]) / (len(sizes) - 1))
"""
    environment = {"DJANGO_SETTINGS_MODULE": "tracker.settings", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, check=True, capture_output=True)
    return float(done.stdout)


def resident() -> float:
    """Resident memory of this process in kB."""
    for row in Path("/proc/self/status").read_text().splitlines():
        if row.startswith("VmRSS:"):
            return float(row.split()[1])
    raise RuntimeError("expected VmRSS in /proc/self/status")
