"""The socket of a live page when connections die, on a clock and a network of the test's own."""

from typing import Any

from playwright.async_api import Page

from tests.browser.conftest import Watch
from tests.browser.fake_sockets import faked
from tests.market.live_rows import Publisher


async def board(pages: Watch) -> Page:
    page = await pages.open("/about/")
    await faked(page, pages.server.url + "/")
    return page


async def made(page: Page) -> Any:
    return await page.evaluate("made.length")


async def test_socket_that_closes_late_after_it_was_replaced_leaves_the_next_one_alone(
    pages: Watch, two_stocks: Publisher
) -> None:
    page = await board(pages)
    await page.clock.run_for(21_000)
    assert await made(page) == 2, "the silent one was replaced"
    await page.evaluate("made[1].begin()")
    await page.evaluate("made[0].end(1006)")
    await page.clock.run_for(12_000)
    assert await made(page) == 2
    assert await page.evaluate("made[1].readyState") == 1
    assert await page.locator("#socket-notice").is_hidden()


async def test_page_without_a_network_tries_again_no_more_often_as_time_goes_by(
    pages: Watch, two_stocks: Publisher
) -> None:
    page = await board(pages)
    await page.evaluate("window.refused = true; made[0].end(1006)")
    await page.clock.run_for(300_000)
    before = await made(page)
    await page.clock.run_for(60_000)
    assert 3 <= await made(page) - before <= 10


async def test_frame_soon_after_another_is_acknowledged_without_waiting_for_a_third(
    pages: Watch, two_stocks: Publisher
) -> None:
    page = await board(pages)
    for seq in (2, 3, 4):
        await page.evaluate("seq => made[0].hear({ type: 'cells', seq, rows: {} })", seq)
    await page.clock.run_for(2_500)
    assert await page.evaluate("made[0].said.at(-1)") == {"ack": 4}
    assert await page.evaluate("made[0].said.length") <= 3, "and not each by itself"
