"""The rules in force follow the database, and outlast it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.db import connection

from alerts.domain.model import Rule
from alerts.domain.rules import DEFAULT_RULES
from alerts.models import AlertRule
from alerts.rulebook import POLL_SECONDS, Page, Rulebook, read_page
from market.models import Basket, BasketMember, Instrument
from tests.alerts.test_models import make_rule
from tests.patience import PATIENT_SECONDS

TODAY = date(2026, 11, 20)


@pytest_asyncio.fixture
async def thread(transactional_db: None) -> AsyncIterator[None]:
    """Close the session of the thread that reads for the loop: it would keep the tests' database from being dropped."""
    yield
    await sync_to_async(lambda: connection.close())()


def enable(row: AlertRule) -> None:
    row.enabled = False
    row.save()


def bulk(row: AlertRule) -> None:
    AlertRule.objects.filter(pk=row.pk).update(severity="critical")


def by_sql(row: AlertRule) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE alerts_alertrule SET cooldown_seconds = 7 WHERE id = %s", [row.pk])


def delete(row: AlertRule) -> None:
    AlertRule.objects.filter(pk=row.pk).delete()


def add(row: AlertRule) -> None:
    make_rule("price_limit")


@pytest.mark.django_db
@pytest.mark.parametrize("change", [enable, bulk, by_sql, delete, add])
def test_page_notices_every_sort_of_change(change: Callable[[AlertRule], None]) -> None:
    row = make_rule()
    page = read_page(Page((), {}), TODAY)
    assert read_page(page, TODAY) is page
    change(row)
    changed = read_page(page, TODAY)
    assert changed.rules != page.rules
    assert {rule.id for rule in changed.rules} == set(AlertRule.objects.values_list("pk", flat=True))


@pytest.mark.django_db
def test_page_holds_the_members_of_the_day() -> None:
    make_rule("price_limit", scope="basket:VN30")
    page = read_page(Page((), {}), date(2026, 5, 12))
    later = read_page(page, date(2026, 5, 13))
    assert ("DGC" in page.members["VN30"], "DGC" in later.members["VN30"]) == (True, False)
    basket = Basket.objects.get(code="VN30")
    hpg = Instrument.objects.get(code="HPG")
    BasketMember.objects.filter(basket=basket, instrument=hpg).delete()
    assert "HPG" not in read_page(later, date(2026, 5, 13)).members["VN30"]


@pytest.mark.django_db
def test_page_leaves_out_a_rule_that_was_spoilt_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    good, bad = make_rule(), make_rule("volume_spike")
    AlertRule.objects.filter(pk=bad.pk).update(params={"multiplier": -1})
    ids = {rule.id for rule in read_page(Page((), {}), TODAY).rules}
    assert good.pk in ids
    assert bad.pk not in ids
    assert f"rule {bad.pk} is left out: params.multiplier" in caplog.text


@asynccontextmanager
async def database_away() -> AsyncIterator[None]:
    """Take the database away for a while."""
    values = connection.settings_dict
    port = values["PORT"]
    await sync_to_async(lambda: connection.close())()
    values["PORT"] = "1"
    try:
        yield
    finally:
        values["PORT"] = port


@pytest.mark.usefixtures("thread")
async def test_rules_outlast_the_database_and_a_restart_without_it(tmp_path: Path) -> None:
    row = await sync_to_async(make_rule)("large_trade", name="mine")
    book = Rulebook(tmp_path / "rules.json")
    page = await book.open(TODAY)
    assert [rule.id for rule in page.rules if rule.name == "mine"] == [row.pk]
    (tmp_path / "bad.json").write_text("{")
    async with database_away():
        assert not await book.refresh(TODAY)
        assert book.page is page
        again = await Rulebook(tmp_path / "rules.json").open(TODAY)
        assert (again.rules, again.members) == (page.rules, page.members)
        assert (await Rulebook(tmp_path / "none.json").open(TODAY)).rules == DEFAULT_RULES
        assert (await Rulebook(tmp_path / "bad.json").open(TODAY)).rules == DEFAULT_RULES
    assert await book.refresh(TODAY)


@pytest.mark.usefixtures("thread")
async def test_changed_rules_are_looked_for_each_second_and_handed_over(tmp_path: Path) -> None:
    assert POLL_SECONDS == 1.0
    row = await sync_to_async(make_rule)()
    book = Rulebook(tmp_path / "rules.json")
    await book.open(TODAY)
    used: asyncio.Queue[tuple[Rule, ...]] = asyncio.Queue()
    task = asyncio.create_task(book.keep_fresh(lambda rules, members: used.put_nowait(rules), lambda: TODAY))
    try:
        await sync_to_async(bulk)(row)
        rules = await asyncio.wait_for(used.get(), PATIENT_SECONDS)
        assert {rule.id: rule.severity for rule in rules}[row.pk] == "critical"
    finally:
        task.cancel()
