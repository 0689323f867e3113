"""Live answers through Django: which rows, how they are marked, and what is said when parts are away."""

from typing import Any

import msgspec
import pytest
import redis
from django.test import Client
from pytest_django import Settings

from market.live import meta_key
from market.models import BasketMember
from tests.market.api.conftest import Ask
from tests.market.live_rows import VN30, Publisher, market_row

pytestmark = pytest.mark.django_db

SNAPSHOT = "/api/market/snapshot"


def test_snapshot_is_vn30_marked_with_its_moment(ask: Ask, published: Publisher) -> None:
    status, body = ask(SNAPSHOT)
    assert status == 200
    assert list(body["rows"]) == VN30
    assert (body["served_from"], body["list"]) == ("live copy", "VN30")
    assert (body["epoch"], body["seq"], body["time"]) == ("e1", 1, "2026-11-20T10:15:04+07:00")
    assert body["status"]["feed"] == "live"
    assert body["rows"]["HPG"] == published.rows["market"]["HPG"]


@pytest.mark.parametrize(
    ("query", "rows", "name"),
    [
        ("?symbols=HPG,shs,HPG", ["HPG", "SHS"], None),
        ("?symbols=SHS&list=VN30", ["SHS"], None),
        ("?list=HNX", ["SHS"], "HNX"),
        ("?list=hnx", ["SHS"], "HNX"),
        ("?list=UPCOM", [], "UPCOM"),
        ("?list=HOSE", VN30, "HOSE"),
        ("?list=ALL", sorted([*VN30, "SHS"]), "ALL"),
        ("?symbols=&list=&unknown=1", VN30, "VN30"),
    ],
)
def test_snapshot_of_symbols_or_a_list(
    ask: Ask, published: Publisher, query: str, rows: list[str], name: str | None
) -> None:
    status, body = ask(SNAPSHOT + query)
    assert (status, list(body["rows"]), body["list"]) == (200, rows, name)


def test_snapshot_while_nobody_knows_the_basket_is_everything_and_says_so(ask: Ask, published: Publisher) -> None:
    BasketMember.objects.all().delete()
    body = ask(SNAPSHOT)[1]
    assert (body["list"], len(body["rows"])) == ("ALL", 31)


@pytest.mark.parametrize(
    ("query", "status", "code", "part"),
    [
        ("?symbols=NOSUCH", 404, "not_found", "NOSUCH"),
        ("?symbols=HPG;DROP", 400, "invalid", "symbols: "),
        ("?symbols=" + ",".join(f"S{n}" for n in range(201)), 400, "invalid", "at most 200"),
        ("?list=NASDAQ", 400, "invalid", "list: expected one of VN30"),
        ("?symbols=%00", 400, "invalid", "symbols: "),
        ("?symbols=" + "A" * 8200, 400, "invalid", "symbols: "),
        ("?" + "a=1&" * 1100, 400, "bad_request", "cannot be understood"),
    ],
)
@pytest.mark.parametrize("view", ["snapshot", "foreign-detail", "volume-stats"])
def test_live_answer_to_a_bad_question_names_what_is_wrong(
    ask: Ask, published: Publisher, view: str, query: str, status: int, code: str, part: str
) -> None:
    found, body = ask(f"/api/market/{view}{query}")
    assert (found, body["code"]) == (status, code)
    assert part in body["detail"]


def test_snapshot_before_the_first_data_is_empty(ask: Ask, redis_url: str) -> None:
    status, body = ask(SNAPSHOT)
    assert (status, body["rows"], body["epoch"], body["status"]["feed"]) == (200, {}, "", "starting")


def test_live_answer_without_redis_is_503_that_says_when_to_come_back(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://:hidden@127.0.0.1:1/0"
    for view in ("snapshot", "foreign-detail", "volume-stats", "basis-trend", "alerts"):
        response = client.get(f"/api/market/{view}")
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "5"
        assert response.json()["code"] == "unavailable"
        assert "hidden" not in response.content.decode()


def test_live_answer_has_a_tag_and_is_304_until_something_changes(client: Client, published: Publisher) -> None:
    first = client.get(SNAPSHOT)
    tag = first.headers["ETag"]
    assert tag.startswith('"e1-1-')
    assert first.headers["Cache-Control"] == "private, max-age=1"
    assert "Authorization" in first.headers["Vary"]
    for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get(SNAPSHOT, headers={"if-none-match": given})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    published.store("market", published.rows["market"] | {"HPG": market_row(price=1.0)})
    changed = client.get(SNAPSHOT, headers={"if-none-match": tag})
    assert (changed.status_code, changed.headers["ETag"][:6]) == (200, '"e1-2-')


def test_snapshot_says_when_ingest_is_silent(ask: Ask, published: Publisher, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set(meta_key("market"), msgspec.json.encode(published.meta("market") | {"written_at": 1.0}))
    assert ask(SNAPSHOT)[1]["status"]["feed"] == "reconnecting"


def foreign(symbol: str) -> dict[str, Any]:
    return {"symbol": symbol, "board": "HOSE", "net_volume": -100, "speed": None}


def test_foreign_detail_shows_the_rows_of_its_channel(ask: Ask, published: Publisher) -> None:
    published.seq["foreign"] = 6
    published.store("foreign", {"HPG": foreign("HPG"), "SHS": foreign("SHS")})
    status, body = ask("/api/market/foreign-detail")
    assert (status, body["seq"], body["rows"]) == (200, 7, {"HPG": foreign("HPG")})


def test_volume_stats_break_volume_down_by_phase_and_method(ask: Ask, published: Publisher) -> None:
    row = ask("/api/market/volume-stats?symbols=HPG")[1]["rows"]["HPG"]
    assert row["active_buy_percent"] == 62.5
    assert row["coverage_percent"] == 90.0
    assert row["methods"]["feed"] == {"volume": 700, "percent": 70.0}
    assert row["phases"]["continuous"] == {
        "buy_volume": 500, "sell_volume": 300, "neutral_volume": 0, "unclassified_volume": 100, "total_volume": 900,
    }  # fmt: skip
    kinds = ("buy", "sell", "neutral", "unclassified")
    assert sum(row[f"{kind}_volume"] for kind in kinds) == row["total_volume"]


def test_volume_stats_of_a_stock_without_trades_have_no_percentages(ask: Ask, published: Publisher) -> None:
    nothing = dict.fromkeys(("total_volume", "buy_volume", "sell_volume"), 0) | {"methods": {}, "phases": {}}
    published.store("market", {"HPG": market_row("HPG", **nothing)})
    row = ask("/api/market/volume-stats")[1]["rows"]["HPG"]
    assert (row["active_buy_percent"], row["coverage_percent"], row["phases"]) == (None, None, {})


def test_alerts_are_the_newest_first_of_the_symbols_asked_for(ask: Ask, published: Publisher) -> None:
    rows = [{"id": str(n), "symbol": symbol, "time": f"2026-11-20T10:0{n}:00+07:00"} for n, symbol in enumerate("ABA")]
    published.seq["alerts"] = 0
    published.store("alerts", {row["id"]: row for row in rows})
    assert [row["id"] for row in ask("/api/market/alerts")[1]["alerts"]] == ["2", "1", "0"]
    assert [row["id"] for row in ask("/api/market/alerts?symbols=a&limit=1")[1]["alerts"]] == ["2"]
    assert ask("/api/market/alerts?limit=201")[0] == 400
