"""The pages of a reader who has logged in, those of accounts, and those of errors: axe, both languages, a phone."""

import uuid
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from channels.db import database_sync_to_async as in_database
from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client, RequestFactory
from django.utils import timezone
from playwright.async_api import Page, expect
from pytest_django import DjangoDbBlocker

from alerts.models import Alert, PersonalAlert, PersonalHit
from alerts.personal.views import stored_hit
from market.api.errors import server_error
from market.live import user_group
from market.models import ApiToken, Bar, DailyBar, ForeignFlow, SymbolState, Watchlist, WatchlistItem
from tests.alerts.personal.test_views import make, make_hit
from tests.alerts.summary.test_day import BEFORE, play_day
from tests.alerts.summary.test_day import day as store_day
from tests.browser.axe import hold_to_axe, hold_to_axe_in_both_languages
from tests.browser.conftest import Server, Watch
from tests.market.live_rows import Publisher

VISITORS = (
    "/about/", "/account/log-in/", "/account/sign-up/", "/account/reset/", "/account/reset/sent/", "/lists/",
    "/signals/?kind=nonsense", "/signals/?day=2026-11-19", "/symbol/VN30/", "/symbol/41I1GC000/?interval=1d",
)  # fmt: skip
READERS = (
    "/summary/", "/summary/2026-11-19/", "/summary/2019-01-02/", "/alerts/mine/", "/alerts/mine/?symbol=HPG",
    "/alerts/mine/{alert}/", "/lists/", "/lists/my-{list}/", "/?list=my-{list}", "/shared/{shared}/", "/account/",
    "/account/password/", "/account/delete/", "/alerts/delivery/", "/signals/",
)  # fmt: skip
REFUSED = {"/signals/?kind=nonsense": 400, "/account/delete/": 403}  # pages that answer with more than an error
ERRORS = {"/nothing/": 404, "/symbol/NOPE/": 404, "/summary/yesterday/": 404, "/admin/auth/user/": 403}


class Reader(NamedTuple):
    """A user with something on every page: the key, the session's cookie, and what addresses name."""

    key: int
    cookie: str
    names: dict[str, object]


def make_reader() -> Reader:
    user = User.objects.create_user("trader", "trader@example.org", is_staff=True)
    client = Client()
    client.force_login(user)
    lists = [Watchlist.objects.create(owner=user, name=name, position=at) for at, name in enumerate(("Ngân hàng", "B"))]
    for place, symbol in enumerate(("HPG", "ACB", "FPT")):
        WatchlistItem.objects.create(watchlist=lists[0], symbol=symbol, position=place)
    lists[0].share(True)
    rows = [
        make(user, note="cắt lỗ"),
        make(user, repeats=True, is_paused=True),
        make(user, kind="volume", threshold=1e6),
    ]
    make_hit(rows[2])
    make(user, expires_on=timezone.localdate().replace(year=2020))
    ApiToken.issue(user, "Bảng tính")
    names = {"alert": rows[0].pk, "list": lists[0].pk, "shared": lists[0].share_key}
    return Reader(user.pk, client.cookies[settings.SESSION_COOKIE_NAME].value, names)


@pytest.fixture(scope="module")
def reader(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Reader]:
    """A reader and two days of history that another process can see."""
    with django_db_blocker.unblock():
        for symbol, close in (("HPG", 26_000.0), ("SSI", 30_000.0), ("VNINDEX", 1_880.0)):
            store_day(symbol, BEFORE, close)
        play_day()
        yield make_reader()
        for model in (PersonalHit, Alert, Bar, DailyBar, ForeignFlow, SymbolState, User):
            model.objects.all().delete()
        connections["default"].close()


@pytest.fixture(scope="module")
def module_environment(reading: dict[str, str], reader: Reader) -> dict[str, str]:
    mail = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": "9", "EMAIL_SECURITY": "none"}
    return reading | mail | {"ACCOUNTS_SIGN_UP": "true", "TELEGRAM_BOT_TOKEN": "1:stand-in"}


@pytest.fixture
def server(module_server: Server) -> Server:
    return module_server


async def opened(pages: Watch, reader: Reader, path: str) -> Page:
    """Open a page as the reader."""
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": reader.cookie, "domain": "127.0.0.1", "path": "/"}
    page = await pages.open("/about/", storage_state={"cookies": [cookie], "origins": []})
    await page.goto(pages.server.url + path.format(**reader.names))
    return page


@pytest.mark.parametrize("path", VISITORS)
async def test_page_of_visitors_satisfies_axe(pages: Watch, fed: Publisher, path: str) -> None:
    await hold_to_axe_in_both_languages(await pages.open(path))
    pages.forget(REFUSED.get(path, 0))


