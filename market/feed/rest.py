"""FastConnect's REST interface: the token, and lists and history in typed rows.

Source: the fact sheet, section 1.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from functools import cache
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2
import msgspec
from msgspec import Struct

from market.feed.envelope import Answer, read_answer
from market.feed.errors import BadCredentials, FeedError, QuotaExceeded, Unauthorised, feed_error
from market.feed.rows import (
    DATE_FORMAT,
    Bar,
    DailyIndex,
    DailyStockPrice,
    IndexComponents,
    IndexName,
    Security,
    SecurityDetails,
    read_row,
)
from market.feed.tokens import Token, new_token

log = logging.getLogger(__name__)

SIMULATOR_HEADER = "X-Feed-Simulator"
MAX_DAYS = 30  # the venue refuses longer ranges
MAX_PAGES = 10
PAGE_SIZE = 1000
QUOTA_TRIES = 5

Row = TypeVar("Row", bound=Struct)


@cache
def certificates() -> ssl.SSLContext:
    """Return the certificates that the stream trusts too: the system's. Loading them takes tens of milliseconds."""
    return ssl.create_default_context()


class FastConnectRest:
    """Call FastConnect Data v2 below `base_url` with one consumer's credentials.

    Calls go out one after another, at most `calls_per_second`. When the venue speaks of its quota a call waits
    `quota_wait_seconds`, then twice as long, and so on. Every call may raise BadCredentials and WrongAddress (fatal),
    RetryableFeedError, QuotaExceeded (the waiting did not help) and FeedError (the venue refuses this very request).
    Proxy settings of the environment are not used.
    """

    def __init__(
        self,
        base_url: str,
        consumer_id: str,
        consumer_secret: str,
        *,
        calls_per_second: float = 1.0,
        quota_wait_seconds: float = 10.0,
        timeout_seconds: float = 20.0,
        page_size: int = PAGE_SIZE,
    ) -> None:
        self.answered = False
        self.simulated = False  # the server said that it is a simulator
        self.simulator = ""  # which run of one
        self._base_url = f"{base_url.rstrip('/')}/api/v2/Market/"
        self._credentials = {"consumerID": consumer_id, "consumerSecret": consumer_secret}
        self._spacing_seconds = 1.0 / calls_per_second
        self._quota_wait_seconds = quota_wait_seconds
        self._page_size = page_size
        timeout = httpx2.Timeout(timeout_seconds, connect=min(10.0, timeout_seconds))
        self._http = httpx2.AsyncClient(
            timeout=timeout, trust_env=False, verify=certificates(), headers={"Accept": "application/json"}
        )
        self._token: Token | None = None
        self._token_lock = asyncio.Lock()
        self._turn_lock = asyncio.Lock()
        self._next_turn = 0.0  # seconds of the event loop's clock

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def access_token(self, *, max_age_seconds: float | None = None) -> str:
        """Return a token that lasts a while and, if asked, was fetched at most `max_age_seconds` ago.

        Raises BadCredentials when the venue refuses the consumer. It does not wait for a quota, unlike the other calls:
        the stream shows that it is blocked meanwhile.
        """
        async with self._token_lock:  # who comes second uses what the first one got
            if self._token is None or not self._token.is_fresh(max_age_seconds):
                self._token = new_token(await self._fetch_token())
            return self._token.text

    def forget_token(self, refused: str) -> None:
        """Drop the token `refused`, so that the next call fetches another. A newer one stays."""
        if self._token is not None and self._token.text == refused:
            self._token = None

    async def fetch(self, url: str, token: str, step: str, timeout_seconds: float) -> httpx2.Response:
        """Get an address of the stream's handshake, outside the pace of the calls. Raises FeedError for no answer."""
        return await self._request("GET", url, token, step, timeout=timeout_seconds)

    def securities(self, market: str = "") -> AsyncIterator[Security]:
        """Yield every security of `market` (HOSE, HNX, UPCOM, DER), or of all."""
        return self._rows("Securities", {"market": market}, Security)

    def securities_details(self, market: str = "", symbol: str = "") -> AsyncIterator[SecurityDetails]:
        """Yield the details of a symbol, or of every symbol of `market`."""
        return self._rows("SecuritiesDetails", {"market": market, "symbol": symbol}, SecurityDetails)

    def index_list(self, exchange: str = "") -> AsyncIterator[IndexName]:
        """Yield the indices of `exchange`, or of all."""
        return self._rows("IndexList", {"exchange": exchange}, IndexName)

    async def index_components(self, index_code: str) -> IndexComponents | None:
        """Return the members of an index, or None when the venue knows no such index."""
        params = {"indexCode": index_code, "pageIndex": 1, "pageSize": self._page_size}
        answer = await self._get("IndexComponents", params)
        # The members are one level down: data[0].IndexComponent[].StockSymbol.
        if not answer.rows:
            return None
        index = answer.rows[0]
        members = [member for member in index.get("IndexComponent") or [] if isinstance(member, dict)]
        return IndexComponents(
            index_code=str(index.get("IndexCode") or index_code),
            index_name=index.get("IndexName"),
            exchange=index.get("Exchange"),
            symbols=tuple(str(member["StockSymbol"]).strip() for member in members if member.get("StockSymbol")),
        )

    def daily_ohlc(self, symbol: str, first: date, last: date) -> AsyncIterator[Bar]:
        """Yield the daily bars of `symbol` from `first` to `last`, both included, oldest first."""
        return self._days("DailyOhlc", {"symbol": symbol, "ascending": "True"}, first, last, Bar)

    def intraday_ohlc(self, symbol: str, first: date, last: date, resolution: int = 1) -> AsyncIterator[Bar]:
        """Yield bars of `resolution` minutes, oldest first. Minutes without a trade are absent."""
        params = {"symbol": symbol, "resolution": resolution, "ascending": "True"}
        return self._days("IntradayOhlc", params, first, last, Bar)

    def daily_index(self, index_id: str, first: date, last: date) -> AsyncIterator[DailyIndex]:
        """Yield the days of an index."""
        return self._days("DailyIndex", {"indexId": index_id}, first, last, DailyIndex)

    def daily_stock_price(
        self, symbol: str, first: date, last: date, market: str = ""
    ) -> AsyncIterator[DailyStockPrice]:
        """Yield the days of a stock with its foreign flow."""
        return self._days("DailyStockPrice", {"symbol": symbol, "market": market}, first, last, DailyStockPrice)

    async def _days(
        self, name: str, params: dict[str, Any], first: date, last: date, kind: type[Row]
    ) -> AsyncIterator[Row]:
        for start, end in windows(first, last):
            dates = {"fromDate": start.strftime(DATE_FORMAT), "toDate": end.strftime(DATE_FORMAT)}
            async for row in self._rows(name, params | dates, kind):
                yield row

    async def _rows(self, name: str, params: dict[str, Any], kind: type[Row]) -> AsyncIterator[Row]:
        seen = unreadable = 0
        for page in range(1, MAX_PAGES + 1):
            answer = await self._get(name, params | {"pageIndex": page, "pageSize": self._page_size})
            entries = answer.rows
            for entry in entries:
                try:
                    row = read_row(entry, kind)
                except msgspec.ValidationError as error:
                    unreadable += 1
                    log.debug("%s: a row cannot be read: %s", name, error)
                    continue
                yield row
            seen += len(entries)
            if not entries or self._is_last(answer, seen):
                break
        else:
            log.warning("%s: more than %s pages of %s; the rest is missing", name, MAX_PAGES, self._page_size)
        if unreadable:
            log.warning("%s: %s of %s rows cannot be read and were left out", name, unreadable, seen)

    def _is_last(self, answer: Answer, seen: int) -> bool:
        # A total below the number of rows is none: SecuritiesDetails counts its one outer row.
        count = len(answer.rows)
        return seen >= answer.total if answer.total >= count and not answer.is_nested else count < self._page_size

    async def _get(self, name: str, params: dict[str, Any]) -> Answer:
        wait = self._quota_wait_seconds
        for _ in range(QUOTA_TRIES):
            try:
                return await self._get_authorised(name, params)
            except QuotaExceeded as error:
                log.warning("%s; waiting %g s", error, wait)
                await asyncio.sleep(wait)
                wait *= 2
        return await self._get_authorised(name, params)

    async def _get_authorised(self, name: str, params: dict[str, Any]) -> Answer:
        """Make one call, with one fresh token if the first is refused."""
        token = await self.access_token()
        try:
            return await self._send("GET", name, token, params=params)
        except Unauthorised:
            self.forget_token(token)
        try:
            return await self._send("GET", name, await self.access_token(), params=params)
        except Unauthorised as error:
            raise BadCredentials(f"{error}; expected a fresh token to do") from error

    async def _fetch_token(self) -> str:
        try:
            answer = await self._send("POST", "AccessToken", None, json=self._credentials)
        except FeedError as error:
            if type(error) in (FeedError, Unauthorised):  # the others are about the line, not about who we are
                raise _refused(str(error)) from error
            raise
        token = answer.data.get("accessToken") if isinstance(answer.data, dict) else None
        if not isinstance(token, str) or not token:
            raise _refused("AccessToken answered without a token")
        return token

    async def _send(self, method: str, name: str, token: str | None, **request: Any) -> Answer:
        await self._turn()
        response = await self._request(method, self._base_url + name, token, name, **request)
        return read_answer(response.status_code, response.content, name)

    async def _request(self, method: str, url: str, token: str | None, name: str, **request: Any) -> httpx2.Response:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            response = await self._http.request(method, url, headers=headers, **request)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise feed_error(error, name) or error from error
        if SIMULATOR_HEADER in response.headers:
            self.simulated = True
            self.simulator = response.headers[SIMULATOR_HEADER]
        self.answered = True
        return response

    async def _turn(self) -> None:
        """Wait until the next call may go out."""
        async with self._turn_lock:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(max(0.0, self._next_turn - loop.time()))
            self._next_turn = loop.time() + self._spacing_seconds


def windows(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Split a range of days, both ends included, into ranges that the venue accepts, oldest first."""
    while first <= last:
        end = min(last, first + timedelta(days=MAX_DAYS - 1))
        yield first, end
        first = end + timedelta(days=1)


def _refused(message: str) -> BadCredentials:
    return BadCredentials(f"{message}; expected SSI to accept ConsumerID and ConsumerSecret")
