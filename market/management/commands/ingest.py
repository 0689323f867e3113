"""`manage.py ingest`: the one process that holds the market's state. Its parts are put together here and only here.

Read `ingest` for the way it goes, `build` for its parts, in the order in which a message passes them.
"""

import asyncio
import logging
import os
import secrets
import threading
import time
from argparse import ArgumentParser
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

from channels.layers import get_channel_layer
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from msgspec import Struct

from alerts.judges import Desks, read_judges
from alerts.personal.rows import HITS
from alerts.rows import ALERTS
from market import live
from market.broadcast import Broadcaster
from market.clock import MarketClock, market_date, vietnam_today
from market.domain.calendar import from_date
from market.domain.state import MarketState
from market.feed.errors import FatalFeedError, FeedError
from market.feed.parse import Parser
from market.feed.recording import RecordingSource
from market.feed.source import Handle, Source
from market.feedwatch import GapWatch, Overrule
from market.fence import Deposed
from market.ingest_metrics import IngestCollector, Standing, watch_loop
from market.management.sources import Members, opened_source, recorded
from market.metrics import collected, served
from market.pipeline import Pipeline
from market.running import running, until_signal
from market.status import FeedStatus
from market.storage.batch import Run
from market.storage.collect import Collector
from market.storage.database import LockTaken
from market.storage.folder import FolderTaken
from market.storage.leader import Leadership, lead_later, lead_now
from market.storage.store import Store
from market.storage.tables import HISTORY
from market.tradingdays import TradingDays

logger = logging.getLogger(__name__)

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
    """Lead, build every part, go on where the last run ended, and run until the source ends.

    What is opened on the way goes onto the stack, which closes it in the reverse order, however this ends.
    """
    days = TradingDays()
    await days.refresh(vietnam_today())
    async with AsyncExitStack() as stack:
        standing = Standing()
        stack.enter_context(served("ingest"))
        stack.enter_context(collected(standing))
        source, members = await stack.enter_async_context(opened_source(options))
        leadership = await lead(options["standby"])
        standing.leads = True
        parts = await build(source, members, days, leadership, stack)
        await go_on(parts)
        await listen(parts, stack.enter_context(recorded(parts.store.take, options["record"])))


class Parts(Struct, frozen=True):
    """What has something to do while ingest runs."""

    run: Run
    days: TradingDays
    source: Source
    pipeline: Pipeline
    store: Store
    status: FeedStatus
    broadcaster: Broadcaster
    desks: Desks


async def build(
    source: Source, members: Members, days: TradingDays, leadership: Leadership, stack: AsyncExitStack
) -> Parts:
    """Build what a message passes: the source hands it to the store, the store to the pipeline, that to its sinks.

    No message has come yet, and nothing is remembered. Sinks take their turn in the order in which they are added; the
    broadcaster is the last one, once the past was played again.
    """
    run = begin_run(source, leadership)
    state = MarketState(members)
    judges = await read_judges(state, settings.SPOOL_DIR / f"{database_name()}-alert-rules.json", vietnam_today())
    collector = Collector(state, run, judges.memories())
    observer = Overrule(days, source, vietnam_today)
    parser = Parser(latest_day=lambda: from_date(vietnam_today()) if source.kind == "ssi" else ANY_DAY)
    pipeline = Pipeline(state, parser, [observer.observe, collector.observe])
    store = open_store(pipeline, collector, leadership, stack)
    status = FeedStatus(
        state,
        pipeline,
        source,
        MarketClock(lambda: state.now),
        day_note=lambda: days.note(market_date(state)),
        parts={"database": lambda: store.trouble},
    )
    broadcaster = open_broadcaster(state, run, status, days, stack)
    desks = Desks(judges, pipeline, collector, store, broadcaster.publish_alert)
    numbers = IngestCollector(pipeline, status, store, broadcaster, lambda: desks.rules.fired, threading.get_ident())
    stack.enter_context(collected(numbers))
    return Parts(run, days, source, pipeline, store, status, broadcaster, desks)


def open_store(pipeline: Pipeline, collector: Collector, leadership: Leadership, stack: AsyncExitStack) -> Store:
    """Build journal, spool and writer; closed, they store what is left."""
    store = Store(
        pipeline.state,
        pipeline,
        collector,
        leadership,
        TABLES,
        spool_bytes=settings.SPOOL_MAX_MB * 2**20,
        interval_seconds=settings.STORE_INTERVAL_MS / 1000,
    )
    stack.push_async_callback(store.close)
    return store


def open_broadcaster(
    state: MarketState, run: Run, status: FeedStatus, days: TradingDays, stack: AsyncExitStack
) -> Broadcaster:
    """Build the door to Redis; only the connection is to be closed."""
    client = live.connect()
    stack.push_async_callback(client.aclose)
    return Broadcaster(
        state,
        get_channel_layer(),
        client,
        epoch=run.epoch,
        interval_seconds=settings.BROADCAST_INTERVAL_MS / 1000,
        status=status,
        is_trading_day=days.is_trading_day,
    )


async def go_on(parts: Parts) -> None:
    """Begin where the last run ended. A recording waits for us; a market does not: what it did meanwhile is unseen."""
    source, store, broadcaster = parts.source, parts.store, parts.broadcaster
    found = store.recover(parts.desks.loads(), parts.desks.notes())
    parts.pipeline.add_sink(broadcaster.observe)
    await parts.desks.begin(broadcaster.tell, anew=found.origin == "nothing")
    if isinstance(source, RecordingSource):
        source.begin = store.position
        source.breathe = store.breathe
    elif found.origin != "nothing":
        store.lose_sight()
        if time.time() - found.left_at > SPEEDS_KNOWN_SECONDS:
            store.lose_sight_of_foreigners()
    store.seal(complete=True)
    broadcaster.observe_all()


async def listen(parts: Parts, handle: Handle) -> None:
    """Hand over messages until the source ends, everything else beside it; then tell the last of it."""
    gaps = GapWatch(parts.store, parts.source, parts.run.identity)
    async with running(helpers(parts, gaps)):
        await parts.source.run(handle, gaps.on_change)
    await parts.broadcaster.flush()
    await parts.broadcaster.beat()
    logger.info("The source is over after %s messages", parts.pipeline.messages)


def helpers(parts: Parts, gaps: GapWatch) -> dict[str, Coroutine[Any, Any, None]]:
    """What runs beside the source, by name; one that fails ends all."""
    today = partial(market_date, parts.pipeline.state)
    return {
        "store": parts.store.run(),
        "broadcast": parts.broadcaster.run(),
        **parts.desks.helpers(today),
        "calendar": parts.days.keep_fresh(today),
        "progress": parts.status.log_progress(),
        "source": gaps.check(),
        "lag": watch_loop(),
    }


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
