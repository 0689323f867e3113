"""`manage.py ingest`: the one process that holds the market's state. Its parts are put together here and only here."""

import asyncio
import logging
import os
import secrets
import signal
import time
from argparse import ArgumentParser
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from channels.layers import get_channel_layer
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from market import live
from market.broadcast import Broadcaster
from market.clock import MarketClock
from market.domain.calendar import VIETNAM, from_date, to_date
from market.domain.changes import Changes, PhaseChange
from market.domain.events import Event
from market.domain.state import MarketState
from market.feed.client import FastConnectSource
from market.feed.errors import FatalFeedError, FeedError
from market.feed.parse import Parser
from market.feed.recording import Recorder, RecordingSource
from market.feed.rest import FastConnectRest
from market.feed.source import Source
from market.pipeline import Pipeline
from market.status import ACTIVE_PHASES, FeedStatus
from market.tradingdays import TradingDays
from market.watch import Watch, find_watch, stored_members

logger = logging.getLogger(__name__)

LOGGED_EVERY_SECONDS: Final = 60.0
ANY_DAY: Final = 2**40


class Command(BaseCommand):
    """Listen to the feed, keep the market's state, publish it."""

    help = "Read the market feed, process it and broadcast it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--source", default="ssi", metavar="ssi|file:PATH", help="the live feed, or a recording")
        parser.add_argument("--speed", default="1", metavar="N|max", help="speed of a recording; 1 is as it was")
        parser.add_argument("--record", type=Path, metavar="DIR", help="write what the feed sends, one file a day")
        parser.add_argument("--watch", default=settings.WATCH, help="vn30, all, or a comma list of stocks")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until the recording ends or a signal comes."""
        try:
            asyncio.run(until_signal(ingest(options)))
        except FatalFeedError as error:  # the code tells the launcher that starting again cannot help
            raise CommandError(str(error), returncode=os.EX_CONFIG) from error
        except FeedError as error:
            raise CommandError(str(error)) from error


async def ingest(options: dict[str, Any]) -> None:
    """Build every part and run them until the source ends."""
    days = TradingDays()
    await days.refresh(vietnam_today())
    async with AsyncExitStack() as stack:
        source, watch = await open_source(options, stack)
        state = MarketState(watch.members)
        parser = Parser(latest_day=lambda: from_date(vietnam_today()) if source.kind == "ssi" else ANY_DAY)
        observer = Overrule(days, source)
        pipeline = Pipeline(state, parser, [observer.observe])
        status = FeedStatus(
            state, pipeline, source, MarketClock(lambda: state.now), lambda: days.note(market_date(state))
        )
        client = live.connect()
        stack.push_async_callback(client.aclose)
        broadcaster = Broadcaster(
            state,
            get_channel_layer(),
            client,
            epoch=secrets.token_hex(8),
            interval_seconds=settings.BROADCAST_INTERVAL_MS / 1000,
            status=status,
            is_trading_day=days.is_trading_day,
        )
        pipeline.add_sink(broadcaster.observe)
        handle = pipeline.take
        if options["record"]:
            handle = recorded(handle, stack.enter_context(Recorder(options["record"])))
        helpers = {
            "broadcast": broadcaster.run(),
            "calendar": days.keep_fresh(lambda: market_date(state) or vietnam_today()),
            "progress": log_progress(pipeline, status),
        }
        async with running(helpers):
            await source.run(handle, GapWatch(state, source).on_change)
        await broadcaster.flush()
        await broadcaster.beat()
        logger.info("The source is over after %s messages", pipeline.messages)


async def open_source(options: dict[str, Any], stack: AsyncExitStack) -> tuple[Source, Watch]:
    """The source that the options name, and what to watch there. Raises CommandError, FatalFeedError."""
    name: str = options["source"]
    if name.startswith("file:"):
        path = Path(name.removeprefix("file:"))
        members = await stored_members(vietnam_today())
        return RecordingSource(path, read_speed(options["speed"])), Watch([], members)
    if name != "ssi":
        raise CommandError(f"--source: expected ssi or file:PATH, was {name!r}")
    missing = [key for key in ("SSI_CONSUMER_ID", "SSI_CONSUMER_SECRET") if not getattr(settings, key)]
    if missing:
        raise CommandError(f"{' and '.join(missing)}: expected SSI FastConnect credentials in .env, was empty")
    rest = await stack.enter_async_context(
        FastConnectRest(settings.SSI_DATA_URL, settings.SSI_CONSUMER_ID, settings.SSI_CONSUMER_SECRET)
    )
    watch = await find_watch(rest, options["watch"], vietnam_today())
    logger.info("Watching %s", ", ".join(f"{channel[:60]}" for channel in watch.channels))
    return FastConnectSource(rest, settings.SSI_STREAM_URL, watch.channels), watch


def read_speed(text: str) -> float | None:
    """A speed of a recording; None for as fast as possible."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 100_000:
        raise CommandError(f"--speed: expected a number above 0 or max, was {text!r}")
    return speed


