"""What is easily cut on a narrow screen is not: cells of tables, cards of the strip, titles of the heat map."""

from playwright.async_api import Page, expect

from tests.browser.conftest import Watch
from tests.market.live_rows import Publisher

WIDTHS = (360, 390, 768, 1024)
CUT = """selector => [...document.querySelectorAll(selector)]
    .filter(each => each.checkVisibility() && each.scrollWidth > each.clientWidth + 1).map(each => each.textContent)"""
OUTSIDE = """() => [...document.querySelectorAll('.heat .sector')].filter(each => each.checkVisibility())
    .filter(each => each.getBoundingClientRect().right > each.parentNode.getBoundingClientRect().right)
    .map(each => each.textContent)"""


async def resized(page: Page, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 844})


async def test_no_cell_of_the_futures_and_no_card_of_the_strip_is_cut(pages: Watch, fed: Publisher) -> None:
    page = await pages.open("/derivatives/")
    await expect(page.locator("main.fed")).to_be_attached()
    for width in WIDTHS:
        await resized(page, width)
        assert await page.evaluate(CUT, "#board :is(th, td)") == [], width
        assert await page.evaluate(CUT, ".strip .card") == [], width


async def test_no_title_of_the_heat_map_is_cut(pages: Watch, fed: Publisher) -> None:
    page = await pages.open("/overview/")
    await expect(page.locator("main.fed")).to_be_attached()
    for width in (*WIDTHS, 1400):
        await resized(page, width)
        assert await page.locator(".heat .sector:visible").count() > 0
        assert await page.evaluate(OUTSIDE) == [], width
