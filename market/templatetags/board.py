"""Tags that put the board's ready cells into a template. What a cell says is decided in `market.formatting`."""

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from market.formatting import BLANK, SPARK_HEIGHT, SPARK_WIDTH, Cells
from market.pages import PLAIN

register = template.Library()
BARS = {
    "active_bar": ("buy", "neutral", "unclassified", "sell"),
    "breadth_bar": ("buy", "flat", "sell"),
    "used_bar": ("used", "left"),
}
BARRED = {"used": "used_bar", "pressure": "active_bar"}  # columns whose number has a bar beside it


@register.simple_tag
def plain_cells(cells: Cells, names: tuple[str, ...] = PLAIN) -> SafeString:
    """Render the cells that hold text alone, in the board's order."""
    return mark_safe(  # every part is escaped or a name of ours
        "".join(
            f'<td role="cell" data-cell="{name}" class="{escape(state)}">{escape(text)}</td>'
            for name, (text, state) in ((name, cells.get(name, BLANK)) for name in names)
        )
    )


@register.simple_tag
def grid_cells(cells: Cells, names: tuple[str, ...]) -> SafeString:
    """Render the cells of a line of any table, in order; those that have a bar with it."""
    return mark_safe(  # every part is escaped or a name of ours
        "".join(
            f'<td role="cell" class="active">{cell(cells, name)}{bar(cells, BARRED[name])}</td>'
            if name in BARRED
            else plain_cells(cells, (name,))
            for name in names
        )
    )


@register.simple_tag
def cell(cells: Cells, name: str, tag: str = "span") -> SafeString:
    """Render one cell inside another element."""
    text, state = cells.get(name, BLANK)
    return format_html('<{} data-cell="{}" class="{}">{}</{}>', tag, name, state, text, tag)


@register.simple_tag
def bar(cells: Cells, name: str) -> SafeString:
    """Render a bar cell as an SVG whose parts fill a width of 100."""
    widths = [int(width) for width in cells.get(name, BLANK)[0].split()] or [0] * len(BARS[name])
    parts = ""
    left = 0
    for state, width in zip(BARS[name], widths, strict=True):
        parts += f'<rect class="{state}" x="{left}" y="0" width="{width}" height="4"/>'
        left += width
    return format_html(
        '<svg data-cell="{}" data-kind="bar" viewBox="0 0 100 4" preserveAspectRatio="none" '
        'aria-hidden="true">{}</svg>',
        name,
        mark_safe(parts),  # our own numbers and names
    )


@register.simple_tag
def spark(cells: Cells) -> SafeString:
    """Render a sparkline cell: a base line at the reference and the day's prices. The numbers stand beside it."""
    text, state = cells.get("spark", BLANK)
    base, _, points = text.partition(" ")
    return format_html(
        '<svg data-cell="spark" data-kind="spark" class="{}" viewBox="0 0 {} {}" preserveAspectRatio="none" '
        'aria-hidden="true"><line x1="0" x2="{}" y1="{}" y2="{}"/><polyline points="{}"/></svg>',
        state,
        SPARK_WIDTH,
        SPARK_HEIGHT,
        SPARK_WIDTH,
        base or SPARK_HEIGHT,
        base or SPARK_HEIGHT,
        points,
    )
