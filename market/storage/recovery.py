"""What a start begins from: the state of this machine's folder, else that of the database, else nothing.

The folder is exact: a checkpoint, and every message since. The database has the states of the last batch stored, so
what came after it was not seen. Both count only if the run that left them listened to the same source, and the folder
only if no ingest elsewhere has stored anything since.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from market.domain.memory import load_index, load_market, load_symbol
from market.domain.state import MarketState
from market.storage.batch import EncodedState, load_book
from market.storage.database import LastRun
from market.storage.folder import Checkpoint, Folder
from market.storage.journal import Journal

logger = logging.getLogger(__name__)

Load = Callable[[str, Any], None]
"""Takes back what a `Memory` of the collector gave: code, plain values."""
KINDS: Final = ("market", "symbol", "index")


class Found(Struct, frozen=True):
    """Where to begin. `segments` of the journal are to be played on top of `states`, which are of batch `seq`.

    `position` counts the source's messages up to there. `newest_seq` is the largest number in use anywhere. `left_at`
    is when the last run was seen last, in epoch seconds.
    """

    origin: Literal["folder", "database", "nothing"]
    states: list[EncodedState]
    segments: list[int]
    position: int
    newest_seq: int
    left_at: float


def find(folder: Folder, journal: Journal, spooled_seq: int, last: LastRun | None, identity: str) -> Found:
    """Decide where to begin; `last` is the database's newest run, None if there is none or the database is away."""
    checkpoint = folder.read_checkpoint()
    segments = journal.segments()
    newest = max(spooled_seq, last.seq if last else 0, checkpoint.seq if checkpoint else 0, *segments, 0)
    if checkpoint is not None:
        reason = unusable(checkpoint, folder.known_runs(), last, identity)
        states: list[EncodedState] = []
        if reason is None:
            try:
                states = [
                    EncodedState(each.kind, each.code, each.day, each.at, each.text, load_book(each.book))
                    for each in checkpoint.states
                ]
            except ValueError as error:  # another version's
                reason = f"a book in it is of another form: {error}"
        if reason is None:
            later = [seq for seq in segments if seq > checkpoint.seq]
            left_at = journal.written_at() or (last.seen_at if last else 0.0)
            return Found("folder", states, later, checkpoint.position, newest, left_at)
        logger.info("Not going on from %s: %s", folder.path, reason)
    if last is not None and last.identity == identity and last.states and not last.is_over:
        return Found("database", last.states, [], 0, newest, last.seen_at)
    return Found("nothing", [], [], 0, newest, 0.0)


def unusable(checkpoint: Checkpoint, known: Mapping[str, int], last: LastRun | None, identity: str) -> str | None:
    """Why a checkpoint is not to be used, None if it is."""
    if checkpoint.run.identity != identity:
        return f"it is of {checkpoint.run.identity}, this is {identity}"
    if last is not None and last.seq > known.get(last.epoch, -1):
        return "another ingest has stored since"
    return None


def load(state: MarketState, states: Iterable[EncodedState], loads: Mapping[str, Load]) -> None:
    """Fill a fresh state. Raises KeyError, TypeError or ValueError for states of another form."""
    for kept in sorted(states, key=lambda each: KINDS.index(each.kind)):
        dump = msgspec.json.decode(kept.text)
        if kept.kind == "market":
            load_market(state, dump)
        elif kept.kind == "index":
            code = load_index(state, dump).index
            remember(loads, code, dump)
        else:
            load_symbol(state, kept.code, dump).book = kept.book
            remember(loads, kept.code, dump)


def remember(loads: Mapping[str, Load], code: str, dump: Mapping[str, Any]) -> None:
    """Give other parts of the process back what they kept with a state."""
    for name, take in loads.items():
        if dump.get(name) is not None:
            take(code, dump[name])
