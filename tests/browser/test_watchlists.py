"""An account and its lists in a real Chromium: made, filled, put in order, fed live, shared; and without scripts."""

import re
from dataclasses import replace

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.conftest import Server, Watch
from tests.browser.tables import Sorted, hold_sort_and_filter
from tests.market.live_rows import Publisher, foreign_row, market_row

PASSWORD = "correct horse battery"
CODES = ("ACB", "FPT", "HPG", "VCB")
ITEMS = "() => [...document.querySelectorAll('#items [data-symbol]')].map(item => item.dataset.symbol)"
TOLD = ".notice.success, .told.success"
ROWS = "() => [...document.querySelectorAll('#rows [data-row]')].map(row => row.dataset.row)"


@pytest.fixture
def environment(process_environment: dict[str, str], seeded_database: None) -> dict[str, str]:
    """A site where visitors may sign up, with a database that each test finds as it was installed."""
    return process_environment | {"ACCOUNTS_SIGN_UP": "true"}


@pytest.fixture
def server(own_server: Server) -> Server:
    return own_server


@pytest.fixture
def fed(publisher: Publisher) -> Publisher:
    publisher.store_all({code: market_row(code) for code in CODES})
    return publisher


def cell(page: Page, row: str, name: str) -> Locator:
    return page.locator(f'[data-row="{row}"] [data-cell="{name}"]')


async def sign_up(page: Page, name: str) -> None:
    """Make an account from wherever the page is."""
    await page.get_by_role("link", name="Đăng nhập", exact=True).click()
    await page.get_by_role("link", name="Đăng ký").click()
    await page.locator("#id_username").fill(name)
    await page.locator("#id_password1").fill(PASSWORD)
    await page.locator("#id_password2").fill(PASSWORD)
    await page.get_by_role("button", name="Đăng ký").click()
    await expect(page.locator(".menu.reader summary")).to_contain_text(name)


async def drag(page: Page, item: Locator, onto: Locator) -> None:
    """Drag an item by its handle to the place of another."""
    start, end = await item.locator(".handle").bounding_box(), await onto.locator(".handle").bounding_box()
    assert start
    assert end
    await page.mouse.move(start["x"] + 5, start["y"] + 10)
    await page.mouse.down()
    await page.mouse.move(end["x"] + 5, end["y"] + end["height"] - 10, steps=4)
    await page.mouse.move(end["x"] + 5, end["y"] + 2, steps=4)
    await page.mouse.up()


async def test_list_is_made_ordered_fed_live_and_shared(pages: Watch, fed: Publisher, browser: Browser) -> None:
    page = await pages.open()
    await page.get_by_role("link", name="Danh mục riêng").click()
    await page.locator("#new-symbols").fill("hpg")
    await page.get_by_role("button", name="Tạo danh mục").click()
    await expect(page.locator("#rows [data-row]")).to_have_count(1)
    await sign_up(page, "trader")  # the visitor's list comes along
    await page.get_by_role("link", name="★ Danh mục của tôi").click()
    await page.locator("#add").press_sequentially("fp")
    await expect(page.locator(".suggestions li")).to_have_text("FPT CTCP FPT")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator("#add")).to_have_value("FPT")
    async with page.expect_response("**/api/symbols?q=NONE**"):  # one on its way would be cut off by the next page
        await page.locator("#add").fill("FPT, acb VCB NONE")
    await page.locator("#add").press("Enter")
    await expect(page.locator(".notice.error")).to_have_text("Không có mã NONE.")
    await expect(page.locator("main.fed")).to_be_attached()
    assert await page.evaluate(ROWS) == ["HPG", "FPT", "ACB", "VCB"]

    await page.get_by_role("link", name="Sửa danh mục").click()
    items = page.locator("#items li")
    async with page.expect_response("**/arrange/"):
        await drag(page, items.nth(3), items.nth(0))
    async with page.expect_response("**/arrange/"):
        await page.get_by_role("button", name="Đưa ACB lên").click()
    await expect(page.locator("#moved")).to_have_text("ACB nay ở vị trí 3")
    order = await page.evaluate(ITEMS)
    assert order == ["VCB", "HPG", "ACB", "FPT"]
    await page.reload()
    assert await page.evaluate(ITEMS) == order
    await page.get_by_role("button", name="Chia sẻ bằng liên kết").click()
    shared = await page.locator("#shared").input_value()

    await page.get_by_role("link", name="Xem trên bảng giá").click()
    await expect(page.locator("main.fed")).to_be_attached()
    assert await page.evaluate(ROWS) == order
    stranger = await (await browser.new_context()).new_page()
    pages.listen(stranger)
    await stranger.goto(shared)
    await expect(stranger.locator("main.fed")).to_be_attached()
    await expect(stranger.get_by_role("button", name="Chép vào danh mục của tôi")).to_be_visible()
    await expect(stranger.locator("#add")).to_have_count(0)
    await fed.update("market", {"VCB": {"price": 28_800.0}})
    for each in (page, stranger):
        await expect(cell(each, "VCB", "price")).to_have_text("28,80")
        assert await each.evaluate(ROWS) == order


