"""The pages beside the price board in a real Chromium, fed through a real Valkey."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Watch
from tests.market.live_rows import Publisher, foreign_row, future_row, indices, market_row

PAGES = ("overview", "foreign", "volume", "derivatives")


@pytest.fixture
def fed(publisher: Publisher) -> Publisher:
    publisher.store("market", {symbol: market_row(symbol) for symbol in ("ACB", "HPG", "VCB")})
    publisher.store("foreign", {"ACB": foreign_row("ACB"), "HPG": foreign_row("HPG", own_net_value=-1e9)})
    publisher.store("index", indices())
    front = future_row(bids=[[1921.3, 12]], asks=[[1921.5, 7]])
    publisher.store("derivatives", {"41I1GC000": front, "41I1H1000": front | {"symbol": "41I1H1000", "front": False}})
    return publisher


def cell(page: Page, row: str, name: str) -> Any:
    return page.locator(f'[data-row="{row}"] [data-cell="{name}"]')


async def opened(pages: Watch, name: str, **options: Any) -> Page:
    """Open a page and wait for its socket's first snapshot."""
    page = await pages.open(f"/{name}/", **options)
    await expect(page.locator("main.fed")).to_be_attached()
    return page


async def test_panels_follow_the_market_and_keep_what_the_reader_unfolded(pages: Watch, fed: Publisher) -> None:
    page = await opened(pages, "overview")
    await page.locator("#heat-table summary").click()
    await expect(page.locator("#wide-HPG .change")).to_have_text("+1,86%")
    await fed.update("market", {"HPG": {"price": 28_800.0}})
    await fed.update("index", {"VN30": {"value": 1901.0}})  # else they wait for a heartbeat
    await expect(page.locator("#wide-HPG .change")).to_have_text("+6,86%")
    await expect(page.locator("#wide-HPG .cell")).to_have_class("cell ceiling large")
    await expect(page.locator("#heat-table")).to_have_attribute("open", "")


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_language_and_theme_last_and_a_phone_has_no_sideways_scroll(
    pages: Watch, fed: Publisher, language: str
) -> None:
    page = await pages.open("/overview/", viewport={"width": 390, "height": 844}, is_mobile=True)
    if language == "en":
        await page.get_by_role("button", name="English").click()
    await page.get_by_role("button", name="Giao diện sáng" if language == "vi" else "Light theme").click()
    for name in PAGES:
        await page.locator(f'.top nav a[href="/{name}/"]').click()
        await expect(page.locator(f'.top nav a[href="/{name}/"]')).to_have_attribute("aria-current", "page")
        await expect(page.locator("html")).to_have_attribute("lang", language)
        await expect(page.locator("html")).to_have_attribute("data-theme", "light")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390, name


async def test_focus_in_a_panel_lasts_when_it_is_drawn_anew(pages: Watch, fed: Publisher) -> None:
    page = await opened(pages, "overview")
    unfold = page.locator("#heat-table summary")
    await unfold.click()
    for place in (unfold, page.locator("#heat-table a").nth(2), page.locator("#wide-HPG")):
        await place.focus()
        await expect(place).to_be_focused()
        await page.evaluate("document.querySelector('#panels').firstElementChild.dataset.old = ''")
        await page.evaluate("htmx.trigger('#panels', 'panel')")
        await expect(page.locator("#panels > [data-old]")).to_have_count(0)
        await expect(place).to_be_focused()
