"""What a threshold may be, and how it is written in the form: units there are those of the pages.

`BadValue` says what was expected, in the reader's language.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from django.utils.translation import gettext as _

from alerts.domain.scopes import is_stock
from alerts.evidence import BILLION, index_name, price
from alerts.personal.subject import Asked
from market.pages.formatting import FORMS, number

THOUSAND: Final = 1_000
LOWEST, HIGHEST = 0.2, 5.0  # times the last price: farther is a slip of the pen
NEAR_ZERO: Final = 1e-9


class BadValue(ValueError):
    """A threshold that makes no sense; correct it, retrying does not help."""


class Bounds(NamedTuple):
    """Both ends are allowed; `step` is what a value has to be a multiple of. `signed`: below zero too, but not zero."""

    low: float
    high: float
    step: float = 0.0
    signed: bool = False


BOUNDS: Final[dict[str, Bounds]] = {
    "change": Bounds(0.01, 50, signed=True),
    "volume": Bounds(1, 1e11, 1),
    "relative_volume": Bounds(0.1, 100),
    "foreign_value": Bounds(0.1, 1e6, signed=True),
    "foreign_volume": Bounds(1, 1e11, 1, signed=True),
}


def check(kind: str, typed: float, subject: Asked, language: str) -> float:
    """Turn what was typed into a threshold in the units of triggers. Raises BadValue."""
    if kind == "price":
        return check_price(typed, subject, language)
    hold(kind, typed, 1, language)
    return typed * BILLION if kind == "foreign_value" else typed


def check_threshold(kind: str, threshold: float, subject: Asked, language: str) -> float:
    """Hold a threshold that is in the units of triggers already to the same bounds. Raises BadValue."""
    if kind == "price":
        return tradable(threshold, subject, lambda value: number(value, language, 0 if value % 1 == 0 else 2))
    hold(kind, threshold, BILLION if kind == "foreign_value" else 1, language)
    return threshold


def hold(kind: str, value: float, scale: float, language: str) -> None:
    """Refuse what is out of bounds; `scale` is what one of the form's units has of the value's."""
    bounds = BOUNDS[kind]
    low, high = bounds.low * scale, bounds.high * scale
    size = abs(value) if bounds.signed else value
    if not low <= size <= high:
        ends = {"low": number(low, language, decimals(low)), "high": number(high, language)}
        said = _("Expected a number from %(low)s to %(high)s.") % ends
        raise BadValue(f"{said} {_('Negative ones are allowed.')}" if bounds.signed else said)
    if bounds.step and value % bounds.step:
        raise BadValue(_("Expected a whole number."))


def check_price(typed: float, subject: Asked, language: str) -> float:
    """A price of a stock is typed in thousand VND; one in VND, which is far outside, is understood too."""
    scale = THOUSAND if subject.kind == "stock" else 1
    low, high = ends_of(subject)
    wanted = typed * scale
    if scale != 1 and not low <= wanted <= high and low <= typed <= high:
        wanted = typed
    return tradable(wanted, subject, lambda value: price(value, subject.code, language))


def ends_of(subject: Asked) -> tuple[float, float]:
    """Between which prices an alert makes sense."""
    return (subject.near * LOWEST, subject.near * HIGHEST) if subject.near else (NEAR_ZERO, 1e8)


def tradable(wanted: float, subject: Asked, write: Callable[[float], str]) -> float:
    """Hold a price in VND or points to its ends and to the steps of prices. Raises BadValue."""
    low, high = ends_of(subject)
    wanted = round(wanted, 4)
    if not low <= wanted <= high:
        raise BadValue(_("Expected a price from %(low)s to %(high)s.") % {"low": write(low), "high": write(high)})
    tick = subject.tick(wanted) if subject.kind != "index" else None
    if tick and abs(wanted / tick - round(wanted / tick)) > 1e-6:
        below = wanted // tick * tick
        ends = {"low": write(below), "high": write(below + tick)}
        raise BadValue(_("No such price can be traded: the nearest are %(low)s and %(high)s.") % ends)
    return wanted


def decimals(value: float) -> int:
    """How many decimals a bound needs."""
    return 0 if value >= 1 else 2


def shown(kind: str, threshold: float, symbol: str, language: str) -> str:
    """Write a threshold as the form takes it: without unit and marks between thousands."""
    if kind == "price" and is_stock(symbol) and not index_name(symbol):
        threshold /= THOUSAND
    if kind == "foreign_value":
        threshold /= BILLION
    return f"{threshold:.10g}".replace(".", FORMS[language].decimal)
