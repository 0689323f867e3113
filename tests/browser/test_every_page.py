"""What holds for every page: nothing fails, nothing comes from elsewhere, axe finds nothing grave."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.axe import hold_to_axe, hold_to_phone
from tests.browser.conftest import Watch
from tests.market.live_rows import Publisher, market_row

LIVE = ("/", "/?list=FUTURES", "/overview/", "/foreign/", "/volume/", "/derivatives/", "/symbol/HPG/")
STILL = ("/about/", "/signals/", "/account/log-in/")


async def settled(page: Page, path: str) -> None:
    """Wait for the socket's first snapshot, where the page has one."""
    if path in LIVE:
        await expect(page.locator("#content.fed")).to_be_attached()


@pytest.mark.parametrize("path", LIVE + STILL)
async def test_page_is_healthy_keeps_its_look_and_satisfies_axe(pages: Watch, fed: Publisher, path: str) -> None:
    page = await pages.open(path)
    await settled(page, path)
    html = page.locator("html")
    await page.locator(".to-light").click()
    await page.locator(".to-blue").click()
    await expect(html).to_have_attribute("data-palette", "blue")
    await page.get_by_role("button", name="English").click()
    await expect(html).to_have_attribute("lang", "en")
    await expect(html).to_have_attribute("data-theme", "light")
    await expect(html).to_have_attribute("data-palette", "blue")
    await settled(page, path)
    await hold_to_axe(page)
    await hold_to_phone(page)
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("/")
    assert await page.evaluate("document.activeElement.type") == "search"


async def test_heading_turns_when_the_auction_begins_and_ends(pages: Watch, fed: Publisher) -> None:
    fed.store("market", {"HPG": market_row()})
    page = await pages.open()
    await settled(page, "/")
    spread, heading = page.locator('[data-row="HPG"] [data-cell="spread"]'), page.locator('[data-column="spread"]')
    await expect(spread).to_have_text("0,05")
    await expect(heading).to_have_text("Chênh", use_inner_text=True)
    await fed.update("market", {"HPG": {"phase": "atc", "expected_price": 27_600.0}})
    await expect(spread).to_have_text("≈27,60")
    await expect(heading).to_have_text("Dự khớp", use_inner_text=True)
    await fed.update("market", {"HPG": {"phase": "closed", "expected_price": None}})
    await expect(spread).to_have_text("")
    await expect(heading).to_have_text("Chênh", use_inner_text=True)


async def test_header_and_navigation_fit_every_screen(pages: Watch, fed: Publisher) -> None:
    page = await pages.open("/derivatives/")
    await settled(page, "/derivatives/")
    for language in ("vi", "en"):
        await expect(page.locator("html")).to_have_attribute("lang", language)
        for width in (390, 1024, 1280, 1440):
            await page.set_viewport_size({"width": width, "height": 844})
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, (language, width)
            last = await page.locator(".top nav a").last.bounding_box()
            assert last and last["x"] + last["width"] <= width, (language, width)
        if language == "vi":
            await page.get_by_role("button", name="English").click()
