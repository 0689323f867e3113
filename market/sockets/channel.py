"""One channel as this web process knows it: newest rows, last updates, and each text encoded once for all who get it.

A client is a position (epoch, seq) and a filter. `since` gives the texts that lead it to here, or None when they are
forgotten or cost more than a snapshot. No I/O: `live_hub` feeds it.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import msgspec

from market.broadcast import comparable_status, encode_frame
from market.live import LiveSnapshot, Row

Symbols: TypeAlias = frozenset[str]

HISTORY: Final = 32  # updates; older ones are dropped, and who needs them takes a snapshot
MOST_FILTERS: Final = 512  # texts kept of one moment; beyond that they are encoded again for each who asks
NO_STATUS: Final[dict[str, Any]] = {
    "source": None, "feed": "starting", "detail": "no data yet", "trading_date": None, "time": None, "speed": 1.0,
    "delay_seconds": None, "boards": {}, "day": {}, "counts": {}, "connections": {}, "parts": {},
}  # fmt: skip


class Frame(msgspec.Struct, frozen=True):
    """What ingest sent: `data` of the JSON frame of an update or a heartbeat."""

    time: str | None
    data: dict[str, Any]


class Update:
    """One update: its text as it came, its rows, and its text for each filter that somebody has."""

    __slots__ = ("filtered", "rows", "seq", "text", "time")

    def __init__(self, seq: int, text: str, frame: Frame) -> None:
        self.seq = seq
        self.text = text
        self.time = frame.time
        self.rows: dict[str, Row | None] = frame.data["rows"]
        self.filtered: dict[Symbols, str] = {}


class Notice:
    """The newest status or heartbeat. `number` grows, so that each client sees which one it had."""

    __slots__ = ("epoch", "is_news", "number", "seq", "text")

    def __init__(self, number: int, epoch: str, seq: int, text: str, *, is_news: bool) -> None:
        self.number = number
        self.is_news = is_news
        self.epoch = epoch
        self.seq = seq
        self.text = text


_decode: Final = msgspec.json.Decoder(Frame).decode


class LiveChannel:
    """The newest state of one channel in this process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.epoch = ""
        self.seq = 0
        self.time: str | None = None
        self.status: dict[str, Any] = NO_STATUS
        self.rows: dict[str, Row] = {}
        self.notice = Notice(0, "", 0, "", is_news=False)
        self.snapshot_size = 0  # of the newest one without a filter
        self._updates: dict[int, Update] = {}
        self._snapshots: dict[Symbols | None, str] = {}

    def has(self, epoch: str, seq: int) -> bool:
        """Whether everything up to this position is known already."""
        return epoch == self.epoch and seq <= self.seq

    def follows(self, epoch: str, seq: int) -> bool:
        """Whether the update with this position is the next one."""
        return epoch == self.epoch and seq == self.seq + 1

    def load(self, snapshot: LiveSnapshot) -> bool:
        """Take over a snapshot unless all of it is known; True if it was news. What led to it is not known, so that
        every client takes a snapshot too."""
        if self.has(snapshot.epoch, snapshot.seq):
            return False
        self.epoch, self.seq, self.time = snapshot.epoch, snapshot.seq, snapshot.time
        self.status, self.rows = snapshot.status, dict(snapshot.rows)
        self._updates.clear()
        self._snapshots.clear()
        return True

    def update(self, seq: int, text: str) -> None:
        """Apply the update that follows."""
        update = Update(seq, text, _decode(text))
        for id, fields in update.rows.items():
            if fields is None:
                self.rows.pop(id, None)
            else:
                self.rows[id] = self.rows.get(id, {}) | fields  # a new dict: snapshots share theirs with others
        self.seq, self.time = seq, update.time
        self._updates[seq] = update
        if len(self._updates) > HISTORY:
            del self._updates[next(iter(self._updates))]
        self._snapshots.clear()

    def beat(self, text: str) -> None:
        """Take in a heartbeat of ingest: passed on as it is, or as a status where it says something new."""
        frame = _decode(text)
        self.time = frame.time
        self.tell(frame.data["status"], text)

    def tell(self, status: dict[str, Any], heartbeat: str | None = None) -> None:
        """Give every client a status if it differs from the one before, else a heartbeat."""
        kind, data = "heartbeat", {"status": status}
        if comparable_status(status) != comparable_status(self.status):
            kind, data, heartbeat = "status", status, None
        self.status = status
        self._snapshots.clear()
        text = heartbeat or self.frame(kind, data)
        self.notice = Notice(self.notice.number + 1, self.epoch, self.seq, text, is_news=kind == "status")

    def frame(self, kind: str, data: dict[str, Any]) -> str:
        """The text of a frame at this position."""
        return encode_frame(kind, self.name, self.epoch, self.seq, self.time, data)

    def snapshot(self, symbols: Symbols | None) -> str:
        """The text of a snapshot; with `symbols`, of their rows only."""
        text = self._snapshots.get(symbols)
        if text is None:
            rows = self.rows if symbols is None else self._chosen(self.rows, symbols)
            text = self.frame("snapshot", {"rows": rows, "status": self.status})
            if len(self._snapshots) < MOST_FILTERS:
                self._snapshots[symbols] = text
            if symbols is None:
                self.snapshot_size = len(text)
        return text

    def since(self, epoch: str, seq: int, symbols: Symbols | None) -> list[str] | None:
        """The updates after a position; None where a snapshot is needed, or is cheaper."""
        if epoch != self.epoch or seq > self.seq:
            return None
        texts: list[str] = []
        for number in range(seq + 1, self.seq + 1):
            update = self._updates.get(number)
            if update is None:
                return None
            texts.append(update.text if symbols is None else self._filtered(update, symbols))
        if len(texts) > 1 and symbols is None and sum(map(len, texts)) > self.snapshot_size > 0:
            return None
        return texts

    def _filtered(self, update: Update, symbols: Symbols) -> str:
        text = update.filtered.get(symbols)
        if text is None:
            rows = self._chosen(update.rows, symbols)
            text = encode_frame("update", self.name, self.epoch, update.seq, update.time, {"rows": rows})
            if len(update.filtered) < MOST_FILTERS:
                update.filtered[symbols] = text
        return text

    def _chosen(self, rows: Mapping[str, Row | None], symbols: Symbols) -> dict[str, Row | None]:
        """The rows that a filter lets through. An alert has an id of its own and is chosen by its symbol."""
        if self.name != "alerts":
            return {id: rows[id] for id in symbols & rows.keys()}
        return {id: row for id, row in rows.items() if row is None or row.get("symbol") in symbols}
