"""Locust's users: the documented socket client, and people on pages.

`python -m tests.load.swarm` starts a stack and runs this file on it. On a site of this machine that runs already:

    python -m locust -f tests/load/locustfile.py --headless --host http://127.0.0.1:8000 -u 50 -r 50 -t 30 MarketStream
"""

import itertools
import random
import re
import secrets
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import websocket
from locust import FastHttpUser, User, between, constant_pacing, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.exception import StopUser

from tests.load.bounds import Refused, bounded, loopback
from tests.load.crowd import Position
from tests.load.follower import Answers, Follower, Outcome, channel_of, write

PATIENCE_SECONDS = 20.0  # the server says something every five
STORM_SECONDS = 4.0
BURST_SECONDS = 3.0
SYMBOLS = ("HPG", "FPT", "VCB", "SSI", "MWG")
PAGES = ("/", "/overview/", "/foreign/", "/volume/", "/derivatives/", "/about/")
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')

followers: defaultdict[str, list[Follower]] = defaultdict(list)
texts: defaultdict[str, dict[Position, str]] = defaultdict(dict)
numbers = itertools.count()
addresses: list[str] = []  # of the site's web processes; users take turns


@events.init_command_line_parser.add_listener
def add_options(parser: LocustArgumentParser) -> None:
    """Let sockets and pages spread over several web processes, and tell where the outcome goes."""
    parser.add_argument("--also", action="append", default=[], metavar="URL", help="another web process of that site")
    parser.add_argument("--outcome", default="", metavar="FILE", help="where to write what was seen, as JSON")


@events.init.add_listener
def check(environment: Environment, **given: Any) -> None:
    """Refuse other machines, and a load without an end."""
    options = environment.parsed_options
    assert options is not None
    try:
        if not options.headless:
            raise Refused("expected --headless: the web interface could start anything")
        bounded(options.num_users or 1, float(options.run_time or 0))
        addresses[:] = [loopback(each) for each in (environment.host or "", *options.also)]
    except Refused as error:
        raise SystemExit(f"load: {error}") from None


@events.quitting.add_listener
def tell(environment: Environment, **given: Any) -> None:
    """Write the outcome, if anybody wants it."""
    path = environment.parsed_options.outcome if environment.parsed_options else ""
    if path:
        errors = [f"{each.method} {each.name}: {each.error} ({each.occurrences})" for each in errors_of(environment)]
        channels = {name: channel_of(each, texts[name]) for name, each in followers.items()}
        write(Path(path), Outcome(list(answers(environment)), errors, channels))


def errors_of(environment: Environment) -> list[Any]:
    return list(environment.stats.errors.values())


def answers(environment: Environment) -> Iterator[Answers]:
    for (name, kind), entry in sorted(environment.stats.entries.items()):
        timed = entry.num_requests > entry.num_none_requests
        times = [entry.get_response_time_percentile(part) for part in (0.5, 0.95, 0.99)] if timed else [None] * 3
        yield Answers(
            kind, name, entry.num_requests, entry.num_failures, *times, entry.max_response_time if timed else None
        )


class SocketUser(User):
    """One client of a channel. What happens is told to Locust under `WS`, times in milliseconds."""

    abstract = True
    channel = "market"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.url = addresses[next(numbers) % len(addresses)].replace("http", "ws", 1) + f"/ws/{self.channel}/"
        self.follower = Follower(texts[self.channel])
        self.socket: websocket.WebSocket | None = None
        followers[self.channel].append(self.follower)

    def on_stop(self) -> None:
        self.cut()

    def cut(self) -> None:
        """End the connection without a good-bye, as a lost network does."""
        if self.socket is not None:
            self.socket.shutdown()
            self.socket = None

    def connect(self, name: str = "connect and snapshot") -> None:
        """Connect and wait for the snapshot."""
        started = time.perf_counter()
        with self.told(name, started):
            # Checking UTF-8 in Python would cost more than the rest of the client.
            self.socket = websocket.create_connection(self.url, timeout=PATIENCE_SECONDS, skip_utf8_validation=True)
            self.follower.copy.complete = False
            while not self.follower.copy.complete:
                self.receive()

    def receive(self) -> int:
        """Take one frame and answer it; its length."""
        assert self.socket is not None
        text = self.socket.recv()
        if not isinstance(text, str) or not text:
            raise ConnectionError(f"the server closed the connection, code {self.socket.status}")
        for reply in self.follower.take(text, time.time()):
            self.socket.send(reply)
        return len(text)

    def listen(self, seconds: float) -> None:
        """Take frames for so long. A connection that ends or stays silent is a failure."""
        ends = time.monotonic() + seconds
        silent_at = time.monotonic() + PATIENCE_SECONDS
        while (now := time.monotonic()) < ends:
            assert self.socket is not None
            self.socket.settimeout(max(0.01, min(ends, silent_at) - now))
            gaps = self.follower.gaps
            try:
                size = self.receive()
            except websocket.WebSocketTimeoutException:
                if time.monotonic() >= silent_at:
                    self.tell("frame", None, error=TimeoutError("no frame for too long"))
                    return self.cut()
                continue
            except (websocket.WebSocketException, OSError) as error:
                self.tell("frame", None, error=error)
                return self.cut()
            silent_at = time.monotonic() + PATIENCE_SECONDS
            missed = LookupError("an update did not follow") if self.follower.gaps > gaps else None
            self.tell("frame", None, size, missed)

    @contextmanager
    def told(self, name: str, started: float) -> Iterator[None]:
        """Tell Locust how long it took, or why it failed."""
        error: Exception | None = None
        try:
            yield
        except (websocket.WebSocketException, OSError) as raised:
            error = raised
            self.cut()
        self.tell(name, 1000 * (time.perf_counter() - started), error=error)

    def tell(self, name: str, took: float | None, size: int = 0, error: Exception | None = None) -> None:
        self.environment.events.request.fire(
            request_type="WS", name=f"{self.channel} {name}", response_time=took, response_length=size,
            exception=error, context={},
        )  # fmt: skip

    def follow(self, seconds: float) -> None:
        """Be connected and listen; wait a moment after a failure, not all at once."""
        if self.socket is None:
            self.connect()
        if self.socket is None:
            time.sleep(random.random())
        else:
            self.listen(seconds)


