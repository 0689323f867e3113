"""`manage.py demo`: the whole tracker on a simulated market, until Ctrl-C."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.core.management.base import CommandParser

from market.management.stack import StackCommand
from tracker.launch.stack import Choices


class Command(StackCommand):
    help = "Run everything on a simulated market until Ctrl-C: services, simulator, ingest, Celery, web server."
    simulated = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--speed", help="how many times faster than real time the market runs")
        parser.add_argument(
            "--symbols", choices=["vn30", "all"], help="which symbols the market has and ingest watches"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.run_stack(self.chosen(options))

    def chosen(self, options: Mapping[str, Any]) -> Choices:
        """What the settings and the command line say. A market that was asked for is watched, whatever WATCH says."""
        given = tuple(f"--{name}={options[name]}" for name in ("speed", "symbols") if options[name])
        return replace(self.choices(), simulate_arguments=given, watch=options["symbols"] or "")
