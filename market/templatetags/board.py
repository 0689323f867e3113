"""Tags that put ready cells into a template. What a cell says is decided in `market.pages.formatting`."""

from collections.abc import Iterable

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from market.pages.formatting import BLANK, Cells
from market.pages.tables import Table, bar_svg, line_html, spark_svg
from market.watchlists.keepers import state_of
from market.watchlists.lists import OwnList

register = template.Library()


@register.simple_tag
def empty_line(table: Table) -> SafeString:
    """Render a line without a symbol, which the page's script copies for rows that come later."""
    return line_html(table.names, "", "", {})


@register.filter
def state(lists: Iterable[OwnList]) -> str:
    """Of a reader's lists, for `data-state`."""
    return state_of(lists or ())


@register.simple_tag
def cell(cells: Cells, name: str, tag: str = "span") -> SafeString:
    """Render one cell inside another element."""
    text, state = cells.get(name, BLANK)
    return format_html('<{} data-cell="{}" class="{}">{}</{}>', tag, name, state, text, tag)


@register.simple_tag
def bar(cells: Cells, name: str) -> SafeString:
    """Render a bar cell as an SVG whose parts fill a width of 100."""
    return mark_safe(bar_svg(name, cells.get(name, BLANK)[0]))  # our own numbers and names


@register.simple_tag
def spark(cells: Cells) -> SafeString:
    """Render a sparkline cell: a base line at the reference and the day's prices. The numbers stand beside it."""
    return mark_safe(spark_svg(*cells.get("spark", BLANK)))  # our own numbers and names
