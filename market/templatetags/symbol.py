"""Tags of the symbol page: bars of several parts, and the lines of the depth."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from market.pages.formatting import BLANK, Cells
from market.templatetags.board import cell

register = template.Library()


@register.simple_tag
def parts(widths: str, kinds: str, name: str = "") -> SafeString:
    """Draw a bar of 100 whose parts have these widths ("60 40") and classes ("buy sell"); a name makes it live."""
    names = kinds.split()
    numbers = [int(width) for width in widths.split()] or [0] * len(names)
    drawn = ""
    left = 0
    for kind, width in zip(names, numbers, strict=False):
        drawn += f'<rect class="{kind}" x="{left}" y="0" width="{width}" height="4"/>'
        left += width
    return format_html(
        '<svg{} data-kind="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">{}</svg>',
        format_html(' data-cell="{}"', name) if name else "",
        mark_safe(drawn),  # our own numbers and names
    )


@register.simple_tag
def live_parts(cells: Cells, name: str, kinds: str) -> SafeString:
    """Draw a bar cell."""
    return parts(cells.get(name, BLANK)[0], kinds, name)


@register.simple_tag
def depth_line(cells: Cells, place: int) -> SafeString:
    """Render one level of both sides: volume and price of the buyers, price and volume of the sellers."""
    bid, ask = f"bid{place}", f"ask{place}"
    return format_html(
        '<td class="bid">{}{}</td>{}{}<td class="ask">{}{}</td>',
        live_parts(cells, f"{bid}_bar", "buy"),
        cell(cells, f"{bid}_volume"),
        cell(cells, f"{bid}_price", "td"),
        cell(cells, f"{ask}_price", "td"),
        live_parts(cells, f"{ask}_bar", "sell"),
        cell(cells, f"{ask}_volume"),
    )


@register.simple_tag
def phase_line(cells: Cells, phase: str) -> SafeString:
    """Render the volumes of a phase by aggressor, with a bar of them."""
    kinds = ("total", "buy", "sell", "neutral", "unclassified")
    columns = "".join(cell(cells, f"{phase}_{kind}", "td") for kind in kinds)
    drawn = live_parts(cells, f"{phase}_bar", "buy neutral unclassified sell")
    return mark_safe(f"{columns}<td>{drawn}</td>")  # made of escaped parts


@register.simple_tag
def method_line(cells: Cells, method: str) -> SafeString:
    """Render the volume whose aggressor was decided in a way, and its share."""
    return mark_safe(cell(cells, f"method_{method}", "td") + cell(cells, f"method_{method}_share", "td"))
