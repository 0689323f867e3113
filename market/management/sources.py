"""Where ingest gets its messages, as its options say: the venue, or a recording."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from django.conf import settings
from django.core.management.base import CommandError

from market.clock import vietnam_today
from market.feed.client import FastConnectSource
from market.feed.recording import Recorder, RecordingSource
from market.feed.rest import FastConnectRest
from market.feed.source import Handle, Source
from market.feed.timing import Timing
from market.watch import find_watch, reach, stored_members

logger = logging.getLogger(__name__)

Members: TypeAlias = dict[str, frozenset[str]]


@asynccontextmanager
async def opened_source(options: dict[str, Any]) -> AsyncIterator[tuple[Source, Members]]:
    """The source that the options name, and the members of the indices it is about.

    Raises CommandError for options that cannot be used, FeedError where the source cannot.
    """
    name: str = options["source"]
    if name.startswith("file:"):
        members = await stored_members(vietnam_today())
        yield RecordingSource(Path(name.removeprefix("file:")), read_speed(options["speed"])), members
        return
    if name != "ssi":
        raise CommandError(f"--source: expected ssi or file:PATH, was {name!r}")
    async with venue() as rest:
        await reach(rest, settings.SSI_DATA_URL)
        watch = await find_watch(rest, options["watch"], vietnam_today())
        logger.info("Watching %s", ", ".join(f"{channel[:60]}" for channel in watch.channels))
        timing = Timing(silence_floor=settings.FEED_SILENCE_SECONDS)
        yield FastConnectSource(rest, settings.SSI_STREAM_URL, watch.channels, timing=timing), watch.members


def venue() -> FastConnectRest:
    """FastConnect with the credentials of the settings. Raises CommandError where there are none."""
    missing = [key for key in ("SSI_CONSUMER_ID", "SSI_CONSUMER_SECRET") if not getattr(settings, key)]
    if missing:
        raise CommandError(f"{' and '.join(missing)}: expected SSI FastConnect credentials in .env, was empty")
    return FastConnectRest(settings.SSI_DATA_URL, settings.SSI_CONSUMER_ID, settings.SSI_CONSUMER_SECRET)


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


@contextmanager
def recorded(handle: Handle, directory: Path | None) -> Iterator[Handle]:
    """Record each message before it is used: what breaks the parser is wanted most. Without a directory, do not."""
    if directory is None:
        yield handle
        return
    with Recorder(directory) as record:

        def take(message: str | bytes, received_at: float) -> None:
            record(message, received_at)
            handle(message, received_at)

        yield take
