"""What every page of the market reads before anything else: who asks for which rows, and what is live."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import get_language

from market import live
from market.pages import tabs
from market.pages.derivatives import by_month
from market.pages.formatting import Row
from market.pages.once import once
from market.pages.rows import auction_part, epoch_seconds, header, headings, matching, ordered, placed
from market.pages.tables import Table, lines
from market.pages.tabs import Sector, Tab
from market.reference import InstrumentInfo, basket_codes, instruments

REFERENCE_SECONDS = 300
RETRY_SECONDS = 15


class Reference(NamedTuple):
    """Reference data in the reader's words; empty while the database is away."""

    members: list[str]  # of VN30
    names: dict[str, str]
    sectors: list[Sector]


class Visit(NamedTuple):
    """One request: its language, the live channels, the tabs that it may choose from and the chosen one."""

    language: str
    snapshots: Mapping[str, live.LiveSnapshot | None]
    away: bool
    reference: Reference
    tabs: list[Tab]
    sectors: list[Tab]
    chosen: Tab
    rows: Mapping[str, Row]  # of the market, those of the chosen tab

    @property
    def market(self) -> live.LiveSnapshot | None:
        """The market's snapshot, which tells the status."""
        return self.snapshots["market"]

    @property
    def status(self) -> Mapping[str, Any]:
        """The feed's status; empty while there is none."""
        return self.market.status if self.market else {}

    @property
    def names(self) -> dict[str, str]:
        """Companies' names by symbol."""
        return self.reference.names

    def channel(self, name: str) -> Mapping[str, Row]:
        """All rows of a channel."""
        return rows_of(self.snapshots[name])

    def table(self, request: HttpRequest, table: Table) -> dict[str, Any]:
        """Give `_grid.html` a table's lines in the order that the reader asks for, `table.sort` unless there is one."""
        asked, q = request.GET.get("sort", table.sort), request.GET.get("q", "")
        first, *others = (self.channel(name) for name in table.channels)
        rows = by_month(first.values()) if table.channels == ("derivatives",) else self.rows.values()
        shown = matching(lines(table, rows, others, self.names, self.language), q)
        own = bool(self.chosen.order) and "sort" not in request.GET
        if own:
            shown = placed(shown, self.chosen.order)
        elif table.sort:
            shown = ordered(shown, asked, self.language, table.sortable)
        return {
            "q": q,
            "table": table,
            "groups": headings("" if own else asked, table.groups),
            "lines": shown,
            "rows": mark_safe("\n".join(line.html for line in shown)),  # made of escaped parts, once for each version
            "auction": auction_part(shown),
        }

    def socket(self, path: str) -> str:
        """The address of the page's socket."""
        return tabs.address(path, self.language, self.chosen)

    def context(self, page: str, path: str) -> dict[str, Any]:
        """Give the page's template what every page with tabs says."""
        return live_context(page, self.market, self.away, self.socket(path)) | {
            "tab": self.chosen,
            "tabs": self.tabs if len(self.tabs) > 1 or self.sectors else [],
            "sectors": self.sectors,
            "list_label": "" if self.chosen.id == tabs.ALL else self.chosen.title,
        }


class Lists(NamedTuple):
    """Tabs that readers made: the reader's own, and one of somebody else's that is shown whatever is chosen."""

    own: Sequence[Tab] = ()
    shared: Tab | None = None


NO_LISTS: Final = Lists()


async def visit(request: HttpRequest, *channels: str, futures: bool = False, lists: Lists = NO_LISTS) -> Visit:
    """Read the live channels and the reference data of a request; `futures`: the page has a tab for them."""
    language = get_language() or settings.LANGUAGE_CODE
    snapshots, away = await read_live("market", *channels)
    market = snapshots["market"]
    rows = rows_of(market)
    known = await sync_to_async(reference)(trading_day(market.status if market else None), language)
    listed = tabs.market_tabs(rows.values(), known.members, futures)
    sectors = tabs.sector_tabs(rows.values(), known.sectors)
    chosen = lists.shared or tabs.choose(request.GET.get("list", tabs.VN30), [*listed, *sectors, *lists.own])
    held = {symbol: row for symbol, row in rows.items() if chosen.holds(row)}
    return Visit(language, snapshots, away, known, listed, sectors, chosen, held)


async def read_live(*names: str) -> tuple[dict[str, live.LiveSnapshot | None], bool]:
    """Read the page's channels; the flag says that Redis is away, and then there are none."""
    try:
        return dict(zip(names, await asyncio.gather(*map(live.snapshot, names)), strict=True)), False
    except live.LiveUnavailable:
        return dict.fromkeys(names), True


def reference(day: date, language: str) -> Reference:
    """Read VN30's members, everybody's names and the sectors; the board still shows without a database."""

    def read() -> tuple[Reference, float]:
        try:
            known = instruments()
            names = {code: info.name for code, info in known.items()}
            return Reference(basket_codes("VN30", day), names, sectors_of(known)), REFERENCE_SECONDS
        except DatabaseError:
            return Reference([], {}, []), RETRY_SECONDS

    return once(f"board-reference:{day}:{language}", read)


def sectors_of(known: Mapping[str, InstrumentInfo]) -> list[Sector]:
    symbols: dict[tuple[str, str], set[str]] = {}
    for code, info in known.items():
        if info.sector:
            symbols.setdefault((info.sector, info.sector_name), set()).add(code)
    return [Sector(code, name, frozenset(members)) for (code, name), members in symbols.items()]


def live_context(page: str, market: live.LiveSnapshot | None, away: bool, socket: str) -> dict[str, Any]:
    """Give `market/live.html` what every live page says: header, notices, clock and its socket's address."""
    status = market.status if market else None
    return header(status) | {
        "page": page,
        "away": away,
        "waiting": not away and market is None,
        "market_time": epoch_seconds(market.time if market else None),
        "speed": (status or {}).get("speed") or 1,
        "stale_after": settings.STALE_AFTER_SECONDS,
        "socket": socket,
    }


def rows_of(snapshot: live.LiveSnapshot | None) -> Mapping[str, live.Row]:
    return snapshot.rows if snapshot else {}


def trading_day(status: Mapping[str, Any] | None) -> date:
    """The market's date: a replay's basket is that of its day."""
    text = (status or {}).get("trading_date")
    return date.fromisoformat(text) if text else timezone.localdate()