def recorded(handle: Any, recorder: Recorder) -> Any:
    """Record each message before it is used: what breaks the parser is wanted most."""

    def take(message: str | bytes, received_at: float) -> None:
        recorder(message, received_at)
        handle(message, received_at)

    return take


class GapWatch:
    """Notices that a connection which carries trades or foreign flow was lost: what passes meanwhile was not seen."""

    def __init__(self, state: MarketState, source: Source) -> None:
        self._state = state
        self._source = source
        self._before: dict[str, str] = {}

    def on_change(self) -> None:
        """Compare the connections' states with those before."""
        for channel, connection in self._source.connections().items():
            before = self._before.get(channel)
            if connection.state == before:
                continue
            self._before[channel] = connection.state
            logger.info("Feed %s: %s %s", channel[:40], connection.state, connection.detail)
            lost = before in ("connected", "silent") and connection.state in ("connecting", "waiting", "blocked")
            if lost and channel.startswith("X"):
                self._state.lose_sight()
            elif lost and channel.startswith("R"):
                self._state.lose_sight_of_foreigners()


class Overrule:
    """A live board that trades on a day which the calendar calls closed, or is unsure of, corrects the calendar."""

    def __init__(self, days: TradingDays, source: Source) -> None:
        self._days = days
        self._source = source
        self._tasks: set[asyncio.Task[None]] = set()

    def observe(self, event: Event, changes: Changes) -> None:
        """Look for a board that began to trade."""
        for change in changes:
            if isinstance(change, PhaseChange) and change.phase in ACTIVE_PHASES and self._source.kind == "ssi":
                day = to_date(change.day)
                if day == vietnam_today():
                    task = asyncio.get_running_loop().create_task(self._days.record_traded(day, change.board))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)


async def log_progress(pipeline: Pipeline, status: FeedStatus) -> None:
    """Say once a minute how it goes."""
    before = pipeline.messages
    while True:
        await asyncio.sleep(LOGGED_EVERY_SECONDS)
        now = status()
        logger.info(
            "%s, %s messages (%s a minute), rejected %s, market time %s",
            now["feed"],
            pipeline.messages,
            pipeline.messages - before,
            now["counts"]["rejected"] or "none",
            now["time"],
        )
        before = pipeline.messages


@asynccontextmanager
async def running(helpers: dict[str, Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Run helpers beside the block; one that fails ends it, and all end with it."""
    owner = asyncio.current_task()
    tasks = [asyncio.create_task(each, name=name) for name, each in helpers.items()]
    failed: list[asyncio.Task[None]] = []

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            failed.append(task)
            if owner is not None:
                owner.cancel()

    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield
    except asyncio.CancelledError:
        if failed and (error := failed[0].exception()) is not None:
            raise error from None
        raise
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until_signal(work: Coroutine[Any, Any, None]) -> None:
    """Run until done, SIGTERM or SIGINT."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    started = time.monotonic()
    try:
        await task
    except asyncio.CancelledError:
        logger.info("Stopped after %.0f s", time.monotonic() - started)


def vietnam_today() -> date:
    """The wall clock's date in Vietnam."""
    return datetime.now(tz=VIETNAM).date()


def market_date(state: MarketState) -> date:
    """The market's trading date; today before the first message."""
    return to_date(state.day) if state.day else vietnam_today()
