import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.pages.graphics import Box, chart, day_place, levels_of, ring, squarified, with_crossings

# What is left of a box beside a value a hundred million times as large is known to that much, in a box 200 wide.
ROUNDING = 1e-4
VALUES = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=60).map(lambda values: sorted(values, reverse=True))


@given(values=VALUES)
def test_treemap_areas_are_in_proportion_and_fill_the_box(values: list[float]) -> None:
    whole = Box(0, 0, 200, 100)
    boxes = squarified(values, whole)
    assert len(boxes) == len(values)
    for value, box in zip(values, boxes, strict=True):
        assert math.isclose(box.width * box.height, 20_000 * value / sum(values), rel_tol=1e-6)
        assert box.x >= -ROUNDING
        assert box.y >= -ROUNDING
        assert box.x + box.width <= 200 + ROUNDING
        assert box.y + box.height <= 100 + ROUNDING


@given(values=VALUES)
def test_treemap_boxes_do_not_overlap(values: list[float]) -> None:
    boxes = squarified(values, Box(0, 0, 200, 100))
    for place, one in enumerate(boxes):
        for other in boxes[place + 1 :]:
            across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
            down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
            assert across < ROUNDING or down < ROUNDING


def test_treemap_of_the_paper_is_theirs() -> None:
    boxes = squarified([6, 6, 4, 3, 2, 2, 1], Box(0, 0, 6, 4))
    assert [(box.width, box.height) for box in boxes[:2]] == [(3, 2), (3, 2)]
    assert (boxes[2].width, boxes[2].height) == pytest.approx((12 / 7, 7 / 3))


def test_treemap_of_nothing_is_empty() -> None:
    assert squarified([], Box(0, 0, 2, 1)) == []


@pytest.mark.parametrize(
    ("clock", "place"),
    [("08:45", 0.0), ("09:00", 0.0), ("11:30", 150 / 270), ("12:15", 150 / 270), ("13:00", 150 / 270), ("15:00", 1.0)],
)
def test_day_has_no_lunch_break(clock: str, place: float) -> None:
    hours, minutes = clock.split(":")
    assert day_place(int(hours) * 3600 + int(minutes) * 60) == pytest.approx(place)


def test_levels_are_round_and_within_the_range() -> None:
    assert levels_of(-7.3, 12.1) == [-5, 0, 5, 10]
    assert levels_of(1861.2, 1869.9) == [1862.5, 1865.0, 1867.5]


def test_line_that_crosses_the_base_parts_there() -> None:
    assert with_crossings([(0, -1), (1, 1)], 0) == [(0, -1), (0.5, 0.0), (1, 1)]


def test_chart_fills_above_and_below_its_base() -> None:
    drawn = chart([(0.0, 0.0), (0.5, 10.0), (1.0, -10.0)], 0.0)
    assert drawn is not None
    assert drawn.base == 500
    heights = {float(point.split(",")[1]) for point in drawn.above.split()}
    assert max(heights) == 500
    assert drawn.last == (100.0, pytest.approx(94.6, abs=0.1))


def test_chart_of_one_level_stays_inside_its_box() -> None:
    drawn = chart([(0.0, 5.0), (1.0, 5.0)], None)
    assert drawn is not None
    assert (drawn.base, drawn.above) == (None, "")
    assert {float(point.split(",")[1]) for point in drawn.line.split()} == {500.0}


def test_chart_of_one_point_is_none() -> None:
    assert chart([(0.0, 1.0)], 0.0) is None


def test_ring_is_divided_among_its_parts() -> None:
    assert [arc.length for arc in ring([1, 3, 0])] == [25, 75, 0]
    assert [arc.offset for arc in ring([1, 3, 0])] == [25, 0, -75]
    assert [arc.length for arc in ring([0, 0])] == [0, 0]
