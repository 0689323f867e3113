"""What ingest listens to: the symbols that the settings ask for, found at the venue or else in the database."""

import asyncio
import logging
from datetime import date

from asgiref.sync import sync_to_async
from django.db import Error as DatabaseError
from msgspec import Struct

from market.domain.contracts import parse_code
from market.feed.client import channels_for
from market.feed.errors import FatalFeedError, FeedError, QuotaExceeded, RetryableFeedError
from market.feed.rest import FastConnectRest
from market.reference import basket_codes

logger = logging.getLogger(__name__)

BASKET = "VN30"
ATTEMPTS = 3
INDICES = ("VNINDEX", "VN30", "VN100", "HNXIndex", "HNX30", "HNXUpcomIndex")


class Watch(Struct, frozen=True):
    """The subscription: FastConnect channel strings, and the members of each index that breadth is counted for."""

    channels: list[str]
    members: dict[str, frozenset[str]]


async def reach(rest: FastConnectRest, address: str) -> None:
    """Log in once before anything is built on it: an address that never answers is a mistake, not an outage.

    Raises FatalFeedError for refused credentials or what is not FastConnect, FeedError for what does not answer.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await rest.access_token()
            return
        except QuotaExceeded:
            return  # the right place, and the stream knows how to wait
        except RetryableFeedError as error:
            if attempt == ATTEMPTS:
                raise FeedError(f"SSI_DATA_URL: expected SSI FastConnect at {address}, was: {error}") from error
            logger.warning("%s; trying again", error)
            await asyncio.sleep(attempt)


async def find_watch(rest: FastConnectRest, wanted: str, today: date) -> Watch:
    """Resolve WATCH ("vn30", "all" or a comma list of stocks) into a subscription.

    Where neither the venue nor the database knows the basket, everything is watched. Raises FatalFeedError.
    """
    basket = await _basket(rest, today)
    members = {BASKET: frozenset(basket)} if basket else {}
    if wanted.lower() == "all":
        return Watch(channels_for("all"), members)
    stocks = (
        basket if wanted.lower() == "vn30" else [code.strip().upper() for code in wanted.split(",") if code.strip()]
    )
    if not stocks:
        logger.warning("The members of %s are not known; watching the whole market", BASKET)
        return Watch(channels_for("all"), members)
    futures = await _futures(rest)
    return Watch(channels_for(stocks, futures, INDICES), members)


async def _basket(rest: FastConnectRest, today: date) -> list[str]:
    try:
        components = await rest.index_components(BASKET)
        if components is not None and components.symbols:
            return sorted(components.symbols)
    except FatalFeedError:
        raise
    except FeedError as error:
        logger.warning("The venue does not tell the members of %s, using the stored ones: %s", BASKET, error)
    return sorted((await stored_members(today)).get(BASKET, ()))


async def stored_members(today: date) -> dict[str, frozenset[str]]:
    """Members of the basket as stored; nothing when the database is away."""
    try:
        codes = await sync_to_async(basket_codes)(BASKET, today)
    except DatabaseError as error:
        logger.warning("The database does not tell the members of %s: %s", BASKET, error)
        return {}
    return {BASKET: frozenset(codes)} if codes else {}


async def _futures(rest: FastConnectRest) -> list[str]:
    try:
        return sorted([each.symbol async for each in rest.securities("DER") if parse_code(each.symbol) is not None])
    except FatalFeedError:
        raise
    except FeedError as error:
        logger.warning("The venue does not list its futures; none are watched until the next start: %s", error)
        return []
