import pytest

from alerts.domain.model import Rule
from alerts.domain.scopes import covers, missing_baskets
from tests.alerts.domain.builders import rule

MEMBERS = {"VN30": frozenset({"ACB", "FPT"})}


@pytest.mark.parametrize(
    ("scope", "covered", "not_covered"),
    [
        ("all", ["ACB", "41I1GC000", "VN30F2512", "41B5G6000", "CHPG2601"], []),
        ("stocks", ["ACB", "CHPG2601", "FUEVFVND"], ["41I1GC000", "41I2GC000", "VN30F2512", "VN100F2512", "41B5G6000"]),
        ("vn30_futures", ["41I1GC000", "VN30F2512"], ["ACB", "41I2GC000", "VN100F2512", "VN30"]),
        ("basket:VN30", ["ACB", "FPT"], ["SHS", "41I1GC000"]),
        ("basket:HNX30", [], ["ACB"]),
    ],
)
def test_covers_by_scope_tells_stocks_futures_and_baskets_apart(
    scope: str, covered: list[str], not_covered: list[str]
) -> None:
    held = rule("volume_spike", scope=scope)
    assert [symbol for symbol in covered + not_covered if covers(held, symbol, MEMBERS)] == covered


def test_covers_with_listed_symbols_ignores_case() -> None:
    held = rule("index_move", scope="symbols", symbols=["HNXIndex"])
    assert covers(held, "HNXINDEX", {}) and covers(held, "HNXIndex", {}) and not covers(held, "VNINDEX", {})


def test_missing_baskets_names_those_nobody_knows() -> None:
    rules: list[Rule] = [rule("price_limit", scope=scope) for scope in ("stocks", "basket:VN30", "basket:VN31")]
    assert missing_baskets(rules, MEMBERS) == {"VN31"}
