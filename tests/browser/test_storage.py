"""Pages in a browser that forbids storage, or whose storage is full."""

import pytest
from playwright.async_api import expect

from tests.alerts.signal_rows import AlertPublisher, alert_row
from tests.browser.conftest import Watch

FORBIDDEN = """for (const name of ["localStorage", "sessionStorage"]) {
  Object.defineProperty(window, name, { get() { throw new DOMException("denied", "SecurityError"); } });
}"""
FULL = 'Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };'


@pytest.mark.parametrize("storage", [FORBIDDEN, FULL], ids=["forbidden", "full"])
async def test_signals_and_choices_work_without_storage(pages: Watch, two_stocks: AlertPublisher, storage: str) -> None:
    two_stocks.store_alerts(alert_row(1))
    page = await pages.open("/about/")
    await page.evaluate("localStorage.setItem('signals-sound_all', 'true')")  # while there was room
    await page.add_init_script(storage)
    await page.goto(pages.server.url + "/signals/")
    await expect(page.locator("html[data-signals=on]")).to_be_attached()
    for chosen in (True, False):
        await page.get_by_label("Âm báo cho mọi tín hiệu").set_checked(chosen)
        choice = "import('/static/js/signal-choices.js').then(({ choice }) => choice('sound_all'))"
        assert await page.evaluate(choice) is chosen
    await page.goto(pages.server.url + "/")
    await expect(page.locator("html[data-signals=on]")).to_be_attached()
    await two_stocks.fire(alert_row(2, "SSI"))
    await expect(page.locator("[data-signals-badge]")).to_have_text("1")
