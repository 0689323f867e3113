"""Numbers, small charts and kept reads of the pages beside the board; and what their sockets send."""

import re
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.utils import translation

from market.pages import reads as page_reads
from market.pages.graphics import chart
from market.pages.live_board import merge
from market.pages.volume import KINDS, by_kind
from market.templatetags import dashboard
from tests.market.page_html import fresh_cache

__all__ = ["fresh_cache"]


@pytest.fixture(autouse=True)
def vietnamese() -> Iterator[None]:
    with translation.override("vi"):
        yield


def numbers(svg: str, name: str) -> list[float]:
    return [float(found) for found in re.findall(rf'\s{name}="([-0-9.]+)"', svg)]


def test_what_is_absent_is_a_dash() -> None:
    filters = (dashboard.whole, dashboard.signed, dashboard.decimal, dashboard.bn, dashboard.signed_bn, dashboard.price)
    assert {write(None) for write in filters} == {"–"}
    assert dashboard.tone(None) == ""


def test_numbers_follow_the_language() -> None:
    assert (dashboard.signed_bn(1_234_560_000_000), dashboard.price(27_450.0)) == ("+1.234,6", "27,45")
    with translation.override("en"):
        assert (dashboard.signed_bn(1_234_560_000_000), dashboard.price(27_450.0)) == ("+1,234.6", "27.45")


@pytest.mark.parametrize(
    ("value", "left", "width"), [(5.0, 100, 50), (-5.0, 50, 50), (10.0, 100, 100), (-10.0, 0, 100)]
)
def test_diverging_bar_leaves_the_middle(value: float, left: float, width: float) -> None:
    drawn = dashboard.diverging(value, 10)
    assert (numbers(drawn, "x"), numbers(drawn, "width")) == ([left], [width])
    assert f'class="{"buy" if value > 0 else "sell"}"' in drawn


def test_bars_of_nothing_have_no_length() -> None:
    assert numbers(dashboard.diverging(0, 0), "width") == [0]
    assert numbers(dashboard.stacked([("buy", 0), ("sell", 0)]), "width") == [0, 0]


def test_stacked_bar_is_filled_by_its_parts() -> None:
    drawn = dashboard.stacked([("buy", 1), ("neutral", 1), ("sell", 2)])
    assert numbers(drawn, "width") == [25, 25, 50]
    assert numbers(drawn, "x") == [0, 25, 50]


def test_chart_says_what_it_shows_and_escapes_it() -> None:
    drawn = chart([(0.0, -1.0), (1.0, 1.0)], 0.0)
    assert drawn is not None
    svg = dashboard.line_chart(drawn, '<now "1">', 1)
    assert 'role="img" aria-label="&lt;now &quot;1&quot;&gt;"' in svg
    assert ">1,0</text>" in svg
    assert "style=" not in svg


def test_ring_tells_active_buying_of_what_is_known() -> None:
    volumes = dict(zip(KINDS, (300, 100, 500, 100), strict=True))
    svg = dashboard.ring_chart(by_kind([{f"{kind}_volume": volume for kind, volume in volumes.items()}]))
    assert ">75%</text>" in svg
    assert ">–</text>" in dashboard.ring_chart(by_kind([]))


def test_read_is_kept_for_its_time_and_a_missing_database_too() -> None:
    asked: list[str] = []

    def away() -> list[int]:
        asked.append("away")
        raise OperationalError

    def there() -> list[int]:
        asked.append("there")
        return [1]

    assert page_reads.kept("a", 60, away) is None
    assert page_reads.kept("a", 60, there) is None, "asked again only after a while"
    assert page_reads.kept("b", 60, there) == page_reads.kept("b", 60, away) == [1]
    assert asked == ["away", "there"]
    cache.clear()
    assert page_reads.kept("a", 60, there) == [1]


def test_cells_of_two_channels_make_one_row_and_a_row_that_is_gone_stays_gone() -> None:
    patch = {"HPG": {"price": ("1", "")}, "ACB": None}
    merge(patch, {"HPG": {"net": ("2", "")}, "ACB": {"net": ("3", "")}, "VCB": {"net": ("4", "")}})
    assert patch == {"HPG": {"price": ("1", ""), "net": ("2", "")}, "ACB": None, "VCB": {"net": ("4", "")}}
