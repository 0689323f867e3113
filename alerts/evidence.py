"""The numbers behind an alert as a page shows them: in the reader's language, with units.

Prices of stocks are in thousand VND there, those of futures and values of indices in points. What a name in an alert's
evidence means is in the table of its kind (`KindInfo.evidence`).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from alerts.domain.kinds import KINDS
from alerts.domain.scopes import is_stock
from alerts.domain.titles import title
from alerts.words import VALUES
from market.domain.contracts import parse_code
from market.pages.formatting import FORMS, hundredths, number, tenths, thousands
from market.pages.strip import INDEX_NAMES

Text: TypeAlias = str | Promise

BILLION: Final = 1_000_000_000
MILLION: Final = 1_000_000
PRICES: Final = frozenset({"price", "limit_price", "from_price"})
LABELS: Final[dict[str, Text]] = {
    "price": _("Price"),
    "limit": _("Limit"),
    "limit_price": _("Limit price"),
    "from_price": _("From"),
    "from_value": _("From"),
    "value": _("Index value"),
    "volume": _("Volume"),
    "mean_volume": _("Mean trade"),
    "times": _("Multiple"),
    "trades": _("Trades counted"),
    "total_volume": _("Volume so far"),
    "usual_volume": _("Usual by now"),
    "queue": _("Waiting"),
    "value_vnd": _("Value"),
    "net_value_vnd": _("Foreign net"),
    "past_net_value_vnd": _("Before"),
    "past_seconds": _("Within"),
    "change_percent": _("Change"),
    "window_minutes": _("Window"),
    "room": _("Foreign room left"),
    "total_room": _("Foreign room in all"),
    "left_percent": _("Part left"),
    "direction": _("Direction"),
    "side": _("Side"),
    "future": _("Future"),
    "index": _("Index"),
    "basis": _("Basis"),
    "state": _("State"),
}
SHARES: Final = frozenset({"volume", "mean_volume", "queue", "total_volume", "usual_volume", "room", "total_room"})
POINTS: Final = frozenset({"value", "from_value", "future", "index", "basis"})
SIGNED: Final = frozenset({"basis", "change_percent", "net_value_vnd", "past_net_value_vnd"})


class Figure(NamedTuple):
    """One piece of evidence: what it is, and its value with the unit."""

    name: str
    label: Text
    text: str


class Quantity:
    """A value inside an alert's title: a sentence's format is kept, its marks and prices are the reader's."""

    def __init__(self, name: str, value: Any, symbol: str, language: str) -> None:
        self._name, self._value, self._symbol, self._language = name, value, symbol, language

    def __format__(self, form: str) -> str:
        if isinstance(self._value, str):
            return str(VALUES.get(self._value, self._value))
        if self._name in PRICES and self._value is not None:
            return price(self._value, self._symbol, self._language)
        return format(self._value, form).translate(FORMS[self._language].marks)


def index_name(symbol: str) -> str | None:
    """The name that pages give an index; None for what is no index."""
    if symbol in ("VN30", "VN100", "HNX30"):
        return symbol
    return INDEX_NAMES.get(symbol.lower())


def shown_name(symbol: str) -> str:
    """What people call it: an index's name, a future's month, else the code."""
    contract = parse_code(symbol)
    return contract.name if contract else index_name(symbol) or symbol


def price(value: float, symbol: str, language: str) -> str:
    """Write a price as the symbol's own page does, without the unit."""
    if index_name(symbol):
        return hundredths(value, language)
    return thousands(value, language) if is_stock(symbol) else tenths(value, language)


def headline(kind: str, symbol: str, evidence: Mapping[str, Any], language: str) -> str:
    """What happened, without the symbol, which stands before it on pages."""
    info = KINDS.get(kind)
    values = {name: Quantity(name, value, symbol, language) for name, value in evidence.items()}
    said = title(kind, symbol, values, gettext(info.title) if info else None)  # type: ignore[arg-type]  # only formatted
    if info and said == f"{symbol}: {info.label}":
        return gettext(info.label)
    return said.removeprefix(f"{symbol}: ")


def sentence(kind: str, symbol: str, evidence: Mapping[str, Any]) -> str:
    """What happened and to what, in the language of the request."""
    return f"{symbol}: {headline(kind, symbol, evidence, get_language() or settings.LANGUAGE_CODE)}"


def figures(symbol: str, evidence: Mapping[str, Any], language: str) -> list[Figure]:
    """All evidence, in its order."""
    return [
        Figure(name, LABELS.get(name, name), written(name, value, symbol, language))
        for name, value in evidence.items()
        if value is not None
    ]


def written(name: str, value: Any, symbol: str, language: str) -> str:
    """One value with its unit; what has no known unit is written plainly."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if not isinstance(value, int | float):
        return str(VALUES.get(str(value), value))
    if name in PRICES:
        unit = gettext("thousand VND") if is_stock(symbol) and not index_name(symbol) else gettext("points")
        return f"{price(value, symbol, language)} {unit}"
    if name in SHARES:
        unit = gettext("shares") if is_stock(symbol) else gettext("contracts")
        return f"{number(value, language)} {unit}"
    if name in POINTS:
        return f"{number(value, language, 2, sign=name in SIGNED)} {gettext('points')}"
    form = FORMED.get(name)
    return form(value, language) if form else number(value, language, 0 if isinstance(value, int) else 2)


def money(value: float, language: str, sign: bool = False) -> str:
    """Write VND in billions, or below one in millions."""
    if abs(value) >= BILLION:
        return f"{number(value / BILLION, language, 2, sign)} {gettext('bn VND')}"
    return f"{number(value / MILLION, language, 1, sign)} {gettext('m VND')}"


def window(value: float, language: str) -> str:
    """Write a rule's window; none means since the reference price."""
    return f"{number(value, language)} {gettext('minutes')}" if value else gettext("since the reference price")


FORMED: Final[dict[str, Callable[[float, str], str]]] = {
    "times": lambda value, language: f"{number(value, language, 1)}×",
    "trades": lambda value, language: number(value, language),
    "value_vnd": money,
    "net_value_vnd": lambda value, language: money(value, language, sign=True),
    "past_net_value_vnd": lambda value, language: money(value, language, sign=True),
    "past_seconds": lambda value, language: f"{number(value, language)} {gettext('seconds')}",
    "change_percent": lambda value, language: f"{number(value, language, 2, sign=True)} %",
    "left_percent": lambda value, language: f"{number(value, language, 1)} %",
    "window_minutes": window,
}