class MarketStream(SocketUser):
    """Watches the board's rows."""

    weight = 4

    @task
    def stream(self) -> None:
        self.follow(60)


class ForeignFlow(SocketUser):
    """Watches what foreigners do."""

    channel = "foreign"
    weight = 2

    @task
    def stream(self) -> None:
        self.follow(60)


class ReconnectStorm(SocketUser):
    """Loses the connection at the very moment when all others do, and comes back at once."""

    @task
    def storm(self) -> None:
        name = "connect and snapshot" if self.socket is None else "come back"
        self.cut()
        self.connect(name)
        if self.socket is not None:
            self.listen(STORM_SECONDS - time.time() % STORM_SECONDS)


class SnapshotBurst(SocketUser):
    """Comes with all others at once, takes the snapshot and goes."""

    wait_time = constant_pacing(BURST_SECONDS)

    @task
    def burst(self) -> None:
        self.connect()
        if self.socket is not None:
            self.socket.close(timeout=1)
            self.socket = None


class Visitor(FastHttpUser):
    """Somebody on the pages of one of the web processes."""

    abstract = True
    wait_time = between(0.5, 2)

    def __init__(self, environment: Environment) -> None:
        self.host = addresses[next(numbers) % len(addresses)]
        super().__init__(environment)


class Reader(Visitor):
    """Goes from page to page."""

    weight = 3

    @task
    def read(self) -> None:
        self.client.get(random.choice(PAGES), name="page")
        self.wait()
        self.client.get(f"/symbol/{random.choice(SYMBOLS)}/", name="symbol page")


class Program(Visitor):
    """Polls the snapshot with its tag, and reads history."""

    weight = 2
    etag = ""

    @task
    def poll(self) -> None:
        headers = {"If-None-Match": self.etag} if self.etag else {}
        answer = self.client.get("/api/market/snapshot", name="snapshot", headers=headers)
        self.etag = (answer.headers or {}).get("ETag", self.etag)
        symbol = random.choice(SYMBOLS)
        self.client.get(f"/api/history/{symbol}/candles?interval=1m&limit=300", name="history")
        self.client.get(f"/api/history/{symbol}/ticks?limit=100", name="history")


class Trader(Visitor):
    """Has an account: logs in, looks at the lists and logs out. Needs a site with ACCOUNTS_SIGN_UP."""

    def on_start(self) -> None:
        self.name, self.password = f"load-{secrets.token_hex(6)}", secrets.token_urlsafe(16)
        given = {"username": self.name, "password1": self.password, "password2": self.password}
        given["email"] = f"{self.name}@example.com"
        if not self.submit("/account/sign-up/", given, "sign-up"):
            raise StopUser
        self.submit("/account/log-out/", {}, "log-out", form="/account/")

    @task
    def visit(self) -> None:
        if self.submit("/account/log-in/", {"username": self.name, "password": self.password}, "log-in"):
            self.client.get("/lists/", name="own page")
            self.client.get("/account/", name="own page")
            self.submit("/account/log-out/", {}, "log-out", form="/account/")

    def submit(self, path: str, given: dict[str, str], name: str, form: str = "") -> bool:
        """Load the form and send it; whether that led to another page, as it does when all is right."""
        with self.client.get(form or path, name="form", catch_response=True) as page:
            found = TOKEN.search(page.text or "")
            if found is None:
                page.failure(f"expected a form, was {page.status_code}")
                return False
        data = given | {"csrfmiddlewaretoken": found[1]}
        with self.client.post(path, data=data, name=name, allow_redirects=False, catch_response=True) as answer:
            if answer.status_code != 302:
                answer.failure(f"expected 302, was {answer.status_code}")
                return False
            answer.success()
        return True
