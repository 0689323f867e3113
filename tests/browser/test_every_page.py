"""What holds for every page: nothing fails, nothing comes from elsewhere, axe finds nothing grave."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connections
from playwright.async_api import Page, expect

from tests.browser.conftest import Server, Watch
from tests.market.live_rows import Publisher, foreign_row, future_row, indices, market_row
from tracker.launch.process import Warden

pytestmark = pytest.mark.django_db  # pytest-django makes the database only for tests that ask for it

AXE = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
LIVE = ("/", "/?list=FUTURES", "/overview/", "/foreign/", "/volume/", "/derivatives/", "/symbol/HPG/")
STILL = ("/about/", "/signals/", "/account/log-in/")
LOOKS = [(theme, palette) for theme in ("dark", "light") for palette in ("market", "blue")]
PUT = "look => Object.assign(document.documentElement.dataset, look)"
FINDINGS = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
    .filter(each => ["serious", "critical"].includes(each.impact))
    .map(each => [each.id, each.nodes.slice(0, 4).map(node => [node.target.join(" "), node.failureSummary])])"""


@pytest.fixture(scope="module")
def server(chromium: str, django_db_setup: None, valkey_server: str, warden: Warden) -> Iterator[Server]:
    """One server for all pages: each test publishes an epoch of its own."""
    database = connections["default"].settings_dict["NAME"]
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}").geturl()
    ours = {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "tracker.settings", "ANONYMOUS_READ": "true"}
    server = Server(os.environ | ours, warden)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def fed(redis_url: str) -> Publisher:
    publisher = Publisher(uuid.uuid4().hex)
    auction = {"phase": "atc", "expected_price": 27_500.0, "asks": [[None, 5_000], [27_450.0, 900]]}
    rows = {symbol: market_row(symbol) for symbol in ("ACB", "FPT", "HPG", "VCB")}
    rows["SSI"] = market_row("SSI", **auction)
    rows["SHB"] = market_row("SHB", price=28_800.0, asks=[])
    rows["BID"] = market_row("BID", price=25_100.0, bids=[], time="2026-11-20T10:01:00+07:00")
    rows["GAS"] = market_row("GAS", price=26_900.0, phase="halted")
    publisher.store("market", rows)
    flows = {symbol: foreign_row(symbol, covered_seconds=20) for symbol in rows}
    publisher.store("foreign", flows | {"ACB": foreign_row("ACB", own_net_value=-5e9, room_used_percent=99.5)})
    publisher.store("index", indices())
    publisher.store("derivatives", {"41I1GC000": future_row(bids=[[1921.3, 12]], asks=[[1921.5, 7]])})
    return publisher


async def settled(page: Page, path: str) -> None:
    """Wait for the socket's first snapshot, where the page has one."""
    if path in LIVE:
        await expect(page.locator("#content.fed")).to_be_attached()


@pytest.mark.parametrize("path", LIVE + STILL)
async def test_page_is_healthy_keeps_its_look_and_satisfies_axe(pages: Watch, fed: Publisher, path: str) -> None:
    page = await pages.open(path)
    await settled(page, path)
    html = page.locator("html")
    await page.locator(".to-light").click()
    await page.locator(".to-blue").click()
    await expect(html).to_have_attribute("data-palette", "blue")
    await page.get_by_role("button", name="English").click()
    await expect(html).to_have_attribute("lang", "en")
    await expect(html).to_have_attribute("data-theme", "light")
    await expect(html).to_have_attribute("data-palette", "blue")
    await settled(page, path)
    if AXE.exists():  # scripts/setup fetches it where there is npm
        await page.evaluate(AXE.read_text())
        for theme, palette in LOOKS:
            await page.evaluate(PUT, {"theme": theme, "palette": palette})
            assert await page.evaluate(FINDINGS) == [], (theme, palette)
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("/")
    assert await page.evaluate("document.activeElement.type") == "search"


async def test_every_live_page_heals_after_the_server_restarts(pages: Watch, fed: Publisher, server: Server) -> None:
    opened = [await pages.open(path) for path in LIVE]
    for page in opened:
        await expect(page.locator("#content.fed")).to_be_attached()
    problems = list(pages.problems)
    server.stop()
    for page in opened:
        await expect(page.locator("#socket-notice")).to_be_visible()
    server.start()
    for page in opened:
        await expect(page.locator("#socket-notice")).to_be_hidden(timeout=30_000)
    assert problems == []
    pages.problems.clear()  # those of the time without a server


async def test_heading_turns_when_the_auction_begins_and_ends(pages: Watch, fed: Publisher) -> None:
    fed.store("market", {"HPG": market_row()})
    page = await pages.open()
    await settled(page, "/")
    spread, heading = page.locator('[data-row="HPG"] [data-cell="spread"]'), page.locator('[data-column="spread"]')
    await expect(spread).to_have_text("0,05")
    await expect(heading).to_have_text("Chênh", use_inner_text=True)
    await fed.update("market", {"HPG": {"phase": "atc", "expected_price": 27_600.0}})
    await expect(spread).to_have_text("≈27,60")
    await expect(heading).to_have_text("Dự khớp", use_inner_text=True)
    await fed.update("market", {"HPG": {"phase": "closed", "expected_price": None}})
    await expect(spread).to_have_text("")
    await expect(heading).to_have_text("Chênh", use_inner_text=True)


async def test_header_and_navigation_fit_every_screen(pages: Watch, fed: Publisher) -> None:
    page = await pages.open("/derivatives/")
    await settled(page, "/derivatives/")
    for language in ("vi", "en"):
        await expect(page.locator("html")).to_have_attribute("lang", language)
        for width in (390, 1024, 1280, 1440):
            await page.set_viewport_size({"width": width, "height": 844})
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, (language, width)
            last = await page.locator(".top nav a").last.bounding_box()
            assert last and last["x"] + last["width"] <= width, (language, width)
        if language == "vi":
            await page.get_by_role("button", name="English").click()
