"""Pages of readers' own lists, as a browser without scripts uses them."""

import re

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.db import connections
from django.http import HttpResponse
from django.test import Client

from market.models import Instrument, Watchlist
from market.readers import readers
from market.watchlists.keepers import AccountLists
from tests.market.live_rows import Publisher, market_row
from tests.market.page_html import fresh_cache, page, symbols

pytestmark = pytest.mark.django_db
__all__ = ["fresh_cache"]


@pytest.fixture(autouse=True)
def published(redis_url: str) -> Publisher:
    publisher = Publisher()
    publisher.store_all({code: market_row(code) for code in ("ACB", "FPT", "HPG", "VCB")})
    return publisher


@pytest.fixture
def trader() -> User:
    return User.objects.create_user("trader", password="correct horse battery")


@pytest.fixture
def reader(client: Client, trader: User) -> Client:
    client.force_login(trader)
    return client


def said(response: HttpResponse) -> str:
    """What the next page will say."""
    return " ".join(str(message) for message in get_messages(response.wsgi_request))  # type: ignore[attr-defined]


def made(client: Client, **given: str) -> str:
    """Make a list; its id."""
    return client.post("/lists/new/", given).headers["Location"].removeprefix("/?list=")


def test_visitor_makes_a_list_that_is_a_tab_in_its_own_order(client: Client) -> None:
    assert "★" not in page(client)
    assert made(client, symbols="hpg, acb") == "my-list"
    html = page(client, "/?list=my-list")
    assert symbols(html) == ["HPG", "ACB"]
    assert "★ Danh mục của tôi" in html
    assert "symbols=ACB,HPG" in html
    assert symbols(page(client, "/?list=my-list&sort=symbol")) == ["ACB", "HPG"]
    client.post("/lists/my-list/move/", {"up": "ACB"})
    assert symbols(page(client, "/?list=my-list")) == ["ACB", "HPG"]


def test_visitor_without_a_list_costs_no_session(client: Client) -> None:
    page(client)
    page(client, "/lists/")
    assert "sessionid" not in client.cookies


def test_visitors_list_is_the_accounts_after_the_log_in(client: Client, trader: User) -> None:
    made(client, name="Banks", symbols="ACB VCB")
    answer = client.post("/account/log-in/", {"username": "trader", "password": "correct horse battery"})
    assert "Banks" in said(answer)
    (mine,) = AccountLists(trader).all()
    assert (mine.name, mine.symbols) == ("Banks", ("ACB", "VCB"))
    assert symbols(page(client, f"/?list={mine.id}")) == ["ACB", "VCB"]
    assert client.get("/?list=my-list").headers["Location"] == f"/?list={mine.id}"
    assert client.get("/lists/my-list/").headers["Location"] == f"/lists/{mine.id}/"
    client.post("/account/log-out/")
    assert "Banks" not in page(client)


def test_unknown_codes_are_told_by_name_and_the_others_are_added(reader: Client) -> None:
    Instrument.objects.create(code="SHS", kind="stock", board="HNX", name="SHS")
    id = made(reader, name="Mine")
    answer = reader.post(f"/lists/{id}/add/", {"symbols": "acb, XYZ SHS ../x VNINDEX"})
    assert said(answer) == "Không có mã XYZ, ../X, VNINDEX."
    html = page(reader, f"/?list={id}")
    assert symbols(html) == ["ACB"]
    assert "Hiện không được theo dõi: SHS" in html
    assert "Hãy nhập" in said(reader.post(f"/lists/{id}/add/", {"symbols": " , "}))


