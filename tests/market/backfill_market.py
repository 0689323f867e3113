"""A small market that a simulator beside the tests serves, and how tests reach it."""

from datetime import date, datetime, time

from market.backfill.plan import Target
from market.backfill.venue import Venue
from market.domain.calendar import VIETNAM
from market.feed.rest import FastConnectRest
from market.models import Instrument

DAY = date(2026, 11, 20)
NOW = datetime.combine(DAY, time(10), VIETNAM)
HPG = Target("HPG", "stock")
VNINDEX = Target("VNINDEX", "index")
FUTURE = Target("41I1GC000", "future")
CREDENTIALS = {"SSI_CONSUMER_ID": "id", "SSI_CONSUMER_SECRET": "secret", "REST_CALLS_PER_SECOND": "500"}


def venue_at(url: str, secret: str = "secret") -> Venue:
    """A client in a hurry."""
    return Venue(FastConnectRest(url, "id", secret, calls_per_second=1000, quota_wait_seconds=0.01, timeout_seconds=5))


def store_future(code: str = FUTURE.code, last: date = date(2026, 12, 17)) -> None:
    """Describe a contract."""
    underlying, _ = Instrument.objects.get_or_create(code="VN30", defaults={"kind": "index", "board": "HOSE"})
    Instrument.objects.create(
        code=code, kind="future", board="DERIVATIVES", last_trading_day=last, underlying=underlying
    )