async def test_list_keeps_its_own_order_and_that_of_a_heading_under_live_changes(pages: Watch, fed: Publisher) -> None:
    page = await pages.open("/lists/")
    await page.locator("#new-symbols").fill("VCB HPG ACB")
    await page.get_by_role("button", name="Tạo danh mục").click()
    await expect(page.locator("main.fed")).to_be_attached()
    await fed.update("market", {"ACB": {"total_volume": 999_000_000}})
    await expect(cell(page, "ACB", "total")).to_have_text("999.000.000")
    await fed.update("market", {"VCB": {"total_volume": 1}})
    await expect(cell(page, "VCB", "total")).to_have_text("1")
    assert await page.evaluate(ROWS) == ["VCB", "HPG", "ACB"]
    own = Sorted(page.url, "market", ("ACB", "VCB", "HPG"), "cb", "total", "total_volume")
    await hold_sort_and_filter(page, fed, own)


async def test_symbol_goes_on_a_list_and_off_again_from_the_menu_of_its_row(pages: Watch, fed: Publisher) -> None:
    fed.store("foreign", {code: foreign_row(code) for code in CODES})
    page = await pages.open("/?list=HOSE&sort=-price")
    await cell(page, "HPG", "price").click(button="right")
    await page.get_by_role("menuitem", name="☆ Theo dõi").click()
    await expect(page.locator(TOLD)).to_contain_text("Đã thêm HPG vào danh mục “Danh mục của tôi”.")
    assert page.url.endswith("/?list=HOSE&sort=-price")
    for path, row, held in (("/foreign/", "FPT", False), ("/?list=my-list", "HPG", True)):
        await page.goto(pages.server.url + path)
        await expect(page.locator("main.fed")).to_be_attached()
        await cell(page, row, "symbol").click(button="right")
        item = page.get_by_role("menuitemcheckbox", name="Danh mục của tôi")
        await expect(item).to_have_attribute("aria-checked", str(held).lower())
        await item.click()
        await expect(page.locator(TOLD)).to_contain_text(f"{'Đã bỏ' if held else 'Đã thêm'} {row}")
        assert page.url.endswith(path)
    await expect(page.locator("#rows [data-row]")).to_have_count(1)
    assert await page.evaluate(ROWS) == ["FPT"]


