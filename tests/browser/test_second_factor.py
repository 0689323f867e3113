"""From the password to the admin in a real Chromium, and that the content policy blocks nothing on the way."""

import base64

import pytest
from channels.db import database_sync_to_async as in_database
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_otp.oath import totp
from playwright.async_api import Page, expect

from alerts.models import AlertRule
from tests.browser.conftest import Server, Watch
from tests.browser.test_every_page import AXE, FINDINGS, LOOKS, PUT

PASSWORD = "correct horse battery"


@pytest.fixture
def environment(process_environment: dict[str, str]) -> dict[str, str]:
    return process_environment | {"ADMIN_SECOND_FACTOR": "required", "ADMIN_PATH": "quan-tri"}


def prepared() -> tuple[int, int]:
    """A superuser, a rule with a past and a periodic task; the keys of the last two."""
    root = User.objects.create_superuser("root")
    root.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt")  # the server has no hasher of the tests
    root.save()
    rule = AlertRule.objects.create(kind="large_trade", name="Large")
    rule.name = "Larger"
    rule.save()
    every, _ = IntervalSchedule.objects.get_or_create(every=1, period="hours")
    return rule.pk, PeriodicTask.objects.create(name="rest", task="market.roll_up", interval=every).pk


async def hold_to_axe(page: Page) -> None:
    """In all looks, and on a phone."""
    if AXE.exists():
        await page.evaluate(AXE.read_text())
        for theme, palette in LOOKS:
            await page.evaluate(PUT, {"theme": theme, "palette": palette})
            assert await page.evaluate(FINDINGS) == [], (page.url, theme, palette)
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await page.set_viewport_size({"width": 1440, "height": 900})


async def test_admin_asks_for_the_code_of_an_app_that_read_the_picture(pages: Watch, server: Server) -> None:
    rule, task = await in_database(prepared)()
    page = await pages.open("/about/")
    await page.route("**/favicon.ico", lambda route: route.fulfill(status=204))  # the admin's pages name no icon
    await page.goto(f"{server.url}/quan-tri/")
    await page.fill("#id_username", "root")
    await page.fill("#id_password", PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{server.url}/account/second-factor/set-up/?next=/quan-tri/")
    picture = page.locator(".qr svg")
    box = await picture.bounding_box()
    assert box and 150 < box["width"] == box["height"] <= 340
    await hold_to_axe(page)
    shown = await page.locator(".help code").inner_text()
    key = base64.b32decode(shown.replace(" ", ""))
    await page.fill("#id_code", f"{totp(key):06}")
    await page.keyboard.press("Enter")
    await expect(page.locator(".codes li")).to_have_count(10)
    codes = await page.locator(".codes code").all_inner_texts()
    await hold_to_axe(page)
    await page.locator(".actions a").click()
    await expect(page).to_have_url(f"{server.url}/quan-tri/")
    for path in (f"alerts/alertrule/{rule}/history/", f"django_celery_beat/periodictask/{task}/change/"):
        await page.goto(f"{server.url}/quan-tri/{path}")
        await expect(page.locator("#content h1")).to_be_visible()
    await page.goto(f"{server.url}/account/")
    await hold_to_axe(page)

    await page.context.clear_cookies()
    await page.goto(f"{server.url}/quan-tri/")
    await page.fill("#id_username", "root")
    await page.fill("#id_password", PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#id_code")).to_be_focused()
    await hold_to_axe(page)
    await page.fill("#id_code", codes[0])
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{server.url}/quan-tri/")
