"""All of alerts that lives in ingest, put together: who judges the market's state, and what becomes of what they find.

Rules and users' alerts go the same way. Books hold them as the database has them, judges apply them to each change,
and desks tell and store what fires, and ask for its delivery.
"""

from collections.abc import Callable, Coroutine
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from alerts.delivery.nudge import Nudge
from alerts.desk import MEMORY, AlertDesk, load_memory, save_memory
from alerts.domain.evaluate import Evaluator
from alerts.domain.personal import PersonalWatch
from alerts.personal.book import PersonalBook
from alerts.personal.desk import PERSONAL, PersonalDesk, Tell, save_triggers
from alerts.queries import earlier_alerts
from alerts.rulebook import Rulebook
from alerts.usual import StoredVolumes
from market.domain.state import MarketState
from market.pipeline import Pipeline
from market.storage.collect import Collector, Memory
from market.storage.recovery import Load
from market.storage.store import Store, TakeNote
from market.storage.tables import Row, Table


class Judges(Struct, frozen=True):
    """Who judges by rules and by users' alerts, and the books that these come from."""

    rulebook: Rulebook
    usual: StoredVolumes
    book: PersonalBook
    evaluator: Evaluator
    watch: PersonalWatch

    def memories(self) -> dict[str, Memory]:
        """What they remember of a symbol, for the collector to keep; recovery gives it back to `Desks.loads`."""
        return {MEMORY: partial(save_memory, self.evaluator), PERSONAL: partial(save_triggers, self.watch)}


async def read_judges(state: MarketState, rules_file: Path, day: date) -> Judges:
    """Open the books on a day; what the database does not tell is taken from `rules_file`, or is not judged yet."""
    rulebook = Rulebook(rules_file)
    page = await rulebook.open(day)
    usual = StoredVolumes()
    await usual.refresh(page.rules, day)
    book = PersonalBook()
    await book.refresh(day)
    return Judges(rulebook, usual, book, Evaluator(page.rules, page.members, usual), PersonalWatch(state, usual))


class Desks:
    """The desk of rules and that of users' alerts. Both join the pipeline, the latter once there are such alerts.

    Build it, let the store recover with `loads` and `notes`, `begin`, then run `helpers`. `publish` takes live rows.
    """

    def __init__(
        self,
        judges: Judges,
        pipeline: Pipeline,
        collector: Collector,
        store: Store,
        publish: Callable[[dict[str, Any]], None],
    ) -> None:
        self._judges = judges
        self._store = store
        self._nudge = Nudge(lambda: store.sealed, lambda: store.progress.stored_seq)

        def keep(table: Table, row: Row, symbol: str) -> None:
            collector.add(table, row, symbol)
            self._nudge.note()

        self.personal = PersonalDesk(judges.watch, attach=pipeline.add_sink, store=keep, touch=collector.touch)
        self.personal.suppose(judges.book.page.triggers)
        self.rules = AlertDesk(judges.evaluator, pipeline.state, publish, keep)
        pipeline.add_sink(self.rules.observe)

    def loads(self) -> dict[str, Load]:
        """What takes up what `Judges.memories` gave."""
        return {MEMORY: partial(load_memory, self._judges.evaluator), PERSONAL: self.personal.load}

    def notes(self) -> dict[str, TakeNote]:
        """What takes up what was noted in the journal."""
        return {PERSONAL: self.personal.take_note}

    async def begin(self, tell: Tell, *, anew: bool) -> None:
        """After recovery, tell what fired before and meanwhile; `anew`: the earlier alerts are of another market."""
        self.rules.begin(() if anew else await earlier_alerts())
        self.personal.begin(tell)

    def helpers(self, today: Callable[[], date]) -> dict[str, Coroutine[Any, Any, None]]:
        """What runs beside the messages: delivery is asked for, and books are read again; `today()` is the market's."""
        judges = self._judges
        evaluator, wanted = judges.evaluator, judges.watch.wants_usual_volume
        return {
            "nudge": self._nudge.run(),
            "own alerts": judges.book.keep_fresh(partial(self.personal.replace, self._store.note), today),
            "rules": judges.rulebook.keep_fresh(evaluator.replace_rules, today),
            "usual": judges.usual.keep_fresh(lambda: evaluator.rules, wanted, today),
        }
