"""What pages with rows share: headings, order and filter of their lines, the strip, and what their header says.

Nothing here touches a request, Redis or the database: views and the page's socket pass in what they read.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from market.pages.formatting import BLANK, Cells, Row, parse
from market.pages.strip import FUTURE, INDICES, future_cells, index_cells, is_front, strip_id

Text: TypeAlias = str | Promise


class Column(NamedTuple):
    """One column: cell name, heading and its long form for hover and screen readers.

    `auction` is what the heading says of rows whose auction runs, where the column then shows something else.
    """

    name: str
    label: Text
    hint: Text
    auction: Text = ""
    sorts: bool = True


class Heading(NamedTuple):
    """A column's heading on a page in some order: what it links to, and how it is sorted now (ARIA's words)."""

    name: str
    label: Text
    hint: Text
    auction: Text
    sorts: bool
    next: str
    sorted: str


class Group(NamedTuple):
    """Columns under one heading."""

    name: str
    label: Text
    columns: tuple[Column, ...]


PHASES: dict[str, Text] = {
    "pre_open": _("Before opening"),
    "ato": _("Opening auction (ATO)"),
    "continuous": _("Continuous"),
    "lunch": _("Lunch break"),
    "atc": _("Closing auction (ATC)"),
    "post_close": _("Post-close (PLO)"),
    "put_through": _("Put-through"),
    "closed": _("Closed"),
    "halted": _("Halted"),
}
BOARDS: dict[str, Text] = {"HOSE": "HOSE", "HNX": "HNX", "UPCOM": "UPCOM", "DERIVATIVES": _("Derivatives")}
SOURCES: dict[str, Text] = {"simulation": _("Simulation"), "replay": _("Replay")}
FEEDS: dict[str, tuple[str, Text]] = {
    "delayed": ("late", _("Delayed")),
    "reconnecting": ("lost", _("Reconnecting")),
    "closed": ("off", _("Resting")),
    "starting": ("late", _("Starting")),
}


class Line(NamedTuple):
    """One line of a table: symbol, the company's name, the cells, and all of it as HTML."""

    symbol: str
    name: str
    cells: Cells
    html: SafeString


def ordered(board: list[Line], sort: str, language: str, sortable: Collection[str]) -> list[Line]:
    """Sort by what a column shows, `-` for descending; blanks go last either way, ties by symbol."""
    column, descending = sort.removeprefix("-"), sort.startswith("-")
    board = sorted(board, key=lambda line: line.symbol)
    if column == "symbol" or column not in sortable:
        return board[::-1] if sort == "-symbol" else board
    values = {line.symbol: parse(line.cells[column][0], language) for line in board}
    filled = [line for line in board if values[line.symbol] is not None]
    filled.sort(key=lambda line: values[line.symbol] or 0.0, reverse=descending)
    return filled + [line for line in board if values[line.symbol] is None]


def placed(board: list[Line], order: Sequence[str]) -> list[Line]:
    """Put lines into a reader's own order."""
    places = {symbol: place for place, symbol in enumerate(order)}
    return sorted(board, key=lambda line: places.get(line.symbol, len(places)))


def auction_part(board: Collection[Line]) -> str:
    """Tell whether all, some or none of the lines are in an auction: some headings depend on it."""
    count = sum("auction" in line.cells["row"][1] for line in board)
    return "none" if not count else "all" if count == len(board) else "some"


def matching(board: list[Line], text: str) -> list[Line]:
    """Keep the lines whose code, name or symbol as it is shown (a future's rolling name) holds the text."""
    wanted = text.strip().casefold()
    return [line for line in board if any(wanted in each.casefold() for each in called(line))]


def called(line: Line) -> tuple[str, str, str]:
    """What people may know a line by."""
    return line.symbol, line.cells.get("symbol", BLANK)[0], line.name


def strip(indices: Mapping[str, Row], futures: Mapping[str, Row], language: str) -> dict[str, Cells]:
    """Format the strip: one card for each index we show, in order, and the front future's if there is one."""
    found = {strip_id(row["index"]): row for row in indices.values()}
    shown = {f"index:{name}": index_cells(found.get(f"index:{name}", {"index": name}), language) for name in INDICES}
    front = next(filter(is_front, futures.values()), None)
    if front:
        shown[FUTURE] = future_cells(front, language)
    return shown


def headings(sort: str, groups: Iterable[Group]) -> list[tuple[str, Text, list[Heading]]]:
    """Prepare the headings, by group. A first click sorts numbers from the top, names from A; a second turns."""
    return [(group.name, group.label, [heading(column, sort) for column in group.columns]) for group in groups]


def heading(column: Column, sort: str) -> Heading:
    up, down = column.name, f"-{column.name}"
    first, second = (up, down) if column.name == "symbol" else (down, up)
    state = "ascending" if sort == up else "descending" if sort == down else "none"
    return Heading(*column, second if sort == first else first, state)


class Session(NamedTuple):
    """A board's phase in words; `until` is epoch seconds of the market's clock."""

    board: Text
    phase: str
    label: Text
    until: str
    until_text: str
    next_label: Text
    name: str


def header(status: Mapping[str, Any] | None) -> dict[str, Any]:
    """Say what feeds the page and in which phase each board is, as the context of `_status.html`.

    A simulation or a replay runs; it is never called live.
    """
    if status is None:
        return {"source": "", "feed": "late", "feed_label": _("Waiting for data"), "sessions": []}
    played = SOURCES.get(status["source"])
    running: tuple[str, Text] = ("on", _("Running") if played else _("Live"))
    feed, label = running if status["feed"] == "live" else FEEDS.get(status["feed"], ("late", status["feed"]))
    return {
        "source": status["source"] if played else "",
        "source_label": played or "",
        "feed": feed,
        "feed_label": label,
        "delay": status.get("delay_seconds") if status["feed"] == "delayed" else None,
        "detail": status.get("detail") or "",
        "day": status.get("day") or {},
        "trading_date": day_of(status.get("trading_date")),
        "time": clock(status.get("time"), "%H:%M:%S"),
        "sessions": [session(name, board) for name, board in (status.get("boards") or {}).items() if name in BOARDS],
    }


def session(name: str, board: Mapping[str, Any]) -> Session:
    until = board.get("until")
    return Session(
        BOARDS[name],
        board["phase"],
        PHASES.get(board["phase"], board["phase"]),
        f"{datetime.fromisoformat(until).timestamp():.0f}" if until else "",
        clock(until, "%H:%M"),
        PHASES.get(board.get("next") or "", ""),
        name,
    )


def clock(time: str | None, form: str) -> str:
    return datetime.fromisoformat(time).strftime(form) if time else ""


def day_of(date: str | None) -> str:
    return datetime.fromisoformat(date).strftime("%d/%m/%Y") if date else ""


def epoch_seconds(time: str | None) -> str:
    """Turn the market's ISO time into epoch seconds, as text for a data attribute."""
    return f"{datetime.fromisoformat(time).timestamp():.0f}" if time else ""
