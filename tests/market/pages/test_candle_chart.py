import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.domain.calendar import from_date
from market.pages.candle_chart import BOX, PRICE_BOTTOM, PRICE_TOP, VOLUME_BOTTOM, VOLUME_TOP, drawing, price_lines
from market.pages.formatting import thousands
from market.queries import Candle
from tests.market.symbol_history import MORNING

START = int(MORNING.timestamp())


def candle(place: int, opened: float, close: float, **changes: int) -> Candle:
    values = {"volume": 100, "buy_volume": 60, "sell_volume": 30, "neutral_volume": 10} | changes
    high, low = max(opened, close) + 50, min(opened, close) - 50
    return Candle(START + 60 * place, opened, high, low, close, value=0.0, trades=1, **values)


def numbers(path: str) -> list[float]:
    return [float(each) for each in re.findall(r"-?\d+\.?\d*", path)]


def rectangles(path: str) -> list[tuple[float, float, float, float]]:
    """Left, top, width and height of each rectangle of a path."""
    found = [numbers(each) for each in path.split("z") if each]
    return [(x, y, width, height) for x, y, width, height, _ in found]


def test_candles_are_drawn_by_how_they_ended() -> None:
    chart = drawing([candle(0, 100.0, 200.0), candle(1, 200.0, 150.0), candle(2, 150.0, 150.0)], False, "vi", thousands)
    assert chart is not None
    assert [shape.state for shape in chart.candles] == ["up", "down", "reference"]
    (up,), (down,), (flat,) = (rectangles(shape.bodies) for shape in chart.candles)
    assert up[1] < down[1] + 0.1, "the fall begins where the rise ended"
    assert flat[3] > 0, "a candle that closed as it opened is seen"
    assert up[0] < down[0] < flat[0]


def test_volume_is_stacked_by_aggressor_from_the_bottom() -> None:
    chart = drawing([candle(0, 100.0, 200.0), candle(1, 1.0, 2.0, volume=50, buy_volume=0)], False, "vi", thousands)
    assert chart is not None
    paths = {volume.kind: rectangles(volume.path) for volume in chart.volumes}
    assert [len(paths[kind]) for kind in ("buy", "sell", "neutral")] == [1, 2, 2]
    _, top, _, height = paths["buy"][0]
    assert top + height == pytest.approx(VOLUME_BOTTOM, abs=0.2)
    _, sell_top, _, sell_height = paths["sell"][0]
    assert sell_top + sell_height == pytest.approx(top, abs=0.2)
    assert paths["neutral"][0][1] == pytest.approx(VOLUME_TOP, abs=0.2), "the largest bar fills the pane"


def test_first_label_of_a_day_says_the_date() -> None:
    chart = drawing([candle(place, 100.0, 101.0) for place in range(30)], False, "vi", thousands)
    assert chart is not None
    assert [label.text for label in chart.times][:2] == ["20/11", "09:22"]


def test_daily_labels_say_dates() -> None:
    day = from_date(MORNING.date())
    bars = [Candle(day + 86_400 * n, 1.0, 2.0, 1.0, 2.0, 0, 0.0, 0, 0, 0, 0) for n in range(3)]
    chart = drawing(bars, True, "vi", thousands)
    assert chart is not None
    assert [label.text for label in chart.times] == ["20/11", "21/11", "22/11"]
    assert chart.volumes == []


def test_nothing_to_draw_is_none() -> None:
    assert drawing([], False, "vi", thousands) is None


prices = st.floats(min_value=0.1, max_value=5e6, allow_nan=False)


@given(st.lists(st.tuples(prices, prices, st.integers(0, 10**9)), min_size=1, max_size=60))
def test_every_chart_fits_its_box(rows: list[tuple[float, float, int]]) -> None:
    bars = [
        candle(place, opened, close, volume=volume, buy_volume=volume, sell_volume=0, neutral_volume=0)
        for place, (opened, close, volume) in enumerate(rows)
    ]
    chart = drawing(bars, False, "en", thousands)
    assert chart is not None
    for shape in chart.candles:
        for left, top, width, height in rectangles(shape.bodies):
            assert -0.2 <= left <= left + width <= BOX
            assert PRICE_TOP - 0.2 <= top <= top + height <= PRICE_BOTTOM + 2.2
    for volume in chart.volumes:
        for _, top, _, height in rectangles(volume.path):
            assert VOLUME_TOP - 0.2 <= top <= top + height <= VOLUME_BOTTOM + 0.2
    assert 1 <= len(chart.prices) <= 12


@given(prices, st.floats(min_value=0.01, max_value=1e5))
def test_price_lines_are_within_the_range_and_few(low: float, span: float) -> None:
    lines = price_lines(low, low + span)
    assert len(lines) <= 7
    assert all(low - 1e-3 <= line <= low + span + 1e-3 for line in lines)
