"""The active volume page: shares, phases and how sides were decided."""

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from market.pages.volume import by_kind, by_phase, coverage, divided, sum_methods, volume_cells
from tests.market.live_rows import Publisher, Row, market_row, untraded_row
from tests.market.page_html import cell, fresh_cache, page, symbols

__all__ = ["fresh_cache"]


def traded_row(symbol: str = "HPG", **changes: object) -> Row:
    """700 bought, 300 sold, 200 in the opening auction, 100 that nobody saw."""
    said = {
        "buy_volume": 700, "sell_volume": 300, "neutral_volume": 200, "unclassified_volume": 100, "total_volume": 1300,
        "phases": {
            "ato": {"buy": 0, "sell": 0, "neutral": 200, "unclassified": 0},
            "continuous": {"buy": 700, "sell": 300, "neutral": 0, "unclassified": 100},
            "atc": {"buy": 0, "sell": 0, "neutral": 0, "unclassified": 0},
        },
        "methods": {"feed": 600, "quote": 400, "auction": 200, "none": 0},
    }  # fmt: skip
    return market_row(symbol, **(said | changes))


def test_pressure_counts_active_volume_alone() -> None:
    shown = volume_cells(traded_row(), "vi")
    assert shown["pressure"] == ("+40,0", "up")
    assert shown["net"] == ("+400", "up")
    assert shown["active_bar"] == ("54 15 8 23", "")
    assert (shown["ato"][0], shown["continuous"][0], shown["atc"][0]) == ("200", "1.100", "")
    assert shown["coverage"] == ("90,9", "partial")


def test_row_without_active_volume_has_no_pressure() -> None:
    shown = volume_cells(untraded_row(), "vi")
    assert {shown[name] for name in ("pressure", "net", "active_bar")} == {("", "")}
    assert shown["coverage"] == ("", "")


VOLUMES = st.fixed_dictionaries({name: st.integers(0, 10**9) for name in ("buy", "sell", "neutral", "unclassified")})


@given(volumes=st.lists(VOLUMES, min_size=1, max_size=5))
def test_shares_add_up_to_the_market(volumes: list[dict[str, int]]) -> None:
    rows = [{f"{kind}_volume": volume for kind, volume in each.items()} for each in volumes]
    shares = by_kind(rows)
    total = sum(sum(each.values()) for each in volumes)
    assert sum(share.volume for share in shares) == total
    assert sum(share.percent or 0 for share in shares) == pytest.approx(100 if total else 0)
    assert sum(share.arc.length for share in shares) == pytest.approx(100 if total else 0, abs=0.05)


def test_phases_are_compared_by_volume_and_pressure() -> None:
    ato, continuous, atc = by_phase([traded_row(), traded_row("VCB")])
    assert (ato.total, continuous.total, atc.total) == (400, 2200, 0)
    assert (ato.pressure, continuous.pressure, atc.pressure) == (None, 40, None)
    assert ato.percent == pytest.approx(100 * 400 / 2600)


def test_coverage_leaves_auctions_out() -> None:
    methods = sum_methods([traded_row(), traded_row("VCB", methods={"none": 100}, unclassified_volume=0)])
    assert methods == {"feed": 600, "quote": 400, "auction": 200, "none": 100, "unclassified": 100}
    assert coverage(methods) == pytest.approx(100 * 1000 / 1200)
    assert coverage(dict.fromkeys(methods, 0) | {"auction": 5}) is None


def test_nothing_is_divided_into_nothing() -> None:
    assert [share.percent for share in divided({"a": 0, "b": 0}, {"a": ("A", ""), "b": ("B", "")})] == [None, None]


@pytest.mark.django_db
def test_page_without_scripts_is_complete(client: Client, redis_url: str) -> None:
    rows = {
        "ACB": traded_row("ACB", buy_volume=200, sell_volume=800),
        "HPG": traded_row(),
        "TCX": untraded_row(),
    }
    Publisher().store("market", rows)
    html = page(client, "/volume/")
    assert symbols(html) == ["HPG", "ACB", "TCX"], "by pressure"
    assert cell(html, "ACB", "pressure") == ("-60,0", "down")
    assert "Đã biết bên chủ động của <b>90,9%</b>" in html
    assert html.count('<svg class="stacked"') == 3
    assert symbols(page(client, "/volume/?sort=pressure")) == ["ACB", "HPG", "TCX"]
    assert "<html" not in page(client, "/volume/", **{"HX-Request": "true"})
