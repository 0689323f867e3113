"""Users' own alerts in words, in the reader's language: what was asked, and what went off."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from alerts.domain.scopes import is_stock
from alerts.domain.triggers import Kind
from alerts.evidence import Text, index_name, money, price, shown_name
from market.pages.formatting import number


class HitLine(NamedTuple):
    """A hit as pages show it; `clock` and `day` are Vietnam's."""

    id: str
    symbol: str
    words: str
    measured: str
    note: str
    clock: str
    day: str
    href: str


PHRASES: Final[dict[tuple[str, str], Text]] = {
    ("price", "above"): _("price rises to {value}"),
    ("price", "below"): _("price falls to {value}"),
    ("price", "crosses"): _("price crosses {value}"),
    ("change", "above"): _("change rises to {value}"),
    ("change", "below"): _("change falls to {value}"),
    ("change", "crosses"): _("change crosses {value}"),
    ("volume", "above"): _("volume of the day reaches {value}"),
    ("relative_volume", "above"): _("volume reaches {value} the usual"),
    ("foreign_value", "above"): _("foreign net value rises to {value}"),
    ("foreign_value", "below"): _("foreign net value falls to {value}"),
    ("foreign_value", "crosses"): _("foreign net value crosses {value}"),
    ("foreign_volume", "above"): _("foreign net volume rises to {value}"),
    ("foreign_volume", "below"): _("foreign net volume falls to {value}"),
    ("foreign_volume", "crosses"): _("foreign net volume crosses {value}"),
    ("limit", "ceiling"): _("price touches the ceiling"),
    ("limit", "floor"): _("price touches the floor"),
    ("limit", "leaves"): _("price leaves ceiling or floor"),
}
GROUPS: Final[dict[Kind, Text]] = {
    "price": _("Price"),
    "change": _("Change from the reference"),
    "volume": _("Volume"),
    "relative_volume": _("Volume"),
    "foreign_value": _("Foreign flow"),
    "foreign_volume": _("Foreign flow"),
    "limit": _("Ceiling and floor"),
}


def amount(kind: str, value: float, symbol: str, language: str) -> str:
    """Write a threshold, or what was measured against it, with its unit."""
    if kind in ("price", "limit"):
        unit = gettext("thousand VND") if is_stock(symbol) and not index_name(symbol) else gettext("points")
        return f"{price(value, symbol, language)} {unit}"
    if kind == "change":
        return f"{number(value, language, 2, sign=True)} %"
    if kind == "relative_volume":
        return f"{number(value, language, 1)}×"
    if kind == "foreign_value":
        return money(value, language, sign=True)
    unit = gettext("shares") if is_stock(symbol) else gettext("contracts")
    return f"{number(value, language, sign=kind == 'foreign_volume')} {unit}"


def asked(kind: str, condition: str, threshold: float | None, symbol: str, language: str) -> str:
    """What an alert waits for, without its symbol."""
    phrase = PHRASES.get((kind, condition))
    if phrase is None:
        return f"{kind} {condition}"
    return str(phrase).format(value=amount(kind, threshold or 0.0, symbol, language))


def measured(symbol: str, kind: str, evidence: Mapping[str, Any], language: str) -> str:
    """What was measured when it went off: the value, and the price with it where the value is another thing."""
    parts = []
    if isinstance(evidence.get("value"), int | float):
        parts.append(amount(kind, evidence["value"], symbol, language))
    if kind not in ("price", "limit") and isinstance(evidence.get("price"), int | float):
        parts.append(gettext("price {value}").format(value=amount("price", evidence["price"], symbol, language)))
    if kind != "change" and isinstance(evidence.get("change_percent"), int | float):
        parts.append(amount("change", evidence["change_percent"], symbol, language))
    return ", ".join(parts)


def said(symbol: str, kind: str, evidence: Mapping[str, Any], language: str) -> str:
    """What went off, without the symbol: what was asked. Evidence of another form gives what it has."""
    threshold = evidence.get("threshold")
    number_asked = threshold if isinstance(threshold, int | float) else None
    return asked(kind, str(evidence.get("condition", "")), number_asked, symbol, language)


def hit_line(hit: Mapping[str, Any], language: str) -> HitLine:
    """Put the message of a hit into words."""
    symbol, kind, evidence = hit["symbol"], hit["kind"], hit["evidence"]
    time = datetime.fromisoformat(hit["time"])
    return HitLine(
        id=hit["id"],
        symbol=shown_name(symbol),
        words=said(symbol, kind, evidence, language),
        measured=measured(symbol, kind, evidence, language),
        note=hit["note"],
        clock=f"{time:%H:%M:%S}",
        day=f"{time:%d/%m}",
        href=f"{reverse('market:symbol', args=[symbol])}?at={time.timestamp():.0f}#chart-title",
    )
