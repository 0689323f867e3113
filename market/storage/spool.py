"""Rows that wait for a database that is away: on disk, in order, bounded.

Records are appended to segment files: length, checksum, MessagePack. What a kill cut off at the end of a file is
ignored; its messages are still in the journal. When the bound is reached, the samples of the oldest segment go, then
whole segments; both are counted and logged as errors.
"""

import logging
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from market.storage.batch import Batch, Run
from market.storage.tables import Row, Table

logger = logging.getLogger(__name__)

HEAD: Final = struct.Struct("<II")  # length, CRC-32
SEGMENT_BYTES: Final = 2 * 2**20  # also how much is written to the database in one transaction
SUFFIX: Final = ".rows"
THINNED: Final = ".thin"


class Record(Struct, frozen=True):
    """A batch without its states: newer ones will stand when its rows are stored."""

    seq: int
    run: Run
    day: int
    sealed_at: float
    position: int
    rows: dict[str, list[Row]]

    def batch(self) -> Batch:
        """The batch it was."""
        return Batch(self.seq, self.run, self.day, self.sealed_at, self.position, self.rows, [])


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Record).decode


class Spool:
    """Segment files in one directory. All methods may raise OSError."""

    def __init__(self, directory: Path, max_bytes: int, tables: Mapping[str, Table]) -> None:
        self.size = 0
        self.lost_rows = 0
        self._directory = directory
        self._max_bytes = max_bytes
        self._samples = frozenset(name for name, table in tables.items() if table.is_sample)
        self._open: Path | None = None  # only a file that this process began: another may end in a cut-off record
        directory.mkdir(parents=True, exist_ok=True)
        self.size = sum(path.stat().st_size for path in self._segments())

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._segments()

    @property
    def segments(self) -> int:
        """How many files wait."""
        return len(self._segments())

    def append(self, batch: Batch) -> None:
        """Write a batch's rows at the end."""
        content = pack(record_of(batch))
        self._make_room(len(content))
        if self._open is None or self._open.stat().st_size >= SEGMENT_BYTES:
            self._open = self._directory / f"{batch.seq:012d}{SUFFIX}"
        append_whole(self._open, content)
        self.size += len(content)

    def oldest(self) -> list[Record]:
        """The records of the oldest segment; it is not written any more."""
        segments = self._segments()
        if not segments:
            return []
        if segments[0] == self._open:
            self._open = None
        return list(records_of(segments[0]))

    def forget_oldest(self) -> None:
        """Remove the oldest segment: its rows are stored."""
        oldest = self._segments()[0]
        self.size -= oldest.stat().st_size
        oldest.unlink()

    def newest_seq(self) -> int:
        """The largest number of a batch that waits, 0 if none does."""
        segments = self._segments()
        return max((record.seq for record in records_of(segments[-1])), default=0) if segments else 0

    def _segments(self) -> list[Path]:
        return sorted(path for path in self._directory.iterdir() if path.suffix in (SUFFIX, THINNED))

    def _make_room(self, size: int) -> None:
        while self.size + size > self._max_bytes:
            segments = [path for path in self._segments() if path != self._open]
            if not segments:
                if self._open is None:
                    return
                self._open = None
                continue
            thick = [path for path in segments if path.suffix == SUFFIX]
            if thick:
                self._thin(thick[0])
            else:
                self._drop(segments[0])

    def _thin(self, path: Path) -> None:
        """Leave the samples out of a segment."""
        kept, lost = [], 0
        for record in records_of(path):
            rows = {name: listed for name, listed in record.rows.items() if name not in self._samples}
            lost += sum(map(len, record.rows.values())) - sum(map(len, rows.values()))
            kept.append(pack(msgspec.structs.replace(record, rows=rows)))
        before = path.stat().st_size
        thin = path.with_suffix(THINNED)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(b"".join(kept))
        fresh.replace(thin)
        path.unlink()
        self.size += thin.stat().st_size - before
        self.lost_rows += lost
        logger.error("The spool is full: %s samples from %s are lost; trades and bars are kept", lost, path.name)

    def _drop(self, path: Path) -> None:
        lost = sum(sum(map(len, record.rows.values())) for record in records_of(path))
        self.size -= path.stat().st_size
        path.unlink()
        self.lost_rows += lost
        logger.error("The spool is full: %s rows of %s are lost, trades and bars among them", lost, path.name)


def record_of(batch: Batch) -> Record:
    """What the spool keeps of a batch."""
    return Record(batch.seq, batch.run, batch.day, batch.sealed_at, batch.position, batch.rows)


def pack(record: Record) -> bytes:
    """A record as it stands in a segment."""
    content = _encode(record)
    return HEAD.pack(len(content), zlib.crc32(content)) + content


def records_of(path: Path) -> Iterator[Record]:
    """The whole records of a segment, up to the first that is cut off or damaged."""
    content = path.read_bytes()
    at = 0
    while at + HEAD.size <= len(content):
        length, checksum = HEAD.unpack_from(content, at)
        body = content[at + HEAD.size : at + HEAD.size + length]
        if not length or len(body) < length or zlib.crc32(body) != checksum:  # zeros: what a power cut may leave
            return
        try:
            yield _decode(body)
        except msgspec.DecodeError as error:
            logger.error("A record in %s is of another version and not used: %s", path, error)
        at += HEAD.size + length


def append_whole(path: Path, content: bytes) -> None:
    """Append with one call; what a full disk took only in part is taken back."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        before = os.fstat(file).st_size
        if os.write(file, content) < len(content):
            os.ftruncate(file, before)
            raise OSError("the disk took only part of a record")
    finally:
        os.close(file)
