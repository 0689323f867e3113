from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from market.feed.simulator.query import BAD_RANGE
from market.feed.simulator.rest import Rest
from market.feed.simulator.schedule import DAY_END, at
from market.feed.simulator.stage import SyntheticStage
from tests.market.feed.simulator.conftest import DAY, small_universe

Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def stage() -> SyntheticStage:
    stage = SyntheticStage(small_universe(), DAY)
    stage.advance(at(9, 40))
    return stage


@pytest.fixture(scope="module")
def ask(stage: SyntheticStage) -> Ask:
    rest = Rest(stage.history, stage, lambda: date(2026, 11, 22))

    def asked(name: str, **pairs: str) -> dict[str, Any]:
        answer = rest.answer(name, pairs)
        assert answer is not None
        return answer

    return asked


def test_securities_of_a_board_come_in_the_envelope_of_ssi(ask: Ask) -> None:
    answer = ask("Securities", market="HNX", pageIndex="1", pageSize="100")
    assert answer == {
        "data": [{"Market": "HNX", "Symbol": "SHS", "StockName": "CTCP SHS", "StockEnName": "SHS"}],
        "message": "Success",
        "status": "Success",
        "totalRecord": 1,
    }


def test_securities_of_derivatives_are_the_live_contracts(ask: Ask) -> None:
    symbols = [row["Symbol"] for row in ask("securities", market="DER")["data"]]
    assert symbols[:4] == ["41I1GC000", "41I1H1000", "41I1H3000", "41I1H6000"]
    assert symbols[4] == "41I2GC000"


def test_query_names_in_any_case_and_with_prefix_mean_the_same(ask: Ask) -> None:
    plain = ask("SecuritiesDetails", symbol="fpt")
    assert ask("securitiesdetails", **{"lookupRequest.symbol": "FPT", "lookupRequest.market": ""}) == plain
    assert ask("SECURITIESDETAILS", **{"LOOKUPREQUEST.SYMBOL": "FPT", "PAGEINDEX": ""}) == plain
    info = plain["data"][0]["RepeatedInfo"]
    assert [row["Symbol"] for row in info] == ["FPT"]
    assert info[0]["TickIncrement2"] == "50" and info[0]["TickPrice4"] is None


def test_securities_details_of_a_future_name_its_last_trading_day(ask: Ask) -> None:
    info = ask("SecuritiesDetails", symbol="41I1GC000")["data"][0]["RepeatedInfo"][0]
    assert (info["LastTradingDate"], info["ContractMultiplier"], info["Underlying"]) == ("17/12/2026", "100000", "VN30")


def test_index_components_hold_the_members_one_level_down(ask: Ask) -> None:
    answer = ask("IndexComponents", indexCode="vn30")
    assert answer["totalRecord"] == 1
    assert answer["data"][0]["TotalSymbolNo"] == "5"
    assert {"Isin": "FPT", "StockSymbol": "FPT"} in answer["data"][0]["IndexComponent"]


def test_index_list_of_hnx_has_upcoms_index(ask: Ask) -> None:
    rows = ask("IndexList", exchange="HNX")["data"]
    assert [row["IndexCode"] for row in rows] == ["HNXIndex", "HNX30", "HNXUpcomIndex"]


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ({"pageIndex": "11"}, "PageIndex"),
        ({"pageIndex": "0"}, "PageIndex"),
        ({"pageSize": "30"}, "PageSize"),
        ({"pageSize": "ten"}, "pageSize"),
    ],
)
def test_pages_outside_the_limits_are_refused(ask: Ask, pairs: dict[str, str], message: str) -> None:
    answer = ask("Securities", **pairs)
    assert (answer["status"], answer["data"]) == ("Error", None)
    assert message in answer["message"]


def test_pages_beyond_the_last_row_say_no_data(ask: Ask) -> None:
    assert ask("Securities", pageIndex="9") == {
        "data": None,
        "message": "No data",
        "status": "Success",
        "totalRecord": 0,
    }
    assert len(ask("Securities")["data"]) == 10


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("01/10/2026", "20/11/2026"),
        ("20/11/2026", "10/11/2026"),
        ("2026-11-10", "20/11/2026"),
        ("20/11/2026", "30/11/2026"),
    ],
)
def test_bad_ranges_are_refused_in_ssis_words(ask: Ask, first: str, last: str) -> None:
    answer = ask("DailyOhlc", symbol="FPT", fromDate=first, toDate=last)
    assert answer == {"data": None, "message": BAD_RANGE, "status": "Error"}


