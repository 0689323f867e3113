"""Signals in a real Chromium: live on their page, as toasts elsewhere, filtered, by day, and on the chart."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from channels.db import database_sync_to_async as in_database
from django.db import connections
from playwright.async_api import Page, expect
from pytest_django import DjangoDbBlocker

from alerts.models import Alert
from market.models import Bar, DailyBar, ForeignFlow, Trade
from tests.alerts.signal_rows import START, AlertPublisher, alert_row
from tests.browser.conftest import Server, Watch
from tests.market.symbol_history import store_days, store_foreign_flow, store_minutes, store_trades

RINGS = """
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...given) {
  const { dataset } = document.documentElement;
  dataset.rings = Number(dataset.rings ?? 0) + 1;
  return start.apply(this, given);
};
"""


@pytest.fixture(scope="module")
def stored(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """History that another process can see; nothing is flushed at the end, which would empty the seeded tables too."""
    with django_db_blocker.unblock():
        store_minutes(count=600, last=START.replace(minute=40, second=0))
        store_days()
        store_trades()
        store_foreign_flow()
        rows = [alert_row(number - 86_400, "ACB", "volume_spike") for number in range(1, 4)]
        Alert.objects.bulk_create(
            Alert(
                id=row["id"], at=row["time"], kind=row["kind"], symbol=row["symbol"], severity=row["severity"],
                rule=row["rule"], rule_version=1, evidence=row["evidence"],
            )
            for row in rows
        )  # fmt: skip
        yield
        for model in (Alert, Bar, DailyBar, Trade, ForeignFlow):
            model.objects.all().delete()
        connections["default"].close()


@pytest.fixture
def server(stored: None, module_server: Server) -> Server:
    return module_server


@pytest.fixture
def publisher(two_stocks: AlertPublisher) -> AlertPublisher:
    two_stocks.store_alerts(alert_row(1))
    return two_stocks


def lines(page: Page) -> Any:
    return page.locator("#feed > li")


async def connected(page: Page) -> None:
    await expect(page.locator("html[data-signals=on]")).to_be_attached()


async def test_alert_arrives_on_its_page_and_as_a_toast_elsewhere(pages: Watch, publisher: AlertPublisher) -> None:
    feed = await pages.open("/signals/")
    board = await pages.open("/")
    await connected(feed)
    await connected(board)
    badge = board.locator("[data-signals-badge]")
    await expect(badge).to_be_hidden()
    await publisher.fire(alert_row(10, "SSI"), alert_row(11, "SSI", "volume_spike"))
    await expect(lines(feed).first).to_contain_text("25.000 cổ phiếu")
    await expect(lines(feed).nth(1)).to_contain_text("28,80 nghìn đồng")
    await expect(lines(feed)).to_have_count(6)
    await expect(badge).to_have_text("2")
    toast = board.locator(".toast")
    await expect(toast).to_have_count(1)
    await expect(toast).to_contain_text("Nghiêm trọng")
    await expect(board.locator("#toasts")).to_have_attribute("aria-live", "polite")
    await toast.get_by_role("button", name="Đóng").click()
    await expect(toast).to_have_count(0)
    await board.locator('.top nav a[href="/signals/"]').click()
    await connected(board)
    await board.goto(pages.server.url + "/about/")
    await connected(board)
    await expect(badge).to_be_hidden()
    await expect(feed.locator(".toast")).to_have_count(0)


async def test_filters_stay_in_the_address_and_hold_for_what_arrives(pages: Watch, publisher: AlertPublisher) -> None:
    page = await pages.open("/signals/")
    await page.get_by_label("Cảnh báo").check()
    await page.wait_for_url("**/signals/?severity=warning")
    await page.get_by_label("Khối lượng đột biến").check()
    await page.wait_for_url("**/signals/?severity=warning&kind=volume_spike")
    await page.locator("#choose-symbol").fill("ssi, acb")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/signals/?severity=warning&kind=volume_spike&symbol=ssi%2Cacb")
    await connected(page)
    await expect(lines(page)).to_have_count(3)
    await publisher.fire(alert_row(20), alert_row(21, "HPG", "volume_spike"), alert_row(22, "SSI", "volume_spike"))
    await expect(lines(page)).to_have_count(4)
    await expect(lines(page).first).to_contain_text("SSI")
    await page.reload()
    await connected(page)
    await expect(lines(page)).to_have_count(4)


async def test_a_day_of_history_stands_still(pages: Watch, publisher: AlertPublisher) -> None:
    page = await pages.open("/signals/")
    await page.locator("#choose-day").select_option("2026-11-19")
    await page.wait_for_url("**/signals/?day=2026-11-19")
    await connected(page)
    await expect(lines(page)).to_have_count(3)
    await publisher.fire(alert_row(30))
    await expect(page.locator(".toast")).to_have_count(1)
    await expect(lines(page)).to_have_count(3)
    assert await page.locator(".csv").get_attribute("href") == (
        "/api/history/alerts?format=csv&from=2026-11-19&to=2026-11-19&limit=100000"
    )


async def test_switches_are_remembered_and_obeyed(pages: Watch, publisher: AlertPublisher) -> None:
    page = await pages.open("/signals/")
    await page.wait_for_load_state("networkidle")
    await page.add_init_script(RINGS)
    await page.reload()
    await connected(page)
    sound = page.get_by_label("Âm báo khi nghiêm trọng")
    await expect(sound).not_to_be_checked()
    await publisher.fire(alert_row(40))
    await expect(lines(page)).to_have_count(5)
    assert await page.locator("html[data-rings]").count() == 0
    await sound.check()
    await expect(page.locator("html")).to_have_attribute("data-rings", "3")  # as a sample
    await publisher.fire(alert_row(41, "SSI", "volume_spike"))
    await expect(lines(page)).to_have_count(6)
    await expect(page.locator("html")).to_have_attribute("data-rings", "3")
    await publisher.fire(alert_row(42))
    await expect(page.locator("html")).to_have_attribute("data-rings", "6")
    await page.get_by_label("Hiện tín hiệu nghiêm trọng trên mọi trang").uncheck()
    await page.reload()
    await expect(sound).to_be_checked()
    await page.goto(pages.server.url + "/about/")
    await connected(page)
    await publisher.fire(alert_row(43))
    await expect(page.locator("[data-signals-badge]")).to_have_text("1")
    await expect(page.locator(".toast")).to_have_count(0)


async def test_link_leads_to_the_moment_on_the_chart(pages: Watch, publisher: AlertPublisher) -> None:
    page = await pages.open("/signals/?symbol=HPG")
    await page.get_by_role("link", name="Xem biểu đồ HPG 10:15:05").click()
    await page.wait_for_url("**/symbol/HPG/?at=*")
    await expect(page.locator("#chart[data-marked]")).to_have_attribute("data-marked", re.compile("T10:15:00"))
    await expect(page.locator(".notice.moment")).to_contain_text("20/11/2026 10:15:05")
    await expect(page.locator("#chart [role=img]")).to_be_attached()
    await page.locator(".chart [data-interval='5m']").click()
    await expect(page.locator("#chart[data-interval='5m']")).to_have_attribute("data-marked", re.compile("T10:15:00"))
    assert "at=" in page.url


async def test_moment_without_scripts_is_drawn_by_the_server(pages: Watch, publisher: AlertPublisher) -> None:
    page = await pages.open(f"/symbol/HPG/?at={START.timestamp():.0f}", java_script_enabled=False)
    await expect(page.locator("svg.candles line.moment")).to_be_attached()
    await expect(page.locator("svg.candles text.moment")).to_have_text("10:15:04")
    await expect(page.locator(".tape tbody tr")).to_have_count(6)


@asynccontextmanager
async def later_trades(*sides: str, at: datetime = START) -> AsyncIterator[None]:
    """Store trades of HPG, at 10:15:04 if not said otherwise, and take them away again."""
    trades = [
        Trade(
            symbol="HPG", at=at, total_volume=9_000 + number, number=900 + number, price=27_450.0, volume=100,
            value=2_745_000.0, side=side, method="quote", phase="continuous",
        )
        for number, side in enumerate(sides)
    ]  # fmt: skip
    await in_database(Trade.objects.bulk_create)(trades)
    yield
    await in_database(Trade.objects.filter(number__gte=900).delete)()


async def test_tape_filter_survives_live_updates_and_the_depth_is_remembered(
    pages: Watch, publisher: AlertPublisher
) -> None:
    page = await pages.open("/symbol/HPG/?side=sell")
    await expect(page.locator("#content.fed")).to_be_attached()
    rows = page.locator(".tape tbody tr")
    await expect(rows).to_have_count(2)
    await expect(page.locator(".tape .method").first).to_have_text("Chào giá")
    for volume in (12_345_900, 12_346_000):  # twice: what was swapped once has to be swapped again
        async with page.expect_response("**/symbol/HPG/tape/?side=sell**"):
            await publisher.update("market", {"HPG": {"total_volume": volume}})
    await expect(rows).to_have_count(2)
    async with later_trades("sell", "buy"):
        await publisher.update("market", {"HPG": {"total_volume": 12_346_100}})
        await expect(rows).to_have_count(3)  # the one that was sold
        await expect(rows.first).to_contain_text("10:15:04")
    await page.locator("#tape-filter select").select_option("buy")
    await expect(rows).to_have_count(3)
    await page.locator("#tape-filter input[name=min]").fill("101")
    await expect(page.locator("#tape")).to_contain_text("Không có lệnh nào")
    assert page.url.endswith("?side=buy&min=101")
    await expect(page.locator("#depth tbody tr:visible")).to_have_count(3)
    await page.locator(".depths a").last.click()
    await expect(page.locator("#depth tbody tr:visible")).to_have_count(10)
    await page.reload()
    await expect(page.locator("#depth tbody tr:visible")).to_have_count(10)
    await expect(page.locator("#tape")).to_contain_text("Không có lệnh nào")


async def test_tape_of_a_page_that_stayed_open_overnight_says_the_new_day(
    pages: Watch, publisher: AlertPublisher
) -> None:
    page = await pages.open("/symbol/HPG/")
    await expect(page.locator("section.tape header small")).to_have_text("20/11/2026")
    async with later_trades("buy", at=START + timedelta(days=3)):
        await page.evaluate("htmx.trigger('#tape', 'panel')")
        await expect(page.locator("section.tape header small")).to_have_text("23/11/2026")


async def test_card_shows_its_signals_as_they_come(pages: Watch, publisher: AlertPublisher) -> None:
    page = await pages.open("/symbol/HPG/")
    own = page.locator("[data-signals-of] li")
    await expect(own).to_have_count(1)
    await connected(page)
    await publisher.fire(alert_row(50))
    await expect(own).to_have_count(2)
    await expect(page.locator(".foreign-days")).to_be_attached()


@pytest.mark.parametrize("path", ["/signals/", "/signals/?day=2026-11-19", "/symbol/HPG/"])
async def test_phone_needs_no_sideways_scroll(pages: Watch, publisher: AlertPublisher, path: str) -> None:
    page = await pages.open(path, viewport={"width": 390, "height": 844}, is_mobile=True)
    await connected(page)
    await page.wait_for_load_state("networkidle")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_filters_go_by_what_the_page_shows_after_the_way_back_and_try_again(
    pages: Watch, publisher: AlertPublisher
) -> None:
    page = await pages.open("/signals/")
    await page.get_by_label("Cảnh báo").check()
    await page.wait_for_url("**/signals/?severity=warning")
    await page.go_back()
    await expect(page.get_by_label("Cảnh báo")).not_to_be_checked()

    await page.route("**/signals/?severity=*", lambda route: route.fulfill(status=204))  # the page stays
    async with page.expect_request("**/signals/?severity=warning"):
        await page.get_by_label("Cảnh báo").check()
    async with page.expect_request("**/signals/?severity=warning"):
        await page.get_by_role("button", name="Áp dụng").click()
