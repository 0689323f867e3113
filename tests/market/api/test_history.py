"""History over REST: candles, trades, foreign flow, index values, basis; ranges, pages, CSV."""

import csv
import io
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from market.domain.calendar import VIETNAM
from market.models import Bar, BasisPoint, DailyBar, ForeignFlow, IndexTick, Instrument, Trade
from tests.market.api.conftest import Ask, content
from tests.market.live_rows import Publisher

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 20)


def at(clock: str, day: date = DAY) -> datetime:
    hours, minutes, *seconds = map(int, clock.split(":"))
    return datetime(day.year, day.month, day.day, hours, minutes, *seconds, tzinfo=VIETNAM)


def bar(moment: datetime, symbol: str = "HPG", close: float = 100.0, volume: int = 10) -> Bar:
    return Bar(
        symbol=symbol, at=moment, open=99.0, high=101.0, low=98.0, close=close, volume=volume, value=1000.0,
        buy_volume=4, sell_volume=3, neutral_volume=2, trades=2,
    )  # fmt: skip


@pytest.fixture
def bars() -> None:
    Bar.objects.bulk_create([bar(at("9:15") + timedelta(minutes=n), close=float(n)) for n in range(30)])


def times(body: Any, name: str = "candles") -> list[str]:
    return [row["time"][11:16] for row in body[name]]


# --- Candles --------------------------------------------------------------------------------------------------


def test_candles_are_the_newest_oldest_first_with_units_of_the_schema(ask: Ask, bars: None) -> None:
    status, body = ask("/api/history/HPG/candles?limit=2")
    assert status == 200
    assert (body["symbol"], body["interval"], body["more"]) == ("HPG", "1m", True)
    assert times(body) == ["09:43", "09:44"]
    assert body["candles"][1] == {
        "time": "2026-11-20T09:44:00+07:00", "open": 99.0, "high": 101.0, "low": 98.0, "close": 29.0, "volume": 10,
        "value": 1000.0, "buy_volume": 4, "sell_volume": 3, "neutral_volume": 2, "unclassified_volume": 1, "trades": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "shown", "more"),
    [
        ("limit=30", 30, False),
        ("limit=29", 29, True),
        ("interval=5m", 6, False),
        ("interval=15M", 2, False),
        ("interval=1h&limit=1", 1, False),
        ("interval=1d", 1, False),
        ("from=2026-11-20&to=2026-11-20", 30, False),
        ("from=2026-11-20T09:20:00&to=2026-11-20T09:25:00", 5, False),
        (f"from={quote('2026-11-20T09:20:00+07:00')}&to=2026-11-20T02:25:00Z", 5, False),
        ("from=2026-11-20T09:20:00+07:00&to=2026-11-20T09:25:00+07:00", 5, False),  # + arrives as a space
        ("from=2026-11-19&to=2026-11-19", 0, False),
        ("from=2026-11-19&to=2026-11-21&limit=7", 7, True),
        ("to=2026-11-20T09:17:00", 2, False),
        ("limit=&from=&interval=", 30, False),
    ],
)
def test_candles_of_a_range_or_a_limit(ask: Ask, bars: None, query: str, shown: int, more: bool) -> None:
    status, body = ask(f"/api/history/HPG/candles?{query}")
    assert (status, len(body["candles"]), body["more"]) == (200, shown, more)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("interval=2m", "interval"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=10001", "limit"),
        ("limit=ten", "limit"),
        ("limit=1e3", "limit"),
        ("limit=²", "limit"),
        ("limit=99999999999999999999999", "limit"),
        ("from=yesterday", "from"),
        ("from=2026-02-30", "from"),
        ("from=2026-11-20T25:00:00", "from"),
        ("from=0001-01-01T00:00:00%2B07:00", "from"),
        ("from=1999-01-01", "from"),
        ("to=9999-12-31", "to"),
        ("to=%00", "to"),
        ("from=2026-11-20T10:00:00&to=2026-11-20T09:00:00", "from"),
        ("from=2026-11-20T10:00:00&to=2026-11-20T10:00:00", "from"),
        ("from=2026-11-21&to=2026-11-20", "from"),
        ("from=2026-01-01&to=2026-11-20", "from"),
        ("from=2020-01-01&to=2026-11-20&interval=1h", "from"),
        ("from=2000-01-01&interval=1d", "from"),
        ("format=xml", "format"),
    ],
)
def test_candles_with_a_bad_parameter_name_it(ask: Ask, bars: None, query: str, parameter: str) -> None:
    status, body = ask(f"/api/history/HPG/candles?{query}")
    assert (status, body["code"]) == (400, "invalid")
    assert body["detail"].startswith(f"{parameter}: expected ")