@pytest.mark.parametrize("path", READERS)
async def test_page_of_a_reader_satisfies_axe(pages: Watch, fed: Publisher, reader: Reader, path: str) -> None:
    page = await opened(pages, reader, path)
    await expect(page.locator(".menu.reader summary")).to_contain_text("trader")
    for summary in await page.locator("#content details > summary").all():
        if await summary.is_visible():
            await summary.click()
    await hold_to_axe_in_both_languages(page)
    pages.forget(REFUSED.get(path, 0))


@pytest.mark.parametrize("path", ERRORS)
async def test_page_of_an_error_satisfies_axe(pages: Watch, fed: Publisher, reader: Reader, path: str) -> None:
    page = await opened(pages, reader, path)
    await expect(page).to_have_title(f"{ERRORS[path]} · VN Stock Tracker")
    await hold_to_axe_in_both_languages(page)
    pages.forget(ERRORS[path])


async def test_page_of_a_fault_of_ours_satisfies_axe(pages: Watch, fed: Publisher) -> None:
    page = await pages.open("/about/")
    body = server_error(RequestFactory().get("/")).content.decode()
    await page.route("**/broken/", lambda route: route.fulfill(status=500, body=body, content_type="text/html"))
    await page.goto(pages.server.url + "/broken/")
    await expect(page.get_by_role("heading")).to_be_visible()
    await hold_to_axe(page)
    pages.forget(500)


async def test_form_that_has_grown_old_says_so(pages: Watch, fed: Publisher) -> None:
    page = await pages.open("/account/log-in/")
    await page.context.clear_cookies()
    await page.locator("#id_username").fill("trader")
    await page.locator("#id_password").fill("x")
    await page.locator("#id_password").press("Enter")
    await expect(page.get_by_role("heading")).to_have_text("Biểu mẫu này đã cũ")
    await hold_to_axe_in_both_languages(page)
    pages.forget(403)


async def test_forms_that_were_refused_satisfy_axe(pages: Watch, fed: Publisher, reader: Reader) -> None:
    page = await pages.open("/account/log-in/")
    await page.locator("#id_username").fill("nobody")
    await page.locator("#id_password").fill("wrong")
    await page.locator("#id_password").press("Enter")
    await expect(page.locator("#content .error")).to_be_visible()
    await hold_to_axe_in_both_languages(page)
    page = await pages.open("/account/sign-up/")
    await page.locator("#id_username").fill("newcomer")
    await page.locator("#id_password1").fill("correct horse battery")
    await page.locator("#id_password2").fill("another")
    await page.locator("#id_password2").press("Enter")
    await expect(page.locator("#content .error").first).to_be_visible()
    await hold_to_axe_in_both_languages(page)
    page = await opened(pages, reader, "/alerts/mine/?symbol=HPG")
    await page.locator("#alert-value").fill("xyz")
    await page.locator("#alert-value").press("Enter")
    await expect(page.locator("#content .error").first).to_be_visible()
    await hold_to_axe_in_both_languages(page)
    pages.forget(422)


def store_hit(number: int) -> dict[str, object]:
    """Let an alert of the reader go off; the message that ingest sends of it."""
    row = PersonalAlert.objects.get(pk=number)
    hit = make_hit(row, id=uuid.uuid4())
    return stored_hit(hit)


async def test_own_alert_that_goes_off_is_told_and_listed(
    pages: Watch, fed: Publisher, reader: Reader, server: Server
) -> None:
    page = await opened(pages, reader, "/alerts/mine/")
    on, waiting = page.locator("html[data-signals=on]"), page.locator("[aria-labelledby=active-title] li")
    await expect(on).to_be_attached()
    await expect(waiting).to_have_count(1)
    await expect(page.locator(".own-hits li")).to_have_count(1)
    await page.locator("#alert-note").fill("kept")  # what is being written stays
    layer = get_channel_layer()
    assert layer is not None
    message = await in_database(store_hit)(reader.names["alert"])
    await page.evaluate("document.dispatchEvent(new Event('changed-elsewhere'))")
    await expect(page.locator("[data-changed]")).to_be_visible()  # it is stored, and not told yet
    await layer.group_send(user_group(reader.key), {"type": "user.message", "message": message})
    await expect(page.locator(".toast.own:not([data-changed])")).to_have_count(1)
    await expect(page.locator("[data-changed]")).to_have_count(0)
    await expect(page.locator(".own-hits li")).to_have_count(2)
    await expect(waiting).to_have_count(0)
    await expect(page.locator("#alert-note")).to_have_value("kept")
    server.stop()
    await expect(page.locator("html:not([data-signals])")).to_be_attached()
    server.start()
    await expect(on).to_be_attached(timeout=60_000)
    pages.problems.clear()  # those of the time without a server
    again = page.locator("[aria-labelledby=resting-title]").get_by_role("button", name="Đặt lại").last
    await again.click()
    await expect(waiting).to_have_count(1)
    await in_database(PersonalHit.objects.filter(pk=message["id"]).delete)()
