"""Run the exchange simulator: `manage.py simulate`."""

import argparse
import asyncio
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from market.feed.simulator import Simulator, SimulatorError, SimulatorOptions
from market.feed.simulator import control as control_module
from market.feed.simulator.control import read_clock
from market.feed.simulator.export import DEFAULT_KINDS, export_day, write_truth
from market.feed.simulator.frames import KINDS
from market.feed.simulator.server import day_of, universe_of


class Command(BaseCommand):
    help = "Serve a local SSI FastConnect v2 (REST and stream on one port) that plays a synthetic market day."
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, epilog=control_module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=0, help="0 (default): a free port, printed")
        parser.add_argument("--symbols", choices=["vn30", "all"], default="vn30")
        parser.add_argument("--seed", type=int, default=1, help="the same seed and date give the same messages")
        parser.add_argument("--date", help="YYYY-MM-DD; default: today in Vietnam, or the next weekday")
        parser.add_argument("--start", default="08:45", help="HH:MM; what lies before is made at once")
        parser.add_argument("--speed", type=float, default=1.0)
        parser.add_argument("--loop", action="store_true", help="go on with the next trading day when one is over")
        parser.add_argument("--recording", type=Path, help="play this recording instead of a synthetic day")
        parser.add_argument("--calls-per-second", type=float, default=100.0, help="REST quota of each endpoint")
        parser.add_argument("--keep-alive", type=float, default=10.0, help="seconds")
        parser.add_argument(
            "--lists", choices=["all", "first"], default="all", help="which parts of a comma list of channels count"
        )
        parser.add_argument(
            "--switch", choices=["add", "replace"], default="add", help="what a second SwitchChannels does"
        )
        parser.add_argument("--consumer-id", default="", help="with --consumer-secret: refuse any other")
        parser.add_argument("--consumer-secret", default="")
        parser.add_argument("--export", type=Path, help="write the day to FILE.jsonl.gz instead of serving it")
        parser.add_argument("--truth", type=Path, help="with --export: write what is true about the day as JSON")
        parser.add_argument("--channels", default=",".join(DEFAULT_KINDS), help="with --export: message types")

    def handle(self, *args: Any, **given: Any) -> None:
        try:
            options = read_options(given)
            if given["export"]:
                self._export(options, given["export"], given["truth"], read_kinds(given["channels"]))
            elif given["truth"]:
                raise SimulatorError("--truth: expected together with --export")
            else:
                asyncio.run(self._serve(options))
        except SimulatorError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stdout.write("stopped")

    async def _serve(self, options: SimulatorOptions) -> None:
        async with Simulator(options) as server:
            self.stdout.write(f"simulating {server.stage.day} on {server.url}")
            self.stdout.flush()
            await server.wait()

    def _export(self, options: SimulatorOptions, path: Path, truth: Path | None, kinds: list[str]) -> None:
        if options.recording:
            raise SimulatorError("--export: expected without --recording")
        exported = export_day(universe_of(options), day_of(options), path, kinds)
        if truth:
            write_truth(exported.truth, truth)
        self.stdout.write(f"{exported.messages} messages written to {path}")


def read_options(given: dict[str, Any]) -> SimulatorOptions:
    """Return the options of a command line. Raises SimulatorError that names what cannot be used."""
    return SimulatorOptions(
        symbols=given["symbols"],
        seed=given["seed"],
        speed=above_zero("--speed", given["speed"]),
        start=read_start(given["start"]),
        day=read_day(given["date"]),
        recording=given["recording"],
        host=given["host"],
        port=read_port(given["port"]),
        loop=given["loop"],
        calls_per_second=above_zero("--calls-per-second", given["calls_per_second"]),
        lists=given["lists"],
        switch=given["switch"],
        keep_alive=above_zero("--keep-alive", given["keep_alive"]),
        consumer_id=given["consumer_id"],
        consumer_secret=given["consumer_secret"],
    )


def above_zero(name: str, value: float) -> float:
    if not 0 < value < float("inf"):
        raise SimulatorError(f"{name}: expected a number above 0, was {value}")
    return value


def read_port(port: int) -> int:
    if not 0 <= port <= 65_535:
        raise SimulatorError(f"--port: expected 0 to 65535, was {port}")
    return port


def read_start(text: str) -> int:
    try:
        return read_clock(text)
    except ValueError as error:
        raise SimulatorError(f"--start: {error}") from error


def read_day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise SimulatorError(f"--date: expected YYYY-MM-DD, was {text!r}") from None


def read_kinds(text: str) -> list[str]:
    """Return message types from a comma list. Raises SimulatorError for an unknown one."""
    kinds = [kind.strip().upper() for kind in text.split(",") if kind.strip()]
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise SimulatorError(f"--channels: expected some of {', '.join(KINDS)}, was {text!r}")
    return kinds
