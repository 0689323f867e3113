"""Numbers in the reader's language, and small charts as SVG, for the panels of the pages.

What a number looks like is decided in `market.pages.formatting`, where a chart's points lie in `market.pages.graphics`.
"""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from market.pages import formatting
from market.pages.graphics import Chart, Label
from market.pages.overview import HeatCell, HeatSector, title_of
from market.pages.strip import colour_of_sign
from market.pages.volume import Share

register = template.Library()
BILLION = 1_000_000_000
NONE = "–"
WITH_CHANGE = ("large", "middle", "small")  # cells of the heat map that have room for more than the symbol


def language() -> str:
    return get_language() or "vi"


@register.filter
def whole(value: float | None) -> str:
    """Write a count or a volume."""
    return formatting.number(value, language()) or NONE


@register.filter
def signed(value: float | None, decimals: int = 0) -> str:
    """Write a difference with its sign."""
    return formatting.number(value, language(), decimals, sign=True) or NONE


@register.filter
def decimal(value: float | None, decimals: int = 1) -> str:
    """Write a number with some decimals."""
    return formatting.number(value, language(), decimals) or NONE


@register.filter
def bn(value: float | None, decimals: int = 1) -> str:
    """Write VND as billion VND, without the word."""
    return NONE if value is None else formatting.number(value / BILLION, language(), decimals)


@register.filter
def signed_bn(value: float | None, decimals: int = 1) -> str:
    """Write VND as billion VND with a sign, without the word."""
    return NONE if value is None else formatting.number(value / BILLION, language(), decimals, sign=True)


@register.filter
def volume(value: float | None) -> str:
    """Write a large volume: in full below a million, else in millions."""
    return formatting.millions(value, language()) or NONE


@register.filter
def price(value: float | None) -> str:
    """Write a stock's price in thousand VND."""
    return formatting.thousands(value, language()) or NONE


@register.filter
def tone(value: float | None) -> str:
    """Name the class of a difference: up, down or reference."""
    return colour_of_sign(value)


@register.simple_tag
def diverging(value: float, most: float) -> SafeString:
    """Draw a bar that leaves the middle to the right for what is positive, to the left for what is negative."""
    length = round(100 * min(1.0, abs(value) / most), 1) if most else 0
    return format_html(
        '<svg class="diverging" viewBox="0 0 200 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="{}" x="{}" y="0" width="{}" height="8"/><path d="M100 0V8"/></svg>',
        "buy" if value > 0 else "sell",
        100 if value > 0 else round(100 - length, 1),
        length,
    )


@register.simple_tag
def stacked(parts: list[tuple[str, float]] | tuple[tuple[str, float], ...], whole: float = 0) -> SafeString:
    """Draw a bar of named parts; `whole` is what the full width stands for, else their sum."""
    total = whole or sum(value for _, value in parts) or 1
    drawn, left = [], 0.0
    for name, value in parts:
        width = 100 * value / total
        drawn.append((name, round(left, 2), round(width, 2)))
        left += width
    rects = format_html_join("", '<rect class="{}" x="{}" y="0" width="{}" height="8"/>', drawn)
    return format_html(
        '<svg class="stacked" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">{}</svg>', rects
    )


@register.simple_tag
def line_chart(chart: Chart, label: str, decimals: int = 0, tone: str = "") -> SafeString:
    """Draw a chart. Its box is stretched, its labels are not: they lie in an outer SVG at places in per cent."""
    levels = format_html_join(
        "", '<line x1="0" x2="100%" y1="{0}%" y2="{0}%"/>', ((each.place,) for each in chart.levels)
    )
    values = format_html_join(
        "", '<text x="100%" y="{}%" dx="7" dy="{}">{}</text>', level_texts(chart.levels, decimals)
    )
    times = format_html_join(
        "",
        '<line x1="{0}%" x2="{0}%" y1="0" y2="100%"/><text x="{0}%" y="100%" dx="4" dy="-4">{1}</text>',
        ((each.place, each.text) for each in chart.times),
    )
    return format_html(
        '<svg class="chart {}" role="img" aria-label="{}"><g class="grid">{}{}{}</g>'
        '<svg viewBox="0 0 1000 1000" preserveAspectRatio="none" width="100%" height="100%">{}'
        '<polyline points="{}"/></svg>'
        '<circle cx="{}%" cy="{}%" r="3"/></svg>',
        *(tone, label, levels, values, times),
        *(areas(chart), chart.line, *chart.last),
    )


