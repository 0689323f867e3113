"""The symbol search of the header: suggestions by code and name, chosen by keyboard, named for screen readers."""

import pytest
from playwright.async_api import expect

from tests.browser.axe import hold_to_axe
from tests.browser.conftest import Watch
from tests.market.live_rows import Publisher


@pytest.mark.parametrize("path", ["/about/", "/overview/", "/symbol/SSI/"])
async def test_search_suggests_and_is_chosen_from_by_keyboard(pages: Watch, two_stocks: Publisher, path: str) -> None:
    page = await pages.open(path)
    search, options = page.get_by_role("combobox", name="Tìm mã"), page.locator(".suggestions").get_by_role("option")
    await expect(search).to_have_attribute("aria-expanded", "false")
    await page.keyboard.press("/")
    await expect(search).to_be_focused()
    await page.keyboard.type("vinh")
    await expect(page.get_by_role("listbox", name="Tìm mã")).to_be_visible()
    await expect(search).to_have_attribute("aria-expanded", "true")
    await expect(options).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(options).to_have_count(0)  # closed; what was typed stays
    await expect(search).to_have_value("vinh")
    await page.keyboard.press("Control+a")
    await page.keyboard.type("vp")
    await expect(options).to_have_text(["VPB Ngân hàng TMCP Việt Nam Thịnh Vượng", "VPL CTCP Vinpearl"])
    for key, chosen in (("ArrowDown", 0), ("ArrowDown", 1), ("ArrowDown", 0), ("ArrowUp", 1), ("ArrowUp", 0)):
        await page.keyboard.press(key)
        await expect(page.locator(".suggestions").get_by_role("option", selected=True)).to_have_count(1)
        await expect(options.nth(chosen)).to_have_attribute("aria-selected", "true")
        await expect(search).to_have_attribute(
            "aria-activedescendant", await options.nth(chosen).get_attribute("id") or ""
        )
    await hold_to_axe(page)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/symbol/VPB/")


async def test_search_finds_a_company_by_its_name_without_accents(pages: Watch, two_stocks: Publisher) -> None:
    page = await pages.open("/about/")
    await page.get_by_role("button", name="English").click()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await page.keyboard.press("/")
    await page.keyboard.type("hoa ph")
    await expect(page.locator(".suggestions").get_by_role("option")).to_have_text(["HPG Hoa Phat Group"])
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/symbol/HPG/")


async def test_suggestion_is_chosen_by_pointer_and_fits_a_phone(pages: Watch, two_stocks: Publisher) -> None:
    page = await pages.open("/overview/", viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    await page.get_by_role("combobox").tap()
    await page.keyboard.type("ngan hang")
    options = page.locator(".suggestions").get_by_role("option")
    await expect(options).to_have_count(8)
    box = await page.get_by_role("listbox").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["y"] + box["height"] <= 844
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await options.filter(has_text="BID").tap()
    await page.wait_for_url("**/symbol/BID/")


async def test_search_without_an_answer_leads_to_what_was_typed(pages: Watch, two_stocks: Publisher) -> None:
    page = await pages.open("/about/")
    await page.route("**/api/symbols**", lambda route: route.fulfill(status=200, json={"symbols": []}))
    await page.keyboard.press("/")
    async with page.expect_response("**/api/symbols**"):
        await page.keyboard.type("ssi")
    await expect(page.get_by_role("listbox")).to_be_hidden()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/symbol/SSI/")


async def test_whole_code_on_a_list_of_codes_hides_what_stands_below_no_longer(
    pages: Watch, two_stocks: Publisher
) -> None:
    page = await pages.open("/lists/")
    await page.locator("#new-symbols").press_sequentially("hpg v")
    options = page.locator(".suggestions").get_by_role("option")
    await expect(options.first).to_contain_text("V")
    await page.locator("#new-symbols").press_sequentially("cb")
    await expect(options).to_have_count(0)
