"""Who may read, how often, and what refusals look like."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from market.access import _tokens
from market.api.throttles import Budgets
from market.models import ApiToken
from tests.market.api.conftest import Ask
from tests.market.live_rows import Publisher

pytestmark = pytest.mark.django_db

ADDRESSES = [
    *("/api/market/snapshot", "/api/market/foreign-detail", "/api/market/volume-stats", "/api/market/basis-trend"),
    *("/api/market/alerts", "/api/history/HPG/candles", "/api/history/HPG/ticks", "/api/history/HPG/foreign"),
    *("/api/history/HPG/foreign/daily", "/api/history/index/VN30", "/api/history/derivatives/VN30F1M"),
    *("/api/vn30-components", "/api/symbols"),
]


@pytest.fixture
def token() -> str:
    _tokens._known.clear()
    return ApiToken.issue(User.objects.create_user("reader"), "test")[1]


@pytest.fixture
def closed(settings: Settings) -> None:
    settings.ANONYMOUS_READ = False


@pytest.mark.parametrize("address", ADDRESSES)
def test_address_is_for_whoever_shows_a_token(
    client: Client, ask: Ask, published: Publisher, closed: None, token: str, address: str
) -> None:
    response = client.get(address)
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert ask(address, authorization=f"Bearer {token}")[0] == 200
    assert ask(f"{address}/", authorization=f"token {token}")[0] == 200


def test_session_may_read(client: Client, published: Publisher, closed: None) -> None:
    client.force_login(User.objects.create_user("trader"), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/api/symbols").status_code == 200
    assert client.get("/api/market/snapshot").status_code == 200


@pytest.mark.parametrize("anonymous", [True, False])
def test_token_that_is_not_valid_is_refused_even_where_nobody_needs_one(
    ask: Ask, settings: Settings, anonymous: bool
) -> None:
    settings.ANONYMOUS_READ = anonymous
    status, body = ask("/api/symbols", authorization="Bearer vnst_nobody")
    assert (status, body["code"]) == (401, "authentication_failed")


def test_token_once_revoked_is_refused(ask: Ask, token: str) -> None:
    ApiToken.objects.get().revoke()
    assert ask("/api/symbols", authorization=f"Bearer {token}")[0] == 401


def test_other_methods_are_refused(client: Client) -> None:
    for method in (client.post, client.put, client.patch, client.delete):
        response = method("/api/symbols")
        assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


def test_head_has_no_body(client: Client, published: Publisher) -> None:
    response = client.head("/api/market/snapshot")
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("address", ["/api/", "/api/nothing", "/api/history/HPG", "/api/history/HPG/nothing"])
def test_address_that_does_not_exist_is_refused_in_the_one_shape(ask: Ask, address: str) -> None:
    assert ask(address) == (404, {"code": "not_found", "detail": "There is nothing at this address."})


def test_fault_of_ours_has_the_one_shape(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("market.api.views.search", fail)
    client.raise_request_exception = False
    response = client.get("/api/symbols")
    assert (response.status_code, response.json()["code"]) == (500, "error")
    assert b"secret" not in response.content


# --- How often ------------------------------------------------------------------------------------------------


def test_address_that_asks_too_often_is_told_when_to_come_back(client: Client, settings: Settings) -> None:
    settings.API_REQUESTS_PER_MINUTE_PER_ADDRESS = 3
    assert [client.get("/api/symbols").status_code for _ in range(4)] == [200, 200, 200, 429]
    response = client.get("/api/market/alerts")
    assert (response.status_code, response.json()["code"]) == (429, "throttled")
    assert 1 <= int(response.headers["Retry-After"]) <= 20
    assert client.get("/api/symbols", REMOTE_ADDR="203.0.113.9").status_code == 200


def test_token_has_a_budget_of_its_own(client: Client, settings: Settings, token: str) -> None:
    settings.API_REQUESTS_PER_MINUTE_PER_ADDRESS = 1
    settings.API_REQUESTS_PER_MINUTE_PER_TOKEN = 2
    other = ApiToken.issue(User.objects.get(), "other")[1]
    assert client.get("/api/symbols").status_code == 200
    for each in (token, other):
        headers = {"authorization": f"Bearer {each}"}
        assert [client.get("/api/symbols", headers=headers).status_code for _ in range(3)] == [200, 200, 429]


def test_guessing_tokens_ends_before_the_database_is_asked(client: Client, settings: Settings, token: str) -> None:
    settings.API_REQUESTS_PER_MINUTE_PER_ADDRESS = 3
    statuses = [client.get("/api/symbols", headers={"authorization": f"Bearer vnst_{n}"}).status_code for n in range(5)]
    assert statuses == [401, 401, 401, 429, 429]


def test_forwarded_address_counts_only_from_a_trusted_proxy(client: Client, settings: Settings) -> None:
    settings.API_REQUESTS_PER_MINUTE_PER_ADDRESS = 1
    forwarded = [{"x-forwarded-for": f"198.51.100.{n}"} for n in (1, 2)]
    assert [client.get("/api/symbols", headers=each).status_code for each in forwarded] == [200, 429]
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    assert [client.get("/api/symbols", headers=each).status_code for each in forwarded] == [200, 200]


def test_budget_comes_back_with_time() -> None:
    now = [0.0]
    budgets = Budgets(lambda: now[0])
    assert [budgets.spend("x", 60) for _ in range(61)] == [0] * 60 + [1]
    now[0] = 1.0
    assert [budgets.spend("x", 60) for _ in range(2)] == [0, 1]
    now[0] = 1000.0
    assert [budgets.spend("x", 60) for _ in range(61)] == [0] * 60 + [1]


def test_budgets_of_many_callers_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("market.api.throttles.MOST_KEPT", 100)
    budgets = Budgets()
    for number in range(1000):
        budgets.spend(str(number), 60)
    assert len(budgets._callers) == 100


def test_metrics_are_for_readers_and_count_requests(client: Client, settings: Settings) -> None:
    client.get("/api/symbols")
    text = client.get("/metrics").content.decode()
    assert 'tracker_http_seconds_count{method="GET",route="api/symbols",status="200"}' in text
    settings.ANONYMOUS_READ = False
    assert client.get("/metrics").status_code == 401
