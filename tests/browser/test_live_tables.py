"""Order and filter under live changes, on every page and tab that has them."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Watch
from tests.browser.tables import Sorted, hold_sort_and_filter
from tests.market.live_rows import Publisher, foreign_row, future_row, indices, market_row

BANKS = ("ACB", "VCB", "BID")
MONTHS = {"41I1GC000": "VN30F1M", "41I1H1000": "VN30F2M", "41I2GC000": "VN100F1M"}
TABLES = [
    Sorted("/", "market", BANKS, "cb", "total", "total_volume"),
    Sorted("/?list=HOSE", "market", BANKS, "cb", "volume", "volume"),
    Sorted("/?list=HNX", "market", ("PVS", "SHS", "IDC"), "s", "volume", "volume"),
    Sorted("/?list=UPCOM", "market", ("ACV", "VEA", "QNS"), "a", "foreign_buy", "foreign_buy_volume"),
    Sorted("/?list=ALL", "market", ("SHS", "QNS", "ACB"), "s", "total", "total_volume"),
    Sorted("/?list=SECTOR-8300", "market", BANKS, "cb", "total", "total_volume"),
    Sorted("/?list=FUTURES", "derivatives", (*MONTHS,), "vn30f", "total", "total_volume"),
    Sorted("/foreign/", "foreign", BANKS, "cb", "buy", "buy_volume"),
    Sorted("/foreign/?list=HOSE", "foreign", BANKS, "cb", "sell", "sell_volume"),
    Sorted("/volume/", "market", BANKS, "cb", "buy", "buy_volume"),
    Sorted("/volume/?list=SECTOR-8300", "market", BANKS, "cb", "total", "total_volume"),
]


@pytest.fixture
def three_a_tab(publisher: Publisher) -> Publisher:
    """Three banks and three symbols of every other board are published, and three months."""
    boards = {"HOSE": BANKS, "HNX": ("PVS", "SHS", "IDC"), "UPCOM": ("ACV", "VEA", "QNS")}
    rows = {symbol: market_row(symbol, board=board) for board, symbols in boards.items() for symbol in symbols}
    publisher.store("market", rows)
    publisher.store("foreign", {symbol: foreign_row(symbol) for symbol in BANKS})
    publisher.store("index", indices())
    months = {code: future_row(symbol=code, alias=alias) for code, alias in MONTHS.items()}
    publisher.store("derivatives", months)
    return publisher


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.path)
async def test_order_and_filter_survive_live_changes(pages: Watch, three_a_tab: Publisher, table: Sorted) -> None:
    page = await pages.open(table.path)
    await expect(page.locator("main.fed")).to_be_attached()
    await hold_sort_and_filter(page, three_a_tab, table)


async def test_list_of_the_overview_survives_live_changes(pages: Watch, three_a_tab: Publisher) -> None:
    page = await pages.open("/overview/")
    await page.locator(".lists").get_by_role("link", name="HNX").click()
    await page.wait_for_url("**/overview/?list=HNX")
    await expect(page.locator("main.fed")).to_be_attached()
    rises = page.locator("[aria-labelledby=up-title] tbody tr")
    await expect(rises).to_have_count(3)
    changes = {"PVS": {"price": 28_800.0}, "ACB": {"price": 28_800.0}, "VEA": {"price": 28_800.0}}
    await three_a_tab.update("market", changes)
    await three_a_tab.update("index", {"VN30": {"value": 1901.0}})  # else the panels wait for a heartbeat
    await expect(rises.first).to_contain_text("PVS")
    await expect(rises.first).to_contain_text("+6,86%")
    await expect(rises).to_have_count(3)
    assert "ACB" not in await page.locator("#panels").inner_text()


async def test_rows_hold_still_under_pointer_and_focus_also_when_another_comes(pages: Watch, fed: Publisher) -> None:
    page = await pages.open("/?list=ALL&sort=symbol")
    await expect(page.locator("main.fed")).to_be_attached()
    rows = "() => [...document.querySelectorAll('#rows [data-row]')].map(row => row.dataset.row)"
    before = await page.evaluate(rows)
    link = page.locator('[data-row="VCB"] [data-cell="symbol"] a')
    await link.focus()
    await fed.update("market", {"AAA": market_row("AAA")})
    await expect(page.locator('[data-row="AAA"]')).to_be_visible()
    assert await page.evaluate(rows) == [*before, "AAA"]
    await expect(link).to_be_focused()
    await page.locator('[data-row="HPG"] [data-cell="price"]').hover()
    await link.blur()
    await fed.update("market", {"AAM": market_row("AAM")})
    await expect(page.locator('[data-row="AAM"]')).to_be_visible()
    assert await page.evaluate(rows) == [*before, "AAA", "AAM"]
    await page.mouse.move(5, 5)
    await page.wait_for_function(f"wanted => ({rows})().join() === wanted", arg=",".join(["AAA", "AAM", *before]))
