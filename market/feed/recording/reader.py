"""Reading a recording as fast as its consumer can take it: a thread decompresses ahead."""

import logging
import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path

import msgspec
from isal import isal_zlib
from msgspec import Struct

from market.feed.errors import FatalFeedError

log = logging.getLogger(__name__)

GZIP = b"\x1f\x8b"
READ_BYTES = 2**14  # of the file; text is about twenty times as much, and more than that leaves the caches
AHEAD = 8  # chunks that wait; a bound on memory, the reader waits when it is reached
FIRST_LINE_BYTES = 2**20
CHECKED_LINES = 20  # one of them is a message, or it is no recording


class Line(Struct, rename="pascal"):
    """One line of a recording."""

    data_type: str
    content: str | dict[str, object]
    received_at: float | None = None


def read_messages(path: Path) -> Generator[bytes, None, None]:
    """Return the lines of a recording, plain or gzip, with their line ends; each is a message text.

    Raises FatalFeedError as `read_batches` does.
    """
    return _each(read_batches(path))


def read_batches(path: Path) -> Generator[list[bytes], None, None]:
    """Return the same lines, as many at a time as one read gave.

    Raises FatalFeedError at once when `path` is no recording, and later when its middle is damaged. A file that ends
    early, as one does that is being written, gives what it holds and a warning.
    """
    chunks = _chunks(path)
    first: list[bytes] = []
    try:
        while sum(map(len, first)) < FIRST_LINE_BYTES and not any(b"\n" in chunk for chunk in first):
            first.append(next(chunks))
    except StopIteration:
        pass
    except OSError as error:
        raise FatalFeedError(f"{path}: expected a recording, {error.strerror or error}") from error
    head = b"".join(first)
    lines = head.lstrip().split(b"\n")[:CHECKED_LINES]
    if not any(map(_is_message, lines)):
        shown = lines[0][:60].decode(errors="replace")
        raise FatalFeedError(f"{path}: expected a recording (lines of JSON with DataType and Content), was {shown!r}")
    return _lines(head, chunks)


def _is_message(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=Line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _each(batches: Generator[list[bytes], None, None]) -> Generator[bytes, None, None]:
    with closing(batches):
        for batch in batches:
            yield from batch


def _lines(head: bytes, chunks: Iterator[bytes]) -> Generator[list[bytes], None, None]:
    """Cut chunks into lines. Blank lines are left out."""
    rest = b""
    for chunk in _ahead(head, chunks):
        lines = BytesIO(chunk).readlines()  # bytes.split looks at one byte after the other, and takes ten times as long
        lines[0] = rest + lines[0]
        rest = b"" if lines[-1].endswith(b"\n") else lines.pop()
        yield [line for line in lines if line != b"\n"]
    if rest.strip():
        yield [rest]


def _ahead(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield `head` and the chunks that a thread reads meanwhile. The library works without the interpreter's lock."""
    ready: queue.Queue[bytes | FatalFeedError | None] = queue.Queue(AHEAD)
    stop = threading.Event()

    def work() -> None:
        end: FatalFeedError | None = None
        try:
            for chunk in chunks:
                ready.put(chunk)
                if stop.is_set():
                    return
        except FatalFeedError as error:
            end = error
        except OSError as error:
            end = FatalFeedError(f"the recording cannot be read any further: {error}")
        ready.put(end)

    thread = threading.Thread(target=work, name="recording", daemon=True)
    thread.start()
    try:
        yield head
        while True:
            chunk = ready.get()
            if chunk is None:
                return
            if isinstance(chunk, FatalFeedError):
                raise chunk
            yield chunk
    finally:
        stop.set()
        while thread.is_alive():  # it may wait for room in the queue
            try:
                ready.get(timeout=0.01)
            except queue.Empty:
                continue


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        data = file.read(READ_BYTES)
        if not data.startswith(GZIP):
            while data:
                yield data
                data = file.read(READ_BYTES * 16)
            return
        member = isal_zlib.decompressobj(wbits=31)
        whole = True
        while data:
            try:
                text = member.decompress(data)
            except isal_zlib.error as error:  # type: ignore[misc]  # the stubs call it a value
                raise FatalFeedError(f"{path}: damaged before byte {file.tell()}: {error}") from error
            if text:
                yield text
            whole = member.eof
            data = member.unused_data.lstrip(b"\0")  # zeros may follow a member
            if whole:
                member = isal_zlib.decompressobj(wbits=31)
            data = data or file.read(READ_BYTES)
        if not whole:
            log.warning("%s ends early, as a file does that is being written or was cut off", path)
