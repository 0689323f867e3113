"""Stored alerts over REST: filters, pages, CSV, and who may read."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from alerts.models import Alert
from alerts.queries import Filter, recent
from market.api.throttles import budgets
from tests.alerts.test_models import NOW, make_alert

pytestmark = pytest.mark.django_db

ADDRESS = "/api/history/alerts"


@pytest.fixture(autouse=True)
def open_to_all(settings: Settings) -> Iterator[None]:
    settings.ANONYMOUS_READ = True
    budgets._callers.clear()
    yield


@pytest.fixture
def stored() -> list[Alert]:
    """Six alerts, a minute apart, oldest first; the last two in the same second."""
    found = [
        make_alert(number % 2 + 1, NOW + timedelta(minutes=number), ("HPG", "ACB", "FPT")[number % 3], number)
        for number in range(5)
    ]
    found.append(make_alert(2, NOW + timedelta(minutes=4), "VNM", 9))
    Alert.objects.filter(symbol="FPT").update(severity="critical", kind="price_limit")
    return found


def ask(client: Client, query: str = "") -> tuple[int, Any]:
    response = client.get(f"{ADDRESS}?{query}")
    return response.status_code, json.loads(response.content)


def symbols(client: Client, query: str) -> list[str]:
    status, body = ask(client, query)
    assert status == 200, body
    return [row["symbol"] for row in body["alerts"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["VNM", "ACB", "HPG", "FPT", "ACB", "HPG"]),
        ("symbols=acb,vnm", ["VNM", "ACB", "ACB"]),
        ("kind=price_limit", ["FPT"]),
        ("severity=critical", ["FPT"]),
        ("rule=2", ["VNM", "HPG", "ACB"]),
        ("from=2026-11-20T10:01:00&to=2026-11-20T10:03:00", ["FPT", "ACB"]),
        ("from=2026-11-20&to=2026-11-20&limit=2", ["VNM", "ACB"]),
        ("to=2026-11-19", []),
    ],
)
def test_alerts_are_filtered_newest_first(client: Client, stored: list[Alert], query: str, expected: list[str]) -> None:
    assert symbols(client, query) == expected


@pytest.mark.parametrize("limit", [1, 2, 4, 6])
def test_pages_together_are_the_whole_without_repetition(client: Client, stored: list[Alert], limit: int) -> None:
    seen, cursor = [], ""
    for _ in range(7):
        _, body = ask(client, f"limit={limit}&cursor={cursor}")
        seen += [row["id"] for row in body["alerts"]]
        cursor = body["next"]
        if cursor is None:
            break
    assert seen == list(Alert.objects.order_by("-at", "-id").values_list("id", flat=True))


def test_csv_has_the_same_rows_with_evidence_as_json(client: Client, stored: list[Alert]) -> None:
    response: HttpResponse = client.get(f"{ADDRESS}?format=csv&limit=5000")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(b"".join(response).decode())))  # type: ignore[arg-type]
    assert [line["symbol"] for line in lines] == ["VNM", "ACB", "HPG", "FPT", "ACB", "HPG"]
    assert json.loads(lines[0]["evidence"]) == {"value_vnd": 10_000_000_000}
    assert lines[0]["time"] == "2026-11-20T10:04:00+07:00"


@pytest.mark.parametrize(
    "query",
    ["kind=nonsense", "severity=x", "rule=-1", "limit=1001", "limit=0", "cursor=nonsense", "symbols=%00", "from=x"],
)
def test_parameter_that_cannot_be_used_is_named(client: Client, query: str) -> None:
    status, body = ask(client, query)
    assert (status, body["code"]) == (400, "invalid")
    assert body["detail"].startswith(query.partition("=")[0])


def test_alerts_are_for_those_who_may_read(client: Client, settings: Settings) -> None:
    settings.ANONYMOUS_READ = False
    assert ask(client)[0] == 401


def test_recent_gives_rows_as_the_live_channel_does(stored: list[Alert]) -> None:
    (row,) = recent(Filter(symbols=("VNM",)), 10)
    assert row == {
        "id": stored[-1].id,
        "kind": "large_trade",
        "symbol": "VNM",
        "time": "2026-11-20T10:04:00+07:00",
        "severity": "info",
        "title": "VNM: Large trade",
        "evidence": {"value_vnd": 1e10},
        "rule": 2,
        "version": 1,
    }
