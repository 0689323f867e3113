"""`manage.py ingest`: the one process that holds the market's state. Its parts are put together here and only here."""

import asyncio
import logging
import os
import secrets
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from channels.layers import get_channel_layer
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from alerts.delivery.nudge import Nudge
from alerts.desk import MEMORY, AlertDesk, load_memory, save_memory
from alerts.domain.evaluate import Evaluator
from alerts.domain.personal import PersonalWatch
from alerts.personal.book import PersonalBook
from alerts.personal.desk import PERSONAL, PersonalDesk, save_triggers
from alerts.personal.rows import HITS
from alerts.queries import earlier_alerts
from alerts.rows import ALERTS
from alerts.rulebook import Rulebook
from alerts.usual import StoredVolumes
from market import live
from market.broadcast import Broadcaster
from market.clock import MarketClock
from market.domain.calendar import VIETNAM, from_date, to_date
from market.domain.state import MarketState
from market.feed.client import FastConnectSource
from market.feed.errors import FatalFeedError, FeedError
from market.feed.parse import Parser
from market.feed.recording import Recorder, RecordingSource
from market.feed.rest import FastConnectRest
from market.feed.source import Source
from market.feedwatch import GapWatch, Overrule
from market.fence import Deposed
from market.ingest_metrics import IngestCollector, Standing, watch_loop
from market.metrics import collected, served
from market.pipeline import Pipeline
from market.running import running, until_signal
from market.status import FeedStatus
from market.storage.batch import Run
from market.storage.collect import Collector, Memory
from market.storage.database import LockTaken
from market.storage.folder import FolderTaken
from market.storage.leader import Leadership, lead_later, lead_now
from market.storage.recovery import Found
from market.storage.store import Store
from market.storage.tables import HISTORY, Row, Table
from market.tradingdays import TradingDays
from market.watch import Watch, find_watch, reach, stored_members

logger = logging.getLogger(__name__)

LOGGED_EVERY_SECONDS: Final = 60.0
ANY_DAY: Final = 2**40
SPEEDS_KNOWN_SECONDS: Final = 60.0  # foreign speeds survive a shorter absence: totals tell what happened meanwhile
STORED: Final = (*HISTORY, ALERTS, HITS)
TABLES: Final = {table.name: table for table in STORED}