def test_daily_rows_are_strings_and_end_with_the_day_before_today(ask: Ask, stage: SyntheticStage) -> None:
    rows = ask("DailyOHLC", symbol="FPT", fromDate="01/11/2026", toDate="20/11/2026", pageSize="100")["data"]
    assert all(isinstance(value, str) for row in rows for name, value in row.items() if name != "Time")
    assert [row["TradingDate"] for row in rows][-2:] == ["18/11/2026", "19/11/2026"]
    assert float(rows[-1]["Close"]) == stage._played.listings["FPT"].reference
    for row in rows:
        low, high = float(row["Low"]), float(row["High"])
        assert low <= float(row["Open"]) <= high and low <= float(row["Close"]) <= high
    falling = ask(
        "DailyOhlc", symbol="FPT", fromDate="01/11/2026", toDate="20/11/2026", pageSize="100", ascending="False"
    )
    assert falling["data"] == rows[::-1]


def test_stock_prices_chain_each_reference_to_the_close_before(ask: Ask) -> None:
    rows = ask("DailyStockPrice", symbol="FPT", fromDate="01/11/2026", toDate="20/11/2026", pageSize="100")["data"]
    for before, row in pairwise(rows):
        assert row["RefPrice"] == before["ClosePrice"]
        assert float(row["FloorPrice"]) <= float(row["LowestPrice"]) <= float(row["HighestPrice"])
        assert float(row["HighestPrice"]) <= float(row["CeilingPrice"])


def test_minutes_of_today_add_up_to_what_was_played(ask: Ask, stage: SyntheticStage) -> None:
    rows = ask("IntradayOhlc", symbol="FPT", fromDate="20/11/2026", toDate="20/11/2026", pageSize="1000")["data"]
    truth = stage.truth()["symbols"]["FPT"]
    assert sum(int(row["Volume"]) for row in rows) == truth["total_volume"]
    assert float(rows[-1]["Close"]) == truth["last_price"]
    assert len({row["Time"][:5] for row in rows}) == len(rows)
    assert any(not row["Time"].endswith(":00") for row in rows)
    coarse = ask("IntradayOhlc", symbol="FPT", resolution="15", pageSize="1000")["data"]
    assert len(coarse) < len(rows)
    assert sum(int(row["Volume"]) for row in coarse) == truth["total_volume"]


@pytest.mark.parametrize("symbol", ["FPT", "VGI", "41I1GC000", "41I2H6000"])
def test_minutes_of_past_days_add_up_to_the_daily_row(ask: Ask, symbol: str) -> None:
    days = {"fromDate": "19/11/2026", "toDate": "19/11/2026", "pageSize": "1000"}
    rows = ask("IntradayOhlc", symbol=symbol, **days)["data"]
    daily = ask("DailyOhlc", symbol=symbol, **days)["data"][0]
    assert sum(int(row["Volume"]) for row in rows) == int(daily["Volume"])
    assert all(int(row["Volume"]) > 0 for row in rows)
    assert (rows[0]["Open"], rows[-1]["Close"]) == (daily["Open"], daily["Close"])
    assert max(float(row["High"]) for row in rows) <= float(daily["High"])
    assert min(float(row["Low"]) for row in rows) >= float(daily["Low"])


def test_daily_index_ends_with_today_and_chains_by_its_change(ask: Ask) -> None:
    rows = ask("DailyIndex", indexId="VN30", fromDate="10/11/2026", toDate="20/11/2026", pageSize="50")["data"]
    assert rows[-1]["TradingDate"] == "20/11/2026"
    for before, row in pairwise(rows):
        assert abs(float(row["IndexValue"]) - float(row["Change"]) - float(before["IndexValue"])) < 0.011


def test_today_joins_the_daily_rows_when_it_is_over() -> None:
    stage = SyntheticStage(small_universe(), DAY)
    stage.advance(DAY_END)
    rest = Rest(stage.history, stage, lambda: DAY)
    today = {"symbol": "FPT", "fromDate": "20/11/2026", "toDate": "20/11/2026"}
    over = rest.answer("DailyOhlc", today)
    assert over and float(over["data"][0]["Close"]) == stage.truth()["symbols"]["FPT"]["last_price"]
    stage.next_day()
    assert rest.answer("DailyOhlc", today) == over


def test_backtest_is_not_supported_and_ticks_are_unknown(ask: Ask, stage: SyntheticStage) -> None:
    assert ask("BackTest")["message"] == "Not support"
    assert Rest(stage.history, stage, lambda: DAY).answer("IntradaybyTick", {}) is None
