"""The board as every open page of this process sees it: rows formatted once, whoever looks at them.

Each channel keeps the newest rows, their cells in every language that somebody reads, and the last steps from one
`seq` to the next as patches. A client is then no more than a position; it asks for what came since, and gets None when
that has been forgotten, which means: take everything.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
from django.template.loader import render_to_string
from django.utils import translation

from market import live
from market.pages.formatting import Cells, Row, cells
from market.pages.rows import header
from market.pages.strip import FUTURE, future_cells, index_cells, is_front, strip_id

Patch: TypeAlias = dict[str, Cells | None]  # None: the row is gone
Form: TypeAlias = Callable[[Mapping[str, Row], Iterable[str], str], Patch]
Read: TypeAlias = Callable[[str], Awaitable["live.LiveSnapshot | None"]]

HISTORY: Final = 64  # steps a channel remembers; a client further behind takes everything
FEED_SILENT_SECONDS: Final = 15  # ingest beats every 5 s


def market_patch(rows: Mapping[str, Row], ids: Iterable[str], language: str) -> Patch:
    return {id: cells(rows[id], language) if id in rows else None for id in ids}


def index_patch(rows: Mapping[str, Row], ids: Iterable[str], language: str) -> Patch:
    named = ((strip_id(id), id) for id in ids if id in rows)
    return {card: index_cells(rows[id], language) for card, id in named if card}


def future_patch(rows: Mapping[str, Row], ids: Iterable[str], language: str) -> Patch:
    fronts = [rows[id] for id in ids if id in rows and is_front(rows[id])]
    return {FUTURE: future_cells(fronts[-1], language)} if fronts else {}


def no_patch(rows: Mapping[str, Row], ids: Iterable[str], language: str) -> Patch:
    """Show nothing of a channel that is followed for its status alone."""
    return {}


def merge(patch: Patch, more: Patch) -> None:
    """Add cells to a patch; a row that is gone in either stays gone."""
    for id, added in more.items():
        known = patch.get(id, {})
        patch[id] = None if known is None or added is None else known | added


FORMS: Final[dict[str, Form]] = {"market": market_patch, "index": index_patch, "derivatives": future_patch}
LISTED: Final = frozenset({"market"})


class Step(NamedTuple):
    """What leads from one `seq` to a later one, by language."""

    to: int
    patches: dict[str, Patch]


class BoardChannel:
    """One channel's rows, their cells and the last steps."""

    def __init__(self, form: Form) -> None:
        self.epoch = ""
        self.seq = 0
        self.rows: dict[str, dict[str, Any]] = {}
        self._form = form
        self._shown: dict[str, dict[str, Cells]] = {}
        self._steps: dict[int, Step] = {}

    def load(self, snapshot: live.LiveSnapshot) -> None:
        """Take over a snapshot. Of the same epoch it becomes one step, else all that was known is forgotten."""
        if snapshot.epoch == self.epoch:
            if snapshot.seq > self.seq:
                ids = [id for id in self.rows.keys() | snapshot.rows.keys() if self._differs(id, snapshot)]
                self.rows = dict(snapshot.rows)
                self._step(snapshot.seq, ids)
            return
        self.epoch, self.seq, self.rows = snapshot.epoch, snapshot.seq, dict(snapshot.rows)
        self._steps.clear()
        self._shown = {language: self._format(language) for language in self._shown}

    def _differs(self, id: str, snapshot: live.LiveSnapshot) -> bool:
        return self.rows.get(id) != snapshot.rows.get(id)

    def update(self, seq: int, rows: Mapping[str, dict[str, Any] | None]) -> None:
        """Apply the update that follows: changed fields by row, None for a row that is gone."""
        for id, fields in rows.items():
            if fields is None:
                self.rows.pop(id, None)
            else:
                self.rows[id] = self.rows.get(id, {}) | fields  # a new dict: snapshots share theirs with others
        self._step(seq, rows)

    def _step(self, seq: int, ids: Iterable[str]) -> None:
        patches = {language: self._patch(language, ids) for language in self._shown}
        self._steps[self.seq] = Step(seq, patches)
        self.seq = seq
        while len(self._steps) > HISTORY:
            del self._steps[next(iter(self._steps))]

    def _patch(self, language: str, ids: Iterable[str]) -> Patch:
        shown = self._shown[language]
        patch: Patch = {}
        for id, new in self._form(self.rows, ids, language).items():
            if new is None:
                if shown.pop(id, None):
                    patch[id] = None
                continue
            old = shown.get(id, {})
            shown[id] = new
            if changed := {name: cell for name, cell in new.items() if old.get(name) != cell}:
                patch[id] = changed
        return patch

    def _format(self, language: str) -> dict[str, Cells]:
        formatted = self._form(self.rows, self.rows, language)
        return {id: each for id, each in formatted.items() if each is not None}

    def everything(self, language: str) -> dict[str, Cells]:
        """All cells, as of `seq`."""
        if language not in self._shown:
            self._shown[language] = self._format(language)
        return self._shown[language]

    def since(self, epoch: str, seq: int, language: str) -> Patch | None:
        """What changed after a position, the latest value of each cell; None if that is not known any more."""
        if epoch != self.epoch:
            return None
        merged: Patch = {}
        while seq < self.seq:
            step = self._steps.get(seq)
            if step is None or language not in step.patches:
                return None
            for id, changed in step.patches[language].items():
                before = merged.get(id)
                merged[id] = before | changed if before and changed else changed  # a row may come again
            seq = step.to
        return merged


