"""The menu of a row changes a list while the page stays as it is."""

import asyncio

from playwright.async_api import Page, Route, expect

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
    await expect(page.locator(":focus")).to_have_text("VCB")

    await row.click(button="right")
    mine = page.get_by_role("menuitemcheckbox", name="Danh mục của tôi")
    await expect(mine).to_have_attribute("aria-checked", "true")
    await mine.click()
    await expect(told.last).to_contain_text("Đã bỏ VCB khỏi danh mục “Danh mục của tôi”.")
    await told.last.get_by_role("button", name="Đóng").click()
    await row.click(button="right")
    await expect(mine).to_have_attribute("aria-checked", "false")
    assert await page.locator("main[data-stayed]").count() == 1, "the page was never left"


class Late:
    """Requests to an address are answered by the server at once, and by the test's leave."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def __call__(self, route: Route) -> None:
        answer = await route.fetch()
        self.asked.set()
        await self.may_answer.wait()
        await route.fulfill(response=answer)


async def watch_vcb(page: Page) -> None:
    await page.locator('[data-row="VCB"] [data-cell="price"]').click(button="right")
    await page.get_by_role("menuitem", name="☆ Theo dõi").click()


async def told_of_change(page: Page) -> None:
    """Let the page hear, as its socket says it, that something of its reader's was changed."""
    await page.evaluate("document.dispatchEvent(new Event('changed-elsewhere'))")


async def test_state_asked_before_a_change_and_answered_after_it_is_no_change_elsewhere(
    pages: Watch, fed: Publisher
) -> None:
    page = await pages.open()
    await expect(page.locator("html[data-signals=on]")).to_be_attached()
    late = Late()
    await page.route("**/lists/state/", late)
    await told_of_change(page)
    await asyncio.wait_for(late.asked.wait(), 20)
    await watch_vcb(page)
    await expect(page.locator("#toasts .told")).to_contain_text("Đã thêm VCB")

    async with page.expect_response("**/lists/state/") as answered:
        late.may_answer.set()
    await (await answered.value).finished()
    await page.evaluate("new Promise(requestAnimationFrame)")
    await expect(page.locator("[data-changed]")).to_have_count(0)


async def test_change_that_the_page_has_not_heard_the_answer_of_is_no_change_elsewhere(
    pages: Watch, fed: Publisher
) -> None:
    page = await pages.open()
    await expect(page.locator("html[data-signals=on]")).to_be_attached()
    late = Late()
    await page.route("**/lists/new/", late)
    await watch_vcb(page)
    await asyncio.wait_for(late.asked.wait(), 20)
    await told_of_change(page)
    await page.wait_for_timeout(900)  # three times as long as it takes to ask
    late.may_answer.set()
    await expect(page.locator("#toasts .told")).to_have_count(1)
    await expect(page.locator("#toasts .told")).to_contain_text("Đã thêm VCB")


async def test_menu_that_is_open_while_a_list_is_changed_waits_and_is_filled_for_its_own_row(
    pages: Watch, fed: Publisher
) -> None:
    page = await pages.open()
    await expect(page.locator("html[data-signals=on]")).to_be_attached()
    await watch_vcb(page)
    told = page.locator("#toasts .told")
    await expect(told).to_have_count(1)
    late = Late()
    await page.route("**/lists/*/remove/", late)
    mine = page.get_by_role("menuitemcheckbox", name="Danh mục của tôi")
    await page.locator('[data-row="VCB"] [data-cell="price"]').click(button="right")
    await mine.click()
    await asyncio.wait_for(late.asked.wait(), 20)
    await page.locator('[data-row="FPT"] [data-cell="price"]').click(button="right")
    await expect(mine).to_be_disabled()
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_role("menuitem", name="Đặt cảnh báo")).to_be_focused()
    late.may_answer.set()
    await expect(told).to_have_count(2)
    await expect(mine).to_have_attribute("value", "FPT")
    await page.keyboard.press("ArrowDown")
    await expect(mine).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(told.last).to_contain_text("Đã thêm FPT vào danh mục “Danh mục của tôi”.")


async def test_state_asked_first_and_answered_last_counts_for_nothing(pages: Watch, fed: Publisher) -> None:
    page = await pages.open()
    await expect(page.locator("html[data-signals=on]")).to_be_attached()
    answers, asked, leave = iter(["another"]), asyncio.Event(), asyncio.Event()

    async def answer(route: Route) -> None:
        if (old := next(answers, None)) is None:
            await route.continue_()
            return
        asked.set()
        await leave.wait()
        await route.fulfill(body=old)

    await page.route("**/lists/state/", answer)
    await told_of_change(page)
    await asyncio.wait_for(asked.wait(), 20)
    async with page.expect_response("**/lists/state/") as newer:
        await told_of_change(page)
    await (await newer.value).finished()
    async with page.expect_response("**/lists/state/") as older:
        leave.set()
    await (await older.value).finished()
    await page.evaluate("new Promise(requestAnimationFrame)")
    await expect(page.locator("[data-changed]")).to_have_count(0)
