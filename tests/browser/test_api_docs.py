"""The page that shows the API, in a real Chromium under our content security policy."""

from playwright.async_api import expect

from market.api.schema import document
from tests.browser.axe import hold_to_axe
from tests.browser.conftest import Watch


async def test_api_docs_show_every_operation_and_its_example_without_another_host(pages: Watch) -> None:
    page = await pages.open("/api/docs/")
    operations = page.locator(".opblock-summary-path")
    await expect(operations).to_have_count(sum(map(len, document()["paths"].values())))
    await page.locator("#operations-live-snapshot button.opblock-summary-control").click()
    await expect(page.locator("#operations-live-snapshot .responses-wrapper")).to_contain_text("live copy")
    await page.locator("[id$=set_own_alert] button.opblock-summary-control").click()
    await expect(page.locator("[id$=set_own_alert] .opblock-section-request-body")).to_contain_text("take profit")
    await hold_to_axe(page)
