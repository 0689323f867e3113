"""The socket of one symbol's page: that row's cells, as `market.pages.card` forms them, and the session header."""

from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs

from django.conf import settings

from market.pages.board_consumer import BoardConsumer
from market.pages.card import CHANNELS, Kind, card_cells
from market.pages.formatting import Cells, Row
from market.pages.live_board import Patch

LONGEST_SYMBOL: Final = 24
MOST_CARDS: Final = 2000


class Cards:
    """Cells of rows as they were last formatted, for all sockets of a process. One for each web process."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], tuple[Row, Cells]] = {}

    def cells(self, kind: Kind, symbol: str, row: Row, language: str) -> Cells:
        """The cells of a row. A row that changes is another object, so the same object means the same cells."""
        key = (kind, symbol, language)
        kept = self._kept.pop(key, None)
        if kept is None or kept[0] is not row:
            kept = (row, card_cells(row, kind, language))
        self._kept[key] = kept
        if len(self._kept) > MOST_CARDS:  # who was asked for longest ago goes
            del self._kept[next(iter(self._kept))]
        return kept[1]


class WantedSymbol(NamedTuple):
    """What the page asked for in the socket's address. `symbol` is the row's key in the channel of its kind."""

    language: str
    kind: Kind
    symbol: str


def wanted_symbol(query: bytes) -> WantedSymbol | None:
    """Read `language`, `kind` and `symbol` from a query string; None if they cannot be used."""
    try:
        values = parse_qs(query.decode(), strict_parsing=bool(query), max_num_fields=3)
    except (UnicodeDecodeError, ValueError):
        return None
    language = values.get("language", [settings.LANGUAGE_CODE])[0]
    kind = next((kind for kind in CHANNELS if [kind] == values.get("kind", ["stock"])), None)
    symbol = values.get("symbol", [""])[0]
    if language not in dict(settings.LANGUAGES) or kind is None or not 0 < len(symbol) <= LONGEST_SYMBOL:
        return None
    return WantedSymbol(language, kind, symbol.upper())


class SymbolConsumer(BoardConsumer):
    """One open page of a symbol. A snapshot after the first one tells the page that it missed something."""

    def __init__(self, cards: Cards, **options: Any) -> None:
        super().__init__(**options)
        self.cards = cards
        self.symbol = WantedSymbol("", "stock", "")
        self.shown: Cells = {}
        self.epoch = ""

    def ask(self, query: bytes) -> bool:
        asked = wanted_symbol(query)
        if asked is None:
            return False
        self.symbol = asked
        self.wanted = self.wanted._replace(language=asked.language)
        return True

    def news(self) -> Patch | None:
        """The cells that differ from those on the page; None if another ingest publishes now."""
        if self.board.channels[self.channel].epoch != self.epoch:
            return None
        cells = self.cells()
        changed = {name: cell for name, cell in cells.items() if self.shown.get(name) != cell}
        self.shown = cells or self.shown
        return {self.symbol.symbol: changed} if changed else {}

    def everything(self) -> Patch:
        """All cells of the row; nothing while it is not live."""
        self.epoch = self.board.channels[self.channel].epoch
        self.shown = self.cells()
        return {self.symbol.symbol: self.shown} if self.shown else {}

    @property
    def channel(self) -> str:
        return CHANNELS[self.symbol.kind]

    def cells(self) -> Cells:
        row = self.board.channels[self.channel].rows.get(self.symbol.symbol)
        return {} if row is None else self.cards.cells(self.symbol.kind, self.symbol.symbol, row, self.symbol.language)
