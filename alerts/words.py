"""What the tables of kinds say, in the reader's language. The domain's English words are the keys of the catalogue."""

from collections.abc import Sequence
from typing import Final

from django.conf import settings
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from alerts.domain.kinds import KINDS
from alerts.domain.model import Param
from alerts.domain.scopes import BASKET
from market.pages.formatting import number

# Words that params and evidence hold as values.
VALUES: Final = {
    "ceiling": _("ceiling"),
    "floor": _("floor"),
    "up": _("up"),
    "down": _("down"),
    "both": _("both"),
    "premium": _("premium"),
    "discount": _("discount"),
    "buy": _("buy"),
    "sell": _("sell"),
    "neutral": _("neutral"),
}
SCOPES: Final = {
    "all": _("All"),
    "stocks": _("All stocks"),
    "vn30_futures": _("VN30 futures"),
    "basket": _("A basket"),
    "symbols": _("Some symbols"),
}


def kind_label(kind: str) -> str:
    """The name of a kind in the reader's language; a kind that is gone keeps its own."""
    return gettext(KINDS[kind].label) if kind in KINDS else kind


def param_number(value: float | str) -> str:
    """A value of a param as the reader's language writes numbers, with the decimals that it has."""
    if isinstance(value, str):
        return value
    decimals = len(f"{value:.10f}".rstrip("0").partition(".")[2])
    return number(value, get_language() or settings.LANGUAGE_CODE, decimals)


def param_help(param: Param) -> str:
    """What a param does, its unit, and what it may be."""
    if param.choices:
        return gettext(param.help)
    unit = gettext(param.unit) if param.unit else ""
    bounds = gettext("%(low)s to %(high)s %(unit)s, usually %(default)s.") % {
        "low": param_number(param.minimum),
        "high": param_number(param.maximum),
        "unit": unit,
        "default": param_number(param.default),
    }
    return f"{gettext(param.help)} {bounds}"


def scope_words(scope: str, symbols: Sequence[str]) -> str:
    """Which symbols a rule is about."""
    if scope == "symbols":
        return ", ".join(symbols[:8]) + (" …" if len(symbols) > 8 else "")
    if scope.startswith(BASKET):
        return scope.removeprefix(BASKET)
    return str(SCOPES.get(scope, scope))
