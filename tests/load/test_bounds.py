import pytest

from tests.load.bounds import MOST_SECONDS, MOST_USERS, Refused, bounded, loopback
from tests.load.swarm import main


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://127.8.9.1:8000/board/", "http://127.8.9.1:8000"),
        ("ws://localhost:9000/ws/market/", "http://localhost:9000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_loopback_of_this_machine_is_the_address_of_its_site(given: str, expected: str) -> None:
    assert loopback(given) == expected


@pytest.mark.parametrize(
    "given",
    [
        *("http://stocks.example.org:8000", "http://10.0.0.7:8000", "http://0.0.0.0:8000", "http://[2001:db8::1]:80"),
        *("http://127.0.0.1.example.org:80", "http://127.0.0.1@example.org:80", "http://localhost.example.org:80"),
        *("https://127.0.0.1:8000", "127.0.0.1:8000", "http://127.0.0.1", "http://127.0.0.1:many", ""),
    ],
)
def test_loopback_of_anything_else_is_refused(given: str) -> None:
    with pytest.raises(Refused):
        loopback(given)


@pytest.mark.parametrize(("users", "seconds"), [(0, 10), (MOST_USERS + 1, 10), (5, 0), (5, MOST_SECONDS + 1)])
def test_load_without_bounds_is_refused(users: int, seconds: float) -> None:
    bounded(MOST_USERS, MOST_SECONDS)
    with pytest.raises(Refused):
        bounded(users, seconds)


def test_swarm_on_another_machine_ends_before_it_begins(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["market_stream", "--host", "http://stocks.example.org:80"]) == 2
    assert "expected an address of this machine" in capsys.readouterr().err
    assert main(["market_stream", "--host", "http://127.0.0.1:80", "--users", "1000000"]) == 2
