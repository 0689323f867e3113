"""Where the market's changes meet the alert rules: a sink of the pipeline that hands on what fired."""

from collections.abc import Callable

from alerts.domain.evaluate import Evaluator
from alerts.domain.kinds.book import book_top
from alerts.domain.model import Alert
from market.domain.changes import BasisPoint, Changes, ForeignFlow, IndexTick, Phase, Trade
from market.domain.events import Event, Quote, Snapshot
from market.domain.state import MarketState


class AlertEngine:
    """Judges every change as it happens; `deliver` gets each alert, in the order fired."""

    def __init__(self, evaluator: Evaluator, state: MarketState, deliver: Callable[[Alert], None]) -> None:
        self.evaluator = evaluator
        self._state = state
        self._deliver = deliver

    def observe(self, event: Event, changes: Changes) -> None:
        """Judge what an event changed."""
        for change in changes:
            alerts = self.evaluator.on_trade(change) if isinstance(change, Trade) else self._judge(change)
            for alert in alerts:
                self._deliver(alert)
        if self.evaluator.wants_books and isinstance(event, Quote | Snapshot):
            self._judge_book(event)

    def _judge(self, change: object) -> tuple[Alert, ...]:
        if isinstance(change, ForeignFlow):
            return self.evaluator.on_foreign(change, self._phase(change.symbol))
        if isinstance(change, BasisPoint):
            # The phase of the trade, not the session: fills of the closing auction may carry the one that follows.
            return self.evaluator.on_basis(change, self._state.symbols[change.contract].volume_phase)
        if isinstance(change, IndexTick):
            index = self._state.indices[change.index.upper()]
            return self.evaluator.on_index(change, self._state.boards[index.board].at(change.at))
        return ()

    def _judge_book(self, event: Quote | Snapshot) -> None:
        symbol = self._state.symbols.get(event.symbol)
        if symbol is None or symbol.book is not event or not self.evaluator.wants_book(event.symbol):
            return
        totals = symbol.totals
        ceiling, floor = (totals.ceiling or None, totals.floor or None) if totals is not None else (None, None)
        top = book_top(event, event.symbol, event.at, event.day, ceiling, floor)
        for alert in self.evaluator.on_book(top, symbol.phase):
            self._deliver(alert)

    def _phase(self, code: str) -> Phase | None:
        symbol = self._state.symbols.get(code)
        return symbol.phase if symbol is not None else None
