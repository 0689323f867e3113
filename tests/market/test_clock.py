"""The market's clock: the wall clock's for a live feed, else carried on from the newest message."""

import pytest
import time_machine

from market.clock import MarketClock
from tests.market.builders import DAY, NEXT_DAY, at


class Times:
    """Exchange time of the newest message, and the process's own clock, both turned by hand."""

    def __init__(self) -> None:
        self.newest = 0
        self.monotonic = 1_000.0
        self.clock = MarketClock(lambda: self.newest, lambda: self.monotonic)
        self.clock.live = False

    def message(self, newest: int, after: float = 0.0) -> None:
        """A message comes after some seconds, and the process looks."""
        self.monotonic += after
        self.newest = newest
        self.clock.tick()

    def play(self, speed: float, seconds: int, every: float = 0.5) -> None:
        """Messages come at a speed for some seconds of the process."""
        begin = self.newest
        for step in range(1, int(seconds / every) + 1):
            self.message(begin + int(step * every * speed), every)


@pytest.fixture
def times() -> Times:
    return Times()


def test_live_clock_is_the_wall_clock() -> None:
    clock = MarketClock(lambda: at("09:20:00"))
    with time_machine.travel(at("10:00:00"), tick=False):
        clock.tick()
        assert clock.now() == at("10:00:00")


def test_clock_before_the_first_message_is_unknown(times: Times) -> None:
    times.clock.tick()
    assert (times.clock.now(), times.clock.silence()) == (0, 0.0)


def test_clock_shows_the_time_of_the_newest_message(times: Times) -> None:
    times.message(at("09:20:00"))
    assert times.clock.now() == at("09:20:00")


def test_clock_goes_on_while_no_message_comes(times: Times) -> None:
    times.message(at("11:30:00"))
    times.monotonic += 90.0
    times.clock.tick()
    assert (times.clock.now(), times.clock.silence()) == (at("11:31:30"), 90.0)


@pytest.mark.parametrize("speed", [1.0, 2.0, 10.0, 60.0, 600.0])
def test_clock_finds_the_speed_of_a_simulation_and_goes_on_with_it(times: Times, speed: float) -> None:
    times.message(at("09:20:00"))
    times.play(speed, 25)
    assert times.clock.speed == speed
    before = times.clock.now()
    times.monotonic += 10.0
    assert times.clock.now() == before + 10 * speed


def test_clock_takes_speeds_that_are_not_whole(times: Times) -> None:
    times.message(at("09:20:00"))
    times.play(2.5, 25)
    assert times.clock.speed == 2.5


def test_clock_takes_the_step_to_another_day_for_no_speed(times: Times) -> None:
    """On subscribing come messages of a day long ago."""
    times.message(at("14:45:00", DAY - 90 * 86_400))
    times.message(at("09:20:00"), 15.0)
    assert (times.clock.speed, times.clock.now()) == (1.0, at("09:20:00"))
    times.play(1.0, 25)
    assert times.clock.speed == 1.0


def test_clock_follows_slow_motion(times: Times) -> None:
    times.message(at("09:20:00"))
    times.play(0.5, 25)
    assert times.clock.speed == 0.5


def test_clock_measures_over_ten_seconds_before_it_changes_speed(times: Times) -> None:
    times.message(at("09:20:00"))
    times.play(60.0, 9)
    assert times.clock.speed == 1.0


def test_clock_starts_again_when_a_recording_does(times: Times) -> None:
    times.message(at("14:45:00", NEXT_DAY))
    times.message(at("09:00:00"), 30.0)
    assert (times.clock.now(), times.clock.speed) == (at("09:00:00"), 1.0)
