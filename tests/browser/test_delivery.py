"""The settings of delivery in a real Chromium: subscribing, what is pushed, and axe on a page with everything on it."""

import asyncio
from typing import Any

import pytest
from channels.db import database_sync_to_async as in_database
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from playwright.async_api import Page, expect

from alerts.models import PushDevice
from tests.alerts.delivery.builders import make_channel, make_delivery
from tests.alerts.delivery.standins import Browser as Subscribed
from tests.browser.axe import hold_to_axe, hold_to_phone
from tests.browser.conftest import Server, Watch
from tests.patience import PATIENT_SECONDS

PAGE = "/alerts/delivery/"
ENDPOINT = "https://push.example.org/1"
# A Chromium without its maker's push service cannot subscribe: this answers in its place, as such a service would.
SUBSCRIBE = """subscription => {
    PushManager.prototype.subscribe = async function (options) {
        if (options.applicationServerKey.length !== 65) throw new Error("no key");
        return { toJSON: () => subscription };
    };
}"""
SHOWN = """async title => {
    const registration = await navigator.serviceWorker.ready;
    for (;;) {
        const shown = (await registration.getNotifications())
            .map(each => [each.title, each.body, each.tag, each.data.url]);
        if (shown.some(each => each[0] === title)) return shown;
        await new Promise(done => setTimeout(done, 50));
    }
}"""


@pytest.fixture
def environment(process_environment: dict[str, str]) -> dict[str, str]:
    mail = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": "9", "EMAIL_SECURITY": "none"}
    return process_environment | mail | {"TELEGRAM_BOT_TOKEN": "1:stand-in"}


@pytest.fixture
def server(own_server: Server) -> Server:
    return own_server


def log_in() -> tuple[User, str]:
    """A user and the cookie of a session."""
    user = User.objects.create_user("trader")
    client = Client()
    client.force_login(user)
    return user, client.cookies["sessionid"].value


async def opened(pages: Watch, server: Server, cookie: str) -> Page:
    page = await pages.open("/account/log-in/")
    await page.context.grant_permissions(["notifications"], origin=server.url)
    await page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": server.url}])
    await page.goto(server.url + PAGE)
    return page


async def push(page: Page, server: Server, text: str) -> None:
    """Let the browser's push service deliver a message, once the service worker is registered."""
    session = await page.context.new_cdp_session(page)
    registered: asyncio.Queue[str] = asyncio.Queue()

    def note(event: dict[str, Any]) -> None:
        for each in event["registrations"]:
            registered.put_nowait(each["registrationId"])

    session.on("ServiceWorker.workerRegistrationUpdated", note)
    await session.send("ServiceWorker.enable")
    await page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    registration = await asyncio.wait_for(registered.get(), PATIENT_SECONDS)
    message = {"origin": server.url, "registrationId": registration, "data": text}
    await session.send("ServiceWorker.deliverPushMessage", message)


async def shown(page: Page, title: str) -> Any:
    """Every notification that the browser shows, as soon as one with this title is among them."""
    return await asyncio.wait_for(page.evaluate(SHOWN, title), PATIENT_SECONDS)


async def test_browser_subscribes_and_shows_what_is_pushed(pages: Watch, server: Server) -> None:
    _, cookie = await in_database(log_in)()
    page = await opened(pages, server, cookie)
    await page.evaluate(SUBSCRIBE, Subscribed(ENDPOINT).subscription)
    await page.get_by_role("button", name="Bật thông báo trên trình duyệt này").click()
    await expect(page.locator("#push .devices li")).to_have_count(1)
    await expect(page.locator("#push .mark")).to_have_text("Bật")
    assert await PushDevice.objects.acount() == 1
    await push(page, server, '{"title": "HPG: 27,45", "body": "09:15:04", "tag": "1", "url": "/symbol/HPG/"}')
    await shown(page, "HPG: 27,45")
    await push(page, server, '{"title": "HPG: 27,50", "body": "09:15:05", "tag": "1", "url": "/symbol/HPG/"}')
    assert await shown(page, "HPG: 27,50") == [["HPG: 27,50", "09:15:05", "1", "/symbol/HPG/"]]


def fill(user: User) -> None:
    """A channel in every state, and deliveries of every outcome."""
    channel = make_channel(user, "telegram", hint="Trader", last_success_at=timezone.now())
    make_channel(user, "email", hint="t…@example.org", enabled=False)
    make_channel(
        user, "webhook", {"url": "https://example.org/", "secret": "s"}, hint="https://example.org/…", enabled=False,
        disabled_reason="refused", last_error="http 404", last_error_at=timezone.now(),
    )  # fmt: skip
    for number, status in enumerate(("sent", "failed", "expired", "quiet", "waiting")):
        make_delivery(channel, number, status=status, attempts=number, error="http 500" if number == 1 else "")


async def test_page_with_everything_on_it_satisfies_axe_and_fits_a_phone(pages: Watch, server: Server) -> None:
    user, cookie = await in_database(log_in)()
    await in_database(fill)(user)
    page = await opened(pages, server, cookie)
    for summary in await page.locator("#content details > summary").all():
        if await summary.is_visible():
            await summary.click()
    await hold_to_axe(page)
    await hold_to_phone(page)
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await page.evaluate(
        "document.querySelector('.newest').scrollWidth <= document.querySelector('.sideways').clientWidth"
    )
