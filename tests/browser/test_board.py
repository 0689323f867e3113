"""The price board in a real Chromium, fed through a real Valkey."""

import random
import re
import uuid
from typing import Any

import pytest
from playwright.async_api import Page, expect

from market.pages.formatting import cells
from market.pages.price_table import PRICES
from tests.browser.conftest import Server, Watch
from tests.market.live_rows import VN30, Publisher, Row, market_row, random_row, untraded_row

COLOURS = {
    "ceiling": "rgb(232, 121, 249)",
    "up": "rgb(34, 197, 94)",
    "reference": "rgb(250, 204, 21)",
    "down": "rgb(248, 113, 113)",
    "floor": "rgb(34, 211, 238)",
}
READ = """() => Object.fromEntries([...document.querySelectorAll("#rows [data-row]")].map(row => [row.dataset.row,
    Object.fromEntries([...row.querySelectorAll("[data-cell]:not([data-kind])")].map(cell => [cell.dataset.cell,
        [cell.textContent, cell.className.replace(/ ?flash/, ""), getComputedStyle(cell).color]]))]))"""
ORDER = """() => [...document.querySelectorAll("#rows [data-row]")].map(row => row.dataset.row)"""
FLASHES = """() => { window.flashes = []; const lit = new Map();
    new MutationObserver(changes => { for (const { target } of changes) {
        const on = target.classList.contains("flash");
        if (on && !lit.has(target)) {
            const flash = { brief: true, colour: getComputedStyle(target).backgroundColor };
            lit.set(target, flash);
            setTimeout(() => flash.brief = false, 400);  // timers keep their order however busy the machine is
        }
        if (!on && lit.has(target)) {
            const { brief, colour } = lit.get(target);
            window.flashes.push([target.dataset.cell, brief, colour]);
            lit.delete(target);
        } } }).observe(document.getElementById("rows"), {attributeFilter: ["class"], subtree: true}); }"""


def vn30() -> dict[str, Row]:
    draw = random.Random(30)
    return {symbol: random_row(symbol, draw) for symbol in VN30}


def cell(page: Page, row: str, name: str) -> Any:
    return page.locator(f'[data-row="{row}"] [data-cell="{name}"]')


async def connected(page: Page) -> None:
    """Wait for the socket's first snapshot."""
    await expect(page.locator("main.fed")).to_be_attached()


async def test_values_on_screen_equal_the_snapshot_and_follow_the_colour_rule(
    pages: Watch, publisher: Publisher
) -> None:
    rows = vn30()
    draw = random.Random(31)
    rows["VPL"] = untraded_row("VPL")
    rows["SHB"] = market_row("SHB", price=28800.0, asks=[], bids=[[28800.0, 900_000]])
    rows["GVR"] = market_row("GVR", price=25100.0, bids=[])
    rows["BSR"] = market_row("BSR", price=26950.0)
    rows["VIC"] = market_row("VIC", phase="atc", expected_price=26900.0, asks=[[None, 5_000]])
    publisher.store_all(rows)
    page = await pages.open()
    await connected(page)
    changed = {symbol: random_row(symbol, draw) for symbol in ("ACB", "FPT", "VCB")}
    await publisher.update("market", changed)
    await expect(cell(page, "ACB", "total")).to_have_text(cells(changed["ACB"], "vi")["total"][0])
    seen = await page.evaluate(READ)
    assert list(seen) == sorted(rows)
    for symbol, row in (rows | changed).items():
        wanted = cells(row, "vi")
        for name in PRICES.names:
            if name == "spark":
                continue
            text, state, colour = seen[symbol][name]
            assert (name, text, state) == (name, *wanted[name])
            if state.removesuffix(" expected") in COLOURS:
                assert colour == COLOURS[state.removesuffix(" expected")], (symbol, name)


async def test_change_arrives_and_flashes_briefly(pages: Watch, publisher: Publisher) -> None:
    publisher.store_all({"HPG": market_row()})
    page = await pages.open()
    await connected(page)
    await page.evaluate(FLASHES)
    await publisher.update("market", {"HPG": {"price": 26900.0, "total_volume": 99_000_000}})
    await expect(cell(page, "HPG", "price")).to_have_text("26,90")
    await expect(cell(page, "HPG", "price")).to_have_class("down")  # the flash is over and its class gone
    ((name, brief, colour),) = await page.evaluate("window.flashes")
    assert (name, brief) == ("price", True)
    assert colour == "rgb(42, 54, 68)"