@pytest.mark.parametrize("name", ["NOSUCH", "HPG'--", "a" * 80, "%00", "ĐÀO", "VN30F3M", ".."])
@pytest.mark.parametrize("view", ["candles", "ticks", "foreign", "foreign/daily"])
def test_history_of_an_unknown_symbol_is_404(ask: Ask, name: str, view: str) -> None:
    status, body = ask(f"/api/history/{quote(name, safe='%')}/{view}")
    assert (status, body["code"]) == (404, "not_found")


def test_history_of_a_symbol_that_nobody_described_is_shown(ask: Ask) -> None:
    bar(at("9:15"), "XYZ").save()
    assert len(ask("/api/history/xyz/candles")[1]["candles"]) == 1


@pytest.mark.parametrize("name", ["HNXIndex", "HNXINDEX", "hnx-index"])
def test_candles_of_an_index_in_any_spelling(ask: Ask, name: str) -> None:
    bar(at("9:15"), "HNXIndex").save()
    body = ask(f"/api/history/{name}/candles")[1]
    assert (body["symbol"], len(body["candles"])) == ("HNXIndex", 1)


@pytest.mark.parametrize("name", ["VN30F1M", "vn30f1m", "41I1GC000", "VN30F2612"])
def test_candles_of_a_future_by_code_or_alias(ask: Ask, published: Publisher, name: str) -> None:
    bar(at("9:15"), "41I1GC000").save()
    body = ask(f"/api/history/{name}/candles")[1]
    assert (body["symbol"], len(body["candles"])) == ("41I1GC000", 1)


def test_alias_follows_the_market_of_a_replay(ask: Ask, redis_url: str) -> None:
    publisher = Publisher(trading_date="2025-11-24")
    publisher.store("derivatives", {})
    assert ask("/api/history/VN30F1M/candles")[1]["symbol"] == "41I1FC000"


# --- Trades ---------------------------------------------------------------------------------------------------


