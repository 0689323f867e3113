"""Writing recordings, one file a day.

A file is a chain of gzip members, each written at once and whole, so that any tool can read it while it grows, after a
crash and after appending. That costs disk space on a quiet feed (one member a second) and next to none on a busy one.
"""

import gzip
import logging
import os
import threading
import zlib
from collections import defaultdict
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from market.domain.calendar import VIETNAM_OFFSET
from market.feed.errors import FatalFeedError

log = logging.getLogger(__name__)

DAY_SECONDS = 86_400
WAITING_BYTES = 64 * 2**20  # about half a minute of the whole market; beyond it messages are dropped and counted
READ_BYTES = 2**16


class Recorder:
    """Append messages to `directory`/YYYY-MM-DD.jsonl.gz, the day of their arrival in Vietnam.

    A call only puts the message on a list; a thread writes every `flush_seconds`. A disk that does not take it costs
    messages, which `dropped` counts, and gets one warning. Raises FatalFeedError when `directory` cannot be one.
    """

    def __init__(self, directory: Path, *, flush_seconds: float = 1.0, waiting_bytes: int = WAITING_BYTES) -> None:
        self.written = 0
        self.dropped = 0
        self._directory = directory
        self._flush_seconds = flush_seconds
        self._room = self._waiting_limit = waiting_bytes
        self._waiting: list[tuple[int, bytes]] = []
        self._waiting_lock = threading.Lock()
        self._file_lock = threading.Lock()
        self._closing = threading.Event()
        self._mended: set[Path] = set()
        self._failing = False
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FatalFeedError(f"{directory}: expected a directory for recordings: {error.strerror}") from error
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def __call__(self, text: str | bytes, received_at: float) -> None:
        """Record one message text and the epoch seconds of its arrival. What is no JSON object is dropped."""
        raw = (text.encode() if isinstance(text, str) else text).strip()
        if b"\n" in raw:  # only between tokens: inside a JSON string it is escaped
            raw = raw.replace(b"\n", b" ")
        line = b'%b,"ReceivedAt":%.6f}\n' % (raw[:-1], received_at)
        is_object = len(raw) > 2 and raw.startswith(b"{") and raw.endswith(b"}")
        with self._waiting_lock:
            if is_object and len(line) <= self._room:
                self._room -= len(line)
                self._waiting.append((int(received_at + VIETNAM_OFFSET) // DAY_SECONDS, line))
            else:
                self.dropped += 1

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what waits and stop."""
        self.close()

    def close(self) -> None:
        """Write what waits and stop. Blocks for as long as that takes."""
        self._closing.set()
        self._thread.join()

    def flush(self) -> None:
        """Write what waits. Blocks for as long as that takes."""
        with self._file_lock:
            with self._waiting_lock:
                waiting, self._waiting = self._waiting, []
                self._room = self._waiting_limit
            days: defaultdict[int, list[bytes]] = defaultdict(list)
            for day, line in waiting:
                days[day].append(line)
            for day, lines in days.items():
                self._write(day, lines)

    def _run(self) -> None:
        closing = False
        while not closing:
            closing = self._closing.wait(self._flush_seconds)
            self.flush()

    def _write(self, day: int, lines: list[bytes]) -> None:
        path = self._directory / f"{datetime.fromtimestamp(day * DAY_SECONDS, tz=UTC).date()}.jsonl.gz"
        try:
            self._append(path, gzip.compress(b"".join(lines), compresslevel=6, mtime=0))
        except OSError as error:
            with self._waiting_lock:
                self.dropped += len(lines)
            if not self._failing:
                self._failing = True
                log.warning("Recording to %s failed, messages are dropped until it works again: %s", path, error)
            return
        self.written += len(lines)
        if self._failing:
            self._failing = False
            log.warning("Recording to %s works again; %s messages were dropped.", path, self.dropped)

    def _append(self, path: Path, member: bytes) -> None:
        if path not in self._mended:
            mend(path)
            self._mended.add(path)
        with path.open("ab", buffering=0) as file:
            end = file.tell()
            try:
                written = file.write(member)
                if written != len(member):
                    raise OSError(f"only {written} of {len(member)} bytes could be written")
            except OSError:
                file.truncate(end)  # half a member would spoil what follows
                raise


def mend(path: Path) -> None:
    """Make a recording safe to append to: cut off half a member or zeros, which a machine that lost power may leave.

    A file that is damaged in another way is renamed to *.damaged, for a person to look at. Raises OSError.
    """
    whole = position = 0
    begun = False
    member = zlib.decompressobj(wbits=31)
    if not path.exists():
        return
    with path.open("rb") as file:
        while data := file.read(READ_BYTES):
            position += len(data)
            while data := data if begun else data.lstrip(b"\0"):  # zeros may follow a member
                try:
                    member.decompress(data)
                except zlib.error as error:
                    log.warning("%s is damaged (%s); it is renamed and a new file begins", path, error)
                    path.rename(unused_name(path))
                    return
                begun = not member.eof
                data = member.unused_data
                if member.eof:
                    whole = position - len(data)
                    member = zlib.decompressobj(wbits=31)
    if whole < position:
        log.warning("%s: its last %s bytes were not written completely and are cut off", path, position - whole)
        os.truncate(path, whole)


def unused_name(path: Path) -> Path:
    """Where a damaged recording goes; one that was put aside before stays."""
    names = (path.with_name(f"{path.name}.damaged{number or ''}") for number in count())
    return next(name for name in names if not name.exists())
