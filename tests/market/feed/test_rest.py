"""The REST client against a real server on a real socket."""

import asyncio
import base64
import json
import logging
import socket
import time
from datetime import date, datetime, timedelta

import pytest
import time_machine

from market.domain.calendar import VIETNAM
from market.feed.errors import (
    BadCredentials,
    FatalFeedError,
    FeedError,
    QuotaExceeded,
    RetryableFeedError,
    WrongAddress,
)
from market.feed.rest import FastConnectRest, windows
from market.feed.tokens import new_token, token_expiry
from tests.market.feed.venue import Venue, envelope, jwt

MISSING = {"message": "Missing Authorization header", "status": 401}
QUOTA = {"data": None, "message": "API calls quota exceeded! maximum admitted 1 per 1s", "status": "Error"}
BAD_RANGE = {"data": None, "status": "Error", "message": "Date time format dd/MM/yyyy, max range 30 days"}


async def symbols(rest: FastConnectRest) -> list[str]:
    return [row.symbol async for row in rest.securities("HOSE")]


# --- The token


async def test_access_token_second_time_comes_from_the_cache(venue: Venue, rest: FastConnectRest) -> None:
    assert await rest.access_token() == await rest.access_token() == venue.tokens[0]
    assert venue.steps() == ["AccessToken"]


async def test_access_token_asked_for_at_once_by_several_is_fetched_once(venue: Venue, rest: FastConnectRest) -> None:
    tokens = await asyncio.gather(*(rest.access_token(max_age_seconds=60) for _ in range(4)))
    assert set(tokens) == {venue.tokens[0]}


async def test_access_token_older_than_asked_for_is_renewed(venue: Venue, rest: FastConnectRest) -> None:
    first = await rest.access_token()
    assert await rest.access_token(max_age_seconds=0) != first


async def test_access_token_is_renewed_when_it_is_due(venue: Venue, rest: FastConnectRest) -> None:
    first = await rest.access_token()
    with time_machine.travel(time.time() + 28_800 - 599, tick=False):
        assert await rest.access_token() != first


async def test_forget_token_drops_only_the_one_that_was_refused(venue: Venue, rest: FastConnectRest) -> None:
    first = await rest.access_token()
    rest.forget_token("an older token")
    assert await rest.access_token() == first
    rest.forget_token(first)
    assert await rest.access_token() != first


async def test_access_token_that_seems_to_be_over_is_used_anyway(venue: Venue, rest: FastConnectRest) -> None:
    venue.token_life = -60.0  # this machine's clock is wrong
    assert await rest.access_token() == await rest.access_token()


@pytest.mark.parametrize(("life", "margin"), [(28_800, 600), (100, 50)])
def test_new_token_is_due_before_its_end(life: int, margin: int) -> None:
    token = new_token(jwt(life))
    assert token.renew - time.time() == pytest.approx(life - margin, abs=2)


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("padding", [True, False])
def test_token_expiry_reads_both_alphabets(encode: object, padding: bool) -> None:
    claims = json.dumps({"exp": 1_800_000_000, "name": "\u00ff\u00fe>>>???~~~"}, ensure_ascii=False).encode()
    payload = encode(claims).decode()  # type: ignore[operator]
    assert any(sign in base64.b64encode(claims).decode() for sign in "+/")
    assert token_expiry(f"a.{payload if padding else payload.rstrip('=')}.c") == 1_800_000_000


@pytest.mark.parametrize("text", ["", "one", "a.b", "a.!!!.c", "a.e30=.c", "a.bnVsbA.c"])
def test_token_expiry_of_something_else_is_none(text: str) -> None:
    assert token_expiry(text) is None
    assert new_token(text).is_fresh(None)


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"message": "The connection is invalid", "status": 400, "data": None}),
        (200, {"message": "Wrong ConsumerSecret", "status": 401, "data": None}),
        (401, {"message": "Unauthorized", "status": 401}),
        (400, {"message": "Invalid consumer", "status": 400, "data": None}),
        (200, {"message": "Success", "status": 200, "data": {}}),
    ],
)
async def test_access_token_refused_is_fatal(venue: Venue, rest: FastConnectRest, answer: tuple[int, object]) -> None:
    venue.answers["AccessToken"].append(answer)
    with pytest.raises(BadCredentials) as caught:
        await rest.access_token()
    assert "ConsumerID" in str(caught.value)
    assert "my-secret" not in str(caught.value)


