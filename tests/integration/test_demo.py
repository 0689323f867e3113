"""`manage.py demo` from start to stop: every process of the product, on servers of its own."""

import http.client
import re
import shutil
import signal
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from tests.launched import Launched, children_of, is_running
from tracker.launch.accounts import unprivileged_account
from tracker.launch.places import data_directory

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks at processes through /proc")


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Launched]:
    launched = Launched(tmp_path / "run", "demo")
    yield launched
    launched.process.terminate()
    launched.process.wait(60)
    shutil.rmtree(data_directory(tmp_path / "run", unprivileged_account()))


def log_in(address: str, name: str, password: str) -> int:
    """Log in to the admin and return the status: 302 when it let us in."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    path = f"{urlsplit(address).path}login/"
    connection.request("GET", path)
    response = connection.getresponse()
    cookies = SimpleCookie(response.headers["Set-Cookie"])
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', response.read().decode())
    assert token is not None
    form = urlencode({"username": name, "password": password, "csrfmiddlewaretoken": token[1]})
    headers = {"Cookie": f"csrftoken={cookies['csrftoken'].value}", "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", path, form, headers)
    return connection.getresponse().status


def test_demo_serves_the_board_lets_the_printed_admin_in_and_leaves_no_process(demo: Launched) -> None:
    assert "SIMULATED" in demo.line("  VN Stock Tracker: ", seconds=120)
    board = demo.line("  Board   ")
    admin = demo.line("  Admin   ")
    name, _, password = demo.line("  Log in  ").partition(" / ")

    connection = http.client.HTTPConnection(urlsplit(board).netloc, timeout=30)
    connection.request("GET", "/")
    assert connection.getresponse().status == 200
    assert log_in(admin, name, "wrong") == 200
    assert log_in(admin, name, password) == 302

    children = children_of(demo.process.pid)
    assert len(children) > 8
    demo.process.send_signal(signal.SIGTERM)
    assert demo.process.wait(60) == 0
    assert not any(map(is_running, children))
