"""The small market, and clients of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from market.backfill.venue import Venue
from tests.market.backfill.small_market import reach, show, small_market, venue_at
from tests.market.venue_thread import Beside


@pytest.fixture(scope="package")
def market() -> Iterator[Beside]:
    with small_market() as beside:
        yield beside


@pytest.fixture
def venue(market: Beside) -> Iterator[Venue]:
    """A client of the market, without faults."""
    market.do(lambda simulator: simulator.faults.reset())
    with venue_at(market.url) as venue:
        yield venue


@pytest.fixture
def reachable(market: Beside, settings: Any, redis_url: str) -> None:
    """The market is what the settings name."""
    reach(market, settings)
    show(redis_url)
