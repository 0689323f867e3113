"""The chart when numbers or answers are missing: after sleep, while the tab was hidden, and without the history."""

import asyncio
import re
import uuid
from contextlib import suppress
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Page, Route, expect

from market.domain.calendar import VIETNAM
from tests.browser.conftest import Watch
from tests.browser.fake_sockets import faked
from tests.market.live_rows import Publisher, market_row

LAST = datetime(2026, 11, 20, 10, 15, tzinfo=VIETNAM)  # the minute of the live rows
STEP = {"1m": timedelta(minutes=1), "1d": timedelta(days=1)}


class History:
    """Answers for candles: ten, the last one of 10:15 or of the day."""

    def __init__(self) -> None:
        self.away = False
        self.volume = 1_000
        self.last = LAST

    async def __call__(self, route: Route) -> None:
        if self.away:
            await route.fulfill(status=503, json={"code": "unavailable", "detail": ""})
            return
        interval = parse_qs(urlsplit(route.request.url).query)["interval"][0]
        last = self.last if interval == "1m" else self.last.replace(hour=0, minute=0)
        candles = [
            {
                "time": (last - STEP[interval] * back).isoformat(), "open": 27_400, "high": 27_500, "low": 27_300,
                "close": 27_450, "volume": self.volume, "buy_volume": 500, "sell_volume": 300, "neutral_volume": 150,
                "unclassified_volume": 50,
            }
            for back in reversed(range(10))
        ]  # fmt: skip
        await route.fulfill(json={"candles": candles, "more": True})


def last(second: int, volume: int) -> dict[str, list[str]]:
    """The cell of the live numbers, `second` seconds after 10:15."""
    return {"last": [f"{LAST.timestamp() + second:.0f} 27500 {volume} {volume * 27_500} 0 0 0", ""]}


async def charted(pages: Watch, history: History) -> Page:
    """Open the page of HPG with this history and its first live word."""
    page = await pages.open("/about/")
    await page.route("**/api/history/**", history)
    await page.goto(pages.server.url + "/symbol/HPG/?interval=1m")
    await expect(page.locator("#chart")).to_have_attribute("data-drawn", "10")
    await expect(page.locator("#content.fed")).to_be_attached()
    return page


async def test_volume_of_a_gap_is_not_put_into_the_candle_that_runs(pages: Watch, two_stocks: Publisher) -> None:
    history, legend = History(), "#legend"
    page = await charted(pages, history)
    await two_stocks.update("market", {"HPG": {"total_volume": 12_345_900, "time": "2026-11-20T10:15:30+07:00"}})
    await expect(page.locator(legend)).to_contain_text("KL 1.300")
    history.volume = 5_000
    restarted = Publisher(uuid.uuid4().hex)
    restarted.store_all({"HPG": market_row(total_volume=15_000_000, time="2026-11-20T10:15:40+07:00")})
    await restarted.beat()
    await expect(page.locator(legend)).to_contain_text("KL 5.000")
    await restarted.update("market", {"HPG": {"total_volume": 15_000_200, "time": "2026-11-20T10:15:50+07:00"}})
    await expect(page.locator(legend)).to_contain_text("KL 5.200")


async def test_volume_of_the_time_that_a_tab_was_hidden_is_not_put_into_one_candle(
    pages: Watch, two_stocks: Publisher
) -> None:
    history, legend = History(), "#legend"
    page = await pages.open("/about/")
    await page.route("**/api/history/**", history)
    await faked(page, pages.server.url + "/symbol/HPG/?interval=1m")
    await expect(page.locator("#chart")).to_have_attribute("data-drawn", "10")
    await page.clock.run_for(100)
    history.volume = 30_000
    frames = [
        {"type": "cells", "seq": number + 2, "rows": {"HPG": last(5 + number // 10, 12_345_600 + 100 * number)}}
        for number in range(450)
    ]
    await page.evaluate("frames => frames.forEach(frame => made[0].hear(frame))", frames)
    await page.clock.run_for(100)  # the tab is looked at: now it draws
    await expect(page.locator(legend)).to_contain_text("KL 30.000")


async def test_candles_before_a_gap_that_one_answer_does_not_span_are_read_again_when_asked_for(
    pages: Watch, two_stocks: Publisher
) -> None:
    history = History()
    page = await charted(pages, history)
    history.last += timedelta(days=3)
    restarted = Publisher(uuid.uuid4().hex)
    restarted.store_all({"HPG": market_row()})
    async with page.expect_response("**/api/history/**") as answered:
        await restarted.beat()
    await (await answered.value).finished()
    await page.evaluate("new Promise(requestAnimationFrame)")
    await expect(page.locator("#chart")).to_have_attribute("data-drawn", "10")


async def test_interval_that_cannot_be_read_shows_what_comes_and_nothing_of_the_one_before(
    pages: Watch, two_stocks: Publisher
) -> None:
    history = History()
    page = await charted(pages, history)
    history.away = True
    await page.locator(".intervals [data-interval='1d']").click()
    await expect(page.locator("#chart-note")).to_be_visible()
    await expect(page.locator("#chart")).to_have_attribute("data-drawn", "0")
    await two_stocks.update("market", {"HPG": {"price": 27_500.0, "total_volume": 12_345_700}})
    await expect(page.locator("#legend")).to_contain_text("Đ 27,50 · KL 100")
    await expect(page.locator("#chart")).to_have_attribute("data-drawn", "1")
    pages.forget(503)


async def test_page_whose_chart_script_did_not_come_goes_on_after_a_gap(pages: Watch, two_stocks: Publisher) -> None:
    page = await pages.open("/about/")
    await page.route("**/lightweight-charts/**", lambda route: route.abort())
    await page.goto(pages.server.url + "/symbol/HPG/")
    await expect(page.locator("#content.fed")).to_be_attached()
    pages.problems.clear()  # that of the script
    restarted = Publisher(uuid.uuid4().hex)
    restarted.store_all({"HPG": market_row(price=28_800.0)})
    await restarted.beat()
    await expect(page).to_have_title(re.compile("^HPG 28,80 "))
    await restarted.update("market", {"HPG": {"price": 25_100.0, "total_volume": 12_345_900}})
    await expect(page).to_have_title(re.compile("^HPG 25,10 "))


async def test_candles_asked_first_and_answered_last_are_not_taken_for_the_newest(
    pages: Watch, two_stocks: Publisher
) -> None:
    older, newer, waiting = History(), History(), [asyncio.Event()]
    older.volume, newer.volume = 2_000, 3_000
    page = await charted(pages, History())
    asked = asyncio.Event()

    async def answer(route: Route) -> None:
        if not waiting:
            await newer(route)
            return
        leave = waiting.pop()
        asked.set()
        await leave.wait()
        await older(route)

    leave = waiting[0]
    await page.route("**/api/history/**", answer)
    look = "document.dispatchEvent(new Event('visibilitychange'))"
    await page.evaluate(look)
    await asyncio.wait_for(asked.wait(), 20)
    await page.evaluate(look)
    with suppress(AssertionError):  # the page may ask again when the first one is answered
        await expect(page.locator("#legend")).to_contain_text("KL 3.000", timeout=400)
    async with page.expect_response("**/api/history/**") as answered:
        leave.set()
    await (await answered.value).finished()
    await page.evaluate("new Promise(requestAnimationFrame)")
    await expect(page.locator("#legend")).to_contain_text("KL 3.000")