def trades(count: int, **fields: Any) -> None:
    Trade.objects.bulk_create(
        Trade(
            **{
                "symbol": "HPG", "at": at("9:15") + timedelta(seconds=n // 3), "total_volume": (n + 1) * 100,
                "number": n + 1, "price": 27_000.0, "volume": 100 * (1 + n % 10), "value": 2.7e6,
                "side": ("buy", "sell", "neutral")[n % 3], "method": "feed", "phase": "continuous",
            } | fields
        )
        for n in range(count)
    )  # fmt: skip


def test_ticks_in_pages_are_every_trade_once_newest_first(ask: Ask) -> None:
    trades(25)
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        body = ask(f"/api/history/HPG/ticks?limit=10&cursor={cursor}")[1]
        seen += [tick["total_volume"] for tick in body["ticks"]]
        cursor, pages = body["next"], pages + 1
    assert seen == [n * 100 for n in range(25, 0, -1)]
    assert pages == 3


def test_ticks_stored_between_pages_do_not_move_them(ask: Ask) -> None:
    trades(4)
    first = ask("/api/history/HPG/ticks?limit=2")[1]
    trades(1, total_volume=9_999_900, at=at("10:00"))
    second = ask(f"/api/history/HPG/ticks?limit=2&cursor={first['next']}")[1]
    assert [tick["number"] for tick in first["ticks"] + second["ticks"]] == [4, 3, 2, 1]
    assert second["next"] is None


def test_ticks_by_side_and_size_and_range(ask: Ask) -> None:
    trades(30)
    body = ask("/api/history/HPG/ticks?side=SELL&min_volume=500")[1]
    assert {tick["side"] for tick in body["ticks"]} == {"sell"}
    assert sorted({tick["volume"] for tick in body["ticks"]}) == [500, 600, 700, 800, 900, 1000]
    body = ask("/api/history/HPG/ticks?from=2026-11-20T09:15:01&to=2026-11-20T09:15:02")[1]
    assert [tick["number"] for tick in body["ticks"]] == [6, 5, 4]


@pytest.mark.parametrize(
    "cursor", ["x", "AAAA", "!!!!", "LTEuLTE", "MS4y.", "OTk5OTk5OTk5OTk5OTk5OTk5OTkuMQ", "%00", "é" * 9]
)
def test_ticks_with_a_bad_cursor_say_so(ask: Ask, cursor: str) -> None:
    status, body = ask(f"/api/history/HPG/ticks?cursor={quote(cursor, safe='%')}")
    assert (status, body["code"]) == (400, "invalid")
    assert body["detail"].startswith("cursor: ")


@pytest.mark.parametrize(
    "query", ["side=both", "min_volume=0", "min_volume=x", "limit=1001", "limit=100001&format=csv"]
)
def test_ticks_with_a_bad_filter_name_it(ask: Ask, query: str) -> None:
    status, body = ask(f"/api/history/HPG/ticks?{query}")
    assert (status, body["detail"].partition(":")[0]) == (400, query.partition("=")[0])


def test_ticks_that_take_too_long_to_find_are_503_that_says_so(ask: Ask) -> None:
    trades(3)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.slow(bigint) RETURNS boolean LANGUAGE sql AS 'SELECT pg_sleep(9) IS NULL'"
        )
        cursor.execute("ALTER TABLE market_trade RENAME TO stored")
        cursor.execute("CREATE VIEW market_trade AS SELECT * FROM stored WHERE pg_temp.slow(volume)")
        cursor.execute("SET LOCAL statement_timeout = '50ms'")
    status, error = ask("/api/history/HPG/ticks")
    assert (status, error["code"]) == (503, "unavailable")
    assert "shorter range" in error["detail"]


# --- Foreign flow ---------------------------------------------------------------------------------------------


def flow(moment: datetime, bought: int, sold: int) -> ForeignFlow:
    return ForeignFlow(
        symbol="HPG", at=moment, buy_volume=bought, sell_volume=sold, buy_value=bought * 10.0, sell_value=sold * 10.0,
        own_buy_value=0.0, own_sell_value=0.0, room=0, total_room=0,
    )  # fmt: skip


def test_foreign_shows_the_last_sample_of_each_interval(ask: Ask) -> None:
    ForeignFlow.objects.bulk_create(flow(at("9:15") + timedelta(seconds=20 * n), n, 2 * n) for n in range(30))
    body = ask("/api/history/HPG/foreign?interval=5m")[1]
    assert [(row["time"][11:19], row["buy_volume"], row["net_volume"]) for row in body["samples"]] == [
        ("09:19:40", 14, -14),
        ("09:24:40", 29, -29),
    ]
    assert (body["samples"][0]["room"], body["more"]) == (None, False)
    assert len(ask("/api/history/HPG/foreign?interval=1s")[1]["samples"]) == 30
    assert times(ask("/api/history/HPG/foreign?limit=2")[1], "samples") == ["09:23", "09:24"]
    assert ask("/api/history/HPG/foreign?interval=1s&from=2026-11-01&to=2026-11-20")[0] == 400


