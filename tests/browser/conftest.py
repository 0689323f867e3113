"""A real server (Daphne on the tests' PostgreSQL and Valkey) and a real Chromium.

Every page is watched: an error in the console, a failed request or one to another host fails the test.
"""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connections
from playwright.async_api import Browser, BrowserContext, Page, Request, async_playwright

from tests.market.live_rows import Publisher
from tests.ports import held_port
from tracker.launch.ports import LOOPBACK, accepts
from tracker.launch.process import Command, Process, Warden

ROOT = Path(__file__).resolve().parents[2]
ABORTED = "net::ERR_ABORTED"  # the browser's own doing: its page was left, by a click or by the end of a test
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


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


@pytest.fixture
def environment(django_db_setup: None, redis_url: str) -> dict[str, str]:
    """Like `process_environment`, but nothing empties the tables after each test: these pages only read."""
    database = connections["default"].settings_dict["NAME"]
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}").geturl()
    ours = {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "tracker.settings", "ANONYMOUS_READ": "true"}
    return os.environ | ours


@pytest.fixture
def server(chromium: str, environment: dict[str, str], warden: Warden) -> Iterator[Server]:
    server = Server(environment, warden)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def publisher(redis_url: str) -> Publisher:
    """The other side of the feed; nothing is published yet."""
    return Publisher()


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        await browser.close()


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
        page.set_default_timeout(10_000)
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

    def local(self, url: str) -> bool:
        return url.startswith((self.server.url, "data:"))


@pytest.fixture
async def pages(browser: Browser, server: Server) -> AsyncIterator[Watch]:
    watch = Watch(browser, server)
    yield watch
    await asyncio.sleep(0)
    assert watch.problems == []
