import re

import pytest
from django.conf import settings

from tests.load.limit import Step, figures, name_of


def step(clients: int, p99: float, faults: int = 0) -> Step:
    return Step(clients, p99 / 2, p99, faults, 0.5, 0.2, 0.05, 0.3, 10_000.0)


@pytest.mark.parametrize(("last", "clients", "note"), [
    (step(800, 0.5), 400, "800 clients: p99 500 ms, has to be at most 350"),
    (step(800, 0.1, faults=2), 400, "800 clients: 2 faults"),
    (step(800, 0.1), 800, "no limit found: as many as were asked for"),
])  # fmt: skip
def test_limit_is_the_last_step_that_held_and_says_what_stopped(last: Step, clients: int, note: str) -> None:
    found = {each.name: each for each in figures("market", 1, [step(200, 0.1), step(400, 0.2), last], 0.35)}
    assert (found["limit_market_clients"].value, found["limit_market_clients"].note) == (clients, note)
    assert found["limit_market_clients_per_core"].value == 2 * clients
    assert found["limit_market_cpu_generator"].value == 30
    assert all(each.ok is not False for each in found.values())


def test_limit_below_the_first_step_is_a_missed_bar() -> None:
    [found] = figures("market", 1, [step(200, 0.9)], 0.35)
    assert (found.value, found.ok) == (0, False)


def test_limit_of_several_processes_tells_the_cpu_of_each() -> None:
    found = {each.name: each for each in figures(name_of("market", 2, "all"), 2, [step(200, 0.1)], 0.35)}
    assert found["limit_market_whole_on_2_cpu_web"].value == 25
    assert found["limit_market_whole_on_2_clients_per_core"].value == 400


def test_growth_names_figures_of_the_limit_that_there_are() -> None:
    told = (settings.BASE_DIR / "docs" / "growth.md").read_text()
    steps = [step(200, 0.1)]
    made = {each.name for name in ("market", "market_whole") for each in figures(name, 1, steps, 0.35)}
    named = set(re.findall(r"\blimit_\w+", told))
    assert named and named <= made