async def test_access_token_over_quota_tells_how_long_to_wait(venue: Venue, rest: FastConnectRest) -> None:
    venue.answers["AccessToken"].append((200, QUOTA))
    with pytest.raises(QuotaExceeded) as caught:
        await rest.access_token()
    assert caught.value.wait_seconds >= 60


# --- The envelope


@pytest.mark.parametrize("answer", [(200, MISSING), (401, MISSING), (401, "Unauthorized"), (403, "")])
async def test_call_refused_once_works_with_a_fresh_token(
    venue: Venue, rest: FastConnectRest, answer: tuple[int, object]
) -> None:
    venue.answers["Securities"] += [answer, (200, envelope([{"Symbol": "ACB"}]))]
    assert await symbols(rest) == ["ACB"]
    assert venue.steps() == ["AccessToken", "Securities", "AccessToken", "Securities"]
    assert venue.calls[3][2] == venue.tokens[1] != venue.tokens[0]


async def test_call_refused_twice_is_fatal(venue: Venue, rest: FastConnectRest) -> None:
    venue.answers["Securities"] += [(200, MISSING), (200, MISSING)]
    with pytest.raises(FatalFeedError):
        await symbols(rest)


async def test_call_over_quota_waits_twice_as_long_each_time(venue: Venue, rest: FastConnectRest) -> None:
    venue.answers["Securities"] += [(200, QUOTA), (429, ""), (200, QUOTA), (200, envelope([{"Symbol": "ACB"}]))]
    assert await symbols(rest) == ["ACB"]
    waits = [after - before for before, after in zip(venue.called_at[1:], venue.called_at[2:], strict=False)]
    assert len(waits) == 3
    assert waits[0] >= 0.01
    assert waits[1] >= 0.02
    assert waits[2] >= 0.04


async def test_call_over_quota_for_ever_gives_up(venue: Venue, rest: FastConnectRest) -> None:
    venue.answers["Securities"] += [(200, QUOTA)] * 6
    with pytest.raises(QuotaExceeded, match="maximum admitted"):
        await symbols(rest)
    assert venue.steps().count("Securities") == 6


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((200, BAD_RANGE), FeedError),
        ((400, BAD_RANGE), FeedError),
        ((200, {"data": None, "message": "Success", "status": "Success"}), RetryableFeedError),
        ((200, {"message": "busy", "status": 500}), RetryableFeedError),
        ((503, "Service Unavailable"), RetryableFeedError),
        ((404, "<html>"), WrongAddress),
        ((302, ""), WrongAddress),
        ((200, "<html>"), WrongAddress),
        ((200, {"hello": "world"}), WrongAddress),
        ((200, "[]"), WrongAddress),
    ],
)
async def test_call_other_failures_raise_what_they_mean(
    venue: Venue, rest: FastConnectRest, answer: tuple[int, object], kind: type[FeedError]
) -> None:
    venue.answers["Securities"].append(answer)
    with pytest.raises(FeedError) as caught:
        await symbols(rest)
    assert type(caught.value) is kind
    assert "Securities" in str(caught.value)


async def test_call_without_data_is_empty(venue: Venue, rest: FastConnectRest) -> None:
    assert await symbols(rest) == []
    assert await rest.index_components("NOPE") is None


async def test_call_to_a_closed_port_is_retryable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        async with FastConnectRest(url, "id", "secret") as rest:
            with pytest.raises(RetryableFeedError, match="AccessToken"):
                await rest.access_token()


async def test_call_that_never_answers_times_out(venue: Venue) -> None:
    venue.hang.add("AccessToken")
    async with FastConnectRest(venue.url, "id", "secret", timeout_seconds=0.1) as rest:
        with pytest.raises(RetryableFeedError):
            await rest.access_token()


async def test_address_without_scheme_is_fatal() -> None:
    async with FastConnectRest("fc-data.ssi.com.vn", "id", "secret") as rest:
        with pytest.raises(WrongAddress, match="http"):
            await rest.access_token()


