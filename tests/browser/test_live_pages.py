"""What holds for every live page and tab: changes arrive, language and theme last, and it heals after a restart.

That nothing fails and nothing comes from another host is watched by `pages` all along.
"""

import uuid
from typing import NamedTuple

import pytest
from playwright.async_api import Page, expect

from tests.alerts.signal_rows import AlertPublisher, Row, alert_row
from tests.browser.conftest import Server, Watch
from tests.market.live_rows import foreign_row, future_row, indices, market_row

FRONT, NEXT = "41I1GC000", "41I1H1000"


class Told(NamedTuple):
    """A change of one row, and what the page's cell then says."""

    fields: Row
    text: str


class Live(NamedTuple):
    """A page: where on it which change of which row is to be seen, in Vietnamese first and in English second."""

    path: str
    channel: str
    row: str
    cell: str  # a selector
    first: Told
    second: Told

    async def tell(self, publisher: AlertPublisher, page: Page, told: Told) -> None:
        """Publish a change and expect it."""
        await publisher.update(self.channel, {told.fields.get("id", self.row): told.fields})
        await self.shows(page, told)

    async def shows(self, page: Page, told: Told) -> None:
        await expect(page.locator(self.cell).first).to_have_text(told.text)

    async def fed(self, page: Page) -> None:
        """Wait for the first word of the page's socket."""
        on = "html[data-signals=on]" if self.channel == "alerts" else "main.fed"
        await expect(page.locator(on)).to_be_attached()


def cell(row: str, name: str) -> str:
    return f'[data-row="{row}"] [data-cell="{name}"]'


def priced(path: str, symbol: str = "HPG") -> Live:
    """A page where a stock has a price."""
    first, second = Told({"price": 28_800.0}, "28,80"), Told({"price": 25_100.0}, "25.10")
    return Live(path, "market", symbol, cell(symbol, "price"), first, second)


def based(path: str) -> Live:
    """A page where the front future has a basis."""
    told = Told({"basis": -7.25}, "-7,25"), Told({"basis": 3.5}, "+3.50")
    return Live(path, "derivatives", FRONT, cell(FRONT, "basis"), *told)


INDEX = Told({"value": 1900.5}, "1.900,50"), Told({"value": 1901.5}, "1,901.50")
NET = Told({"own_net_value": 77.25e9}, "+77,25"), Told({"own_net_value": -1.5e9}, "-1.50")
PRESSURE = Told({"buy_volume": 13_500_000}, "+50,0"), Told({"buy_volume": 4_500_000}, "0.0")
CONTRACT = Told({"price": 1930.1}, "1.930,1"), Told({"price": 1899.9}, "1,899.9")
SIGNAL = Told(alert_row(60, "SSI"), "SSI"), Told(alert_row(61, "FPT"), "FPT")
PAGES = [
    priced("/"),
    priced("/?list=HOSE"),
    priced("/?list=HNX", "PVS"),
    priced("/?list=UPCOM", "ACV"),
    priced("/?list=ALL", "ACV"),
    priced("/?list=SECTOR-1700"),
    based("/?list=FUTURES"),
    Live("/overview/", "index", "VN30", cell("index:VN30", "value"), *INDEX),
    Live("/foreign/", "foreign", "HPG", cell("HPG", "net_value"), *NET),
    Live("/foreign/?list=HOSE", "foreign", "HPG", cell("HPG", "net_value"), *NET),
    Live("/volume/", "market", "HPG", cell("HPG", "pressure"), *PRESSURE),
    Live("/volume/?list=SECTOR-1700", "market", "HPG", cell("HPG", "pressure"), *PRESSURE),
    based("/derivatives/"),
    priced("/symbol/HPG/"),
    Live("/symbol/VN30/", "index", "VN30", cell("VN30", "price"), *INDEX),
    Live(f"/symbol/{FRONT}/", "derivatives", FRONT, cell(FRONT, "price"), *CONTRACT),
    Live("/signals/", "alerts", "", "#feed > li:first-child .of", *SIGNAL),
    Live("/signals/?severity=critical", "alerts", "", "#feed > li:first-child .of", *SIGNAL),
]
HEALED = [live for live in PAGES if "?" not in live.path or "FUTURES" in live.path]  # other tabs are the same page
every_page = pytest.mark.parametrize("live", PAGES, ids=lambda live: live.path)


def publish(publisher: AlertPublisher) -> None:
    """Publish rows for every page and tab."""
    boards = {"ACB": "HOSE", "HPG": "HOSE", "PVS": "HNX", "ACV": "UPCOM"}
    publisher.store("market", {symbol: market_row(symbol, board=board) for symbol, board in boards.items()})
    publisher.store("foreign", {"ACB": foreign_row("ACB"), "HPG": foreign_row(own_net_value=-1e9)})
    publisher.store("index", indices())
    front = future_row(bids=[[1921.3, 12]], asks=[[1921.5, 7]])
    publisher.store("derivatives", {FRONT: front, NEXT: front | {"symbol": NEXT, "alias": "VN30F2M", "front": False}})
    publisher.store_alerts(alert_row(1))


@every_page
async def test_change_arrives_and_language_and_theme_last(pages: Watch, publisher: AlertPublisher, live: Live) -> None:
    publish(publisher)
    page = await pages.open(live.path)
    await live.fed(page)
    await live.tell(publisher, page, live.first)
    await page.locator(".to-light").click()
    await page.get_by_role("button", name="English").click()
    html = page.locator("html")
    await expect(html).to_have_attribute("lang", "en")
    await expect(page).to_have_url(pages.server.url + live.path)
    await live.fed(page)
    await live.tell(publisher, page, live.second)
    await page.goto(pages.server.url + "/about/")
    await page.goto(pages.server.url + live.path)
    await live.shows(page, live.second)
    await expect(html).to_have_attribute("lang", "en")
    await expect(html).to_have_attribute("data-theme", "light")
    await live.fed(page)


async def test_every_page_heals_after_the_server_restarts(
    pages: Watch, publisher: AlertPublisher, server: Server
) -> None:
    publish(publisher)
    opened = [(live, await pages.open(live.path)) for live in HEALED]
    for live, page in opened:
        await live.fed(page)
    problems = list(pages.problems)
    server.stop()
    for _live, page in opened:
        await expect(page.locator("html:not([data-signals])")).to_be_attached()
        await expect(page.locator("#socket-notice")).to_be_visible()
    restarted = AlertPublisher(uuid.uuid4().hex)
    publish(restarted)
    for live in HEALED:
        rows, row = restarted.rows[live.channel], live.first.fields.get("id", live.row)
        restarted.store(live.channel, rows | {row: rows.get(row, {}) | live.first.fields})
    server.start()
    for live, page in opened:
        await expect(page.locator("#socket-notice")).to_be_hidden(timeout=60_000)
        await expect(page.locator("html[data-signals=on]")).to_be_attached(timeout=60_000)
        await live.shows(page, live.first)  # what was missed
    for live in HEALED:
        await restarted.update(live.channel, {live.second.fields.get("id", live.row): live.second.fields})
    for live, page in opened:
        await expect(page.locator(live.cell).first).not_to_have_text(live.first.text)  # what comes then
    assert problems == []
    pages.problems.clear()  # those of the time without a server
