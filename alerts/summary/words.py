"""A day's summary as plain text, for mail and messages: short, in one language, its first line a headline."""

from collections.abc import Iterable, Iterator

from django.utils.translation import gettext, override

from alerts.evidence import headline, index_name, money
from alerts.summary.day import Breadth, DailySummary, DayRow
from alerts.words import kind_label
from market.pages.formatting import number, thousands

FEW = 5
LANGUAGES = ("vi", "en")
MARKER = "VNINDEX"


def summary_texts(summary: DailySummary) -> dict[str, str]:
    """The text in each language of the site."""
    return {language: summary_text(summary, language) for language in LANGUAGES}


def summary_text(summary: DailySummary, language: str) -> str:
    """The text in one language."""
    with override(language):
        return "\n".join(lines(summary, language))


def lines(summary: DailySummary, language: str) -> Iterator[str]:
    """Line by line; what is not known is left out."""
    yield first_line(summary, language)
    if summary.ends_early:
        yield cut_short(summary)
    for row in summary.indices:
        if row.symbol.upper() != MARKER:
            yield index_words(row, language)
    yield breadth_words(summary.breadth, language)
    yield f"{gettext('Turnover')}: {money(summary.turnover, language)}"
    yield from ranked(summary, language)
    if summary.active_buy_percent is not None:
        yield f"{gettext('Active buying')}: {number(summary.active_buy_percent, language, 1)} %"
    if summary.basis is not None:
        yield f"{summary.basis.name}: {number(summary.basis.future, language, 1)}, " + gettext("basis %(points)s") % {
            "points": number(summary.basis.basis, language, 2, sign=True)
        }
    if summary.alert_counts:
        counts = listed(f"{kind_label(kind)} {count}" for kind, count in summary.alert_counts.items())
        yield f"{gettext('Signals')}: {counts}"
    for each in summary.notable[:FEW]:
        yield f"{each.time[11:16]} {each.symbol}: {headline(each.kind, each.symbol, each.evidence, language)}"


def breadth_words(breadth: Breadth, language: str) -> str:
    """How many symbols closed where; of their limits only where those are known."""
    text = gettext("Up %(up)s, unchanged %(same)s, down %(down)s")
    if breadth.ceilings is not None:
        text = gettext("Up %(up)s (ceiling %(ceiling)s), unchanged %(same)s, down %(down)s (floor %(floor)s)")
    return text % {
        "up": number(breadth.advances, language), "ceiling": number(breadth.ceilings, language),
        "same": number(breadth.no_changes, language), "down": number(breadth.declines, language),
        "floor": number(breadth.floors, language),
    }  # fmt: skip


def ranked(summary: DailySummary, language: str) -> Iterator[str]:
    """What foreigners did, and what moved most."""
    if summary.foreign is not None:
        yield f"{gettext('Foreign net')}: {money(summary.foreign.net_value, language, sign=True)}"
    flows = ((gettext("Foreigners bought"), summary.foreign_bought), (gettext("Foreigners sold"), summary.foreign_sold))
    for label, rows in flows:
        if rows:
            values = (f"{row.symbol} {money(row.net_value or 0.0, language, sign=True)}" for row in rows)
            yield f"{label}: {listed(values)}"
    for label, rows in ((gettext("Top gainers"), summary.gainers), (gettext("Top losers"), summary.losers)):
        if rows:
            yield f"{label}: {listed(mover(row, language) for row in rows)}"


def first_line(summary: DailySummary, language: str) -> str:
    """The day, how the market's index ended, and where the numbers come from if that is no exchange."""
    said = gettext("Summary of %(day)s") % {"day": f"{summary.day:%d/%m/%Y}"}
    if not summary.is_final:
        said += f" ({so_far(summary)})"
    marker = next((row for row in summary.indices if row.symbol.upper() == MARKER), None)
    return f"{said}: {index_words(marker, language)}" if marker is not None else said


def cut_short(summary: DailySummary) -> str:
    """That the day is over, and its data end before."""
    return gettext("The data of this day end at %(time)s, before the close: these are not its final figures.") % {
        "time": f"{summary.until:%H:%M}"
    }


def so_far(summary: DailySummary) -> str:
    """Up to which minute a day is summed up that goes on, or whose data end early."""
    if summary.until is None:
        return gettext("so far")
    return gettext("up to %(time)s") % {"time": f"{summary.until:%H:%M}"}


def index_words(row: DayRow, language: str) -> str:
    """An index with its change."""
    name = index_name(row.symbol) or row.symbol
    said = f"{name} {number(row.close, language, 2)}"
    if row.change is None or row.percent is None:
        return said
    return f"{said} ({number(row.change, language, 2, sign=True)}, {number(row.percent, language, 2, sign=True)} %)"


def mover(row: DayRow, language: str) -> str:
    """A symbol with its close and change."""
    return f"{row.symbol} {thousands(row.close, language)} ({number(row.percent, language, 2, sign=True)} %)"


def listed(parts: Iterable[str]) -> str:
    """The first few, with commas."""
    return ", ".join(list(parts)[:FEW])
