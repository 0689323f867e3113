"""From the password to the admin in a real Chromium, and that the content policy blocks nothing on the way."""

import base64

import pytest
from channels.db import database_sync_to_async as in_database
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_otp.oath import totp
from playwright.async_api import expect

from alerts.models import AlertRule
from tests.browser.axe import hold_to_axe, hold_to_phone
from tests.browser.conftest import Server, Watch

PASSWORD = "correct horse battery"


@pytest.fixture
def environment(process_environment: dict[str, str]) -> dict[str, str]:
    return process_environment | {"ADMIN_SECOND_FACTOR": "required", "ADMIN_PATH": "quan-tri"}


@pytest.fixture
def server(own_server: Server) -> Server:
    return own_server


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
    await hold_to_phone(page)
    shown = await page.locator(".help code").inner_text()
    key = base64.b32decode(shown.replace(" ", ""))
    await page.fill("#id_code", f"{totp(key):06}")
    await page.keyboard.press("Enter")
    await expect(page.locator(".codes li")).to_have_count(10)
    codes = await page.locator(".codes code").all_inner_texts()
    await hold_to_axe(page)
    await hold_to_phone(page)
    await page.locator(".actions a").click()
    await expect(page).to_have_url(f"{server.url}/quan-tri/")
    for path in (f"alerts/alertrule/{rule}/history/", f"django_celery_beat/periodictask/{task}/change/"):
        await page.goto(f"{server.url}/quan-tri/{path}")
        await expect(page.locator("#content h1")).to_be_visible()
    await page.goto(f"{server.url}/account/")
    await hold_to_axe(page)
    await hold_to_phone(page)

    await page.context.clear_cookies()
    await page.goto(f"{server.url}/quan-tri/")
    await page.fill("#id_username", "root")
    await page.fill("#id_password", PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#id_code")).to_be_focused()
    await hold_to_axe(page)
    await hold_to_phone(page)
    await page.fill("#id_code", codes[0])
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{server.url}/quan-tri/")
