"""Users' own alerts as ingest composes them: what goes off is told to its user alone and handed to storage.

What is remembered is kept with the symbols' states, the alerts themselves included, and every edit is noted in the
journal among the messages: a start after a kill judges each message by the alerts that were in force when it came.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

import msgspec

from alerts.domain.personal import PersonalStateError, PersonalWatch
from alerts.domain.triggers import Hit, Trigger
from alerts.personal.rows import HITS, hit_message, hit_row
from market.domain.changes import Changes, ForeignFlow, IndexTick, Trade
from market.domain.events import Event
from market.pipeline import Sink
from market.storage.tables import Row, Table

logger = logging.getLogger(__name__)

PERSONAL: Final = "personal"  # the name of the memory with the collector, and of the notes in the journal
MOST_HELD: Final = 100  # hits found while recovering that are told again; older ones are on the user's page
NOTHING: Final = msgspec.Raw(b"0")  # told from no memory at all: this symbol had no alerts then


Tell: TypeAlias = Callable[[int, dict[str, Any]], None]


class Edit(msgspec.Struct):
    """What changed in the alerts in force."""

    changed: list[Trigger] = []
    gone: list[int] = []


class PersonalDesk:
    """A sink of the pipeline, joined by `attach` when there is a first alert: without any, messages cost nothing.

    `store` takes rows of a table and whose they are, `touch` a symbol whose memory changed. Hits wait until `begin`,
    which says whom to give them to: a user's id and a message.
    """

    def __init__(
        self,
        watch: PersonalWatch,
        *,
        attach: Callable[[Sink], None],
        store: Callable[[Table, Row, str], None],
        touch: Callable[[str], None],
    ) -> None:
        self.fired = 0
        self._watch = watch
        self._attach = attach
        self._store = store
        self._touch = touch
        self._is_attached = False
        self._held: deque[tuple[int, dict[str, Any]]] = deque(maxlen=MOST_HELD)
        self._tell: Tell = self._hold

    def observe(self, event: Event, changes: Changes) -> None:
        """Judge what an event changed."""
        for change in changes:
            if isinstance(change, Trade):
                hits = self._watch.on_trade(change)
            elif isinstance(change, ForeignFlow):
                hits = self._watch.on_foreign(change)
            elif isinstance(change, IndexTick):
                hits = self._watch.on_index(change)
            else:
                continue
            for hit in hits:
                self._deliver(hit)

    # --- The alerts in force --------------------------------------------------------------------------------------

    def suppose(self, triggers: Iterable[Trigger]) -> None:
        """Before recovery: let alerts hold where nothing else is known.

        What is kept of a symbol replaces them, and notes in the journal change them. A symbol that had no state at the
        last checkpoint has them from there on, although they may be a few seconds younger.
        """
        self._use(Edit(list(triggers)))

    def begin(self, tell: Tell) -> None:
        """After recovery: tell what went off meanwhile, and from now on each hit as it comes."""
        self._tell = tell
        while self._held:
            tell(*self._held.popleft())

    def _hold(self, user: int, message: dict[str, Any]) -> None:
        self._held.append((user, message))

    def replace(self, note: Callable[[str, Any], None], triggers: Iterable[Trigger]) -> None:
        """Judge by these alerts from now on; what differs from those in force is noted in the journal first."""
        wanted = {trigger.id: trigger for trigger in triggers}
        held = {trigger.id: trigger for trigger in self._watch.in_force()}
        changed = [trigger for id, trigger in wanted.items() if held.get(id) != trigger]
        edit = Edit(changed, [id for id in held if id not in wanted])
        if not changed and not edit.gone:
            return
        note(PERSONAL, edit)
        self._use(edit)
        logger.info("Alerts: %s of users in force", len(self._watch))

    def take_note(self, value: Any) -> None:
        """Repeat an edit that the journal tells of."""
        self._use(msgspec.convert(value, Edit))

    def _use(self, edit: Edit) -> None:
        for symbol in self._watch.use(edit.changed, edit.gone):
            self._touch(symbol)
        self._attach_once()

    def _attach_once(self) -> None:
        if not self._is_attached and len(self._watch):
            self._is_attached = True
            self._attach(self.observe)

    # --- Memory ---------------------------------------------------------------------------------------------------

    def load(self, symbol: str, saved: Any) -> None:
        """Take up what was remembered of a symbol. A memory that cannot be used costs cool-downs, not the start."""
        if not saved:
            self._watch.forget(symbol)
            return
        try:
            self._watch.load_symbol(symbol, saved)
        except PersonalStateError as error:
            logger.warning("What was remembered of users' alerts on %s cannot be used: %s", symbol, error)
        self._attach_once()

    def _deliver(self, hit: Hit) -> None:
        self.fired += 1
        self._store(HITS, hit_row(hit), hit.trigger.symbol)
        self._tell(hit.trigger.user, hit_message(hit))


def save_triggers(watch: PersonalWatch, symbol: str) -> msgspec.Raw:
    """What is remembered of a symbol, as JSON."""
    return watch.dump_symbol(symbol) or NOTHING
