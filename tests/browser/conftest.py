"""A real server (Daphne on the tests' PostgreSQL and Valkey) and a real Chromium, both started once for each worker.

Each test has browser contexts and an epoch of the market of its own. Every page is watched: an error in the console, a
failed request or one to another host fails the test. A test that needs other settings, or that writes to the
database, takes `own_server`.
"""

import asyncio
import itertools
import os
import shutil
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from django.db import connections
from playwright.async_api import Browser, BrowserContext, Page, Request, async_playwright, expect

from tests.alerts.signal_rows import AlertPublisher
from tests.market.live_rows import foreign_row, future_row, indices, market_row
from tests.ports import held_port
from tracker.launch.ports import LOOPBACK, accepts
from tracker.launch.process import Command, Process, Warden

ROOT = Path(__file__).resolve().parents[2]
ABORTED = "net::ERR_ABORTED"  # the browser's own doing: its page was left, by a click or by the end of a test
MOMENTS = itertools.count(1)  # microseconds: a board that is told another moment starts its clock anew
PATIENCE_MS = 20_000  # a busy machine needs a multiple of what it needs otherwise
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            continue
        item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.django_db)  # pytest-django makes the database only for tests that ask for it
        if pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)  # Chromium belongs to one loop


@pytest.fixture(scope="session")
def chromium() -> str:
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        message = f"no Chromium on PATH (looked for {', '.join(NAMES)})"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


class Server:
    """Daphne on one port, to be stopped and started again."""

    def __init__(self, environment: dict[str, str], warden: Warden) -> None:
        self.port = held_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.warden = warden
        arguments = ["-m", "daphne", "-b", LOOPBACK, "-p", str(self.port), "tracker.asgi:application"]
        self.command = Command("daphne", [sys.executable, *arguments], ROOT, environment)
        self.process: Process | None = None

    def start(self) -> None:
        self.process = Process(self.command, self.warden)
        self.process.wait_until(lambda: accepts(self.port))

    def stop(self) -> None:
        if self.process:
            self.process.stop()
            self.process = None


@pytest.fixture(scope="session")
def reading(django_db_setup: None, valkey_server: str) -> dict[str, str]:
    """The environment of a server that only reads: like `process_environment`, but nothing empties the tables."""
    database = connections["default"].settings_dict["NAME"]
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}").geturl()
    ours = {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "tracker.settings", "ANONYMOUS_READ": "true"}
    return os.environ | ours


@pytest.fixture(scope="session")
def shared_server(chromium: str, reading: dict[str, str], warden: Warden) -> Iterator[Server]:
    server = Server(reading, warden)
    yield server
    server.stop()


@pytest.fixture
def server(shared_server: Server, redis_url: str) -> Server:
    """The server of all tests of this worker that need no other, and that only read."""
    if shared_server.process is None:  # not started yet, or stopped by a test that failed
        shared_server.start()
    return shared_server


@pytest.fixture(scope="module")
def module_environment(reading: dict[str, str]) -> dict[str, str]:
    return reading


@pytest.fixture(scope="module")
def module_server(chromium: str, module_environment: dict[str, str], warden: Warden) -> Iterator[Server]:
    """A server for a module that stores something: no other test made it remember that there is nothing."""
    server = Server(module_environment, warden)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_server(chromium: str, environment: dict[str, str], warden: Warden) -> Iterator[Server]:
    """A server for one test, in the `environment` that its module says."""
    server = Server(environment, warden)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def publisher(redis_url: str) -> AlertPublisher:
    """The other side of the feed, with an epoch and a moment of its own; nothing is published yet."""
    return AlertPublisher(uuid.uuid4().hex, time=f"2026-11-20T10:15:04.{next(MOMENTS):06}+07:00")


@pytest.fixture
def two_stocks(publisher: AlertPublisher) -> AlertPublisher:
    """HPG, SSI, the indices and the front future are published."""
    publisher.store_all({"HPG": market_row(), "SSI": market_row("SSI")})
    return publisher


@pytest.fixture
def fed(publisher: AlertPublisher) -> AlertPublisher:
    """A market with rows of every kind is published."""
    auction = {"phase": "atc", "expected_price": 27_500.0, "asks": [[None, 5_000], [27_450.0, 900]]}
    rows = {symbol: market_row(symbol) for symbol in ("ACB", "FPT", "HPG", "VCB")}
    rows["SSI"] = market_row("SSI", **auction)
    rows["SHB"] = market_row("SHB", price=28_800.0, asks=[])
    rows["BID"] = market_row("BID", price=25_100.0, bids=[], time="2026-11-20T10:01:00+07:00")
    rows["GAS"] = market_row("GAS", price=26_900.0, phase="halted")
    publisher.store("market", rows)
    flows = {symbol: foreign_row(symbol, covered_seconds=20) for symbol in rows}
    publisher.store("foreign", flows | {"ACB": foreign_row("ACB", own_net_value=-5e9, room_used_percent=99.5)})
    publisher.store("index", indices())
    publisher.store("derivatives", {"41I1GC000": future_row(bids=[[1921.3, 12]], asks=[[1921.5, 7]])})
    return publisher


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running_browser(chromium: str) -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def browser(running_browser: Browser) -> AsyncIterator[Browser]:
    """The worker's Chromium; the contexts that a test opened go with it."""
    yield running_browser
    for context in running_browser.contexts:
        for page in context.pages:  # an answer that a test held back may be on its way
            await page.unroute_all(behavior="ignoreErrors")
        await context.close()


class Watch:
    """Opens pages and collects what went wrong on them."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self.browser = browser
        self.server = server
        self.problems: list[str] = []

    async def open(self, path: str = "/", **options: Any) -> Page:
        options = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"} | options
        context: BrowserContext = await self.browser.new_context(**options)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        self.listen(page)
        await page.goto(self.server.url + path)
        return page

    def listen(self, page: Page) -> None:
        note: Callable[[str], None] = self.problems.append
        page.on("console", lambda said: said.type in ("error", "warning") and note(f"console: {said.text}"))
        page.on("pageerror", lambda error: note(f"error: {error}"))
        page.on("requestfailed", self.failed)
        page.on("response", lambda answer: answer.status >= 400 and note(f"{answer.status}: {answer.url}"))
        page.on("request", lambda request: self.local(request.url) or note(f"elsewhere: {request.url}"))

    def failed(self, request: Request) -> None:
        if request.failure != ABORTED:
            self.problems.append(f"failed: {request.url} {request.failure}")

    def forget(self, status: int) -> None:
        """Drop what was said about an answer that a test asked for: the answer, and the console's line about it."""
        said = (f"{status}: ", f"console: Failed to load resource: the server responded with a status of {status} ")
        self.problems[:] = [each for each in self.problems if not each.startswith(said)]

    def local(self, url: str) -> bool:
        return url.startswith((self.server.url, "data:"))


@pytest_asyncio.fixture(loop_scope="session")
async def pages(browser: Browser, server: Server) -> AsyncIterator[Watch]:
    watch = Watch(browser, server)
    yield watch
    await asyncio.sleep(0)
    assert watch.problems == []