def test_foreign_days_hold_buy_sell_and_net_also_on_days_of_net_selling(ask: Ask) -> None:
    def day(number: int, bought: int | None, sold: int | None) -> DailyBar:
        prices = dict.fromkeys(("open", "high", "low", "close"), 1.0)
        return DailyBar(
            symbol="HPG", day=date(2026, 11, number), volume=1, value=1.0, source="backfill", foreign_buy_volume=bought,
            foreign_sell_volume=sold, foreign_buy_value=bought and bought * 10, foreign_sell_value=sold and sold * 10,
            **prices,
        )  # fmt: skip

    DailyBar.objects.bulk_create([day(16, 700, 200), day(17, 100, 400), day(18, None, None), day(19, 5, 5)])
    for number, clock, bought, sold in ((19, "10:00", 50, 20), (19, "14:45", 60, 260), (20, "9:30", 1, 9)):
        flow(at(clock, date(2026, 11, number)), bought, sold).save()
    body = ask("/api/history/HPG/foreign/daily")[1]
    shown = [
        (row["day"], row["buy_volume"], row["sell_volume"], row["net_volume"], row["net_value"]) for row in body["days"]
    ]
    assert shown == [
        ("2026-11-16", 700, 200, 500, 5000.0),
        ("2026-11-17", 100, 400, -300, -3000.0),
        ("2026-11-19", 60, 260, -200, -2000.0),
        ("2026-11-20", 1, 9, -8, -80.0),
    ]
    body = ask("/api/history/HPG/foreign/daily?from=2026-11-17&to=2026-11-19&limit=1")[1]
    assert ([row["day"] for row in body["days"]], body["more"]) == (["2026-11-19"], True)


# --- Indices and futures --------------------------------------------------------------------------------------


def test_index_history_is_its_line(ask: Ask) -> None:
    for second in (0, 30, 70):
        moment = at("9:15") + timedelta(seconds=second)
        IndexTick(index="VN30", at=moment, value=1900.0 + second, total_volume=second, total_value=1.0).save()
    body = ask("/api/history/index/vn30?interval=1m")[1]
    assert [(row["time"], row["value"], row["estimate"]) for row in body["points"]] == [
        ("2026-11-20T09:15:30+07:00", 1930.0, None),
        ("2026-11-20T09:16:10+07:00", 1970.0, None),
    ]
    assert ask("/api/history/index/HPG")[0] == 404
    assert ask("/api/history/index/VN30F1M")[0] == 404


def test_derivatives_history_is_the_future_against_its_index(ask: Ask, published: Publisher) -> None:
    BasisPoint(contract="41I1GC000", underlying="VN30", at=at("9:15"), future=1921.4, index=1916.8, basis=4.6).save()
    body = ask("/api/history/derivatives/VN30F1M")[1]
    assert body["points"] == [
        {
            "time": "2026-11-20T09:15:00+07:00", "underlying": "VN30", "future": 1921.4, "index": 1916.8, "basis": 4.6,
            "basis_percent": 0.24,
        }
    ]  # fmt: skip
    assert ask("/api/history/derivatives/HPG")[0] == 404


def test_basis_trend_joins_the_live_future_and_its_points(ask: Ask, published: Publisher) -> None:
    for minute in range(5):
        moment = at("9:15") + timedelta(minutes=minute)
        BasisPoint(contract="41I1GC000", underlying="VN30", at=moment, future=2.0, index=1.0, basis=1.0).save()
    body = ask("/api/market/basis-trend?limit=3")[1]
    (contract,) = body["contracts"]
    assert (contract["alias"], contract["basis"], contract["basis_state"]) == ("VN30F1M", 4.6, "premium")
    assert times(contract, "points") == ["09:17", "09:18", "09:19"]
    assert len(ask("/api/market/basis-trend?contract=vn30f1m")[1]["contracts"]) == 1
    assert ask("/api/market/basis-trend?contract=VN30F2M")[0] == 404


