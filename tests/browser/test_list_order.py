"""Moves in a list that come faster than the server answers: they are saved one after the other."""

import asyncio
from urllib.parse import unquote

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import Watch
from tests.browser.test_watchlists import ITEMS

# The page hears no answer. Requests that are held here end when the page is left, as those of a slow server do not.
DEAF = "() => { const send = fetch; window.fetch = (...all) => send(...all).then(() => new Promise(() => {})); }"

pytestmark = pytest.mark.usefixtures("fed")


class Held:
    """Saves of an order: each reaches the server, and the page hears of it by the test's leave."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.orders: list[str] = []
        self.came = asyncio.Semaphore(0)
        self.may_answer = asyncio.Semaphore(0)
        self.refuse_first = False

    async def hold(self) -> None:
        await self.page.route("**/arrange/", self)

    async def __call__(self, route: Route) -> None:
        self.orders.append(sent_order(route.request.post_data or ""))
        refused = self.refuse_first and len(self.orders) == 1
        answer = None if refused else await route.fetch()
        self.came.release()
        await self.may_answer.acquire()
        if answer is None:
            await route.fulfill(status=503)
        else:
            await route.fulfill(response=answer)

    async def next(self) -> None:
        """Wait until a save was made."""
        await asyncio.wait_for(self.came.acquire(), 20)


def sent_order(body: str) -> str:
    """The symbols of a form."""
    lines = unquote(body).splitlines()
    return lines[next(place for place, line in enumerate(lines) if 'name="symbols"' in line) + 2]


async def edited(pages: Watch, *, hold: bool = True) -> tuple[Page, Held]:
    """A list of three on the page that changes it."""
    page = await pages.open("/lists/")
    await page.locator("#new-symbols").fill("ACB FPT HPG")
    await page.get_by_role("button", name="Tạo danh mục").click()
    await expect(page.locator("main.fed")).to_be_attached()
    await page.goto(pages.server.url + "/lists/")
    await expect(page.locator("html[data-signals=on]")).to_be_attached()
    held = Held(page)
    if hold:
        await held.hold()
    return page, held


async def up(page: Page, symbol: str) -> None:
    await page.get_by_role("button", name=f"Đưa {symbol} lên").click()


async def stored_order(pages: Watch, page: Page) -> list[str]:
    """The order that the server has."""
    await page.goto(pages.server.url + "/lists/")
    order: list[str] = await page.evaluate(ITEMS)
    return order


async def test_moves_during_a_save_wait_for_it_and_the_newest_order_alone_follows(pages: Watch) -> None:
    page, held = await edited(pages)
    await up(page, "HPG")
    await held.next()
    await up(page, "HPG")
    await up(page, "FPT")  # both before the answer to the first
    assert await page.evaluate(ITEMS) == ["HPG", "FPT", "ACB"]
    await page.evaluate("new Promise(requestAnimationFrame)")
    assert held.orders == ["ACB HPG FPT"]

    held.may_answer.release()
    await held.next()
    assert held.orders == ["ACB HPG FPT", "HPG FPT ACB"]
    async with page.expect_response("**/lists/state/"):  # what the page shows is compared when all is saved
        held.may_answer.release()
    await expect(page.locator("#moved")).to_have_text("FPT nay ở vị trí 2")
    await page.evaluate("new Promise(requestAnimationFrame)")
    await expect(page.locator("[data-changed]")).to_have_count(0)
    assert await stored_order(pages, page) == ["HPG", "FPT", "ACB"]
    assert len(held.orders) == 2


async def test_move_after_a_save_that_failed_is_saved_and_kept(pages: Watch) -> None:
    page, held = await edited(pages)
    held.refuse_first = True
    await up(page, "HPG")
    await held.next()
    await up(page, "HPG")
    held.may_answer.release()
    await held.next()
    held.may_answer.release()
    await expect(page.locator("#moved")).to_have_text("HPG nay ở vị trí 1")
    assert await stored_order(pages, page) == ["HPG", "ACB", "FPT"]
    pages.forget(503)


async def test_move_that_waits_is_saved_when_its_reader_leaves_the_page(pages: Watch) -> None:
    page, _ = await edited(pages, hold=False)
    await page.evaluate(DEAF)
    async with page.expect_response("**/arrange/"):
        await up(page, "HPG")
    await up(page, "HPG")
    await page.goto(pages.server.url + "/about/")
    async with asyncio.timeout(20):  # a request of a page that is gone is heard of by the server alone
        while await stored_order(pages, page) != ["HPG", "ACB", "FPT"]:
            await asyncio.sleep(0.05)