class Command(BaseCommand):
    """Listen to the feed, keep the market's state, publish it."""

    help = "Read the market feed, process it and broadcast it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--source", default="ssi", metavar="ssi|file:PATH", help="the live feed, or a recording")
        parser.add_argument("--speed", default="1", metavar="N|max", help="speed of a recording; 1 is as it was")
        parser.add_argument("--record", type=Path, metavar="DIR", help="write what the feed sends, one file a day")
        parser.add_argument("--standby", action="store_true", help="wait until no other ingest leads, then take over")
        parser.add_argument("--watch", default=settings.WATCH, help="vn30, all, or a comma list of stocks")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until the recording ends or a signal comes."""
        try:
            asyncio.run(until_signal(ingest(options)))
        except FatalFeedError as error:  # the code tells the launcher that starting again cannot help
            raise CommandError(str(error), returncode=os.EX_CONFIG) from error
        except (FeedError, LockTaken, FolderTaken, Deposed) as error:
            raise CommandError(str(error)) from error


async def ingest(options: dict[str, Any]) -> None:
    """Build every part and run them until the source ends."""
    days = TradingDays()
    await days.refresh(vietnam_today())
    async with AsyncExitStack() as stack:
        standing = Standing()
        stack.enter_context(served("ingest"))
        stack.enter_context(collected(standing))
        source, watch = await open_source(options, stack)
        leadership = await lead(options["standby"])
        standing.leads = True
        run = begin_run(source, leadership)
        rulebook = Rulebook(settings.SPOOL_DIR / f"{database_name()}-alert-rules.json")
        page = await rulebook.open(vietnam_today())
        usual = StoredVolumes()
        await usual.refresh(page.rules, vietnam_today())
        evaluator = Evaluator(page.rules, page.members, usual)
        state = MarketState(watch.members)
        personal = PersonalWatch(state, usual)
        memories: dict[str, Memory] = {
            MEMORY: partial(save_memory, evaluator),
            PERSONAL: partial(save_triggers, personal),
        }
        collector = Collector(state, run, memories)
        observer = Overrule(days, source, vietnam_today)
        parser = Parser(latest_day=lambda: from_date(vietnam_today()) if source.kind == "ssi" else ANY_DAY)
        pipeline = Pipeline(state, parser, [observer.observe, collector.observe])
        nudge = Nudge(lambda: store.sealed, lambda: store.progress.stored_seq)
        keep = nudged(collector.add, nudge.note)
        own = PersonalDesk(personal, attach=pipeline.add_sink, store=keep, touch=collector.touch)
        book = PersonalBook()
        await book.refresh(vietnam_today())
        own.suppose(book.page.triggers)
        store = Store(
            state,
            pipeline,
            collector,
            leadership,
            TABLES,
            spool_bytes=settings.SPOOL_MAX_MB * 2**20,
            interval_seconds=settings.STORE_INTERVAL_MS / 1000,
            loads={MEMORY: partial(load_memory, evaluator), PERSONAL: own.load},
            notes={PERSONAL: own.take_note},
        )
        stack.push_async_callback(store.close)
        status = FeedStatus(
            state, pipeline, source, MarketClock(lambda: state.now), lambda: days.note(market_date(state))
        )
        status.parts["database"] = lambda: store.trouble
        client = live.connect()
        stack.push_async_callback(client.aclose)
        broadcaster = Broadcaster(
            state,
            get_channel_layer(),
            client,
            epoch=run.epoch,
            interval_seconds=settings.BROADCAST_INTERVAL_MS / 1000,
            status=status,
            is_trading_day=days.is_trading_day,
        )
        desk = AlertDesk(evaluator, state, broadcaster.publish_alert, keep)
        pipeline.add_sink(desk.observe)
        collector_of = IngestCollector(pipeline, status, store, broadcaster, lambda: desk.fired, threading.get_ident())
        stack.enter_context(collected(collector_of))
        found = store.recover()
        pipeline.add_sink(broadcaster.observe)
        desk.begin(await earlier_alerts() if found.origin != "nothing" else ())
        own.begin(broadcaster.tell)
        go_on(source, store, found)
        broadcaster.observe_all()
        handle = store.take
        if options["record"]:
            handle = recorded(handle, stack.enter_context(Recorder(options["record"])))
        gaps = GapWatch(store, source, run.identity)
        helpers = {
            "store": store.run(),
            "broadcast": broadcaster.run(),
            "nudge": nudge.run(),
            "own alerts": book.keep_fresh(partial(own.replace, store.note), lambda: market_date(state)),
            "rules": rulebook.keep_fresh(evaluator.replace_rules, lambda: market_date(state)),
            "usual": usual.keep_fresh(lambda: evaluator.rules, personal.wants_usual_volume, lambda: market_date(state)),
            "calendar": days.keep_fresh(lambda: market_date(state) or vietnam_today()),
            "progress": log_progress(pipeline, status, store),
            "source": gaps.check(),
            "lag": watch_loop(),
        }
        async with running(helpers):
            await source.run(handle, gaps.on_change)
        await broadcaster.flush()
        await broadcaster.beat()
        logger.info("The source is over after %s messages", pipeline.messages)


async def lead(standby: bool) -> Leadership:
    """Become the one ingest of the database and of the folder, now or when the other one ends."""
    folder = settings.SPOOL_DIR / database_name()
    if standby:
        return await lead_later(folder, STORED)
    return await lead_now(folder, STORED, settings.RECOVERY_WAIT_SECONDS)


def database_name() -> str:
    """What the files of this machine go by: those of two databases are not to meet."""
    return str(settings.DATABASES["default"]["NAME"])


def begin_run(source: Source, leadership: Leadership) -> Run:
    """Name this start; a source that has not answered yet is taken for that of the last run."""
    last = leadership.last_run
    identity = source.identity or (last.identity if last is not None else source.kind)
    return Run(secrets.token_hex(8), identity.partition(":")[0], identity, time.time())


def go_on(source: Source, store: Store, found: Found) -> None:
    """Begin where the last run ended. A recording waits for us; a market does not: what it did meanwhile is unseen."""
    if isinstance(source, RecordingSource):
        source.begin = store.position
        source.breathe = store.breathe
    elif found.origin != "nothing":
        store.lose_sight()
        if time.time() - found.left_at > SPEEDS_KNOWN_SECONDS:
            store.lose_sight_of_foreigners()
    store.seal(complete=True)


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
    await reach(rest, settings.SSI_DATA_URL)
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


def nudged(add: Callable[[Table, Row, str], None], note: Callable[[], None]) -> Callable[[Table, Row, str], None]:
    """Take a row of an alert, and note that delivery has something to do."""

    def keep(table: Table, row: Row, symbol: str) -> None:
        add(table, row, symbol)
        note()

    return keep


def recorded(handle: Any, recorder: Recorder) -> Any:
    """Record each message before it is used: what breaks the parser is wanted most."""

    def take(message: str | bytes, received_at: float) -> None:
        recorder(message, received_at)
        handle(message, received_at)

    return take


async def log_progress(pipeline: Pipeline, status: FeedStatus, store: Store) -> None:
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


def vietnam_today() -> date:
    """The wall clock's date in Vietnam."""
    return datetime.now(tz=VIETNAM).date()


def market_date(state: MarketState) -> date:
    """The market's trading date; today before the first message."""
    return to_date(state.day) if state.day else vietnam_today()
