"""The menu of a row in a real Chromium: by mouse, keyboard and finger, under live updates, and without scripts."""

from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.browser.axe import hold_to_axe
from tests.browser.conftest import Watch
from tests.market.live_rows import Publisher

INSIDE = """menu => { const {left, top, right, bottom} = menu.getBoundingClientRect();
    return left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight; }"""


def cell(page: Page, row: str, name: str = "symbol") -> Locator:
    return page.locator(f'[data-row="{row}"] [data-cell="{name}"]')


async def opened(page: Page, path: str, watch: Watch) -> Locator:
    """Go to a page that is live; its menu."""
    await page.goto(watch.server.url + path)
    await expect(page.locator("main.fed")).to_be_attached()
    return page.get_by_role("menu", include_hidden=True)


def focused(page: Page) -> Locator:
    return page.locator(":focus")


async def test_menu_opens_by_mouse_and_keyboard_and_gives_the_focus_back(pages: Watch, fed: Publisher) -> None:
    page = await pages.open()
    menu = await opened(page, "/", pages)
    await cell(page, "HPG", "price").click(button="right")
    await expect(menu).to_be_visible()
    assert await menu.evaluate(INSIDE)
    await expect(menu.locator("[data-symbol]")).to_have_text("HPG")
    alert = menu.get_by_role("menuitem", name="Đặt cảnh báo")
    await expect(alert).to_have_attribute("href", "/alerts/mine/?symbol=HPG#new")
    await fed.update("market", {"HPG": {"price": 28_800.0}, "ACB": None})  # the menu stays, and what it is for
    await expect(cell(page, "HPG", "price")).to_have_text("28,80")
    await expect(page.locator('[data-row="ACB"]')).to_have_count(0)
    await expect(menu.locator("[data-symbol]")).to_have_text("HPG")
    await hold_to_axe(page, "#content")
    await page.keyboard.press("Escape")
    await expect(menu).to_be_hidden()
    await expect(focused(page)).to_have_text("HPG")

    await page.keyboard.press("Shift+F10")
    await expect(menu).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await expect(focused(page)).to_have_text("Đặt cảnh báo")
    await page.keyboard.press("End")
    await expect(focused(page)).to_have_text("☆ Theo dõi")
    await page.keyboard.press("ArrowDown")
    await expect(focused(page)).to_have_text("Mở trang của mã")
    await page.keyboard.press("Tab")  # goes on from the row: to its button
    await expect(menu).to_be_hidden()
    button = cell(page, "HPG").get_by_role("button", name="Thao tác với HPG")
    await expect(button).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(button).to_have_attribute("aria-expanded", "true")
    await page.keyboard.press("Escape")
    await expect(button).to_be_focused()
    await page.locator("#content").click(position={"x": 3, "y": 3})

    await cell(page, "VCB", "total").hover()
    await page.get_by_role("button", name="Thao tác với VCB").click()
    await expect(menu.locator("[data-symbol]")).to_have_text("VCB")
    await page.locator(".foot").click()
    await expect(menu).to_be_hidden()
    await expect(page.locator("#row-button")).to_be_hidden()


async def test_futures_have_alerts_and_no_lists(pages: Watch, fed: Publisher) -> None:
    page = await pages.open()
    for path in ("/derivatives/", "/?list=FUTURES"):
        menu = await opened(page, path, pages)
        await page.locator('#rows [data-row="41I1GC000"] th').click(button="right")
        await expect(menu.get_by_role("menuitem")).to_have_count(2)
        link = menu.get_by_role("menuitem", name="Đặt cảnh báo")
        await expect(link).to_have_attribute("href", "/alerts/mine/?symbol=41I1GC000#new")


async def test_long_press_opens_the_menu_on_a_phone_and_leads_to_the_alert(pages: Watch, fed: Publisher) -> None:
    page = await pages.open(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    menu = await opened(page, "/", pages)
    box = await cell(page, "VCB").bounding_box()
    assert box
    finger: Any = await page.context.new_cdp_session(page)
    points = [{"x": box["x"] + 15, "y": box["y"] + 10}]
    await finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points})
    await expect(menu).to_be_visible()
    await finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    await expect(menu).to_be_visible()
    assert await menu.evaluate(INSIDE)
    await page.locator(".own").tap(position={"x": 200, "y": 10})
    await expect(menu).to_be_hidden()
    await cell(page, "VCB").locator("a").focus()  # a phone with a keyboard: the button stays in the symbol's cell
    button, symbol = await page.locator("#row-button").bounding_box(), await cell(page, "VCB").bounding_box()
    assert button
    assert symbol
    assert button["x"] + button["width"] <= symbol["x"] + symbol["width"] + 1
    await page.get_by_role("button", name="Thao tác với VCB").tap()
    await menu.get_by_role("menuitem", name="Đặt cảnh báo").tap()
    await page.wait_for_url("**/account/log-in/?next=/alerts/mine/%3Fsymbol%3DVCB#new")


async def test_without_scripts_there_is_no_menu_and_the_link_leads_to_both(pages: Watch, fed: Publisher) -> None:
    page = await pages.open(java_script_enabled=False)
    await expect(page.locator("#row-menu")).to_be_hidden()
    await expect(page.locator("#row-button")).to_be_hidden()
    await cell(page, "HPG").locator("a").click()
    await expect(page.get_by_role("link", name="Đặt cảnh báo")).to_be_visible()
    await expect(page.get_by_role("button", name="☆ Theo dõi")).to_be_visible()


async def test_escape_closes_one_thing_at_a_time(pages: Watch, fed: Publisher) -> None:
    page = await pages.open("/")
    await expect(page.locator("main.fed")).to_be_attached()
    await page.evaluate("document.getElementById('toasts').innerHTML = '<div class=toast></div>'")
    toast, menu = page.locator(".toast"), page.get_by_role("menu", include_hidden=True)
    await page.locator('[data-row="HPG"] [data-cell="price"]').click(button="right")
    await expect(menu).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(menu).to_be_hidden()
    await expect(toast).to_have_count(1)
    await page.keyboard.press("/")
    await page.keyboard.type("hpg")
    await page.keyboard.press("Escape")
    await expect(page.locator("#filter")).to_have_value("")
    await expect(toast).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(toast).to_have_count(0)
