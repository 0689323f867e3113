"""The menu of a row changes a list while the page stays as it is."""

from playwright.async_api import expect

from tests.browser.conftest import Watch
from tests.market.live_rows import Publisher


async def test_list_is_changed_from_the_menu_and_the_page_stays(pages: Watch, fed: Publisher) -> None:
    page = await pages.open(viewport={"width": 1440, "height": 620})
    await expect(page.locator("main.fed")).to_be_attached()
    await page.evaluate("document.querySelector('main').dataset.stayed = 'yes'")
    row = page.locator('[data-row="VCB"] [data-cell="price"]')
    told = page.locator("#toasts .told")

    await row.click(button="right")
    await page.get_by_role("menuitem", name="☆ Theo dõi").click()
    await expect(told.last).to_contain_text("Đã thêm VCB vào danh mục “Danh mục của tôi”.")
    await expect(page.get_by_role("menu", include_hidden=True)).to_be_hidden()
    await expect(page.get_by_role("link", name="★ Danh mục của tôi")).to_be_visible()
    assert await page.evaluate("document.activeElement.textContent") == "VCB"

    await row.click(button="right")
    mine = page.get_by_role("menuitemcheckbox", name="Danh mục của tôi")
    await expect(mine).to_have_attribute("aria-checked", "true")
    await mine.click()
    await expect(told.last).to_contain_text("Đã bỏ VCB khỏi danh mục “Danh mục của tôi”.")
    await told.last.get_by_role("button", name="Đóng").click()
    await row.click(button="right")
    await expect(mine).to_have_attribute("aria-checked", "false")
    assert await page.locator("main[data-stayed]").count() == 1, "the page was never left"