async def test_change_does_not_flash_where_motion_is_unwelcome(pages: Watch, publisher: Publisher) -> None:
    publisher.store_all({"HPG": market_row()})
    page = await pages.open(reduced_motion="reduce")
    await connected(page)
    await page.evaluate(FLASHES)
    await publisher.update("market", {"HPG": {"price": 26900.0}})
    await expect(cell(page, "HPG", "price")).to_have_text("26,90")
    await expect(cell(page, "HPG", "price")).to_have_class("down")
    ((_, _, colour),) = await page.evaluate("window.flashes")
    assert colour != "rgb(42, 54, 68)"
    assert await page.evaluate("document.getAnimations().length") == 0


async def test_sort_and_filter_survive_live_updates(pages: Watch, publisher: Publisher) -> None:
    publisher.store_all({symbol: market_row(symbol, total_volume=100) for symbol in ("ACB", "HPG", "SSI")})
    page = await pages.open()
    await connected(page)
    await page.locator('[data-column="total"] a').click()
    heading = page.locator('[data-column="total"]')
    await expect(heading).to_have_attribute("aria-sort", "descending")
    assert page.url.endswith("?sort=-total")
    await publisher.update("market", {"SSI": {"total_volume": 900}})
    await expect(cell(page, "SSI", "total")).to_have_text("900")
    await page.wait_for_timeout(1500)  # longer than the time between two looks at the order
    assert await page.evaluate(ORDER) == ["ACB", "HPG", "SSI"], "rows moved under the pointer"
    await page.mouse.move(5, 5)
    await page.evaluate("document.activeElement.blur()")
    await expect(page.locator("#rows [data-row]").first).to_have_attribute("data-row", "SSI")
    await page.keyboard.press("/")
    await page.keyboard.type("hp")
    await expect(page.locator("#rows [data-row]:visible")).to_have_count(1)
    await publisher.update("market", {"ACB": {"total_volume": 5_000}})
    await expect(cell(page, "ACB", "total")).to_have_text("5.000")
    await expect(page.locator("#rows [data-row]:visible")).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(page.locator("#rows [data-row]:visible")).to_have_count(3)
    await page.reload()
    await expect(page.locator("#rows [data-row]").first).to_have_attribute("data-row", "ACB")


async def test_sort_is_remembered_without_the_address(pages: Watch, publisher: Publisher) -> None:
    publisher.store_all({"ACB": market_row("ACB", price=26_000.0), "HPG": market_row("HPG")})
    page = await pages.open()
    heading = page.locator('[data-column="price"] a')
    await heading.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator('[data-column="price"]')).to_have_attribute("aria-sort", "descending")
    await page.goto(pages.server.url + "/")
    await expect(page.locator("#rows [data-row]").first).to_have_attribute("data-row", "HPG")
    await expect(page.locator('[data-column="price"]')).to_have_attribute("aria-sort", "descending")


async def test_page_heals_after_the_server_restarts(pages: Watch, publisher: Publisher, server: Server) -> None:
    publisher.store_all({"ACB": market_row("ACB"), "HPG": market_row("HPG")})
    page = await pages.open()
    await connected(page)
    server.stop()
    await expect(page.locator("#socket-notice")).to_contain_text("Mất kết nối")
    await expect(page.locator("#status .feed")).to_contain_text("Đang kết nối lại")
    restarted = Publisher(uuid.uuid4().hex)
    restarted.store_all({"HPG": market_row("HPG", price=28800.0), "SSI": market_row("SSI")})
    server.start()
    await expect(cell(page, "HPG", "price")).to_have_text("28,80", timeout=40_000)
    assert await page.evaluate(ORDER) == ["HPG", "SSI"]
    await expect(page.locator("#socket-notice")).to_be_hidden()
    await expect(page.locator("#status .feed")).to_contain_text("Trực tiếp")
    await restarted.update("market", {"SSI": {"volume": 4_200}})
    await expect(cell(page, "SSI", "volume")).to_have_text("4.200")
    away = [each for each in pages.problems if "/ws/" in each or each == "console: [object Event]"]
    pages.problems[:] = [each for each in pages.problems if each not in away]  # htmx's words for a refused socket


async def test_page_opened_before_the_first_data_fills_in(pages: Watch, publisher: Publisher, server: Server) -> None:
    server.stop()
    server.start()  # the one before may have seen data
    page = await pages.open()
    await expect(page.locator("#notice")).to_contain_text("Đang chờ dữ liệu")
    publisher.store_all({"HPG": market_row()})
    await publisher.beat()
    await expect(cell(page, "HPG", "price")).to_have_text("27,45")
    await expect(cell(page, "index:VNINDEX", "value")).to_have_text("1.662,54")
    await expect(page.locator("#notice")).to_be_empty()
    await expect(page.locator("#empty")).to_be_hidden()


