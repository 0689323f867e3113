"""`manage.py replay FILE`: what a recording amounts to, without database or Redis."""

import time
from argparse import ArgumentParser
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError

from alerts.domain.evaluate import Evaluator
from alerts.domain.model import Alert, Rule, RuleError
from alerts.domain.rules import DEFAULT_RULES, load_rules
from alerts.engine import AlertEngine
from market.domain.calendar import clock_text
from market.domain.state import MarketState
from market.feed.errors import FeedError
from market.feed.parse import Parser
from market.feed.recording import read_events
from market.pipeline import Pipeline
from market.report import market_report


class Command(BaseCommand):
    """Parse, apply and judge a recording as fast as possible, and print the report."""

    help = "Run a recording through parser, market state and alert rules, and report what it amounts to."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("file", type=Path, help="a recording (.jsonl or .jsonl.gz)")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
        parser.add_argument(
            "--rules", type=Path, metavar="FILE", help="alert rules as a JSON list; default: as shipped"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay and print."""
        report = replay(options["file"], read_rules(options["rules"]))
        if options["json"]:
            self.stdout.write(msgspec.json.encode(report).decode())
        else:
            self.stdout.write(as_table(report))


def read_rules(path: Path | None) -> tuple[Rule, ...]:
    """The shipped rules, or those of a file. Raises CommandError with one line."""
    if path is None:
        return DEFAULT_RULES
    try:
        return load_rules(path.read_bytes())
    except (OSError, RuleError) as error:
        raise CommandError(f"{path}: {error}") from error


def replay(path: Path, rules: tuple[Rule, ...]) -> dict[str, Any]:
    """Run a recording through the whole chain; the report of `docs/api.md`. Raises CommandError."""
    state = MarketState()
    fired: list[Alert] = []
    engine = AlertEngine(Evaluator(rules), state, fired.append)
    pipeline = Pipeline(state, Parser(), [engine.observe])
    started = time.perf_counter()
    try:
        for batch in read_events(path):
            pipeline.use_all(batch.events)
            for each in batch.rejected:
                pipeline.reject(each.error(), each.sample)
    except FeedError as error:
        raise CommandError(str(error)) from error
    seconds = time.perf_counter() - started
    return {
        "messages": pipeline.messages,
        "rejected": pipeline.rejected.total(),
        "rejected_by_reason": pipeline.all_rejected(),
        "seconds": round(seconds, 4),
        **market_report(state),
        "alerts": [
            {"kind": each.kind, "symbol": each.symbol, "time": clock_text(each.at), "severity": each.severity}
            for each in fired
        ],
        "bars": state.bar_count(),
    }


def as_table(report: dict[str, Any]) -> str:
    """The report for a terminal: a line a symbol."""
    columns = (
        "last_price",
        "total_volume",
        "trades",
        "buy_volume",
        "sell_volume",
        "neutral_volume",
        "unclassified_volume",
    )
    rate = report["messages"] / report["seconds"] if report["seconds"] else 0
    head = f"{report['messages']:,} messages in {report['seconds']} s ({rate:,.0f}/s), {report['rejected']:,} rejected"
    title = f"{'symbol':<12}" + "".join(f"{column:>20}" for column in columns)
    lines = (
        f"{code:<12}" + "".join(f"{'-' if row[column] is None else format(row[column], ','):>20}" for column in columns)
        for code, row in report["symbols"].items()
    )
    kinds: dict[str, int] = {}
    for alert in report["alerts"]:
        kinds[alert["kind"]] = kinds.get(alert["kind"], 0) + 1
    fired = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())) or "none"
    return "\n".join(chain([head, "", title], lines, ["", f"alerts: {fired}", f"bars: {report['bars']:,}"]))