def areas(chart: Chart) -> SafeString | str:
    if chart.base is None:
        return ""
    return format_html(
        '<polygon class="above" points="{}"/><polygon class="below" points="{}"/>'
        '<line class="base" x1="0" x2="1000" y1="{}" y2="{}"/>',
        *(chart.above, chart.below, chart.base, chart.base),
    )


def level_texts(levels: list[Label], decimals: int) -> list[tuple[float, int, str]]:
    """A level's text stands above its line, or below where there is no room above."""
    return [
        (each.place, 12 if each.place < 7 else -3, formatting.number(each.value, language(), decimals))
        for each in levels
    ]


@register.simple_tag
def ring_chart(shares: list[Share]) -> SafeString:
    """Draw the parts of a volume as a ring; its table stands beside it."""
    arcs = format_html_join(
        "",
        '<circle class="{}" cx="21" cy="21" r="15.9155" stroke-dasharray="{} {}" stroke-dashoffset="{}"/>',
        ((each.name, each.arc.length, round(100 - each.arc.length, 2), each.arc.offset) for each in shares),
    )
    active = {each.name: each.volume for each in shares}
    known = active.get("buy", 0) + active.get("sell", 0)
    share = f"{formatting.number(100 * active['buy'] / known, language())}%" if known else NONE
    return format_html(
        '<svg class="ring" viewBox="0 0 42 42" aria-hidden="true">{}<text x="21" y="22" text-anchor="middle">{}</text>'
        '<text class="under" x="21" y="27" text-anchor="middle">{}</text></svg>',
        arcs,
        share,
        gettext("buy, of active"),
    )


@register.simple_tag
def heat_map(sectors: list[HeatSector], name: str, label: str) -> SafeString:
    """Draw the heat map. Boxes are placed in per cent, so that their text is never stretched."""
    return format_html(
        '<svg class="heat {}" role="group" aria-label="{}">{}</svg>',
        name,
        label,
        format_html_join("", "{}", ((heat_sector(each, name),) for each in sectors)),
    )


def heat_sector(sector: HeatSector, map_name: str) -> SafeString:
    percent = f"{signed(sector.percent, 2)}%"
    titles = {"sector": title_of(percent, sector.name, sector.room)}
    if (long := title_of(percent, sector.name, sector.roomy)) != titles["sector"]:
        titles = {"sector roomy": long} | titles
    texts = format_html_join(
        "",
        '<text class="{}" x="4" y="12.5"><title>{}</title>{}</text>',
        ((name, sector.name, title) for name, title in titles.items()),
    )
    return format_html(
        '<svg x="{}%" y="{}%" width="{}%" height="{}%">{}<svg y="{}%" width="100%" height="{}%">{}</svg></svg>',
        *(sector.box.x, sector.box.y, sector.box.width, sector.box.height),
        *(texts, sector.heading, round(100 - sector.heading, 2)),
        format_html_join("", "{}", ((heat_cell(cell, map_name),) for cell in sector.cells)),
    )


def heat_cell(cell: HeatCell, map_name: str) -> SafeString:
    mover = cell.mover
    change = f"{signed(mover.percent, 2)}%"
    lines = [] if cell.size == "bare" else [("", ".35em", mover.symbol)]
    if cell.size in WITH_CHANGE:
        lines = [("", "-.1em", mover.symbol), ("change", "1.1em", change)]
    texts = format_html_join("", '<text class="{}" x="50%" y="50%" dy="{}" text-anchor="middle">{}</text>', lines)
    return format_html(
        '<a id="{0}-{1}" href="/symbol/{1}/"><title>{1} {2} {3} · {4}</title><svg class="cell {5} {6}" '
        'x="{7}%" y="{8}%" width="{9}%" height="{10}%"><rect width="100%" height="100%"/>{11}</svg></a>',
        *(map_name, mover.symbol, price(mover.price), change, bn(mover.value), cell.heat, cell.size),
        *(cell.box.x, cell.box.y, cell.box.width, cell.box.height, texts),
    )