async def test_trouble_of_the_feed_appears_without_a_reload(pages: Watch, publisher: Publisher) -> None:
    publisher.store_all({"HPG": market_row()})
    page = await pages.open()
    await connected(page)
    await publisher.beat(feed="reconnecting")
    await expect(page.locator("#notice")).to_contain_text("Nguồn dữ liệu bị gián đoạn")
    boards = publisher.status["boards"] | {
        "HOSE": {"phase": "lunch", "until": "2026-11-20T13:00:00+07:00", "next": "continuous"}
    }
    await publisher.beat(feed="live", boards=boards, time="2026-11-20T12:00:00+07:00")
    await expect(page.locator("#sessions li").first).to_contain_text("Nghỉ trưa còn")
    await expect(page.locator("#sessions time").first).to_contain_text(re.compile(r"59:\d\d"))
    await expect(page.locator("#notice")).to_be_empty()


async def test_row_that_hears_nothing_turns_grey_and_recovers(pages: Watch, publisher: Publisher) -> None:
    publisher.store_all({"HPG": market_row(time="2026-11-20T10:13:00+07:00"), "SSI": market_row("SSI")})
    page = await pages.open()
    row = page.locator('[data-row="HPG"]')
    await expect(row).to_have_class("trading stale")
    await expect(page.locator('[data-row="SSI"]')).to_have_class("trading")
    await cell(page, "HPG", "price").hover()
    await expect(row).to_have_attribute("title", re.compile(r"^Cập nhật cách đây 1[2-9]\d giây$"))
    await connected(page)
    await publisher.update("market", {"HPG": {"time": "2026-11-20T10:15:30+07:00"}})
    await expect(row).to_have_class("trading")


async def test_simulation_says_so_and_never_live(pages: Watch, redis_url: str) -> None:
    publisher = Publisher(uuid.uuid4().hex, source="simulation")
    publisher.store_all({"HPG": market_row()})
    page = await pages.open()
    await connected(page)
    await publisher.beat(detail="x")
    await expect(page.locator(".source")).to_have_text("Mô phỏng")
    text = (await page.inner_text("body")).lower()
    assert "trực tiếp" not in text
    assert "live" not in text


async def test_board_without_scripts_sorts_switches_language_and_theme(pages: Watch, publisher: Publisher) -> None:
    publisher.store_all({"ACB": market_row("ACB", price=26_000.0), "HPG": market_row("HPG")})
    page = await pages.open(java_script_enabled=False)
    await page.locator('[data-column="price"] a').click()
    await expect(page.locator("#rows [data-row]").first).to_have_attribute("data-row", "HPG")
    await page.get_by_role("button", name="English").click()
    await expect(page.locator("h1")).to_contain_text("Price board")
    await expect(cell(page, "HPG", "price")).to_have_text("27.45")
    await expect(page.locator("#rows [data-row]").first).to_have_attribute("data-row", "HPG")
    await page.get_by_role("button", name="Light theme").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "light")
    await page.locator("#filter").fill("ac")
    await page.locator("#filter").press("Enter")
    await expect(page.locator("#rows [data-row]")).to_have_count(1)


async def test_theme_changes_at_once_and_lasts(pages: Watch, publisher: Publisher) -> None:
    publisher.store_all({"HPG": market_row()})
    page = await pages.open()
    await page.get_by_role("button", name="Giao diện sáng").click()
    await expect(cell(page, "HPG", "price")).to_have_css("color", "rgb(19, 115, 56)")
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("data-theme", "light")


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_phone_shows_two_line_rows_without_sideways_scroll(
    pages: Watch, publisher: Publisher, language: str
) -> None:
    publisher.store_all(vn30())
    cookie = {"name": "django_language", "value": language, "url": pages.server.url}
    state: Any = {"cookies": [cookie | {"domain": "127.0.0.1", "path": "/"}], "origins": []}
    del state["cookies"][0]["url"]
    page = await pages.open(viewport={"width": 390, "height": 844}, is_mobile=True, storage_state=state)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    for name in ("price", "change", "percent", "total", "bid1_price", "ask1_price"):
        await expect(cell(page, "VCB", name)).to_be_visible()
    await expect(cell(page, "VCB", "bid3_price")).to_be_hidden()


async def test_desktop_board_fits_its_window(pages: Watch, publisher: Publisher) -> None:
    publisher.store_all(vn30())
    page = await pages.open()
    widths = await page.evaluate(
        "[document.querySelector('.scroller').scrollWidth, document.querySelector('.scroller').clientWidth]"
    )
    assert widths[0] == widths[1]
    assert await page.evaluate("document.documentElement.scrollHeight <= innerHeight")
