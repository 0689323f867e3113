"""Ranges of days, both ends included, in order."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final, TypeAlias

from market.feed.rest import MAX_DAYS

Range: TypeAlias = tuple[date, date]
DAY: Final = timedelta(days=1)


def subtract(wanted: Range, known: Iterable[Range]) -> list[Range]:
    """Return what is left of a range when others are taken away, oldest first."""
    first, last = wanted
    missing = []
    for start, end in sorted(known):
        if start > end or end < first or start > last:
            continue
        if start > first:
            missing.append((first, start - DAY))
        first = end + DAY
    if first <= last:
        missing.append((first, last))
    return missing


def touch(one: Range, other: Range) -> bool:
    """Tell whether two ranges share a day or follow each other without a day between."""
    return one[0] <= other[1] + DAY and other[0] <= one[1] + DAY


def windows_back(wanted: Range) -> Iterator[Range]:
    """Split a range into ranges that the venue accepts, newest first: people look at the last weeks before others."""
    first, last = wanted
    while first <= last:
        start = max(first, last - timedelta(days=MAX_DAYS - 1))
        yield start, last
        last = start - DAY