# --- CSV ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("view", "rows"),
    [
        ("HPG/candles", "candles"),
        ("HPG/ticks", "ticks"),
        ("HPG/foreign", "samples"),
        ("HPG/foreign/daily", "days"),
        ("index/VN30", "points"),
        ("derivatives/41I1GC000", "points"),
    ],
)
def test_csv_holds_the_rows_of_json_under_the_same_names(
    client: Client, ask: Ask, bars: None, view: str, rows: str
) -> None:
    trades(3)
    flow(at("9:15"), 1, 2).save()
    IndexTick(index="VN30", at=at("9:15"), value=1900.0, total_volume=1, total_value=1.0).save()
    BasisPoint(contract="41I1GC000", underlying="VN30", at=at("9:15"), future=2.0, index=1.0, basis=1.0).save()
    response = client.get(f"/api/history/{view}?format=csv")
    assert response.headers["Content-Type"].startswith("text/csv")
    assert ".csv" in response.headers["Content-Disposition"]
    found = csv_rows(response)
    wanted = ask(f"/api/history/{view}")[1][rows]
    assert found and set(found[0]) == set(wanted[0])
    as_text = [{name: text(value) for name, value in row.items()} for row in wanted]
    assert found == as_text


def csv_rows(response: HttpResponse) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(response).decode())))


def text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def test_csv_of_ticks_goes_beyond_a_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    trades(57)
    monkeypatch.setattr("market.api.history_views.CSV_PAGE", 10)
    rows = csv_rows(client.get("/api/history/HPG/ticks?format=csv&limit=50"))
    assert [int(row["number"]) for row in rows] == list(range(57, 7, -1))


def test_csv_without_rows_is_its_header(client: Client) -> None:
    assert content(client.get("/api/history/HPG/foreign/daily?format=csv")).decode() == (
        "day,buy_volume,sell_volume,net_volume,buy_value,sell_value,net_value\n"
    )


# --- Reference ------------------------------------------------------------------------------------------------


def test_vn30_components_are_those_of_the_day(ask: Ask) -> None:
    body = ask("/api/vn30-components?date=2026-11-20")[1]
    assert len(body["components"]) == 30
    assert body["components"][0] == {
        "symbol": "ACB", "name": "Ngân hàng TMCP Á Châu", "english_name": "Asia Commercial Bank", "sector": "8300",
        "joined": "2025-02-03",
    }  # fmt: skip
    assert "PLX" in {row["symbol"] for row in ask("/api/vn30-components?date=2026-07-01")[1]["components"]}
    status, error = ask("/api/vn30-components?date=2026-13-01")
    assert (status, error["detail"][:5]) == (400, "date:")


@pytest.mark.parametrize(
    ("query", "first"),
    [("q=hpg", "HPG"), ("q=hoa+phat", "HPG"), ("q=Hòa Phát", "HPG"), ("q=vc", "VCB"), ("q=vietjet", "VJC")],
)
def test_symbols_are_found_by_code_or_name_with_or_without_accents(ask: Ask, query: str, first: str) -> None:
    assert ask(f"/api/symbols?{query}")[1]["symbols"][0]["symbol"] == first


def test_symbols_of_a_kind_within_a_limit(ask: Ask) -> None:
    Instrument.objects.filter(code="HNX30").update(active=False)
    found = ask("/api/symbols?kind=index")[1]["symbols"]
    assert [row["symbol"] for row in found] == ["HNXIndex", "HNXUpcomIndex", "VN100", "VN30", "VNINDEX"]
    assert len(ask("/api/symbols?limit=3")[1]["symbols"]) == 3
    assert ask("/api/symbols?q=zzzz")[1]["symbols"] == []
    assert ask("/api/symbols?kind=moon")[0] == 400
    assert ask("/api/symbols?q=" + "x" * 61)[0] == 400
