"""The whole product as real processes on a simulated market: what people run, asked as people ask it."""

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from typing import Any, Final

import psycopg
from websockets.sync.client import connect

from tests.client import Copy
from tests.stand import Stand
from tracker.launch.ports import LOOPBACK

FRIDAY: Final = "2026-11-20"
CHANNELS: Final = ("market", "foreign", "index", "derivatives", "alerts")
STOCKS: Final = 30
PATIENT_SECONDS: Final = 180.0
LOOK_SECONDS: Final = 0.1
Rows = dict[str, dict[str, Any]]


class Whole(Stand):
    """A stand that is asked over HTTP, sockets and SQL. `path` is that of an address, with its query."""

    def __init__(self, **environment: str) -> None:
        super().__init__(API_REQUESTS_PER_MINUTE_PER_ADDRESS="1000000", **environment)

    def start_market(self, start: str, *options: str) -> None:
        """Start database, exchange, ingest and one web process; the market stands still at `start` (HH:MM).

        It has to be told to `resume`: how long processes take to start is nobody's business.
        """
        self.start_database()
        self.start_simulator("--date", FRIDAY, "--start", start, "--calls-per-second", "50", *options)
        self.market("pause")
        self.start("ingest", "manage.py", "ingest")
        self.start_web()
        self.wait_for_line("ingest", "live snapshot is complete")
        self.until(lambda: len(self.rows("market")) == STOCKS, "every stock to be on the board")

    def start_helpers(self) -> None:
        """Start what surrounds them: a standby, the workers and their clock."""
        celery = ("-m", "celery", "--quiet", "--app", "tracker")
        self.start("standby", "manage.py", "ingest", "--standby")
        self.start("worker", *celery, "worker", "--without-gossip", "--without-mingle", "--concurrency", "1")
        solo = ("--pool", "solo", "--without-gossip", "--without-mingle", "--hostname", "courier@%h")
        self.start("courier", *celery, "worker", *solo, "--queues", "delivery")
        self.start("beat", *celery, "beat")

    def start_again(self, name: str) -> None:
        """Start what was killed, or end it first; `postgres` or `ingest`."""
        process = self.processes[name]
        process.stop()
        if name == "ingest":
            self.start_ingest()
        else:
            self.start_postgres()

    def market(self, command: str, **values: object) -> dict[str, Any]:
        """Tell the exchange something: `pause`, `faults/drop`, ...; its state."""
        return self._exchange("POST", f"{command}?{urllib.parse.urlencode(values)}")

    def truth(self) -> dict[str, Any]:
        """What the exchange knows to be true."""
        return self._exchange("GET", "truth")

    def clock(self) -> tuple[str, str]:
        """Day and time at the exchange."""
        state = self._exchange("GET", "state")
        return state["day"], state["time"]

    def _exchange(self, method: str, path: str) -> dict[str, Any]:
        address = f"http://{LOOPBACK}:{self.ports['simulator']}/control/{path}"
        with urllib.request.urlopen(urllib.request.Request(address, method=method), timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def get(self, path: str) -> Any:
        """A JSON answer of the web process."""
        return json.loads(self.page(path))

    def page(self, path: str) -> str:
        """The text of a page, in English."""
        return self.visitor().get(path)

    def code(self, path: str) -> int:
        """The status of an answer."""
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{self.ports['web']}{path}", timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def visitor(self) -> "Visitor":
        """Somebody new with a browser of their own."""
        return Visitor(f"http://{LOOPBACK}:{self.ports['web']}")

    def status(self) -> dict[str, Any]:
        """The status object as the API tells it."""
        status: dict[str, Any] = self.get("/api/market/snapshot?symbols=HPG")["status"]
        return status

    def rows(self, channel: str) -> Rows:
        """The rows that a client sees who comes now."""
        return self.copy(channel).rows

    def copy(self, channel: str) -> Copy:
        """A channel's snapshot."""
        copy = Copy()
        with connect(self.socket(channel), max_size=2**25, proxy=None) as socket:
            copy.take(str(socket.recv(timeout=PATIENT_SECONDS)))
        return copy

    def socket(self, channel: str) -> str:
        """The address of a channel's socket."""
        return f"ws://{LOOPBACK}:{self.ports['web']}/ws/{channel}/"

    def ask(self, query: str, *values: object) -> list[Any]:
        """Rows of a query."""
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def settle(self) -> Rows:
        """Stop the market and wait until pages know all that it did; what is true then."""
        self.market("pause")
        self.until(lambda: not self.behind(), "the live rows to be those of the exchange")
        truth: Rows = self.truth()["symbols"]
        return truth

    def behind(self) -> list[str]:
        """What the exchange counts otherwise than the live rows."""
        rows = self.rows("market") | self.rows("derivatives")
        truth = self.truth()["symbols"]  # read last: it may still be playing up to where it was stopped
        return [code for code, row in rows.items() if row["total_volume"] != truth[code].get("total_volume", 0)]

    def until(self, holds: Any, what: str) -> None:
        """Look until something is so; while a part is away it is not."""
        deadline = time.monotonic() + PATIENT_SECONDS
        trouble: Exception | None = None
        while time.monotonic() < deadline:
            try:
                if holds():
                    return
                trouble = None
            except (OSError, psycopg.OperationalError, EOFError) as error:
                trouble = error
            time.sleep(LOOK_SECONDS)
        raise AssertionError(f"waited {PATIENT_SECONDS:.0f} s for {what}") from trouble


class Visitor:
    """Somebody with cookies."""

    def __init__(self, site: str) -> None:
        self._site = site
        self._cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies))

    def get(self, path: str) -> str:
        """The text of a page."""
        return self._open(urllib.request.Request(self._site + path, headers={"Accept-Language": "en"}))

    def send(self, page: str, path: str, **fields: str | list[str]) -> str:
        """Fill in the form of a page and send it; the page that follows."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(page))
        assert token is not None, page
        body = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], **fields}, doseq=True).encode()
        return self._open(urllib.request.Request(self._site + path, body, {"Accept-Language": "en"}))

    def _open(self, request: urllib.request.Request) -> str:
        with self._opener.open(request, timeout=60) as answer:
            return str(answer.read().decode())
