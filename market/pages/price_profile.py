"""Volume by price of a day: how much was bought, sold and matched without aggressor at each price. Pure."""

from collections.abc import Iterable
from math import ceil, gcd
from typing import Final, NamedTuple

from market.pages.formatting import Row, WritePrice, colour, number, shares

MOST_LINES: Final = 24
SIDES: Final = ("buy", "neutral", "sell")


class PriceLine(NamedTuple):
    """One line of the panel; widths are those of buy, neutral, sell and the empty rest, of 100."""

    price: str
    state: str
    volume: str
    widths: str
    bought: str
    sold: str
    largest: bool
    current: bool


def profile(
    traded: Iterable[tuple[float, str, int]], row: Row, unit: float, language: str, write: WritePrice
) -> list[PriceLine]:
    """Turn (price, side, volume) into lines, highest price first.

    Prices are multiples of `unit`. Where a day saw more of them than fit, neighbours share a line, which is named by
    its lowest price.
    """
    rows = [(round(price / unit), side, volume) for price, side, volume in traded]
    if not rows:
        return []
    low, high = min(place for place, _, _ in rows), max(place for place, _, _ in rows)
    step = gcd(*(place - low for place, _, _ in rows)) or 1
    width = step * ceil(((high - low) // step + 1) / MOST_LINES)
    volumes: dict[int, dict[str, int]] = {}
    for place, side, volume in rows:
        line = volumes.setdefault((place - low) // width, dict.fromkeys(SIDES, 0))
        line[side] += volume
    totals = {place: sum(line.values()) for place, line in volumes.items()}
    largest = max(totals.values())
    last = row.get("price")
    current = (round(last / unit) - low) // width if last else None
    lines = []
    for place, line in sorted(volumes.items(), reverse=True):
        price = (low + place * width) * unit
        widths = shares(*line.values(), largest - totals[place])
        lines.append(
            PriceLine(
                write(price, language),
                colour(price, row),
                number(totals[place], language),
                widths,
                number(line["buy"], language),
                number(line["sell"], language),
                totals[place] == largest,
                place == current,
            )
        )
    return lines
