"""Which symbols a rule is about."""

from collections.abc import Iterable, Mapping
from typing import Final

from alerts.domain.model import Rule
from market.domain.contracts import parse_code

BASKET: Final = "basket:"
# What a kind may be about, its usual scope first.
ON_SYMBOLS: Final = ("stocks", "all", "vn30_futures", "basket", "symbols")
ON_STOCKS: Final = ("stocks", "all", "basket", "symbols")
ON_FUTURES: Final = ("vn30_futures", "all", "symbols")
ON_INDICES: Final = ("all", "symbols")


def head(scope: str) -> str:
    """Return the sort of a scope: `basket` for basket:VN30, itself otherwise."""
    return "basket" if scope.startswith(BASKET) else scope


def is_stock(symbol: str) -> bool:
    """Tell a symbol of the stock boards from a future; KRX codes of all derivatives begin with 41."""
    return not symbol.startswith("41") and parse_code(symbol) is None


def is_vn30_future(symbol: str) -> bool:
    """Tell whether a code is that of a VN30 future, KRX's or the older form."""
    contract = parse_code(symbol)
    return contract is not None and contract.underlying == "VN30"


def covers(rule: Rule, symbol: str, members: Mapping[str, frozenset[str]]) -> bool:
    """Tell whether a rule is about a symbol. `members` are the symbols of each basket; an unknown basket has none."""
    scope = rule.scope
    if scope == "symbols":
        return symbol.upper() in {each.upper() for each in rule.symbols}
    if scope == "stocks":
        return is_stock(symbol)
    if scope == "vn30_futures":
        return is_vn30_future(symbol)
    if scope.startswith(BASKET):
        return symbol in members.get(scope.removeprefix(BASKET), ())
    return scope == "all"


def missing_baskets(rules: Iterable[Rule], members: Mapping[str, frozenset[str]]) -> set[str]:
    """Name the baskets that rules ask for and nobody knows: such rules stay silent."""
    asked = {rule.scope.removeprefix(BASKET) for rule in rules if rule.scope.startswith(BASKET)}
    return asked - members.keys()
