"""Shapes of the small charts: numbers in, coordinates out. Pure; the tags of `dashboard` put them into SVG.

A chart's box is 1000 by 1000 and is stretched to its place, so that its lines are drawn without knowing how wide the
page is. Labels are placed in per cent and are not stretched.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

Point: TypeAlias = tuple[float, float]

BOX: Final = 1000
OPEN, LUNCH, REOPEN, CLOSE = 9 * 3600, 11 * 3600 + 1800, 13 * 3600, 15 * 3600  # seconds of the day
HOURS: Final = ((OPEN, "09:00"), (10 * 3600, "10:00"), (11 * 3600, "11:00"), (REOPEN, "13:00"), (14 * 3600, "14:00"))


class Label(NamedTuple):
    """A label beside a chart: where it stands in per cent of the side, and what it says."""

    place: float
    value: float
    text: str = ""


class Chart(NamedTuple):
    """A line over a base: its points, the areas above and below the base, and the labels' places."""

    line: str
    above: str
    below: str
    base: float | None
    levels: list[Label]
    times: list[Label]
    last: Point  # per cent of the box


def day_place(second: float) -> float:
    """Place a second of the day on the axis of a trading day, 0 to 1; the lunch break takes no room."""
    length = (LUNCH - OPEN) + (CLOSE - REOPEN)
    if second > LUNCH:
        second = max(LUNCH, second - (REOPEN - LUNCH))
    return min(1.0, max(0.0, (second - OPEN) / length))


def day_times() -> list[Label]:
    """The hours on the axis of a trading day."""
    return [Label(round(100 * day_place(second), 2), second, text) for second, text in HOURS]


def step_of(span: float, most: int = 4) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that divides a span into at most so many parts."""
    if span <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(span / most))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if span / (factor * power) <= most)


def levels_of(low: float, high: float, most: int = 4) -> list[float]:
    """Round values between two others, for the lines of a chart."""
    step = step_of(high - low, most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 9) for number in range(first, last + 1)]


def chart(points: Sequence[Point], base: float | None, times: list[Label] | None = None) -> Chart | None:
    """Draw points (x from 0 to 1, y in any unit) over a base value, if there is one; None below two points."""
    if len(points) < 2:
        return None
    heights = [y for _, y in points] + ([] if base is None else [base])
    low, high = min(heights), max(heights)
    margin = (high - low) * 0.06 or abs(high) * 0.001 or 1.0
    low, high = low - margin, high + margin

    def height(y: float) -> float:
        return BOX * (high - y) / (high - low)

    def text(line: Sequence[Point]) -> str:
        return " ".join(f"{BOX * x:.1f},{height(y):.1f}" for x, y in line)

    above = below = ""
    if base is not None:
        crossed = with_crossings(points, base)
        ends = [(crossed[-1][0], base), (crossed[0][0], base)]
        above = text([*((x, max(y, base)) for x, y in crossed), *ends])
        below = text([*((x, min(y, base)) for x, y in crossed), *ends])
    levels = [Label(round(height(value) / BOX * 100, 2), value) for value in levels_of(low, high)]
    x, y = points[-1]
    last = (round(100 * x, 2), round(height(y) / BOX * 100, 2))
    level = None if base is None else round(height(base), 1)
    return Chart(text(points), above, below, level, levels, times or [], last)


def with_crossings(points: Sequence[Point], base: float) -> list[Point]:
    """Add the points where a line crosses a base, so that what is above and what is below part there."""
    crossed = [points[0]]
    for (x0, y0), (x1, y1) in pairwise(points):
        if (y0 - base) * (y1 - base) < 0:
            crossed.append((x0 + (x1 - x0) * (base - y0) / (y1 - y0), base))
        crossed.append((x1, y1))
    return crossed


class Arc(NamedTuple):
    """A part of a ring, as dash lengths of a circle whose circumference is 100."""

    length: float
    offset: float


def ring(values: Sequence[float]) -> list[Arc]:
    """Divide a ring among values, clockwise from the top."""
    total = sum(values)
    arcs, start = [], 0.0
    for value in values:
        length = 100 * value / total if total else 0.0
        arcs.append(Arc(round(length, 2), round(25 - start, 2)))  # a circle begins at three o'clock
        start += length
    return arcs


class Box(NamedTuple):
    """A rectangle: left, top, width, height."""

    x: float
    y: float
    width: float
    height: float


def squarified(values: Sequence[float], box: Box) -> list[Box]:
    """Divide a box into one rectangle for each positive value, areas in proportion, as square as can be.

    Values in descending order give the best shapes. Source: Bruls, Huizing, van Wijk, Squarified Treemaps (2000).
    """
    scale = box.width * box.height / sum(values) if values else 0.0
    areas = [value * scale for value in values]
    boxes: list[Box] = []
    first = 0
    while first < len(areas):
        side = min(box.width, box.height)
        after = first + 1
        while after < len(areas) and worst(areas[first : after + 1], side) <= worst(areas[first:after], side):
            after += 1
        row, box = laid(areas[first:after], box)
        boxes += row
        first = after
    return boxes


def worst(areas: Sequence[float], side: float) -> float:
    """The largest ratio of sides among rectangles laid along a side."""
    total = sum(areas)
    if not total or not side:
        return math.inf
    return max(max(side**2 * area / total**2, total**2 / (side**2 * area)) for area in areas)


def laid(areas: Sequence[float], box: Box) -> tuple[list[Box], Box]:
    """Lay a row of areas along the shorter side of a box; return it and what is left of the box."""
    total = sum(areas)
    placed = []
    if box.width >= box.height:
        width = total / box.height if box.height else 0.0
        top = box.y
        for area in areas:
            placed.append(Box(box.x, top, width, area / width if width else 0.0))
            top += placed[-1].height
        return placed, Box(box.x + width, box.y, max(0.0, box.width - width), box.height)
    height = total / box.width if box.width else 0.0
    left = box.x
    for area in areas:
        placed.append(Box(left, box.y, area / height if height else 0.0, height))
        left += placed[-1].width
    return placed, Box(box.x, box.y + height, box.width, max(0.0, box.height - height))