class LiveBoard:
    """The channels of one kind of page, the feed's status, and the market's clock. One for each web process.

    `forms` says which channels the page follows and what it shows of them; `market`, which tells the status, is among
    them. The rows of `listed` channels are the page's list: a client gets those of its own list.
    """

    def __init__(
        self,
        read: Read = live.snapshot,
        most_clients: int = 2000,
        feed_silent_seconds: float = FEED_SILENT_SECONDS,
        forms: Mapping[str, Form] = FORMS,
        listed: frozenset[str] = LISTED,
    ) -> None:
        self.channels = {name: BoardChannel(form) for name, form in forms.items()}
        self.listed = listed
        self.status: dict[str, Any] | None = None
        self.clients = 0
        self.most_clients = most_clients
        self._read = read
        self._feed_silent_seconds = feed_silent_seconds
        self._turns = live.Turns()
        self._moment = ""
        self._time: float | None = None
        self._time_at = 0.0
        self._heard_at = time.monotonic()
        self._last_beat = ""
        self._fragments: dict[str, tuple[object, str]] = {}

    async def take(self, message: Mapping[str, Any]) -> None:
        """Take in a group message; each client brings its own copy, and the first one counts.

        A gap or another epoch reads the snapshot instead. Raises LiveUnavailable.
        """
        self._heard_at = time.monotonic()
        channel = self.channels[message["channel"]]
        epoch, seq, beat = message["epoch"], message["seq"], message["kind"] != "update"
        known = epoch == channel.epoch and seq <= channel.seq
        if known and not (beat and message["text"] != self._last_beat):
            return
        if not known and (beat or epoch != channel.epoch or seq != channel.seq + 1):
            await self._reach(message["channel"], epoch, seq)
        if beat and message["channel"] != "market":
            return  # the status is the same in every channel
        frame = msgspec.json.decode(message["text"])
        self._set_time(frame["time"])
        if beat:
            self._last_beat = message["text"]
            self.status = frame["data"]["status"]
        elif not known and seq == channel.seq + 1 and epoch == channel.epoch:
            channel.update(seq, frame["data"]["rows"])

    async def refresh(self) -> None:
        """Read what Redis holds of every channel. Raises LiveUnavailable."""
        for name in self.channels:
            await self._reach(name, "", 0)

    async def _reach(self, name: str, epoch: str, seq: int) -> None:
        channel = self.channels[name]
        async with self._turns.take():
            if epoch and channel.epoch == epoch and channel.seq >= seq:
                return  # another client's copy has done it meanwhile
            snapshot = await self._read(name)
            if snapshot is None:
                return
            channel.load(snapshot)
            if name == "market":
                self.status = snapshot.status
                self._set_time(snapshot.time)

    def _set_time(self, moment: str | None) -> None:
        if moment and moment != self._moment:  # read again, an old snapshot must not turn the clock back
            self._moment = moment
            self._time = datetime.fromisoformat(moment).timestamp()
            self._time_at = time.monotonic()

    @property
    def speed(self) -> float:
        """Market seconds in a second."""
        return float((self.status or {}).get("speed") or 1.0)

    @property
    def now(self) -> float | None:
        """Epoch seconds of the market's clock; None before its first word."""
        if self._time is None:
            return None
        return round(self._time + (time.monotonic() - self._time_at) * self.speed, 1)

    @property
    def silent(self) -> bool:
        """Whether ingest has given no sign of life for longer than its heartbeat allows."""
        return time.monotonic() - self._heard_at > self._feed_silent_seconds

    def heard(self) -> None:
        """Start to listen for signs of life: with nobody connected, nobody listened."""
        self._heard_at = time.monotonic()

    def fragments(self, language: str) -> str:
        """The status and the notice as HTML to swap in; the same string as long as they say the same."""
        said = {key: value for key, value in (self.status or {}).items() if key not in ("time", "counts", "speed")}
        state = (said, self.silent)
        kept = self._fragments.get(language)
        if kept is None or kept[0] != state:
            context = header(self.status) | {
                "swap": True,
                "silent": self.silent,
                "waiting": self.status is None,
            }
            with translation.override(language):
                parts = ("market/_status.html", "market/_sessions.html", "market/_notice.html")
                html = "".join(render_to_string(part, context) for part in parts)
            kept = self._fragments[language] = (state, html)
        return kept[1]
