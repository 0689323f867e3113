"""`manage.py demo`: the whole tracker on a simulated market, until Ctrl-C."""

from typing import Any

from django.core.management.base import CommandParser

from market.management.stack import StackCommand


class Command(StackCommand):
    help = "Run everything on a simulated market until Ctrl-C: services, simulator, ingest, Celery, web server."
    simulated = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--speed", help="how many times faster than real time the market runs")
        parser.add_argument("--symbols", choices=["vn30", "all"], help="which symbols the market has")

    def handle(self, *args: Any, **options: Any) -> None:
        given = (f"--{name}={options[name]}" for name in ("speed", "symbols") if options[name])
        self.run_stack(tuple(given))