async def test_calls_are_spaced(venue: Venue) -> None:
    begun = time.monotonic()
    async with FastConnectRest(venue.url, "id", "secret", calls_per_second=20) as rest:
        await asyncio.gather(symbols(rest), symbols(rest), symbols(rest))
    assert len(venue.called_at) == 4
    for number, at in enumerate(venue.called_at):  # each may come later than it was sent, and the next one not
        assert at - begun >= number / 20 - 0.001


async def test_simulated_is_known_from_the_header(venue: Venue, rest: FastConnectRest) -> None:
    await rest.access_token()
    assert not rest.simulated
    venue.headers["X-Feed-Simulator"] = "1"
    await symbols(rest)
    assert rest.simulated


async def test_nothing_secret_is_logged(venue: Venue, rest: FastConnectRest, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    venue.answers["Securities"] += [(200, MISSING), (200, QUOTA), (200, envelope([{"Symbol": "ACB"}, {"Nope": 1}]))]
    await symbols(rest)
    assert "quota" in caplog.text
    assert "my-secret" not in caplog.text
    assert not any(token in caplog.text for token in venue.tokens)
    assert venue.tokens[0] not in repr(new_token(venue.tokens[0]))


# --- Rows


async def test_rows_come_from_all_pages(venue: Venue, rest: FastConnectRest) -> None:
    names = ["ACB", "BID", "CTG", "FPT", "GAS", "HPG", "VCB"]
    rows = [{"Symbol": name, "Market": "HOSE", "StockName": None} for name in names]
    venue.answers["Securities"] += [(200, envelope(rows[at : at + 3], total=7)) for at in (0, 3, 6)]
    assert await symbols(rest) == names
    assert [query["pageIndex"] for step, query, _ in venue.calls if step == "Securities"] == ["1", "2", "3"]


async def test_rows_without_a_total_end_with_a_short_page(venue: Venue, rest: FastConnectRest) -> None:
    rows = [{"Symbol": name} for name in ("ACB", "BID", "CTG", "FPT")]
    venue.answers["Securities"] += [(200, envelope(rows[:3], total=0)), (200, envelope(rows[3:], total=0))]
    assert await symbols(rest) == ["ACB", "BID", "CTG", "FPT"]
    assert venue.steps().count("Securities") == 2


async def test_rows_beyond_ten_pages_are_missing_with_a_warning(
    venue: Venue, rest: FastConnectRest, caplog: pytest.LogCaptureFixture
) -> None:
    page = [{"Symbol": name} for name in ("ACB", "BID", "CTG")]
    venue.answers["Securities"] += [(200, envelope(page, total=100))] * 11
    assert len(await symbols(rest)) == 30
    assert "the rest is missing" in caplog.text


async def test_rows_that_cannot_be_read_are_left_out_with_a_warning(
    venue: Venue, rest: FastConnectRest, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [{"Symbol": "ACB"}, {"Symbol": None}, "text"]
    venue.answers["Securities"].append((200, envelope(rows)))
    assert await symbols(rest) == ["ACB"]
    assert "1 of 2 rows cannot be read" in caplog.text


async def test_index_components_are_one_level_down(venue: Venue, rest: FastConnectRest) -> None:
    members = [{"Isin": "ACB", "StockSymbol": "ACB"}, {"Isin": None, "StockSymbol": "BID "}, {"Isin": "x"}, None]
    index = {"IndexCode": "VN30", "IndexName": "VN30", "Exchange": "HOSE", "TotalSymbolNo": "2"}
    venue.answers["IndexComponents"].append((200, envelope([index | {"IndexComponent": members}])))
    components = await rest.index_components("VN30")
    assert components is not None
    assert components.symbols == ("ACB", "BID")
    assert components.index_code == "VN30"


async def test_securities_details_are_one_level_down_and_paged(venue: Venue, rest: FastConnectRest) -> None:
    row = {
        "Symbol": "41I1GC000", "LotSize": "1", "LastTradingDate": "17/12/2026", "ContractMultiplier": 100000,
        "Underlying": "VN30", "ExcerciseRatio": "", "ExercisePrice": None, "ListedShare": "NaN",
    }  # fmt: skip
    pages = [[row] * 3, [row]]
    for page in pages:
        answer = envelope([{"RType": "y", "TotalNoSym": "4", "RepeatedInfo": page}], total=1)
        venue.answers["SecuritiesDetails"].append((200, answer))
    details = [item async for item in rest.securities_details("DER")]
    assert len(details) == 4
    assert (details[0].last_trading_date, details[0].contract_multiplier, details[0].lot_size) == ("17/12/2026", 1e5, 1)
    assert (details[0].exercise_ratio, details[0].exercise_price, details[0].listed_share) == (None, None, None)


async def test_intraday_bar_starts_with_its_minute(venue: Venue, rest: FastConnectRest) -> None:
    row = {
        "Symbol": "VCB", "Value": "59000", "TradingDate": "17/07/2026", "Time": "09:15:54", "Open": "59300",
        "High": "59300", "Low": "59000", "Close": "59300", "Volume": "26800",
    }  # fmt: skip
    venue.answers["IntradayOhlc"].append((200, envelope([row])))
    bars = [bar async for bar in rest.intraday_ohlc("VCB", date(2026, 7, 17), date(2026, 7, 17))]
    assert bars[0].minute == datetime(2026, 7, 17, 9, 15, tzinfo=VIETNAM)
    assert (bars[0].open, bars[0].volume, bars[0].market) == (59300.0, 26800, None)
    query = venue.calls[-1][1]
    assert (query["symbol"], query["resolution"], query["fromDate"]) == ("VCB", "1", "17/07/2026")


async def test_daily_rows_of_a_long_range_come_from_windows(venue: Venue, rest: FastConnectRest) -> None:
    rows = [[{"IndexId": "VN30", "TradingDate": day, "IndexValue": 1876.81}] for day in ("02/01/2026", "02/02/2026")]
    venue.answers["DailyIndex"] += [(200, envelope(page)) for page in rows]
    first, last = date(2026, 1, 1), date(2026, 2, 5)
    days = [row.day async for row in rest.daily_index("VN30", first, last)]
    assert days == [date(2026, 1, 2), date(2026, 2, 2)]
    ranges = [(query["fromDate"], query["toDate"]) for step, query, _ in venue.calls if step == "DailyIndex"]
    assert ranges == [("01/01/2026", "30/01/2026"), ("31/01/2026", "05/02/2026")]


async def test_daily_stock_price_and_ohlc_have_their_numbers(venue: Venue, rest: FastConnectRest) -> None:
    price = {"Symbol": "SSI", "TradingDate": "14/08/2026", "ForeignBuyVolTotal": "1933300", "ClosePrice": "24500"}
    bar = {"Symbol": "SSI", "TradingDate": "14/08/2026", "Time": None, "Close": "24500", "Volume": "34016200.0"}
    venue.answers["DailyStockPrice"].append((200, envelope([price])))
    venue.answers["DailyOhlc"].append((200, envelope([bar])))
    day = date(2026, 8, 14)
    prices = [row async for row in rest.daily_stock_price("SSI", day, day)]
    bars = [row async for row in rest.daily_ohlc("SSI", day, day)]
    assert (prices[0].foreign_buy_vol_total, prices[0].close_price, prices[0].day) == (1_933_300, 24500.0, day)
    assert (bars[0].volume, bars[0].open, bars[0].day) == (34_016_200, None, day)


async def test_index_list_has_its_names(venue: Venue, rest: FastConnectRest) -> None:
    rows = [{"IndexCode": "VN30", "IndexName": None, "Exchange": "HOSE"}]
    venue.answers["IndexList"].append((200, envelope(rows)))
    assert [row.index_code async for row in rest.index_list("HOSE")] == ["VN30"]


@pytest.mark.parametrize("length", [1, 29, 30, 31, 60, 61, 365])
def test_windows_cover_each_day_once_and_none_is_too_long(length: int) -> None:
    first = date(2026, 1, 1)
    days: list[date] = []
    for start, end in windows(first, first + timedelta(days=length - 1)):
        count = (end - start).days + 1
        assert 1 <= count <= 30
        days += [start + timedelta(days=number) for number in range(count)]
    assert days == [first + timedelta(days=number) for number in range(length)]
