"""Fetch history from the venue: `manage.py backfill`. See docs/backfill.md."""

import time
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.db import DatabaseError
from django.utils import timezone

from market.backfill import plan, reference
from market.backfill.lock import Busy, alone
from market.backfill.plan import Step, Target
from market.backfill.run import Progress, run
from market.backfill.venue import Venue, day_of, open_venue
from market.feed.errors import FatalFeedError, FeedError
from market.tasks import VENUE

ALL = ("reference", *plan.WHATS)
LINE_SECONDS = 5.0  # between two lines where no terminal can be updated


class Command(BaseCommand):
    help = "Fetch days, minutes and reference data from SSI; goes on where an earlier run ended."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--symbols", type=names, metavar="HPG,VN30,...", help="stocks, futures and indices")
        parser.add_argument("--basket", metavar="VN30", help="the members of a basket; default: what WATCH names")
        parser.add_argument("--from", dest="first", type=day, metavar="YYYY-MM-DD", help="first day")
        parser.add_argument("--to", dest="last", type=day, metavar="YYYY-MM-DD", help="last day")
        parser.add_argument("--what", type=kinds, default=list(ALL), metavar=",".join(ALL), help="default: all")
        parser.add_argument("--again", action="store_true", help="fetch also what was fetched before")

    def handle(self, *args: Any, **options: Any) -> None:
        self.bar = ProgressLine(self.stdout)
        try:
            with alone(VENUE), open_venue() as venue:
                self.fill(venue, options)
        except KeyboardInterrupt:
            raise CommandError("Stopped; the same command goes on from here.", returncode=130) from None
        except FatalFeedError as error:
            raise CommandError(str(error)) from error
        except (Busy, plan.UnknownSymbol) as error:
            raise CommandError(str(error)) from error
        except FeedError as error:
            raise CommandError(f"{error}; the same command goes on from here.") from error
        except DatabaseError as error:
            raise CommandError(f"The database: {error}; the same command goes on from here.") from error

    def fill(self, venue: Venue, options: dict[str, Any]) -> None:
        """Fetch what the options name."""
        moment = venue.moment()
        today = day_of(moment)
        whats = [what for what in plan.WHATS if what in options["what"]]
        wanted = plan.spans(today, whats, options["first"], options["last"])
        if any(not first <= last <= today for first, last in wanted.values()):
            raise CommandError(f"--from, --to: expected days in order, up to {today}")
        if "reference" in options["what"]:
            self.stdout.write(told(reference.refresh(venue, today)))
        if not whats:
            return
        targets = chosen(options, today)
        steps = plan.steps(targets, wanted, timezone.now(), again=options["again"])
        if not steps:
            self.stdout.write(f"Nothing is missing of {len(targets)} symbols.")
            return
        state = run(venue, steps, moment, watcher=self.bar.show)
        self.bar.end()
        refused = f" ({state.refused} refused)" if state.refused else ""
        rows = f"{state.rows} rows, {state.changed} new or better"
        self.stdout.write(f"{state.total} steps{refused} for {len(targets)} symbols: {rows}.")


class ProgressLine:
    """How far a run is: one line that changes on a terminal, else a line every few seconds."""

    def __init__(self, out: OutputWrapper) -> None:
        self._out = out
        self._terminal = out.isatty()
        self._started = self._shown = time.monotonic()

    def show(self, step: Step, state: Progress) -> None:
        """Tell of a finished step."""
        now = time.monotonic()
        if not self._terminal and now - self._shown < LINE_SECONDS:
            return
        self._shown = now
        left = (now - self._started) / state.done * (state.total - state.done)
        line = f"{state.done}/{state.total} {step}: {state.rows} rows, {state.changed} new, about {left:.0f} s left"
        if self._terminal:
            self._out.write(f"\r\033[K{line}", ending="")
            self._out.flush()
        else:
            self._out.write(line)

    def end(self) -> None:
        """Leave the changing line."""
        if self._terminal:
            self._out.write("")


def chosen(options: dict[str, Any], today: date) -> list[Target]:
    """What the options name, each target once."""
    if not options["symbols"] and not options["basket"]:
        return plan.watched(today)
    targets = plan.of_basket(options["basket"], today) if options["basket"] else []
    targets += plan.named(options["symbols"] or ())
    return list({target.code: target for target in targets}.values())


def told(result: reference.Refreshed) -> str:
    """One line about the reference data."""
    line = f"{result.instruments} instruments: {result.added} new, {result.changed} changed, {result.retired} retired."
    if result.joined or result.left:
        line += f" VN30: joined {', '.join(result.joined) or 'none'}, left {', '.join(result.left) or 'none'}."
    return line


def names(text: str) -> list[str]:
    """A comma list of codes."""
    return [word.strip() for word in text.split(",") if word.strip()]


def kinds(text: str) -> list[str]:
    """A comma list of kinds of data."""
    found = names(text)
    if not found or set(found) - set(ALL):
        raise ArgumentTypeError(f"expected some of {','.join(ALL)}, was {text!r}")
    return found


def day(text: str) -> date:
    """A day as 2026-11-20."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"expected a day like 2026-11-20, was {text!r}") from error