async def test_pages_of_the_same_reader_hear_of_a_change_on_another_device(
    pages: Watch, fed: Publisher, browser: Browser
) -> None:
    desk = await pages.open()
    await sign_up(desk, "trader")
    await desk.goto(f"{pages.server.url}/lists/")
    await desk.locator("#new-symbols").fill("hpg fpt")
    await desk.get_by_role("button", name="Tạo danh mục").click()
    await expect(desk.locator("html[data-signals=on]")).to_be_attached()
    phone = await (await browser.new_context(storage_state=await desk.context.storage_state())).new_page()
    pages.listen(phone)
    await phone.goto(f"{pages.server.url}/lists/")
    await expect(phone.locator("html[data-signals=on]")).to_be_attached()

    async with phone.expect_response("**/arrange/"):
        await phone.get_by_role("button", name="Đưa FPT lên").click()
    await expect(desk.locator("[data-changed]")).to_contain_text("đã được thay đổi ở nơi khác")
    await expect(phone.locator("[data-changed]")).to_have_count(0)  # it shows what it changed
    await desk.get_by_role("link", name="Tải lại trang").click()
    await expect(desk.locator("main.fed")).to_be_attached()
    assert await desk.evaluate(ROWS) == ["FPT", "HPG"]
    await expect(desk.locator("[data-changed]")).to_have_count(0)

    await cell(desk, "HPG", "symbol").click(button="right")
    await desk.get_by_role("menuitemcheckbox", name="Danh mục của tôi").click()
    await expect(phone.locator("[data-changed]")).to_be_visible()
    await phone.get_by_role("link", name="Tải lại trang").click()
    await expect(phone.locator("#items li")).to_have_count(1)


async def test_tabs_of_a_visitor_hear_of_a_change_too(pages: Watch, fed: Publisher) -> None:
    page = await pages.open("/?list=HOSE")
    other = await page.context.new_page()
    pages.listen(other)
    await other.goto(f"{pages.server.url}/lists/")
    await other.locator("#new-symbols").fill("hpg")
    await other.get_by_role("button", name="Tạo danh mục").click()
    await expect(page.locator("[data-changed]")).to_be_visible()


async def test_lists_work_without_scripts(pages: Watch, fed: Publisher) -> None:
    page = await pages.open("/symbol/HPG/", java_script_enabled=False, viewport={"width": 390, "height": 844})
    await page.get_by_role("button", name="☆ Theo dõi").click()
    await page.locator(".watch summary").click()
    await expect(page.get_by_role("button", name="★ Danh mục của tôi")).to_be_visible()
    await page.goto(pages.server.url + "/lists/")
    await page.locator("#add").fill("acb; vcb")
    await page.locator("#list").get_by_role("button", name="Thêm").click()
    await page.get_by_role("button", name="Đưa VCB lên").click()
    await page.get_by_role("button", name="Bỏ ACB").click()
    await expect(page.locator("#items li")).to_have_count(2)
    assert await page.locator("#items li").evaluate_all("all => all.map(each => each.dataset.symbol)") == ["HPG", "VCB"]
    await sign_up(page, "newcomer")
    await expect(page).to_have_url(re.compile(r"/lists/my-\d+/$"))  # the list came along, under its new address
    await expect(page.locator("#items li")).to_have_count(2)


async def test_page_of_a_closed_site_asks_for_a_log_in_and_says_when_it_ended(
    browser: Browser, environment: dict[str, str], fed: Publisher, server: Server
) -> None:
    server.stop()
    server.command = replace(server.command, environment=environment | {"ANONYMOUS_READ": "false"})
    server.start()
    pages = Watch(browser, server)
    page = await pages.open("/")  # it asks for nothing by itself: that would lead to the log-in
    assert page.url.endswith("/account/log-in/?next=/")
    await sign_up(page, "guest")
    await expect(page.locator("main.fed")).to_be_attached()
    assert page.url == server.url + "/"
    other = await page.context.new_page()
    await other.goto(server.url + "/account/")
    await other.locator(".menu.reader summary").click()
    await other.get_by_role("button", name="Đăng xuất").click()
    await expect(other).to_have_url(server.url + "/account/log-in/?next=/")
    assert pages.problems == []
    server.stop()
    server.start()
    await expect(page.locator("#socket-notice")).to_contain_text("Phiên của bạn đã kết thúc", timeout=40_000)
