import re
from collections.abc import Iterator

import pytest
from django.db import connections
from django.test import Client
from pytest_django import Settings

from market.api import search, symbols
from market.models import Instrument
from tests.market.live_rows import Publisher, foreign_row, market_row, status
from tests.market.page_html import assert_safe, fresh_cache
from tests.market.symbol_history import store_days, store_foreign_flow, store_minutes, store_trades

__all__ = ["fresh_cache"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_symbols() -> Iterator[None]:
    symbols._known.clear()
    yield
    symbols._known.clear()


@pytest.fixture
def fresh_search() -> Iterator[None]:
    search._kept.clear()
    yield
    search._kept.clear()


@pytest.fixture
def published(redis_url: str) -> Publisher:
    publisher = Publisher()
    publisher.store_all({"HPG": market_row("HPG")})
    return publisher


@pytest.fixture
def database_away(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the connection at a port where nobody listens."""
    for name in connections:
        connections[name].close()
        monkeypatch.setitem(connections[name].settings_dict, "PORT", "1")
        monkeypatch.setitem(connections[name].settings_dict, "HOST", "127.0.0.1")


def page(client: Client, path: str, wanted: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == wanted
    return response.content.decode()


def cell(html: str, name: str) -> tuple[str, str]:
    found = re.search(rf'data-cell="{name}" class="([^"]*)">([^<]*)<', html)
    assert found
    return found[2], found[1]


def panel(html: str, name: str) -> str:
    return html.split(f'class="panel {name}"')[1].split("</section>")[0]


def test_stock_without_scripts_is_complete(client: Client, published: Publisher) -> None:
    store_minutes()
    store_trades()
    store_foreign_flow()
    html = page(client, "/symbol/HPG/")
    assert cell(html, "price") == ("27,45", "up")
    assert cell(html, "bid3_volume") == ("310.500", "up")
    assert cell(html, "foreign_net") == ("+324.200", "up")
    assert 'data-levels="3"' in html, "HOSE sends three levels"
    chart = panel(html, "chart")
    assert '<svg class="candles" role="img" aria-label="Biểu đồ nến HPG, 5 phút. Nến cuối: mở' in chart
    assert '<path class="buy" d="M' in chart
    assert re.findall(r'href="\?interval=(\w+)"', chart) == ["1m", "5m", "15m", "1h", "1d"]
    assert chart.count('<th scope="row">') == 12, "the table holds the candles of the drawing"
    tape = panel(html, "tape")
    assert re.findall(r"<td>(\d\d:\d\d:\d\d)</td>", tape)[:2] == ["09:15:05", "09:15:04"]
    assert '<td><span class="side">Mua</span></td><td class="method">Chào giá</td>' in tape
    assert ">27,45</th>" in panel(html, "profile")
    assert '<polyline points="42,' in panel(html, "foreign")


def test_page_allows_no_inline_script_or_style(client: Client, published: Publisher) -> None:
    store_minutes()
    assert_safe(client.get("/symbol/HPG/"))


def test_interval_of_the_address_is_drawn(client: Client, published: Publisher) -> None:
    store_days()
    html = page(client, "/symbol/HPG/?interval=1d")
    assert 'data-interval="1d" title="1 ngày" aria-current="true"' in html
    assert '<th scope="row">19/11/2026</th>' in html
    assert 'title="5 phút" aria-current="true"' in page(client, "/symbol/HPG/?interval=7m")


def test_drawn_numbers_are_not_written_in_the_readers_language(client: Client, published: Publisher) -> None:
    store_minutes()
    drawn = panel(page(client, "/symbol/HPG/"), "chart")
    assert re.findall(r'(?:x|y|x1|y1)="[\d.]*,', drawn) == []
    assert re.search(r'data-reference="26950"', drawn)


@pytest.mark.parametrize("name", ["VN30F1M", "vn30f1m", "41I1GC000"])
def test_future_is_found_by_alias_and_code(client: Client, published: Publisher, name: str) -> None:
    html = page(client, f"/symbol/{name}/")
    assert cell(html, "price") == ("1.921,4", "up")
    assert cell(html, "basis") == ("+4,60", "up")
    assert "VN30 12/2026" in html
    assert "bid10_price" in html
    assert 'class="panel foreign"' not in html


@pytest.mark.parametrize(("name", "value"), [("VN30", "1.916,80"), ("vnindex", "1.662,54"), ("HNX", "266,41")])
def test_index_has_breadth_and_no_depth(client: Client, published: Publisher, name: str, value: str) -> None:
    html = page(client, f"/symbol/{name}/")
    assert cell(html, "price")[0] == value
    assert 'data-cell="breadth_bar"' in html
    assert 'class="panel depth"' not in html


def test_symbol_that_is_only_stored_shows_what_is_stored(client: Client, published: Publisher) -> None:
    store_days("FPT")
    html = page(client, "/symbol/FPT/?interval=1d")
    assert "Mã này hiện không được theo dõi" in html
    assert "FPT" in html
    assert '<svg class="candles"' in html


@pytest.mark.parametrize("name", ["ZZZZ", "a b", "%3Cscript%3E", "A" * 40])
def test_unknown_symbol_is_not_found(client: Client, published: Publisher, name: str) -> None:
    html = page(client, f"/symbol/{name}/", wanted=404)
    assert "Không có mã" in html
    assert "<script>" not in html
    assert page(client, f"/symbol/{name}/day/", wanted=404)
    assert page(client, f"/symbol/{name}/candles/", wanted=404)


def test_database_away_leaves_what_is_live(client: Client, published: Publisher, database_away: None) -> None:
    html = page(client, "/symbol/HPG/")
    assert cell(html, "price") == ("27,45", "up")
    assert "Hiện không đọc được dữ liệu lịch sử" in html
    assert "Hiện không đọc được nến." in html
    assert "Hiện không đọc được lệnh khớp." in html


def test_redis_away_leaves_what_is_stored(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    store_minutes()
    html = page(client, "/symbol/HPG/")
    assert "Hiện không đọc được số liệu" in html
    assert '<svg class="candles"' in html
    assert cell(html, "price") == ("", "")


def test_both_away_renders_and_says_so(client: Client, settings: Settings, database_away: None) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert "Hiện không đọc được dữ liệu lịch sử" in page(client, "/symbol/HPG/")


def test_company_name_is_text_not_markup(client: Client, published: Publisher) -> None:
    Instrument.objects.filter(code="HPG").update(name='<b>"Hòa"</b>')
    html = page(client, "/symbol/HPG/")
    assert "&lt;b&gt;&quot;Hòa&quot;&lt;/b&gt;" in html


@pytest.mark.parametrize("language", ["vi", "en"])
def test_played_feed_is_never_called_live(client: Client, redis_url: str, language: str) -> None:
    Publisher(**status(source="simulation")).store_all({"HPG": market_row()})
    client.cookies["django_language"] = language
    html = page(client, "/symbol/HPG/").lower()
    assert ("mô phỏng" if language == "vi" else "simulation") in html
    for forbidden in ("live", "trực tiếp"):
        assert forbidden not in html


def test_english_page_holds_no_vietnamese(client: Client, published: Publisher) -> None:
    store_minutes()
    store_trades()
    client.cookies["django_language"] = "en"
    html = page(client, "/symbol/HPG/")
    assert cell(html, "price") == ("27.45", "up")
    assert re.findall(r"Giá|Khối|Mua|Bán", html) == []


def test_fragments_hold_one_element(client: Client, published: Publisher) -> None:
    store_minutes()
    store_trades()
    assert page(client, "/symbol/HPG/day/").strip().startswith('<div id="day-parts"')
    assert page(client, "/symbol/HPG/tape/").strip().startswith('<table id="tape-rows"')
    assert page(client, "/symbol/HPG/candles/?interval=1m").strip().startswith('<div id="candle-table"')
    assert page(client, "/symbol/HPG/candles/?interval=1m&as=drawing").strip().startswith('<div id="candles"')


@pytest.mark.parametrize("scripted", [True, False])
def test_chart_is_drawn_by_its_script_where_there_is_one(
    client: Client, published: Publisher, settings: Settings, scripted: bool
) -> None:
    settings.HAS_CHART_SCRIPTS = scripted
    html = page(client, "/symbol/HPG/")
    assert ("data-script=" in html) is scripted
    assert ('hx-get="/symbol/HPG/candles/?interval=5m&amp;as=drawing"' in html) is not scripted


def test_signed_in_reader_gets_the_chart_script(
    client: Client, published: Publisher, settings: Settings, django_user_model: type
) -> None:
    settings.HAS_CHART_SCRIPTS = True
    client.force_login(django_user_model.objects.create_user("reader"))  # type: ignore[attr-defined]
    assert "data-script=" in page(client, "/symbol/HPG/")


def test_page_without_the_chart_script_keeps_its_drawing_fresh(
    client: Client, published: Publisher, settings: Settings
) -> None:
    settings.HAS_CHART_SCRIPTS = False
    settings.ANONYMOUS_READ = True
    html = page(client, "/symbol/HPG/")
    assert "data-script=" not in html
    assert "as=drawing" in html


def test_foreign_values_are_those_of_the_page_of_foreign_flow(client: Client, published: Publisher) -> None:
    published.store("foreign", {"HPG": foreign_row("HPG")})
    shown = panel(page(client, "/symbol/HPG/"), "foreign")
    for text in ("33,06 tỷ", "24,16 tỷ", "+8,90 tỷ"):
        assert f">{text}<" in shown


@pytest.mark.parametrize(("query", "target"), [("hpg", "/symbol/HPG/"), (" vn30f1m ", "/symbol/VN30F1M/"), ("", "/")])
def test_search_leads_to_the_symbol(client: Client, redis_url: str, query: str, target: str) -> None:
    assert client.get("/symbol/", {"q": query}).headers["Location"] == target


@pytest.mark.parametrize(("query", "target"), [("hoa phat", "HPG"), ("Hòa Phát", "HPG"), ("masan", "MCH")])
def test_search_for_a_part_of_a_name_leads_to_the_best_match(
    client: Client, redis_url: str, fresh_search: None, query: str, target: str
) -> None:
    assert client.get("/symbol/", {"q": query}).headers["Location"] == f"/symbol/{target}/"


def test_search_for_a_symbol_that_another_is_named_after_leads_to_itself(
    client: Client, redis_url: str, fresh_search: None
) -> None:
    Publisher().store_all({"ZZA": market_row("ZZA")})
    Instrument.objects.create(code="ZZB", name="Công ty con của ZZA", board="HOSE", kind="stock")
    assert client.get("/symbol/", {"q": "zza"}).headers["Location"] == "/symbol/ZZA/"


def test_search_while_the_database_is_away_leads_to_what_was_typed(
    client: Client, redis_url: str, fresh_search: None, database_away: None
) -> None:
    assert client.get("/symbol/", {"q": "masan"}).headers["Location"] == "/symbol/MASAN/"
    assert client.get("/symbol/", {"q": "hoa phat"}).status_code == 404


def test_search_for_what_is_no_code_is_not_found(client: Client, redis_url: str) -> None:
    assert client.get("/symbol/", {"q": "không có gì"}).status_code == 404


def test_board_links_rows_and_cards_to_their_pages(client: Client, published: Publisher) -> None:
    html = page(client, "/")
    for target in ("HPG", "VNINDEX", "VN30", "HNX", "UPCOM", "VN30F1M"):
        assert f'href="/symbol/{target}/"' in html


def test_tape_is_filtered_and_its_filter_is_in_the_page(client: Client, published: Publisher) -> None:
    store_trades()
    html = page(client, "/symbol/HPG/?side=sell&min=100")
    assert html.split('id="tape-rows"')[1].split("</table>")[0].count('<tr class="sell">') == 2
    assert '<tr class="buy">' not in html
    assert '<option value="sell" selected>' in html
    assert 'name="min" inputmode="numeric" size="8" maxlength="12" autocomplete="off" value="100"' in html
    assert 'href="?side=sell&amp;min=100&amp;interval=1d"' in html
    assert "Không có lệnh nào trong ngày" in page(client, "/symbol/HPG/tape/?min=101")
    assert page(client, "/symbol/HPG/tape/?side=x&min=-5").count("<tr class=") == 6


def test_moment_is_marked_and_stands_still(client: Client, published: Publisher, settings: Settings) -> None:
    settings.HAS_CHART_SCRIPTS = False
    store_minutes()
    store_trades()
    html = page(client, "/symbol/HPG/?at=1795140902")  # 09:15:02 on 20 November
    assert re.search(r'<text class="moment"[^>]*>09:15:02</text>', html)
    assert 'aria-current="true">1m</a>' in html
    assert panel(html, "tape").count("<tr class=") == 3
    assert 'data-panel="' not in html
    assert 'data-at="1795140902"' in html
    for nonsense in ("x", "-1", "99999999999", "%00", "1e9"):
        assert 'data-at="' not in page(client, f"/symbol/HPG/?at={nonsense}")


def test_old_moment_gets_longer_candles(client: Client, published: Publisher) -> None:
    for days, interval in ((10, "1m"), (60, "5m"), (400, "1h")):
        html = page(client, f"/symbol/HPG/?at={1795140902 - days * 86_400}")
        assert f'aria-current="true">{interval}</a>' in html


def test_depth_is_chosen_and_remembered(client: Client, published: Publisher) -> None:
    assert 'data-levels="3"' in page(client, "/symbol/HPG/")
    assert 'data-levels="10"' in page(client, "/symbol/HPG/?depth=10")
    assert 'data-levels="10"' in page(client, "/symbol/HPG/")
    assert 'data-levels="10"' in page(client, "/symbol/HPG/?depth=7")


def test_last_days_of_foreign_flow_are_drawn(client: Client, published: Publisher) -> None:
    store_foreign_flow()
    html = page(client, "/symbol/HPG/day/")
    assert html.split('class="foreign-days"')[1].split("</svg>")[0].count("<rect") == 1
    assert "<title>20/11: +0,08</title>" in html
