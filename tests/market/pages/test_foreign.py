"""The foreign flow page: its sums and what it shows without scripts."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from market.domain.calendar import from_date
from market.models import DailyBar, ForeignFlow
from market.pages import reads as page_reads
from market.pages.foreign import by_sector, flow_cells, half_hours, net_chart, top, totals
from market.pages.reads import Settled, advance
from tests.market.live_rows import Publisher, foreign_row, market_row
from tests.market.page_html import cell, fresh_cache, page, symbols

DAY = date(2026, 11, 20)
OPEN = from_date(DAY) + 9 * 3600 + 15 * 60
__all__ = ["fresh_cache"]


def test_values_are_our_own_and_not_the_feeds() -> None:
    shown = flow_cells(foreign_row(buy_value=9e12, sell_value=0, net_value=9e12), "vi")
    assert shown["buy_value"] == ("33,06", "")
    assert shown["net_value"] == ("+8,90", "up")
    assert shown["net"] == ("+324.200", "up")


def test_pace_of_part_of_its_window_is_marked() -> None:
    assert flow_cells(foreign_row(covered_seconds=299), "vi")["net_speed"] == ("+1.200", "up partial")
    assert flow_cells(foreign_row(covered_seconds=300), "vi")["net_speed"] == ("+1.200", "up")
    assert flow_cells(foreign_row(net_speed=None), "vi")["net_speed"] == ("", "")


@pytest.mark.parametrize(
    ("used", "state", "bar"), [(98.9, "", "99 1"), (99.0, "full", "99 1"), (100.2, "full", "100 0")]
)
def test_room_that_is_all_but_used_is_marked(used: float, state: str, bar: str) -> None:
    shown = flow_cells(foreign_row(room_used_percent=used), "en")
    assert shown["used"][1] == state
    assert shown["used_bar"] == (bar, "")


def test_row_of_which_nothing_is_told_is_blank() -> None:
    assert {text for text, _ in flow_cells({}, "vi").values()} == {""}


def test_totals_are_sums_over_the_symbols() -> None:
    rows = [
        foreign_row("HPG"),
        foreign_row("VCB", own_buy_value=1e9, own_sell_value=4e9, own_net_value=-3e9, net_volume=-50, value_speed=None),
    ]
    found = totals(rows, 3)
    assert found.net_value == found.buy_value - found.sell_value
    assert (found.buying, found.selling, found.told, found.of) == (1, 1, 2, 3)
    assert found.value_speed == rows[0]["value_speed"]
    assert totals([], 3).value_speed is None


def test_sectors_add_up_to_the_total_and_know_no_symbol_twice() -> None:
    nets = {"HPG": 5e9, "ACB": -2e9, "VCB": 8e9}
    rows = [foreign_row(symbol, own_net_value=net) for symbol, net in nets.items()]
    found = by_sector(rows, {"ACB": "Ngân hàng", "VCB": "Ngân hàng"}, "Khác")
    assert [(flow.name, flow.net) for flow in found] == [("Ngân hàng", 6e9), ("Khác", 5e9)]


def test_top_lists_hold_ten_and_their_own_side_only() -> None:
    rows = [foreign_row(f"S{number:02}", own_net_value=(number - 12) * 1e9) for number in range(24)]
    assert [flow.name for flow in top(rows, 1)] == [f"S{number:02}" for number in range(23, 13, -1)]
    assert [flow.name for flow in top(rows, -1)] == [f"S{number:02}" for number in range(10)]


def test_flow_carries_each_symbols_last_total_on() -> None:
    samples = [("HPG", OPEN, 5.0, 50), ("VCB", OPEN + 60, -2.0, -20), ("HPG", OPEN + 120, 6.0, 60)]
    _, minutes = advance(Settled(from_date(DAY), {}, []), samples)
    assert [(value, volume) for _, value, volume in minutes] == [(5.0, 50), (3.0, 30), (4.0, 40)]
    assert minutes[0][0] == 9 * 3600 + 16 * 60


def test_flow_read_in_parts_is_the_flow_read_at_once() -> None:
    start = Settled(from_date(DAY), {}, [])
    samples = [(f"S{number % 7}", OPEN + 60 * (number // 3), float(number), number) for number in range(90)]
    _, whole = advance(start, samples)
    settled, _ = advance(start, samples[:50])
    assert settled.upto > OPEN
    _, rest = advance(settled, [each for each in samples if each[1] >= settled.upto])
    assert rest == whole


def test_chart_begins_with_nothing_and_tells_half_hours() -> None:
    minutes = [(9 * 3600 + 60 * number, number * 1e9, number) for number in range(16, 90)]
    drawn = net_chart(minutes)
    assert drawn is not None
    assert drawn.line.startswith("0.0,")
    assert [second for second, _, _ in half_hours(minutes)] == [
        9 * 3600 + 29 * 60,
        9 * 3600 + 59 * 60,
        9 * 3600 + 89 * 60,
    ]
    assert net_chart([]) is None


@pytest.fixture
def published(redis_url: str) -> Publisher:
    publisher = Publisher()
    publisher.store_all({"HPG": market_row("HPG"), "ACB": market_row("ACB"), "TCX": market_row("TCX")})
    publisher.store("foreign", {"HPG": foreign_row("HPG"), "ACB": foreign_row("ACB", own_net_value=-12.5e9)})
    return publisher


@pytest.mark.django_db
def test_page_without_scripts_is_complete(client: Client, published: Publisher) -> None:
    html = page(client, "/foreign/")
    assert symbols(html) == ["HPG", "ACB", "TCX"], "by net value, those without one last"
    assert cell(html, "HPG", "net_value") == ("+8,90", "up")
    assert cell(html, "HPG", "price") == ("27,45", "up")
    assert cell(html, "TCX", "net_value") == ("", "")
    assert "2 trên 3 mã có số liệu" in html
    assert 'href="/symbol/ACB/"' in html
    assert "Chưa lưu số liệu nào của ngày này." in html


@pytest.mark.django_db
def test_page_sorts_and_filters_without_scripts(client: Client, published: Publisher) -> None:
    assert symbols(page(client, "/foreign/?sort=net_value")) == ["ACB", "HPG", "TCX"]
    assert symbols(page(client, "/foreign/?sort=-net_value&q=hp")) == ["HPG"]


@pytest.mark.django_db
def test_page_answers_htmx_with_its_panels_alone(client: Client, published: Publisher) -> None:
    html = page(client, "/foreign/", **{"HX-Request": "true"})
    assert "<html" not in html
    assert 'id="flow-title"' in html
    assert html.strip() in page(client, "/foreign/")


@pytest.mark.django_db
def test_flow_and_earlier_days_come_from_the_database(client: Client, published: Publisher) -> None:
    for minute, bought in enumerate((1e9, 3e9, 2e9)):
        at = datetime.fromtimestamp(OPEN + 60 * minute, tz=UTC)
        ForeignFlow.objects.create(
            symbol="HPG", at=at, buy_volume=10, sell_volume=0, buy_value=0, sell_value=0,
            own_buy_value=bought, own_sell_value=0, room=1, total_room=2,
        )  # fmt: skip
    for back, symbol in ((1, "HPG"), (1, "ACB"), (2, "HPG"), (2, "ZZZ"), (0, "HPG")):
        DailyBar.objects.create(
            symbol=symbol, day=DAY - timedelta(days=back), open=1, high=1, low=1, close=1, volume=1, value=1,
            foreign_buy_volume=5, foreign_sell_volume=1, foreign_buy_value=7e9, foreign_sell_value=1e9,
        )  # fmt: skip
    html = page(client, "/foreign/")
    assert '<svg class="chart' in html
    assert "Chưa lưu" not in html
    days = page_reads.foreign_days(DAY, "test", ["HPG", "ACB"])
    assert days is not None
    assert [(each.day.day, each.net) for each in days] == [(19, 12e9), (18, 6e9)]
    assert page_reads.net_flow(DAY, "test", ["HPG"]) == [
        (9 * 3600 + 60 * (16 + number), value, 10) for number, value in enumerate((1e9, 3e9, 2e9))
    ]
