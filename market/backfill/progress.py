"""What was fetched before, kept in the database: a run that was killed goes on where it was."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

from market.backfill.ranges import Range, touch
from market.models import FetchedRange

# The venue corrects a day in the evening, and it may be late: the days just before the market's date are asked for
# again by the next run, unless that comes so soon that it only goes on with one that was broken off.
UNSETTLED: Final = timedelta(days=3)
FRESH: Final = timedelta(hours=1)
REFUSAL_HOLDS: Final = timedelta(hours=20)


def fetched(kind: str, codes: Iterable[str], now: datetime) -> dict[str, list[Range]]:
    """The ranges that need not be fetched again, by code. `now` is the wall clock's."""
    known: dict[str, list[Range]] = defaultdict(list)
    for row in FetchedRange.objects.filter(kind=kind, code__in=codes):
        age = now - row.fetched_at
        if row.refusal:
            if age < REFUSAL_HOLDS:
                known[row.code].append((row.first, row.last))
        else:
            known[row.code].append((row.first, row.last if age < FRESH else settled(row)))
    return known


def settled(row: FetchedRange) -> date:
    """The last day of a range that holds for good; before its first day where none does."""
    return min(row.last, row.as_of - UNSETTLED)


def known_codes(kind: str) -> set[str]:
    """The codes of which something was ever asked."""
    return set(FetchedRange.objects.filter(kind=kind).order_by().values_list("code", flat=True).distinct())


def mark(kind: str, code: str, days: Range, as_of: date, now: datetime, refusal: str = "") -> None:
    """Remember that days were fetched, or refused; ranges that touch become one. The caller holds the transaction."""
    rows = FetchedRange.objects.select_for_update().filter(kind=kind, code=code)
    rows.filter(first__gte=days[0], last__lte=days[1]).exclude(refusal="").delete()
    if refusal:
        FetchedRange.objects.create(
            kind=kind, code=code, first=days[0], last=days[1], as_of=as_of, fetched_at=now, refusal=refusal[:200]
        )
        return
    parts = [(days, as_of, now)]
    for row in rows.filter(refusal=""):
        last = row.last if row.as_of == as_of else settled(row)
        if row.first <= last:
            parts.append(((row.first, last), row.as_of, row.fetched_at))
    rows.filter(refusal="").delete()
    FetchedRange.objects.bulk_create(
        FetchedRange(kind=kind, code=code, first=first, last=last, as_of=day, fetched_at=moment)
        for (first, last), day, moment in merged(parts)
    )


def merged(parts: list[tuple[Range, date, datetime]]) -> list[tuple[Range, date, datetime]]:
    """Join ranges that touch. How sure its newest days are, a joined range has from the part that holds them."""
    joined: list[tuple[Range, date, datetime]] = []
    for days, as_of, moment in sorted(parts, key=lambda part: part[0]):
        if joined and touch(joined[-1][0], days):
            before = joined.pop()
            newest = max(before, (days, as_of, moment), key=lambda part: (part[0][1], part[2]))
            joined.append(((before[0][0], newest[0][1]), newest[1], newest[2]))
        else:
            joined.append((days, as_of, moment))
    return joined
