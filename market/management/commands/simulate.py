"""Run the exchange simulator: `manage.py simulate`."""

import asyncio
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from market.feed.simulator import Simulator, SimulatorError, SimulatorOptions
from market.feed.simulator import control as control_module
from market.feed.simulator.control import read_clock


class Command(BaseCommand):
    help = "Serve a local SSI FastConnect v2 (REST and stream on one port) that plays a synthetic market day."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = control_module.__doc__
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=0, help="0 (default): a free port, printed")
        parser.add_argument("--symbols", choices=["vn30", "all"], default="vn30")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--speed", type=float, default=1.0)
        parser.add_argument("--start", default="08:45", help="HH:MM of the simulated day")
        parser.add_argument("--date", help="YYYY-MM-DD; default: today in Vietnam, or the next weekday")
        parser.add_argument("--loop", action="store_true", help="go on with the next trading day when one is over")

    def handle(self, *args: Any, **given: Any) -> None:
        try:
            options = SimulatorOptions(
                symbols=given["symbols"],
                seed=given["seed"],
                speed=given["speed"],
                start=read_clock(given["start"]),
                day=date.fromisoformat(given["date"]) if given["date"] else None,
                host=given["host"],
                port=given["port"],
                loop=given["loop"],
            )
            asyncio.run(self._serve(options))
        except (SimulatorError, ValueError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stdout.write("stopped")

    async def _serve(self, options: SimulatorOptions) -> None:
        async with Simulator(options) as server:
            self.stdout.write(f"simulating {server.stage.day} on {server.url}")
            self.stdout.flush()
            await server.wait()
