"""The tabs of a page: each names a list of rows. Whoever has lists of a reader's own adds them as tabs.

A tab is plain data, so that a page and its socket hold the same rows: the page writes `list=<id>` and, for a list of
named symbols, `symbols=<a,b,c>` into the socket's address, and the socket makes the same tab of them without a look
into the database. A new kind of list therefore needs nothing but a `Tab` with an id of its own and its symbols.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from market.pages.formatting import Row
from market.pages.rows import Text
from market.watchlists.lists import OwnList

VN30: Final = "VN30"
ALL: Final = "ALL"
FUTURES: Final = "FUTURES"
SECTOR: Final = "SECTOR-"
BOARDS: Final = ("HOSE", "HNX", "UPCOM")
ID: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
MOST_SYMBOLS: Final = 1000


class Tab(NamedTuple):
    """Which rows a page lists: named symbols, a board's, or everything (both None).

    `id` is the address's `?list=` and names the tab in caches: two lists that differ must not share it.
    """

    id: str
    title: Text
    symbols: frozenset[str] | None = None
    board: str | None = None
    futures: bool = False
    order: tuple[str, ...] = ()  # of the symbols, where their reader chose one

    def holds(self, row: Row) -> bool:
        """Tell whether a market row belongs to the page."""
        if self.futures:
            return False
        if self.symbols is not None:
            return row["symbol"] in self.symbols
        return self.board is None or row.get("board") == self.board


class Sector(NamedTuple):
    """A sector and the symbols in it."""

    code: str
    name: str
    symbols: frozenset[str]


def basket_tab(members: Collection[str], rows: Iterable[Row]) -> Tab:
    """VN30; it stands for everything while none of its members is watched."""
    symbols = frozenset(members)
    return Tab(VN30, "VN30", symbols if any(row["symbol"] in symbols for row in rows) else None)


def market_tabs(rows: Collection[Row], members: Collection[str], futures: bool = False) -> list[Tab]:
    """The tabs that everybody has, those without a row of their own left out."""
    tabs = [basket_tab(members, rows)]
    if members and any(row["symbol"] not in members for row in rows):
        boards = {row.get("board") for row in rows}
        tabs += [Tab(name, name, board=name) for name in BOARDS if name in boards]
        tabs.append(Tab(ALL, _("All")))
    if futures:
        tabs.append(Tab(FUTURES, _("Futures"), futures=True))
    return tabs


def own_tab(own: OwnList) -> Tab:
    """A list of a reader's own, in its order."""
    return Tab(own.id, own.name, frozenset(own.symbols), order=own.symbols)


def sector_tabs(rows: Iterable[Row], sectors: Iterable[Sector]) -> list[Tab]:
    """One tab for each sector that has a watched symbol, by name."""
    watched = {row["symbol"] for row in rows}
    found = [Tab(f"{SECTOR}{each.code}", each.name, each.symbols) for each in sectors if each.symbols & watched]
    return sorted(found, key=lambda tab: str(tab.title))


def choose(wanted: str, tabs: Sequence[Tab]) -> Tab:
    """The tab that the address asks for; the first one where there is none of that id.

    A board without rows and the whole market can be asked for even where no tab offers them.
    """
    if wanted in BOARDS:
        return Tab(wanted, wanted, board=wanted)
    if wanted == ALL:
        return Tab(ALL, _("All"))
    return next((tab for tab in tabs if tab.id == wanted), tabs[0])


def address(path: str, language: str, tab: Tab) -> str:
    """The address of the socket of a page that lists a tab."""
    asked = {"language": language, "list": tab.id}
    if tab.symbols is not None:
        asked["symbols"] = ",".join(sorted(tab.symbols))
    return f"{path}?{urlencode(asked, safe=',')}"


def asked_tab(id: str, symbols: Collection[str]) -> Tab | None:
    """The tab that a socket's address asks for; None if it cannot be used."""
    if not ID.fullmatch(id) or len(symbols) > MOST_SYMBOLS:
        return None
    if id in BOARDS:
        return Tab(id, id, board=id)
    if id in (ALL, VN30) and not symbols:
        return Tab(id, id)
    return Tab(id, id, frozenset(symbols), futures=id == FUTURES)
