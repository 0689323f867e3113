"""Answers that come late: after a newer one, or after the page moved on. What stands there then is the newest."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from playwright.async_api import Page, Request, Route, expect

from tests.browser.conftest import Watch
from tests.market.live_rows import Publisher

SETTLED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Held:
    """Requests that `wanted` picks wait for the test's leave; others are answered at once. `answer` gives the text."""

    def __init__(self, answer: Callable[[Request], str], wanted: Callable[[Request], bool]) -> None:
        self.answer = answer
        self.wanted = wanted
        self.asked = asyncio.Event()
        self.passed = asyncio.Event()  # another one was answered at once
        self.leave = asyncio.Event()
        self.held: Request | None = None

    async def __call__(self, route: Route) -> None:
        text = self.answer(route.request)
        held = self.wanted(route.request)
        if held:
            self.held = route.request
            self.asked.set()
            await self.leave.wait()
        await route.fulfill(body=text, content_type="text/html" if text.startswith("<") else "application/json")
        if not held:
            self.passed.set()

    async def let_go(self, page: Page) -> None:
        """Answer, and let the page do what it does with it."""
        async with page.expect_response(lambda answer: answer.request == self.held) as answered:
            self.leave.set()
        await (await answered.value).finished()
        await page.evaluate(SETTLED)


async def test_tape_asked_before_its_filter_was_changed_does_not_come_back(pages: Watch, two_stocks: Publisher) -> None:
    page = await pages.open("/symbol/HPG/")
    await expect(page.locator("#content.fed")).to_be_attached()
    held = Held(lambda asked: f"<p>{asked.url}</p>", lambda asked: "side=buy" not in asked.url)
    await page.route("**/symbol/HPG/tape/**", held)
    await page.evaluate("htmx.trigger('#tape', 'panel')")
    await asyncio.wait_for(held.asked.wait(), 20)
    await page.locator("#tape-filter select").select_option("buy")
    with suppress(TimeoutError):  # the page may ask for it when the other one is answered
        await asyncio.wait_for(held.passed.wait(), 0.4)
        await expect(page.locator("#tape")).to_contain_text("side=buy")
    await held.let_go(page)
    await expect(page.locator("#tape")).to_contain_text("side=buy")


async def test_name_that_was_typed_on_is_not_taken_for_what_was_found_before(
    pages: Watch, two_stocks: Publisher
) -> None:
    page = await pages.open("/about/")
    search, options = page.locator("#jump"), page.locator(".suggestions").get_by_role("option")
    await search.focus()
    await page.keyboard.type("ngan hang")
    await expect(options.first).to_be_visible()
    late = asyncio.Event()

    async def answer_late(route: Route) -> None:
        await late.wait()
        await route.continue_()

    await page.route("**/api/symbols**", answer_late)
    await search.fill("hoa phat")
    async with page.expect_request("**/api/symbols**"):
        await page.keyboard.press("Enter")
    late.set()
    await page.wait_for_url("**/symbol/HPG/")


async def test_own_alerts_that_go_off_together_are_all_listed(pages: Watch, two_stocks: Publisher) -> None:
    def mine(*hits: str) -> str:
        rows = "".join(f'<li data-hit="{hit}">{hit}</li>' for hit in hits)
        script = '<script type="module" src="/static/js/mine.js"></script>'
        return (
            f'<!doctype html><title>mine</title><link rel="icon" href="data:,"><ol id="own-lists">{rows}</ol>{script}'
        )

    page = await pages.open("/about/")
    answers, leave = [mine(), mine("one"), mine("one", "two")], [asyncio.Event(), asyncio.Event(), asyncio.Event()]
    leave[0].set()
    asked: asyncio.Queue[int] = asyncio.Queue()

    async def answer(route: Route) -> None:
        number = min(asked.qsize(), 2)
        asked.put_nowait(number)
        await leave[number].wait()
        await route.fulfill(body=answers[number], content_type="text/html")

    await page.route("**/mine-of-a-test/", answer)
    await page.goto(pages.server.url + "/mine-of-a-test/")
    tell = "id => document.dispatchEvent(new CustomEvent('own-alerts', { detail: [{ id }] }))"
    await page.evaluate(tell, "one")
    await page.evaluate(tell, "two")
    leave[1].set()
    await expect(page.locator("#own-lists li").first).to_have_text("one")
    leave[2].set()
    await expect(page.locator("#own-lists li")).to_have_text(["one", "two"])
