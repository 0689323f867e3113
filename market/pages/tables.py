"""Tables of rows: which columns they have, how a line of one is formed and written as HTML.

Every page with rows has one. A line is formatted and rendered once for each version of its rows and each language of
this process, whoever asks: unchanged rows of the live snapshot are the same objects, which is what tells a version.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Final, NamedTuple

from django.utils.safestring import SafeString, mark_safe

from market.pages.formatting import BLANK, SPARK_HEIGHT, SPARK_WIDTH, Cells, Row
from market.pages.rows import Group, Line

BARS: Final = {
    "active_bar": ("buy", "neutral", "unclassified", "sell"),
    "breadth_bar": ("buy", "flat", "sell"),
    "used_bar": ("used", "left"),
}
BARRED: Final = {"active": "active_bar", "used": "used_bar", "pressure": "active_bar"}  # numbers with a bar beside them
NOTHING: Final[Row] = {}  # one object, so that it is the same version each time
MOST_LINES: Final = 20_000  # kept; four tables of the whole market in two languages


class Table(NamedTuple):
    """A kind of table. Its lines are made of one row of each channel, the first of which decides what lines there are.

    `sort` is the order until the reader chooses another; empty: the lines stay as they come.
    """

    id: str
    groups: tuple[Group, ...]
    channels: tuple[str, ...]
    form: Callable[..., Cells]  # (row of each channel ..., language)
    sort: str = "symbol"

    @property
    def names(self) -> tuple[str, ...]:
        """Cells in order, without the symbol."""
        return tuple(column.name for group in self.groups for column in group.columns if column.name != "symbol")

    @property
    def sortable(self) -> frozenset[str]:
        """Columns that the reader may sort by."""
        return frozenset(column.name for group in self.groups for column in group.columns if column.sorts)


class Kept(NamedTuple):
    """A line and what it was made of."""

    rows: tuple[Row, ...]
    line: Line


# Kept by process, as the live snapshot is: a page has no composition root.
_kept: dict[tuple[str, str, str], Kept] = {}


def lines(
    table: Table, rows: Iterable[Row], others: Sequence[Mapping[str, Row]], names: Mapping[str, str], language: str
) -> list[Line]:
    """Form the lines of these rows; `others` are all rows of the table's further channels."""
    return [
        line(table, (row, *(channel.get(row["symbol"], NOTHING) for channel in others)), names, language)
        for row in rows
    ]


def line(table: Table, rows: tuple[Row, ...], names: Mapping[str, str], language: str) -> Line:
    """Form one line, or answer with the one that was made of the very same rows."""
    symbol: str = rows[0]["symbol"]
    name = names.get(symbol, "")
    key = (table.id, language, symbol)
    kept = _kept.get(key)
    if kept and kept.line.name == name and all(one is other for one, other in zip(kept.rows, rows, strict=True)):
        return kept.line
    cells = table.form(*rows, language)
    made = Line(symbol, name, cells, line_html(table.names, symbol, name, cells))
    if len(_kept) >= MOST_LINES:
        _kept.clear()
    _kept[key] = Kept(rows, made)
    return made


def line_html(names: Iterable[str], symbol: str, name: str, cells: Cells) -> SafeString:
    """Write a line; without a symbol, the template of one that the page's script fills."""
    time, state = cells.get("row", BLANK)
    text, colour = cells.get("symbol", BLANK)
    target = f'href="/symbol/{escape(symbol)}/"' if symbol else 'data-to="/symbol/{}/"'
    return mark_safe(  # every part is escaped, a number or a name of ours
        f'<tr role="row" class="{state}" data-row="{escape(symbol)}" data-time="{time}">'
        f'<th role="rowheader" scope="row" data-cell="symbol" class="{colour}" title="{escape(name)}">'
        f"<a {target}>{escape(text or symbol)}</a></th>{''.join(cell_html(each, cells) for each in names)}</tr>"
    )


def cell_html(name: str, cells: Cells) -> str:
    """Write one cell of a line: plain text, a number with its bar, or the day's line."""
    text, state = cells.get(name, BLANK)
    if name == "spark":
        return f'<td role="cell" class="trend">{spark_svg(text, state)}</td>'
    if name in BARRED:
        bar = BARRED[name]
        number = f'<span data-cell="{name}" class="{state}">{escape(text)}</span>'
        return f'<td role="cell" class="active">{number}{bar_svg(bar, cells.get(bar, BLANK)[0])}</td>'
    return f'<td role="cell" data-cell="{name}" class="{state}">{escape(text)}</td>'


def bar_svg(name: str, text: str) -> str:
    """Draw a bar whose parts fill a width of 100."""
    widths = [int(width) for width in text.split()] or [0] * len(BARS[name])
    parts, left = "", 0
    for state, width in zip(BARS[name], widths, strict=True):
        parts += f'<rect class="{state}" x="{left}" y="0" width="{width}" height="4"/>'
        left += width
    box = 'viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"'
    return f'<svg data-cell="{name}" data-kind="bar" {box}>{parts}</svg>'


def spark_svg(text: str, state: str) -> str:
    """Draw a day's prices over a base line at the reference. The numbers stand beside it."""
    base, _, points = text.partition(" ")
    box = f'viewBox="0 0 {SPARK_WIDTH} {SPARK_HEIGHT}" preserveAspectRatio="none" aria-hidden="true"'
    at = base or SPARK_HEIGHT
    return (
        f'<svg data-cell="spark" data-kind="spark" class="{state}" {box}>'
        f'<line x1="0" x2="{SPARK_WIDTH}" y1="{at}" y2="{at}"/><polyline points="{points}"/></svg>'
    )
