"""Dates and times of the exchange."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.domain.calendar import (
    clock_text,
    day_of,
    from_date,
    iso_time,
    last_trading_day,
    midnight,
    next_phase,
    third_thursday,
    to_date,
)
from tests.market.builders import DAY, NEXT_DAY, at


def test_day_of_a_moment_is_its_midnight_in_vietnam() -> None:
    assert day_of(at("00:00:00")) == day_of(at("06:59:59")) == day_of(at("23:59:59")) == DAY
    assert day_of(at("23:59:59") + 1) == NEXT_DAY


def test_time_is_written_with_vietnams_offset() -> None:
    assert iso_time(at("09:15:04")) == "2026-11-20T09:15:04+07:00"
    assert clock_text(at("09:15:04")) == "09:15:04"


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_date_survives_the_way_to_epoch_seconds_and_back(day: date) -> None:
    assert to_date(from_date(day)) == day
    assert day_of(from_date(day)) == from_date(day)
    assert midnight(day).timestamp() == from_date(day)


@pytest.mark.parametrize(
    ("year", "month", "expected"),
    [(2026, 11, "2026-11-19"), (2026, 12, "2026-12-17"), (2027, 1, "2027-01-21"), (2027, 4, "2027-04-15")],
)
def test_third_thursday_of_a_month(year: int, month: int, expected: str) -> None:
    assert third_thursday(year, month).isoformat() == expected


@given(st.integers(2010, 2039), st.integers(1, 12))
def test_third_thursday_is_a_thursday_from_the_15th_to_the_21st(year: int, month: int) -> None:
    day = third_thursday(year, month)
    assert day.weekday() == 3
    assert 15 <= day.day <= 21


def test_expiry_moves_before_holidays() -> None:
    tet = {date(2026, 2, day) for day in range(16, 21)}
    assert last_trading_day(2026, 2, lambda day: day.weekday() < 5 and day not in tet) == date(2026, 2, 13)


def test_next_phase_is_the_next_of_the_timetable() -> None:
    assert next_phase("HOSE", at("10:00") - DAY) == "lunch"
    assert next_phase("HOSE", at("15:00") - DAY) is None
