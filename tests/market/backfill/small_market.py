"""A small market that a simulator beside the tests serves, and how tests reach it."""

import json
import time as clock
from contextlib import AbstractContextManager
from datetime import date, datetime, time
from typing import Any

import redis
from django.db import connection
from django.utils import timezone

from market import live
from market.backfill.plan import Target, What, steps
from market.backfill.ranges import Range
from market.backfill.run import Progress, run
from market.backfill.venue import Venue
from market.domain.calendar import VIETNAM
from market.feed.rest import FastConnectRest
from market.feed.simulator.schedule import at
from market.models import Instrument
from tests.market.feed.simulator.conftest import small_universe
from tests.market.venue_thread import Beside, simulator_beside

DAY = date(2026, 11, 20)
NOW = datetime.combine(DAY, time(10), VIETNAM)
SPAN = (date(2026, 9, 1), date(2026, 11, 19))
MINUTES = (date(2026, 11, 18), date(2026, 11, 19))
HPG = Target("HPG", "stock")
VNINDEX = Target("VNINDEX", "index")
FUTURE = Target("41I1GC000", "future")
CREDENTIALS = {"SSI_CONSUMER_ID": "id", "SSI_CONSUMER_SECRET": "secret", "REST_CALLS_PER_SECOND": "500"}


def small_market() -> AbstractContextManager[Beside]:
    """The small market at ten o'clock."""
    return simulator_beside(small_universe(), DAY, at(10, 0))


def reach(market: Beside, settings: Any) -> None:
    """Let the settings name the market, which then has no faults."""
    market.do(lambda simulator: simulator.faults.reset())
    settings.SSI_DATA_URL = market.url
    settings.SSI_CONSUMER_ID, settings.SSI_CONSUMER_SECRET = "id", "secret"
    settings.REST_CALLS_PER_SECOND = 1000


def show(
    redis_url: str, source: str = "simulation", age: float = 0.0, moment: datetime = NOW, **rows: dict[str, Any]
) -> None:
    """Write what an ingest would show. Without it a simulator's day has to be near to this machine's date."""
    status = {"source": source, "time": moment.isoformat()}
    meta = {"epoch": "e", "seq": 1, "time": NOW.isoformat(), "status": status, "written_at": clock.time() - age}
    with redis.Redis.from_url(redis_url) as client:
        for channel in ("market", "derivatives"):
            client.set(live.meta_key(channel), json.dumps(meta))
        for code, row in rows.items():
            client.hset(live.rows_key("market"), code, json.dumps(row))


def venue_at(url: str, secret: str = "secret") -> Venue:
    """A client in a hurry."""
    return Venue(FastConnectRest(url, "id", secret, calls_per_second=1000, quota_wait_seconds=0.01, timeout_seconds=5))


def store_future(code: str = FUTURE.code, last: date = date(2026, 12, 17)) -> None:
    """Describe a contract."""
    underlying, _ = Instrument.objects.get_or_create(code="VN30", defaults={"kind": "index", "board": "HOSE"})
    Instrument.objects.create(
        code=code, kind="future", board="DERIVATIVES", last_trading_day=last, underlying=underlying
    )


def fetch(venue: Venue, what: What, target: Target, span: Range = SPAN) -> Progress:
    """Fetch what is missing of the span."""
    return run(venue, steps([target], {what: span}, timezone.now()), NOW)


def locks() -> int:
    """How many advisory locks are held on the server."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        (count,) = cursor.fetchone()
    return int(count)
