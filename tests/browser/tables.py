"""Hold a table to this: the reader's order and filter stay while live changes come, and both go by the new values."""

from typing import NamedTuple

from playwright.async_api import Page, expect

from tests.market.live_rows import Publisher, Row

SHOWN = """([of, wanted]) => [...document.querySelectorAll('#rows [data-row]:not([hidden])')]
    .map(row => row.dataset.row).filter(row => of.includes(row)).join(' ') === wanted.join(' ')"""


class Sorted(NamedTuple):
    """A page with a table, three rows of it, what is typed to keep the first two, and a column to sort by.

    `field` of `channel` is what the column shows; `unit` is what the column's heading says that it counts in.
    """

    path: str
    channel: str
    rows: tuple[str, str, str]
    typed: str
    column: str
    field: str
    unit: int = 1

    def values(self, *numbers: int) -> dict[str, Row]:
        """Give each row its number."""
        return {row: {self.field: number * self.unit} for row, number in zip(self.rows, numbers, strict=True)}


async def let_go(page: Page) -> None:
    """Take pointer and focus out of the table, where they would hold its rows in place."""
    await page.mouse.move(5, 5)
    await page.evaluate("document.activeElement.blur()")


async def hold_sort_and_filter(page: Page, publisher: Publisher, table: Sorted) -> None:
    """Sort by the heading, filter by `/`, and let frames arrive: on a page that is open and fed."""
    one, two, other = table.rows

    async def expect_rows(*wanted: str) -> None:
        await page.wait_for_function(SHOWN, arg=[table.rows, wanted])

    heading = page.locator(f'[data-column="{table.column}"]')
    cells = {row: page.locator(f'[data-row="{row}"] [data-cell="{table.column}"]') for row in table.rows}
    await publisher.update(table.channel, table.values(300, 200, 100))
    await expect(cells[other]).to_have_text("100")
    await heading.locator("a").click()
    await expect(heading).to_have_attribute("aria-sort", "descending")
    await expect_rows(one, two, other)
    await let_go(page)
    await page.keyboard.press("/")
    await page.keyboard.type(table.typed)
    await expect_rows(one, two)
    await publisher.update(table.channel, table.values(400, 500, 600))
    await expect_rows(two, one)
    for row, text in ((one, "400"), (two, "500"), (other, "600")):
        await expect(cells[row]).to_have_text(text)
    await expect(page.locator("#filter")).to_have_value(table.typed)
    await expect(heading).to_have_attribute("aria-sort", "descending")
    await page.keyboard.press("Escape")
    await expect_rows(other, two, one)
    await heading.locator("a").click()
    await expect(heading).to_have_attribute("aria-sort", "ascending")
    await let_go(page)
    await publisher.update(table.channel, table.values(900, 800, 700))
    await expect(cells[one]).to_have_text("900")
    await expect_rows(other, two, one)
    await page.reload()
    await expect(page.locator("main.fed")).to_be_attached()
    await expect(heading).to_have_attribute("aria-sort", "ascending")
    await expect_rows(other, two, one)
    await publisher.update(table.channel, table.values(700, 800, 900))
    await expect_rows(one, two, other)
