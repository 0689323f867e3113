from hypothesis import given
from hypothesis import strategies as st

from alerts.domain.windows import Extremes, PastValue

# Steps of time, a few of them backwards, as overtaken messages are.
STEPS = st.lists(st.tuples(st.integers(-3, 12), st.integers(-50, 50)), max_size=60)


def timeline(steps: list[tuple[int, int]]) -> list[tuple[int, int, float]]:
    """(time of the message, time it counts at, value): what is older than the newest counts with the newest."""
    own = newest = 0
    line: list[tuple[int, int, float]] = []
    for step, value in steps:
        own += step
        newest = max(newest, own) if line else own
        line.append((own, newest, float(value)))
    return line


@given(STEPS, st.integers(1, 30))
def test_past_value_is_the_newest_that_is_old_enough(steps: list[tuple[int, int]], age: int) -> None:
    window, line = PastValue(age), timeline(steps)
    for count, (own, now, value) in enumerate(line, start=1):
        old = [(at, past) for _, at, past in line[:count] if at <= now - age]
        assert window.push(own, value) == (old[-1] if old else None)


@given(STEPS, st.integers(1, 30))
def test_extremes_are_those_of_a_rescan(steps: list[tuple[int, int]], length: int) -> None:
    window, line = Extremes(length), timeline(steps)
    for count, (own, now, value) in enumerate(line, start=1):
        held = [each for _, at, each in line[:count] if at >= now - length]
        assert window.push(own, value) == (min(held), max(held))


@given(STEPS, STEPS, st.integers(1, 30))
def test_windows_resumed_from_what_they_saved_go_on_as_before(
    before: list[tuple[int, int]], after: list[tuple[int, int]], length: int
) -> None:
    past, extremes = PastValue(length), Extremes(length)
    line = timeline(before + after)
    for own, _, value in line[: len(before)]:
        past.push(own, value)
        extremes.push(own, value)
    other_past, other_extremes = PastValue(length), Extremes(length)
    other_past.resume(past.save())
    other_extremes.resume(extremes.save())
    for own, _, value in line[len(before) :]:
        assert other_past.push(own, value) == past.push(own, value)
        assert other_extremes.push(own, value) == extremes.push(own, value)


def test_past_value_with_many_values_a_second_holds_one_of_each() -> None:
    window = PastValue(300)
    for at in range(2_000):
        for value in range(5):
            window.push(at, value)
    assert len(window.waiting) == 300
