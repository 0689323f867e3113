"""The rules that ingest judges by: those of the database, looked at each second, so that a change counts at once.

One query asks for a fingerprint of rules and baskets; whoever changed them, and however (a form, an action, SQL), it
differs. While the database is away the last rules hold; they are also kept in a file for a start without the database.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
from asgiref.sync import sync_to_async
from django.db import Error as DatabaseError
from django.db import connection
from msgspec import Struct

from alerts.domain.model import Rule, RuleError
from alerts.domain.rules import DEFAULT_RULES, dump_rules, load_rules
from alerts.domain.scopes import BASKET, missing_baskets
from alerts.models import AlertRule
from market.reference import basket_codes

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 1.0
FINGERPRINT: Final = """
    SELECT md5(concat(
        (SELECT string_agg(rule::text, ',' ORDER BY id) FROM alerts_alertrule AS rule), ';',
        (SELECT string_agg(basket::text, ',' ORDER BY id) FROM market_basket AS basket), ';',
        (SELECT string_agg(member::text, ',' ORDER BY id) FROM market_basketmember AS member)))
"""

Members: TypeAlias = dict[str, frozenset[str]]


class Page(Struct, frozen=True):
    """The rules of one moment, with the members of their baskets."""

    rules: tuple[Rule, ...]
    members: Members
    fingerprint: str = ""
    day: date | None = None


class Rulebook:
    """The rules in force, in `page`. `file` keeps them for a start without the database."""

    def __init__(self, file: Path) -> None:
        self.page = Page(DEFAULT_RULES, {})
        self._file = file
        self._is_away = False

    async def open(self, day: date) -> Page:
        """Read the rules for the first time: from the database, else the last ones, else those that ship."""
        if not await self.refresh(day):
            self.page = self._kept() or self.page
            logger.warning("Alerts: starting with %s rules of before", len(self.page.rules))
        return self.page

    async def keep_fresh(self, use: Callable[[tuple[Rule, ...], Members], None], today: Callable[[], date]) -> None:
        """Until cancelled, hand over the rules each time they changed; `today()` is the market's date."""
        while True:
            before = self.page
            if await self.refresh(today()) and self.page is not before:
                use(self.page.rules, self.page.members)
                logger.info("Alerts: %s rules in force", sum(rule.enabled for rule in self.page.rules))
            await asyncio.sleep(POLL_SECONDS)

    async def refresh(self, day: date) -> bool:
        """Look whether something changed; False while the database is away."""
        try:
            page = await sync_to_async(read_page)(self.page, day)
        except DatabaseError as error:
            if not self._is_away:
                logger.warning("Alerts: the rules cannot be read, keeping the last ones: %s", str(error).strip())
            self._is_away = True
            return False
        self._is_away = False
        if page is not self.page:
            self.page = page
            self._keep(page)
        return True

    def _keep(self, page: Page) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._file.with_suffix(".new")
            fresh.write_bytes(msgspec.json.encode({"rules": page.rules, "members": page.members}))
            fresh.replace(self._file)
        except OSError as error:
            logger.warning("Alerts: the rules cannot be kept in %s: %s", self._file, error)

    def _kept(self) -> Page | None:
        try:
            kept = msgspec.json.decode(self._file.read_bytes(), type=Page)
            return Page(load_rules(dump_rules(kept.rules)), kept.members)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError, RuleError) as error:
            logger.warning("Alerts: the rules kept in %s cannot be used: %s", self._file, error)
            return None


def read_page(known: Page, day: date) -> Page:
    """The page of now: the known one if nothing changed. Raises django.db.Error."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(FINGERPRINT)
            (fingerprint,) = cursor.fetchone()
        if (fingerprint, day) == (known.fingerprint, known.day):
            return known
        rules = usable(AlertRule.objects.order_by("pk"))
        names = {rule.scope.removeprefix(BASKET) for rule in rules if rule.scope.startswith(BASKET)}
        members = {name: frozenset(codes) for name in names if (codes := basket_codes(name, day))}
    except DatabaseError:
        connection.close()  # this thread keeps its connection, which would stay dead
        raise
    for name in sorted(missing_baskets(rules, members)):
        logger.warning("Alerts: rules are about the basket %s, which has no members on %s", name, day)
    return Page(rules, members, fingerprint, day)


def usable(rows: Iterable[AlertRule]) -> tuple[Rule, ...]:
    """Rules of rows; one that was spoilt in the table is left out and told."""
    rules = []
    for row in rows:
        try:
            rules.append(row.as_rule())
        except RuleError as error:
            logger.error("Alerts: rule %s is left out: %s", row.pk, error)
    return tuple(rules)
