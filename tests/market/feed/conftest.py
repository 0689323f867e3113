"""A FastConnect to talk to, and a REST client of it."""

from collections.abc import AsyncIterator

import pytest

from market.feed.rest import FastConnectRest
from tests.market.feed.venue import Venue


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    """A server that behaves until told otherwise."""
    async with Venue() as venue:
        yield venue


@pytest.fixture
async def rest(venue: Venue) -> AsyncIterator[FastConnectRest]:
    """A REST client of that server, in a hurry."""
    async with FastConnectRest(
        venue.url,
        "my-id",
        "my-secret",
        calls_per_second=1000,
        quota_wait_seconds=0.01,
        timeout_seconds=1.0,
        page_size=3,
    ) as rest:
        yield rest
