"""Every message as it came, in files, until its effects are stored: what a killed ingest had not stored yet.

A segment is the messages between two batches and has the number of the batch that holds their effects. A line goes
to the operating system with one call before the message is used, so it outlives the process, though not the machine's
power. Besides messages there are marks: what else changed the state, and notes: what another part of the process has
to know again at this place. A last line without its end was never used.
"""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

LOST_SIGHT: Final = b'{"Mark":"lost sight"}'
LOST_SIGHT_OF_FOREIGNERS: Final = b'{"Mark":"lost sight of foreigners"}'
NOTE: Final = b'{"Note":'
MARKS: Final = frozenset({LOST_SIGHT, LOST_SIGHT_OF_FOREIGNERS})
SUFFIX: Final = ".jsonl"
CLOSED: Final = -1


class Journal:
    """Segments in one directory. When the disk refuses a line nothing else stops: `lost` counts such lines."""

    def __init__(self, directory: Path) -> None:
        self.seq = 0
        self.messages = 0
        self.lost = 0
        self._directory = directory
        self._file = CLOSED
        self._broken = False
        self._written = 0  # to the segment that is open
        self._sizes: dict[int, int] = {}
        directory.mkdir(parents=True, exist_ok=True)

    @property
    def size(self) -> int:
        """Bytes that this process wrote and that are not forgotten."""
        return self._written + sum(list(self._sizes.values()))  # a copy: another thread forgets

    def open(self, seq: int) -> None:
        """Begin the segment of a batch."""
        self.close()
        self.seq = seq
        try:
            self._file = os.open(self._path(seq), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        except OSError as error:
            self._break(error)
            return
        if self._broken:
            self._broken = False
            self.append(LOST_SIGHT)  # what could not be written cannot be played again

    def append(self, message: str | bytes) -> None:
        """Write one message or mark."""
        line = message.encode(errors="replace") if isinstance(message, str) else message
        if b"\n" in line:
            line = line.replace(b"\n", b" ")
        self.messages += 1
        try:
            written = os.write(self._file, line + b"\n")
        except OSError as error:
            self._break(error)
            return
        self._written += written
        if written <= len(line):
            self._break(OSError("the disk took only part of a line"))

    def mark(self, mark: bytes) -> None:
        """Write a mark or a note."""
        self.append(mark)
        self.messages -= 1

    def rotate(self) -> int:
        """End the segment and begin the next; the number of the one that ended."""
        ended = self.seq
        self.open(ended + 1)
        return ended

    def close(self) -> None:
        """End the segment."""
        if self._file != CLOSED:
            os.close(self._file)
            self._file = CLOSED
        self._sizes[self.seq] = self._written
        self._written = 0

    def forget(self, seq: int) -> None:
        """Remove the segments up to a number, itself included. May run in another thread."""
        for old in self.segments():
            if old <= seq:
                self._path(old).unlink(missing_ok=True)
                self._sizes.pop(old, None)

    def segments(self) -> list[int]:
        """The numbers of the segments that are there, in order."""
        return sorted(int(path.stem) for path in self._directory.glob(f"*{SUFFIX}") if path.stem.isdigit())

    def written_at(self) -> float:
        """When the newest segment was written last, in epoch seconds; 0 if there is none."""
        return max((self._path(seq).stat().st_mtime for seq in self.segments()), default=0.0)

    def read(self, seq: int) -> Iterator[bytes]:
        """The messages and marks of a segment."""
        lines = self._path(seq).read_bytes().split(b"\n")
        yield from lines[:-1]  # the last is empty, or was being written when the process ended

    def _path(self, seq: int) -> Path:
        return self._directory / f"{seq:012d}{SUFFIX}"

    def _break(self, error: OSError) -> None:
        self.lost += 1
        if not self._broken:
            self._broken = True
            self.close()
            logger.error("The journal cannot be written, a crash now would lose messages: %s", error)
