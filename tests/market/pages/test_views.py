import gzip
import re

import pytest
from django.test import Client, RequestFactory
from django.views.defaults import server_error
from pytest_django import Settings

from market.models import Instrument
from tests.market.live_rows import Publisher, market_row, untraded_row
from tests.market.page_html import assert_safe, cell, fresh_cache, page, symbols

__all__ = ["fresh_cache"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def published(redis_url: str) -> Publisher:
    publisher = Publisher()
    publisher.store_all(
        {
            "HPG": market_row("HPG"),
            "ACB": market_row("ACB", price=26_000.0, total_volume=500),
            "TCX": untraded_row("TCX"),
        }
    )
    return publisher


def test_board_without_scripts_is_complete(client: Client, published: Publisher) -> None:
    html = page(client)
    assert symbols(html) == ["ACB", "HPG", "TCX"]
    assert cell(html, "HPG", "price") == ("27,45", "up")
    assert cell(html, "HPG", "bid3_volume") == ("310.500", "up")
    assert cell(html, "HPG", "room") == ("1.834,6 tr", "")
    assert cell(html, "HPG", "active") == ("59", "partial")
    assert cell(html, "TCX", "percent") == ("", "")
    assert re.search(r'<polyline points="\d+,\d+ ', html.split('data-row="HPG"')[1])
    assert cell(html, "index:VNINDEX", "value") == ("1.662,54", "up")
    assert cell(html, "index:UPCOM", "floors") == ("9", "floor")
    assert cell(html, "future", "basis") == ("+4,60", "up")
    assert "Khớp liên tục" in html
    assert "đến 11:30" in html


def test_board_allows_no_inline_script_or_style(client: Client, published: Publisher) -> None:
    assert_safe(client.get("/"))


def test_board_speaks_vietnamese_whatever_the_browser_prefers(client: Client, published: Publisher) -> None:
    assert '<html lang="vi"' in page(client, **{"accept-language": "en-US,en;q=0.9"})


def test_language_switch_changes_words_and_number_forms(client: Client, published: Publisher) -> None:
    response = client.post("/i18n/setlang/", {"language": "en", "next": "/"})
    assert response.headers["Location"] == "/"
    html = page(client)
    assert '<html lang="en"' in html
    assert "Matched" in html
    assert re.findall(r"Giá|KL|Mua|Bán", html) == []
    assert cell(html, "HPG", "price") == ("27.45", "up")


def test_theme_form_keeps_the_choice_in_a_cookie(client: Client, published: Publisher) -> None:
    response = client.post("/theme/", {"theme": "light", "next": "/?sort=price"})
    assert response.headers["Location"] == "/?sort=price"
    assert 'data-theme="light"' in page(client)


def test_palette_form_keeps_the_choice_in_a_cookie(client: Client, published: Publisher) -> None:
    assert "data-palette=" not in page(client).split("<body")[0]
    client.post("/palette/", {"palette": "blue"})
    assert 'data-palette="blue"' in page(client).split("<body")[0]
    client.post("/palette/", {"palette": "market"})
    assert "data-palette=" not in page(client).split("<body")[0]
    assert client.post("/palette/", {"palette": "pink"}).status_code == 400


def test_page_and_style_are_packed_and_api_answers_are_not(client: Client, published: Publisher) -> None:
    for path in ("/", "/static/css/site.css"):
        answer = client.get(path, headers={"accept-encoding": "gzip"})
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert b"ceiling" in gzip.decompress(b"".join(answer))
    assert "Content-Encoding" not in client.get("/health", headers={"accept-encoding": "gzip"}).headers


def test_futures_are_a_tab_with_their_own_columns_and_socket(client: Client, published: Publisher) -> None:
    assert 'href="?list=FUTURES"' in page(client)
    html = page(client, "/?list=FUTURES")
    assert symbols(html) == ["41I1GC000"]
    assert cell(html, "41I1GC000", "basis") == ("+4,60", "up")
    assert cell(html, "41I1GC000", "days") == ("27", "")
    assert cell(html, "41I1GC000", "open_interest") == ("–", "")
    assert 'ws-connect="/ws/page/derivatives/' in html
    assert ">VN30F1M</a>" in html
    assert symbols(page(client, "/?list=FUTURES&q=vn30f1")) == ["41I1GC000"]
    assert symbols(page(client, "/?list=FUTURES&q=vn30f2")) == []
    assert "sort=-name" not in html, "a month's name says nothing of its order"


def test_sector_tab_lists_its_watched_symbols(client: Client, published: Publisher) -> None:
    html = page(client)
    assert 'href="?list=SECTOR-8300"' in html
    assert "SECTOR-9500" not in html, "nobody of that sector is watched"
    html = page(client, "/?list=SECTOR-8300")
    assert symbols(html) == ["ACB"]
    assert "list=SECTOR-8300&amp;symbols=ACB,BID" in html
    assert symbols(page(client, "/foreign/?list=SECTOR-1700")) == ["HPG"]


def test_heading_says_what_an_auction_shows(client: Client, redis_url: str) -> None:
    expecting = market_row("HPG", phase="atc", expected_price=27_500.0, bids=[[27_500.0, 300]], asks=[[27_450.0, 100]])
    Publisher().store_all({"HPG": expecting, "ACB": market_row("ACB")})
    html = page(client)
    assert 'data-auction="some"' in html
    assert cell(html, "HPG", "spread") == ("≈27,50", "up expected")
    assert cell(html, "HPG", "imbalance") == ("+50", "up")
    assert cell(html, "ACB", "spread") == ("0,05", "")
    assert cell(html, "ACB", "imbalance") == ("+33", "up")


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"])
def test_theme_form_never_leads_elsewhere(client: Client, target: str) -> None:
    assert client.post("/theme/", {"theme": "dark", "next": target}).headers["Location"] == "/"


def test_theme_that_does_not_exist_is_refused(client: Client) -> None:
    assert client.post("/theme/", {"theme": "pink"}).status_code == 400


def test_theme_cookie_of_a_stranger_is_ignored(client: Client, published: Publisher) -> None:
    client.cookies["theme"] = '"><b>'
    assert "data-theme=" not in page(client).split("<body")[0]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("symbol", ["ACB", "HPG", "TCX"]),
        ("-symbol", ["TCX", "HPG", "ACB"]),
        ("price", ["ACB", "HPG", "TCX"]),
        ("-price", ["HPG", "ACB", "TCX"]),
        ("total", ["ACB", "HPG", "TCX"]),
        ("-room", ["ACB", "HPG", "TCX"]),
        ("nonsense", ["ACB", "HPG", "TCX"]),
    ],
)
def test_sort_link_orders_rows_with_blanks_last(
    client: Client, published: Publisher, sort: str, order: list[str]
) -> None:
    assert symbols(page(client, f"/?sort={sort}")) == order


