"""Fill the trading calendar from Vietnam's public holidays and from what the exchanges have published.

Run it after `migrate` (the launchers do) and again whenever you like: it only adds what is missing and only changes
rows that it wrote itself from the holidays. It is a command and not a migration, because holidays of coming years are
announced late and a newer `holidays` package brings them.
"""

from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import date
from typing import Any

import holidays
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext_noop

from market.models import TradingDay

Source = TradingDay.Source

MAKE_UP_SATURDAY = gettext_noop("No trading on a make-up working Saturday")
SWAPPED_DAY = gettext_noop("Day off in exchange for a working Saturday")
OTHER_HOLIDAY = gettext_noop("Public holiday")

# The package's names hold the first word; the reason is a text that translations know.
REASONS = {
    "Lunar New Year": gettext_noop("Lunar New Year"),
    "New Year's Day": gettext_noop("New Year's Day"),
    "Hung Kings": gettext_noop("Hung Kings' Commemoration Day"),
    "Reunification": gettext_noop("Reunification Day"),
    "Labor": gettext_noop("Labour Day"),
    "National Day": gettext_noop("National Day"),
    "Cultural Day": gettext_noop("Vietnam Culture Day"),
    "Day off": SWAPPED_DAY,
}

# What HOSE and HNX published: these closures are certain, and the year's other weekdays trade.
# 2026: VNX letter 1403 of 28 Nov 2025.
PUBLISHED: dict[int, frozenset[date]] = {
    2026: frozenset(
        [date(2026, 1, 1)]
        + [date(2026, 2, day) for day in range(16, 21)]
        + [date(2026, 4, 27), date(2026, 4, 30), date(2026, 5, 1)]
        + [date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2)]
    ),
}
# Open days that people would doubt: (day, confirmed, source, reason).
OPEN_DAYS = [
    # The state moved this day off for its own staff; HNX announced a session.
    (date(2026, 1, 2), True, Source.EXCHANGE, gettext_noop("Open, though a day off for civil servants")),
    # The longer of two proposals for Tết 2027, undecided on 22 Sep 2026.
    (date(2027, 2, 11), False, Source.HOLIDAYS, gettext_noop("Perhaps part of the Lunar New Year holiday")),
    (date(2027, 2, 12), False, Source.HOLIDAYS, gettext_noop("Perhaps part of the Lunar New Year holiday")),
    # National Day has a second day off, the day before or after; the package assumes the day after.
    (date(2027, 9, 1), False, Source.HOLIDAYS, gettext_noop("Perhaps the second day of the National Day holiday")),
]


def reason_of(name: str) -> str:
    """The translatable reason for a holiday by the package's English name."""
    return next((reason for word, reason in REASONS.items() if word in name), OTHER_HOLIDAY)


def special_days(year: int) -> Iterator[TradingDay]:
    """The days of a year that are not "open Monday to Friday", or not surely.

    A holiday that a published list lacks (24 Nov 2026, made a holiday after the list came out) is closed, unconfirmed.
    """
    published = PUBLISHED.get(year, frozenset())
    calendar = holidays.country_holidays("VN", years=year, language="en_US")
    closures = dict.fromkeys(published, OTHER_HOLIDAY)
    closures |= {day: reason_of(name) for day, name in calendar.items() if day.weekday() < 5}
    closures |= {day: MAKE_UP_SATURDAY for day in calendar.weekend_workdays if day.year == year}
    for day, reason in sorted(closures.items()):
        sure = day in published or (year in PUBLISHED and day.weekday() >= 5)
        source = Source.EXCHANGE if sure else Source.HOLIDAYS
        yield TradingDay(date=day, open=False, confirmed=sure, source=source, reason=reason)
    for day, confirmed, source, reason in OPEN_DAYS:
        if day.year == year and day not in closures:
            yield TradingDay(date=day, open=True, confirmed=confirmed, source=source, reason=reason)


class Command(BaseCommand):
    help = "Fill the trading calendar from public holidays; what admins, the exchange or the feed said stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        this_year = timezone.localdate().year
        parser.add_argument(
            "--years",
            type=int,
            nargs="+",
            metavar="YEAR",
            default=[this_year - 1, this_year, this_year + 1],
            help="years to fill (default: last, this and next)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        years: list[int] = options["years"]
        strange = [year for year in years if not 2000 <= year <= 2100]
        if strange:
            raise CommandError(f"--years: expected years from 2000 to 2100, was {strange[0]}")
        days = [day for year in years for day in special_days(year)]
        added, changed, removed = TradingDay.objects.seed(days, years)
        if options["verbosity"]:
            self.stdout.write(f"Trading calendar: {added} days added, {changed} changed, {removed} removed.")
