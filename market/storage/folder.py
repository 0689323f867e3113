"""The folder in which one ingest keeps what must outlive it: journal, checkpoint, spool. One process at a time.

`FolderTaken`: another process on this machine uses it.
"""

import fcntl
import logging
import os
import shutil
import zlib
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from market.storage.batch import Run

logger = logging.getLogger(__name__)

RUNS_KEPT: Final = 1000
ALL: Final = 2**62  # batches of a run of this folder


class FolderTaken(Exception):
    """Another process holds the folder."""


class KeptState(Struct, frozen=True):
    """A state as text, and the book that the database does not keep."""

    kind: str
    code: str
    day: int
    at: int
    text: str
    book: dict[str, Any] | None


class Checkpoint(Struct, frozen=True):
    """The whole state at the moment when a batch was sealed; `position` is the number of messages taken until then."""

    seq: int
    run: Run
    day: int
    position: int
    states: list[KeptState]


class Folder:
    """Opens the folder and holds it until closed, or until the process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise FolderTaken(f"expected {path} for this ingest alone, another one uses it") from error

    @property
    def journal(self) -> Path:
        """Where the journal lies."""
        return self.path / "journal"

    @property
    def spool(self) -> Path:
        """Where rows wait for the database."""
        return self.path / "spool"

    @property
    def refused(self) -> Path:
        """Rows that the database will never take, one JSON array a line."""
        return self.path / "refused.jsonl"

    def close(self) -> None:
        """Let the folder go."""
        os.close(self._lock)

    def known_runs(self) -> dict[str, int]:
        """The newest batch of each run that what lies here takes into account, by epoch, oldest first."""
        try:
            lines = (self.path / "runs").read_bytes().decode(errors="replace").splitlines()
        except FileNotFoundError:
            return {}
        known = {}
        for line in lines:
            epoch, _, seq = line.partition(" ")
            if seq.isdecimal():
                known[epoch] = int(seq)
            else:  # a run that is not known makes what lies here count less, never more
                logger.error("A line of %s is damaged and not used: %r", self.path / "runs", line[:80])
        return known

    def add_run(self, epoch: str, seq: int = ALL) -> None:
        """Note a run that uses this folder, before it stores anything anywhere; or one elsewhere, up to a batch."""
        known = self.known_runs()
        known[epoch] = max(seq, known.get(epoch, 0))
        lines = [f"{epoch} {seq}\n" for epoch, seq in list(known.items())[-RUNS_KEPT:]]
        replace_file(self.path / "runs", "".join(lines).encode())

    def forget_state(self) -> None:
        """Remove checkpoint and journal: they are of another market, or somebody else went on from them."""
        (self.path / "checkpoint").unlink(missing_ok=True)
        shutil.rmtree(self.journal, ignore_errors=True)

    def write_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint, whole or not at all. Raises OSError."""
        content = msgspec.msgpack.encode(checkpoint)
        replace_file(self.path / "checkpoint", zlib.crc32(content).to_bytes(4, "little") + content)

    def read_checkpoint(self) -> Checkpoint | None:
        """The checkpoint; None if there is none, or none that can be read."""
        try:
            content = (self.path / "checkpoint").read_bytes()
        except FileNotFoundError:
            return None
        if zlib.crc32(content[4:]).to_bytes(4, "little") != content[:4]:
            logger.error("The checkpoint in %s is damaged and not used", self.path)
            return None
        try:
            return msgspec.msgpack.decode(content[4:], type=Checkpoint)
        except msgspec.DecodeError as error:
            logger.error("The checkpoint in %s is of another version and not used: %s", self.path, error)
            return None


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.replace(path)