def test_sort_heading_says_its_state_and_links_to_the_other(client: Client, published: Publisher) -> None:
    html = page(client, "/?sort=-price&q=H")
    heading = html.split('data-column="price"')[1].split("</th>")[0]
    assert 'aria-sort="descending"' in heading
    assert 'href="?sort=price&amp;q=H"' in heading


def test_filter_keeps_what_matches_symbol_or_name(client: Client, published: Publisher) -> None:
    Instrument.objects.filter(code="HPG").update(name="Hòa Phát")
    assert symbols(page(client, "/?q=hòa")) == ["HPG"]
    assert symbols(page(client, "/?q=ac")) == ["ACB"]
    assert "Không có mã nào phù hợp." in page(client, "/?q=zzz")


def test_board_lists_the_basket_and_offers_the_rest(client: Client, redis_url: str) -> None:
    Publisher().store_all({"HPG": market_row("HPG"), "SHS": market_row("SHS", board="HNX")})
    html = page(client)
    assert symbols(html) == ["HPG"]
    assert 'href="?list=HNX"' in html
    assert symbols(page(client, "/?list=HNX")) == ["SHS"]
    assert symbols(page(client, "/?list=ALL")) == ["HPG", "SHS"]


def test_live_feed_says_so(client: Client, published: Publisher) -> None:
    assert "Trực tiếp" in page(client)


@pytest.mark.parametrize(("source", "word"), [("simulation", "Mô phỏng"), ("replay", "Phát lại")])
@pytest.mark.parametrize("feed", ["live", "delayed", "reconnecting", "closed", "starting"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_played_feed_says_what_it_is_and_never_live(
    client: Client, redis_url: str, source: str, word: str, feed: str, language: str
) -> None:
    Publisher(source=source, feed=feed, detail="").store_all({"HPG": market_row()})
    client.cookies["django_language"] = language
    html = page(client)
    assert (word if language == "vi" else source.capitalize()) in html
    assert f'data-source="{source}"' in html
    for forbidden in ("live", "trực tiếp"):
        assert forbidden not in html.lower()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"feed": "reconnecting"}, "Nguồn dữ liệu bị gián đoạn"),
        ({"feed": "delayed", "delay_seconds": 42}, "Chậm 42 giây"),
        ({"feed": "closed"}, "Ngoài giờ khớp lệnh"),
        ({"day": {"open": False, "confirmed": True, "reason": "Quốc khánh"}}, "Hôm nay không giao dịch. Quốc khánh"),
        ({"day": {"open": True, "confirmed": False, "reason": "Ngày lễ"}}, "Chưa xác nhận hôm nay"),
    ],
)
def test_trouble_of_the_feed_is_said(client: Client, redis_url: str, changes: dict[str, object], words: str) -> None:
    Publisher(**changes).store_all({"HPG": market_row()})
    assert words in page(client)


def test_board_before_the_first_data_waits(client: Client, redis_url: str) -> None:
    html = page(client)
    assert "Đang chờ dữ liệu" in html
    assert symbols(html) == []
    assert '<template id="row">' in html


def test_board_without_redis_renders_and_says_so(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    html = page(client)
    assert "Hiện không đọc được số liệu" in html
    assert "VNINDEX" in html


def test_names_are_text_not_markup(client: Client, published: Publisher) -> None:
    Instrument.objects.filter(code="HPG").update(name='<b>"Hòa"</b>')
    assert 'title="&lt;b&gt;&quot;Hòa&quot;&lt;/b&gt;"' in page(client)


def test_about_page_holds_the_notices(client: Client) -> None:
    html = page(client, "/about/")
    assert "Lightweight Charts" in html
    assert "SSI FastConnect Data" in html


def test_unknown_page_is_ours(client: Client) -> None:
    response = client.get("/nothing/")
    assert response.status_code == 404
    assert "Không có trang này" in response.content.decode()


def test_fault_page_needs_no_context(rf: RequestFactory) -> None:
    assert "Có lỗi xảy ra" in server_error(rf.get("/")).content.decode()