def test_lists_are_renamed_moved_shared_and_deleted(reader: Client, trader: User) -> None:
    first, second = made(reader, name="First", symbols="ACB FPT HPG"), made(reader, name="Second")
    reader.post(f"/lists/{second}/place/", {"step": "left"})
    reader.post(f"/lists/{first}/rename/", {"name": "Banks & <b>"})
    reader.post(f"/lists/{first}/arrange/", {"symbols": "HPG ACB"})
    reader.post(f"/lists/{first}/remove/", {"symbol": "FPT"})
    html = page(reader, f"/lists/{first}/")
    assert re.findall(r'data-symbol="(\w+)"', html) == ["HPG", "ACB"]
    assert "Banks &amp; &lt;b&gt;" in html
    assert [each.name for each in AccountLists(trader).all()] == ["Second", "Banks & <b>"]
    assert "Second" in said(reader.post(f"/lists/{first}/rename/", {"name": "second"})).title()
    reader.post(f"/lists/{second}/delete/")
    assert [each.id for each in AccountLists(trader).all()] == [first]


def test_shared_list_can_be_looked_at_and_copied_and_nothing_else(reader: Client, trader: User) -> None:
    id = made(reader, name="Banks", symbols="VCB ACB")
    reader.post(f"/lists/{id}/share/", {"shared": "1"})
    key = Watchlist.objects.get().share_key
    assert f"http://testserver/shared/{key}/" in page(reader, f"/lists/{id}/")
    visitor = Client()
    html = page(visitor, f"/shared/{key}/")
    assert symbols(html) == ["VCB", "ACB"]
    assert "Banks" in html
    assert "trader" not in html
    assert 'href="/?list=HOSE"' in html or 'href="/?list=VN30"' in html
    assert visitor.post(f"/lists/{id}/remove/", {"symbol": "VCB"}).status_code == 404
    assert visitor.post(f"/shared/{key}/copy/").headers["Location"] == "/?list=my-list"
    assert symbols(page(visitor, "/?list=my-list")) == ["VCB", "ACB"]
    reader.post(f"/lists/{id}/share/", {"shared": "0"})
    assert visitor.get(f"/shared/{key}/").status_code == 404
    assert visitor.post(f"/shared/{key}/copy/").status_code == 404


def test_private_list_is_shown_to_nobody_else(reader: Client) -> None:
    id = made(reader, name="Secret", symbols="VCB")
    other = Client()
    other.force_login(User.objects.create_user("other"))
    for client in (Client(), other):
        assert "Secret" not in page(client, f"/?list={id}")
        assert client.get(f"/lists/{id}/").status_code == 404
        assert client.post(f"/lists/{id}/delete/").status_code == 404


def test_forms_lead_back_to_pages_of_ours_alone(reader: Client) -> None:
    id = made(reader, name="Mine")
    for target, leads_to in (("/symbol/ACB/", "/symbol/ACB/"), ("https://elsewhere.example.org/", f"/lists/{id}/")):
        assert reader.post(f"/lists/{id}/add/", {"symbols": "ACB", "next": target}).headers["Location"] == leads_to


@pytest.mark.parametrize("key", ["%00", "none", "x" * 5000, "%F0%9F%90%84"])
def test_shared_list_that_cannot_be_is_not_found(client: Client, key: str) -> None:
    assert client.get(f"/shared/{key}/").status_code == 404
    assert client.post(f"/shared/{key}/copy/").status_code == 404


