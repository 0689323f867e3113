"""The page of a symbol in a real Chromium, with stored candles in a real PostgreSQL."""

import re
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import connections
from playwright.async_api import Page, Route, expect
from pytest_django import DjangoDbBlocker

from market.domain.calendar import VIETNAM
from market.models import Bar, DailyBar, Trade
from tests.browser.conftest import Server, Watch
from tests.market.live_rows import Publisher, market_row
from tests.market.symbol_history import store_days, store_minutes, store_trades

LAST = datetime(2026, 11, 20, 10, 15, tzinfo=VIETNAM)  # the minute of the live rows
MINUTES = 1_200
PIXELS = """() => [...document.querySelectorAll("#chart canvas")].some(canvas => canvas.width > 0 &&
    canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean))"""

FRAME = "() => new Promise(requestAnimationFrame)"


@pytest.fixture(scope="module")
def stored(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """History that another process can see. Nothing is flushed at the end: that would empty the seeded tables too."""
    with django_db_blocker.unblock():
        store_minutes(count=MINUTES, last=LAST)
        store_days()
        store_trades()
        store_auction()
        yield
        for model in (Bar, DailyBar, Trade):
            model.objects.all().delete()
        connections["default"].close()


def store_auction() -> None:
    """A closing auction as it ends for a stock that is traded much."""
    Trade.objects.create(
        symbol="FPT", at=LAST, total_volume=14_679_400, number=1, price=100_400.0, volume=14_679_400, value=1.47e12,
        side="neutral", method="auction", phase="atc",
    )  # fmt: skip


@pytest.fixture
def server(stored: None, module_server: Server) -> Server:
    return module_server


def cell(page: Page, name: str) -> Any:
    return page.locator(f'[data-cell="{name}"]').first


async def drawn(page: Page) -> int:
    """Wait for the chart and its first live word, and count its candles."""
    await expect(page.locator("#chart[data-drawn]")).to_be_visible()
    await expect(page.locator("#content.fed")).to_be_attached()
    return int(await page.locator("#chart").get_attribute("data-drawn") or 0)


async def test_chart_draws_stored_candles_and_the_last_one_moves(pages: Watch, two_stocks: Publisher) -> None:
    page = await pages.open("/symbol/HPG/?interval=1m")
    assert await drawn(page) == 500
    assert await page.evaluate(PIXELS)
    await expect(page.locator("#tv-attr-logo")).to_be_visible()
    legend = page.locator("#legend")
    await expect(legend).to_contain_text("KL 1.000 · mua 500 · bán 300 · không xác định 150 · chưa phân loại 50")
    totals = {"total_volume": 12_345_900, "buy_volume": 6_500_300}
    await two_stocks.update("market", {"HPG": totals | {"price": 39_900.0, "time": "2026-11-20T10:15:30+07:00"}})
    await expect(cell(page, "price")).to_have_text("39,90")
    await expect(legend).to_contain_text("Đ 39,90 · KL 1.300 · mua 800 · bán 300")
    await expect(page.locator("#chart [role=img]")).to_have_attribute("aria-label", re.compile("đóng 39,90"))
    await expect(page).to_have_title("HPG 39,90 +48,05 · VN Stock Tracker")
    totals = {"total_volume": 12_346_000, "sell_volume": 4_500_100}
    async with page.expect_response("**/symbol/HPG/day/"):  # trades are read again when something traded
        await two_stocks.update("market", {"HPG": totals | {"price": 39_800.0, "time": "2026-11-20T10:16:02+07:00"}})
    await expect(page.locator(".tape tbody tr")).to_have_count(6)
    await expect(legend).to_contain_text("M 39,80 C 39,80 T 39,80 Đ 39,80 · KL 100 · mua 0 · bán 100")


async def test_interval_changes_without_another_page_and_lasts(pages: Watch, two_stocks: Publisher) -> None:
    page = await pages.open("/symbol/HPG/")
    assert await drawn(page) == MINUTES // 5 + 1
    await page.locator(".intervals [data-interval='1d']").click()
    await expect(page.locator("#chart")).to_have_attribute("data-drawn", re.compile("^4[01]$"))
    assert page.url.endswith("?interval=1d")
    await page.locator("#twin summary").click()
    await expect(page.locator("#candle-table tbody th").nth(1)).to_have_text("19/11/2026")
    await page.reload()
    assert await drawn(page) in (40, 41)
    await expect(page.locator(".intervals [aria-current]")).to_have_text("1d")


async def test_scrolling_back_fetches_older_candles(pages: Watch, two_stocks: Publisher) -> None:
    page = await pages.open("/symbol/HPG/?interval=1m")
    assert await drawn(page) == 500
    await page.locator("#chart").focus()
    for count in ("1000", str(MINUTES)):
        for _ in range(7):
            await page.evaluate(FRAME)
            await page.keyboard.press("PageUp")
        await expect(page.locator("#chart")).to_have_attribute("data-drawn", count)


async def test_gap_in_the_live_numbers_reads_the_candles_again(pages: Watch, two_stocks: Publisher) -> None:
    page = await pages.open("/symbol/HPG/?interval=1m")
    await drawn(page)
    restarted = Publisher(uuid.uuid4().hex)
    restarted.store_all({"HPG": market_row(price=28_800.0)})
    async with page.expect_response("**/api/history/HPG/candles?**"):
        await restarted.beat()
    await expect(cell(page, "price")).to_have_text("28,80")


async def test_history_away_draws_what_comes_and_says_so(pages: Watch, two_stocks: Publisher) -> None:
    context = await pages.browser.new_context()
    page = await context.new_page()

    async def refuse(route: Route) -> None:
        await route.fulfill(status=503, json={"code": "unavailable", "detail": ""})

    await page.route("**/api/history/**", refuse)
    await page.goto(f"{pages.server.url}/symbol/HPG/?interval=1m")
    await expect(page.locator("#chart-note")).to_contain_text("Hiện không đọc được nến")
    await expect(page.locator("svg.candles")).to_be_visible()
    await expect(page.locator("#content.fed")).to_be_attached()
    await two_stocks.update("market", {"HPG": {"price": 27_500.0, "total_volume": 12_345_700}})
    await expect(page.locator("#chart")).to_have_attribute("data-drawn", "1")
    await expect(page.locator("#legend")).to_contain_text("Đ 27,50 · KL 100")


async def test_search_and_links_lead_from_symbol_to_symbol(pages: Watch, two_stocks: Publisher) -> None:
    page = await pages.open("/")
    await page.keyboard.press("/")
    await page.keyboard.type("hpg")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/symbol/HPG/")
    await page.keyboard.press("/")
    await page.keyboard.type("vn30f1m")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/symbol/VN30F1M/")
    await expect(cell(page, "price")).to_have_text("1.921,4")
    await page.locator(".back").click()
    await page.locator('[data-row="SSI"] a').focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/symbol/SSI/")


async def test_row_that_comes_while_the_board_is_open_gets_its_link_and_name(
    pages: Watch, two_stocks: Publisher
) -> None:
    page = await pages.open("/?list=ALL")
    await expect(page.locator("#content.fed")).to_be_attached()
    await two_stocks.update("market", {"VCB": market_row("VCB")})
    symbol = page.locator('[data-row="VCB"] [data-cell="symbol"]')
    await expect(symbol.locator("a")).to_have_attribute("href", "/symbol/VCB/")
    await expect(symbol).to_have_attribute("title", re.compile("Ngoại thương|Vietcombank"))


async def test_phone_needs_no_sideways_scroll(pages: Watch, two_stocks: Publisher) -> None:
    page = await pages.open("/about/", viewport={"width": 390, "height": 844}, is_mobile=True)
    for path in ("/symbol/HPG/", "/symbol/VN30/", "/symbol/VN30F1M/?interval=1d"):
        await page.goto(pages.server.url + path)
        await expect(page.locator("#content.fed")).to_be_attached()
        await page.wait_for_load_state("networkidle")  # a page that is left must not be waiting for its candles
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("width", [390, 1024, 1440, 1920])
async def test_tape_with_an_auction_needs_no_sideways_scroll(pages: Watch, two_stocks: Publisher, width: int) -> None:
    page = await pages.open("/symbol/FPT/")
    await page.set_viewport_size({"width": width, "height": 900})
    await expect(page.locator("#tape")).to_contain_text("14.679.400")
    assert await page.evaluate("(tape => tape.scrollWidth - tape.clientWidth)(document.getElementById('tape'))") == 0


async def test_page_without_scripts_has_drawing_and_interval_links(pages: Watch, two_stocks: Publisher) -> None:
    page = await pages.open("/symbol/HPG/", java_script_enabled=False)
    await expect(page.locator("svg.candles")).to_be_visible()
    await page.locator(".intervals a").last.click()
    await expect(page.locator(".intervals [aria-current]")).to_have_text("1d")
    await page.get_by_role("button", name="Giao diện sáng").click()
    await expect(page.locator("svg.candles")).to_be_visible()
    assert page.url.endswith("?interval=1d")
