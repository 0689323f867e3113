"""A recording's events, decoded by a second process: two thirds of a replay are done beside the rest of it."""

import fcntl
import logging
import os
import signal
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, suppress
from functools import reduce
from multiprocessing import get_context
from multiprocessing.connection import Connection
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from market.domain.events import Event
from market.feed.errors import FatalFeedError, RejectedMessage
from market.feed.parse import Parser
from market.feed.recording.reader import read_batches
from market.feed.wire import PACKED

PIPE_BYTES: Final = 2**20  # some batches: with less room both processes wait for each other's single steps
SAMPLE_BYTES: Final = 300
END_SECONDS: Final = 5.0

if TYPE_CHECKING:
    PackedEvent: TypeAlias = Event
else:
    PackedEvent = reduce(or_, PACKED.values())

log = logging.getLogger(__name__)


class Rejected(Struct, array_like=True):
    """A message that is no event, and why."""

    reason: str
    detail: str
    sample: bytes  # its beginning

    def error(self) -> RejectedMessage:
        """Return what the parser raised."""
        return RejectedMessage(self.reason, self.detail)


class Batch(Struct, array_like=True):
    """What some hundred consecutive messages came to: the events in their order, and the rest."""

    events: list[PackedEvent]
    rejected: list[Rejected]
    warnings: list[str] = []
    failure: str = ""  # why there are no more


_TAGS: Final = {frame: tag for tag, frame in enumerate(PACKED)}
_decode: Final = msgspec.msgpack.Decoder(Batch).decode
_encode: Final = msgspec.msgpack.Encoder().encode


def read_events(path: Path) -> Generator[Batch, None, None]:
    """Yield the events of a recording, plain or gzip. Closing the generator ends the other process.

    Raises FatalFeedError at the first batch when `path` is no recording, and later when its middle is damaged or the
    other process was killed.
    """
    cores = _cores()
    if len(cores) == 1:
        yield from _in_this_process(path)
        return
    context = get_context()
    ours, theirs = context.Pipe(duplex=False)
    _widen(theirs)
    process = context.Process(target=_work, args=(path, ours, theirs, cores[0]), name="decoder", daemon=True)
    process.start()
    theirs.close()
    try:
        _keep_to(cores[1:])
        yield from _batches(ours)
        process.join(END_SECONDS)
        if process.exitcode != 0:
            raise FatalFeedError(f"{path}: the process that decodes it ended with {process.exitcode}")
    finally:
        _keep_to(cores)
        ours.close()  # it ends by that if it has more to say
        process.join(END_SECONDS)


def _cores() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _keep_to(cores: Iterable[int]) -> None:
    """Keep this thread to some cores: a scheduler likes to put who reads a pipe on the core of who writes it."""
    if hasattr(os, "sched_setaffinity"):
        with suppress(OSError):  # it may be forbidden, or a core be gone: only speed depends on it
            os.sched_setaffinity(0, cores)


def _in_this_process(path: Path) -> Generator[Batch, None, None]:
    """Decode here: two processes on one core would take turns, and empty each other's caches."""
    parse = Parser().parse
    with closing(read_batches(path)) as batches:
        for messages in batches:
            yield Batch(*parsed(messages, parse))


def _batches(pipe: Connection) -> Generator[Batch, None, None]:
    while True:
        try:
            batch = _decode(pipe.recv_bytes())
        except (EOFError, OSError):
            return
        for warning in batch.warnings:
            log.warning("%s", warning)
        if batch.failure:
            raise FatalFeedError(batch.failure)
        yield batch


def _widen(pipe: Connection) -> None:
    resize: int | None = getattr(fcntl, "F_SETPIPE_SZ", None)  # Linux has it
    if resize is not None:
        with suppress(OSError):  # a user may have so many pipes that they have to be small
            fcntl.fcntl(pipe.fileno(), resize, PIPE_BYTES)


def _work(path: Path, theirs: Connection, ours: Connection, core: int) -> None:
    """Be the second process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both; the first one closes the pipe
    theirs.close()  # inherited; while it is open here, writing would never fail
    parse, warnings = Parser().parse, _Collector().warnings
    with suppress(BrokenPipeError):
        try:
            for messages in read_batches(path):
                _keep_to([core])  # this thread alone: the one that unpacks has begun and goes where there is room
                ours.send_bytes(_encode(packed(messages, parse)))
            ours.send_bytes(_encode(Batch([], [], warnings)))
        except FatalFeedError as error:
            ours.send_bytes(_encode(Batch([], [], warnings, str(error))))


class _Collector(logging.Handler):
    """Keeps what this process would log: only the first process knows where that goes."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warnings: list[str] = []
        logger = logging.getLogger(__package__)
        logger.handlers = [self]
        logger.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        self.warnings.append(record.getMessage())


def parsed(messages: Iterable[bytes], parse: Callable[[bytes], Event]) -> tuple[list[Event], list[Rejected]]:
    """Parse messages into events and what is none."""
    events, rejected = [], []
    for message in messages:
        try:
            events.append(parse(message))
        except RejectedMessage as error:
            rejected.append(Rejected(error.reason, error.detail, message[:SAMPLE_BYTES]))
    return events, rejected


def packed(
    messages: Iterable[bytes], parse: Callable[[bytes], Event]
) -> tuple[Sequence[tuple[Any, ...]], Sequence[Rejected]]:
    """Parse messages; the form of a Batch on its way. An event is its tag and its fields by their place."""
    events, rejected = parsed(messages, parse)
    return [(_TAGS[type(event)], *astuple(event)) for event in events], rejected