@pytest.mark.parametrize("path", ["/lists/new/", "/lists/my-list/add/", "/shared/key/copy/"])
def test_changes_need_a_form_of_ours(path: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(path, {"symbols": "ACB"}).status_code == 403
    assert strict.get(path).status_code == 405


def test_board_goes_on_while_the_database_is_away(
    reader: Client, monkeypatch: pytest.MonkeyPatch, transactional_db: None
) -> None:
    made(reader, name="Mine", symbols="ACB")
    assert "★ Mine" in page(reader)
    for name in connections:
        connections[name].close()
        monkeypatch.setitem(connections[name].settings_dict, "PORT", "1")
        monkeypatch.setitem(connections[name].settings_dict, "HOST", "127.0.0.1")
    try:
        html = page(reader)
        assert symbols(html) == ["ACB", "FPT", "HPG", "VCB"]
        assert ">trader<" in html
        assert "★ Mine" not in html
        assert reader.get("/lists/").status_code == 503
        assert reader.post("/lists/new/").status_code == 503
    finally:
        readers._away_until = 0.0


def test_menu_of_rows_knows_the_lists_of_the_reader_and_says_what_it_did(reader: Client) -> None:
    id = made(reader, name="Mine", symbols="HPG")
    for path in ("/", f"/?list={id}", "/foreign/", "/volume/"):
        html = page(reader, path)
        assert html.count('id="row-menu"') == 1
        assert f'data-list="HPG" data-add="/lists/{id}/add/" data-remove="/lists/{id}/remove/"' in html
    assert "data-list=" not in page(reader, "/derivatives/")
    answer = reader.post(f"/lists/{id}/add/", {"symbols": "ACB", "tell": "1", "next": "/volume/"})
    assert answer.headers["Location"] == "/volume/"
    reader.post(f"/lists/{id}/remove/", {"symbol": "HPG", "tell": "1"})
    reader.post(f"/lists/{id}/add/", {"symbols": "VCB"})  # of the page that shows the list: nothing to tell
    answer = reader.post(f"/lists/{id}/add/", {"symbols": "XYZ", "tell": "1"})
    assert said(answer) == "Đã thêm ACB vào danh mục “Mine”. Đã bỏ HPG khỏi danh mục “Mine”. Không có mã XYZ."


def test_row_menu_without_leaving_its_page_gets_its_lists_anew(reader: Client, trader: User) -> None:
    first = reader.post(
        "/lists/new/", {"symbols": "HPG", "tell": "1", "next": "/?list=HOSE"}, headers={"HX-Request": "true"}
    )
    html = first.content.decode()
    id = AccountLists(trader).all()[0].id
    assert 'hx-swap-oob="beforeend:#toasts"' in html
    assert "Đã thêm HPG vào danh mục" in html
    assert f'data-list="HPG" data-add="/lists/{id}/add/"' in html
    assert 'id="own-lists" class="lists" hx-swap-oob="true"' in html, "the board's tabs show the new list"
    asked = {"symbols": "ACB XYZ", "tell": "1", "next": "/volume/"}
    html = reader.post(f"/lists/{id}/add/", asked, headers={"HX-Request": "true"}).content.decode()
    assert 'data-list="HPG ACB"' in html
    assert 'class="toast told error"' in html
    assert "own-lists" not in html, "this page has no such tabs"
    assert "Đã thêm" not in page(reader), "nothing is said twice"


def test_row_menu_on_the_list_itself_has_its_page_come_anew(reader: Client) -> None:
    id = made(reader, symbols="HPG ACB")
    asked = {"symbol": "HPG", "tell": "1", "next": f"/?list={id}"}
    answer = reader.post(f"/lists/{id}/remove/", asked, headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"
    html = page(reader, f"/?list={id}")
    assert symbols(html) == ["ACB"]
    assert "Đã bỏ HPG khỏi danh mục" in html


def test_state_is_another_one_after_each_change_and_the_page_says_it(reader: Client) -> None:
    id = made(reader, name="Banks", symbols="ACB FPT")
    states = [reader.get("/lists/state/").content.decode()]
    for action, given in (
        ("add", {"symbols": "HPG"}),
        ("arrange", {"symbols": "HPG ACB FPT"}),
        ("rename", {"name": "Others"}),
        ("share", {"shared": "1"}),
        ("remove", {"symbol": "ACB"}),
        ("delete", {}),
    ):
        answer = reader.post(f"/lists/{id}/{action}/", given)
        states.append(reader.get("/lists/state/").content.decode())
        assert action != "arrange" or answer.headers["X-State"] == states[-1]
        assert f'data-state="{states[-1]}" data-state-of="/lists/state/"' in page(reader)
        assert f'data-state="{states[-1]}" data-state-of="/lists/state/"' in reader.get("/lists/").content.decode()
    assert len(set(states)) == len(states)
    assert reader.get("/lists/state/").headers["Cache-Control"].startswith("max-age=0")
