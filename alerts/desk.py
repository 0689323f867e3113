"""Alerts as ingest composes them: every event is judged, what fires is told at once and handed to storage.

Windows, edges and cool-downs are kept with the symbols' states (`save_memory`, `load_memory`), and an alert
that is found again after a restart has the id it had before: stored once, shown once.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

import msgspec

from alerts.domain.evaluate import AlertStateError, Evaluator
from alerts.domain.model import Alert
from alerts.engine import AlertEngine
from alerts.rows import ALERTS, live_row, stored_row
from market.domain.changes import Changes
from market.domain.events import Event
from market.domain.state import MarketState
from market.storage.tables import Row, Table

logger = logging.getLogger(__name__)

MEMORY: Final = "alerts"  # the name under which the collector keeps what rules remember

LiveRow: TypeAlias = Mapping[str, Any]


class AlertDesk:
    """A sink of the pipeline. `publish` takes live rows, `store` rows of a table and whose they are.

    While the journal is played again alerts are held back, so that they take their place among the earlier ones:
    `begin` publishes both in the order of time, and from then on each alert goes out as it fires.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        state: MarketState,
        publish: Callable[[dict[str, Any]], None],
        store: Callable[[Table, Row, str], None],
    ) -> None:
        self.fired: Counter[str] = Counter()  # by kind
        self._publish = publish
        self._store = store
        self._held: list[dict[str, Any]] | None = []
        self._engine = AlertEngine(evaluator, state, self._deliver)

    def observe(self, event: Event, changes: Changes) -> None:
        """Judge what an event changed."""
        self._engine.observe(event, changes)

    def begin(self, earlier: Iterable[LiveRow] = ()) -> None:
        """Publish what fired before this start and while recovering; each alert once."""
        rows = {str(row["id"]): dict(row) for row in (*earlier, *(self._held or ()))}
        self._held = None
        for row in sorted(rows.values(), key=lambda row: str(row["time"])):
            self._publish(row)

    def _deliver(self, alert: Alert) -> None:
        self.fired[alert.kind] += 1
        row = live_row(alert)
        if self._held is None:
            self._publish(row)
        else:
            self._held.append(row)
        self._store(ALERTS, stored_row(alert), alert.symbol)


def save_memory(evaluator: Evaluator, symbol: str) -> msgspec.Raw | None:
    """What the rules remember of a symbol, as JSON already.

    Lists that wait to be encoded would make the garbage collector look at them all, again and again: encoding at once
    takes a third of the time.
    """
    saved = evaluator.dump_symbol(symbol)
    return None if saved is None else msgspec.Raw(msgspec.json.encode(saved))


def load_memory(evaluator: Evaluator, symbol: str, saved: Any) -> None:
    """Take up what the rules remembered of a symbol. A memory that cannot be used costs windows, not the start."""
    try:
        evaluator.load(saved)
    except AlertStateError as error:
        logger.warning("What the alert rules remembered of %s cannot be used: %s", symbol, error)
