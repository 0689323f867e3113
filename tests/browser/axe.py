"""Hold a page to axe-core, which scripts/setup fetches where there is npm."""

from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from playwright.async_api import Page, expect

AXE = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
LOOKS = [(theme, palette) for theme in ("dark", "light") for palette in ("market", "blue")]
PUT = "look => Object.assign(document.documentElement.dataset, look)"
# A look changes nothing but colours: every other rule needs to be asked once.
FINDINGS = """async ([only, inside]) => (await axe.run(inside ?? document,
        {resultTypes: ["violations"], ...(only && {runOnly: only})})).violations
    .filter(each => ["serious", "critical"].includes(each.impact))
    .map(each => [each.id, each.nodes.slice(0, 4).map(node => [node.target.join(" "), node.failureSummary])])"""


async def hold_to_axe(page: Page, inside: str | None = None, looks: Sequence[tuple[str, str]] = LOOKS) -> None:
    """Expect nothing serious or critical in these looks, of the page or of what a selector names."""
    if not AXE.exists():
        return
    await page.wait_for_load_state()  # with its styles
    await page.evaluate(AXE.read_text())
    for theme, palette in looks:
        await page.evaluate(PUT, {"theme": theme, "palette": palette})
        only = None if (theme, palette) == looks[0] else ["color-contrast"]
        found = await page.evaluate(FINDINGS, [only, inside])
        assert found == [], (page.url, theme, palette, found)


async def hold_to_phone(page: Page) -> None:
    """Expect no sideways scroll at 390 px."""
    await page.wait_for_load_state()
    size = page.viewport_size
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390, page.url
    if size:
        await page.set_viewport_size(size)


async def hold_to_axe_in_both_languages(page: Page) -> None:
    """Hold a Vietnamese page to axe and to a phone's width in all looks, and its English twin in one."""
    await hold_to_axe(page)
    await hold_to_phone(page)
    await page.get_by_role("button", name="English").click()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await hold_to_axe(page, looks=LOOKS[:1])
    await hold_to_phone(page)
