"""Signals: alerts as pages show them, and what of them a reader asks for by the address of a page or of a socket.

`BadSignalQuery` is an address that cannot be used: correct it, retrying does not help.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from msgspec import Struct

from alerts.api.views import CURSOR
from alerts.domain.kinds import KINDS
from alerts.domain.model import SEVERITIES
from alerts.evidence import Figure, Text, figures, headline, shown_name
from alerts.models import Severity
from alerts.queries import Filter
from alerts.words import kind_label
from market.domain.calendar import midnight

SYMBOL: Final = re.compile(r"[A-Z0-9-]{1,24}")
MOST_SYMBOLS: Final = 50
SEVERITY_WORDS: Final[dict[str, Text]] = {str(each.value): each.label for each in reversed(Severity)}


class BadSignalQuery(ValueError):
    """An address asks for what cannot be; `problems` says what was expected of each parameter, in words."""

    def __init__(self, problems: Mapping[str, Text]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{name}: {text}" for name, text in self.problems.items()))


class Wanted(Struct, frozen=True):
    """What a reader asks for: empty means all. `day` is a day of history, None is now.

    `before` is the id of the last alert of the page before.
    """

    kinds: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    day: date | None = None
    before: str | None = None

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(self.kinds or self.severities or self.symbols)

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Tell whether an alert is one of these, whatever its day."""
        asked = ((self.kinds, "kind"), (self.severities, "severity"), (self.symbols, "symbol"))
        return all(not values or row[name] in values for values, name in asked)

    def stored(self) -> Filter:
        """The same for the database."""
        start = midnight(self.day) if self.day else None
        return Filter(
            symbols=self.symbols,
            kinds=self.kinds,
            severities=self.severities,
            start=start,
            end=start + timedelta(days=1) if start else None,
            before=place(self.before) if self.before else None,
        )

    def filters(self) -> list[tuple[str, str]]:
        """The filters as parameters of an address."""
        pairs = [("severity", each) for each in self.severities] + [("kind", each) for each in self.kinds]
        return pairs + ([("symbol", ",".join(self.symbols))] if self.symbols else [])

    def query(self, **more: str) -> str:
        """The filters as a query string, with more parameters behind."""
        return urlencode([*self.filters(), *((name, value) for name, value in more.items() if value)])


def place(cursor: str) -> tuple[datetime, str] | None:
    """The time and id that a cursor names, None for what is no cursor."""
    found = CURSOR.fullmatch(cursor)
    return (datetime.fromtimestamp(int(found.group(1)), tz=UTC), cursor) if found else None


def wanted(query: QueryDict) -> Wanted:
    """Read an address. Raises BadSignalQuery."""
    problems: dict[str, Text] = {}
    kinds = chosen(query, "kind", KINDS, problems)
    severities = chosen(query, "severity", SEVERITIES, problems)
    symbols = tuple(
        dict.fromkeys(word.upper() for word in re.split(r"[\s,;]+", ",".join(query.getlist("symbol"))) if word)
    )
    if any(not SYMBOL.fullmatch(symbol) for symbol in symbols) or len(symbols) > MOST_SYMBOLS:
        problems["symbol"] = _("expected at most 50 symbols of letters and digits")
    day, before = query.get("day", ""), query.get("before", "")
    found = day_of(day)
    if day and found is None:
        problems["day"] = _("expected a date such as 2026-11-20")
    if before and (place(before) is None or found is None):
        problems["before"] = _("expected a link of another page of a day")
    if problems:
        raise BadSignalQuery(problems)
    return Wanted(kinds, severities, symbols, found, before or None)


def chosen(query: QueryDict, name: str, known: Collection[str], problems: dict[str, Text]) -> tuple[str, ...]:
    words = {word for value in query.getlist(name) for word in value.split(",") if word}
    if words - set(known):
        problems[name] = gettext("expected some of %(known)s") % {"known": ", ".join(known)}
    return tuple(word for word in known if word in words)


def day_of(text: str) -> date | None:
    """A date of a year that can be; None for anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2099 else None


class Signal(NamedTuple):
    """One alert as a page shows it. `at` is epoch seconds; `clock` and `day` are Vietnam's."""

    id: str
    kind: str
    label: str
    symbol: str
    name: str
    severity: str
    severity_label: Text
    at: int
    clock: str
    day: str
    headline: str
    figures: list[Figure]
    rule: int
    version: int
    rule_name: str
    href: str
    own_page: str


def signal(row: Mapping[str, Any], rules: Mapping[int, str], language: str) -> Signal:
    """Put a live or stored row into words, in the language that is active too."""
    kind, symbol, time = row["kind"], row["symbol"], datetime.fromisoformat(row["time"])
    page = reverse("market:symbol", args=[symbol])
    at = int(time.timestamp())
    return Signal(
        id=row["id"],
        kind=kind,
        label=kind_label(kind),
        symbol=symbol,
        name=shown_name(symbol),
        severity=row["severity"],
        severity_label=SEVERITY_WORDS.get(row["severity"], row["severity"]),
        at=at,
        clock=f"{time:%H:%M:%S}",
        day=f"{time:%d/%m}",
        headline=headline(kind, symbol, row["evidence"], language),
        figures=figures(symbol, row["evidence"], language),
        rule=row["rule"],
        version=row["version"],
        rule_name=rules.get(row["rule"], ""),
        href=f"{page}?at={at}#chart-title",
        own_page=page,
    )


def newest_first(*groups: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join rows of several origins, each alert once."""
    rows = {row["id"]: row for group in groups for row in group}
    return sorted(rows.values(), key=lambda row: (row["time"], row["id"]), reverse=True)
