"""API tokens, who is believed about addresses, and the admin page that makes tokens."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from market.access import AccessUnavailable, Tokens, client_address, token_in
from market.models import ApiToken


class Clock:
    """A clock that stands until moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def trader(db: None) -> User:
    return User.objects.create_user("trader")


def test_token_is_stored_as_a_digest_only(trader: User) -> None:
    stored, token = ApiToken.issue(trader, "desk")
    row = ApiToken.objects.filter(pk=stored.pk).values().get()
    assert all(token not in str(value) for value in row.values())
    assert token.startswith(stored.shown) and len(stored.shown) < len(token) / 4


def test_token_of_an_active_user_gives_the_user(trader: User) -> None:
    _, token = ApiToken.issue(trader, "desk")
    assert Tokens().user(token) == trader


@pytest.mark.parametrize("text", ["", "x", "vnst_", "vnst_unknown", "vnst_" + "a" * 5000, "vnst_ñ", "Bearer"])
def test_token_that_nobody_issued_gives_nobody(trader: User, text: str) -> None:
    ApiToken.issue(trader, "desk")
    assert Tokens().user(text) is None


def test_token_that_does_not_look_like_one_asks_no_database(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert Tokens().user("password") is None


def test_token_once_revoked_is_refused_after_the_kept_time(trader: User) -> None:
    stored, token = ApiToken.issue(trader, "desk")
    clock = Clock()
    tokens = Tokens(clock)
    assert tokens.user(token) == trader
    stored.revoke()
    clock.now = 16.0
    assert tokens.user(token) is None


def test_token_of_a_user_who_is_not_active_any_more_is_refused(trader: User) -> None:
    _, token = ApiToken.issue(trader, "desk")
    User.objects.filter(pk=trader.pk).update(is_active=False)
    assert Tokens().user(token) is None


def test_token_asked_for_again_costs_no_query(trader: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    _, token = ApiToken.issue(trader, "desk")
    tokens = Tokens()
    tokens.user(token)
    with django_assert_num_queries(0):
        assert tokens.user(token) == trader


def test_token_use_is_noted_at_most_once_a_minute(trader: User) -> None:
    stored, token = ApiToken.issue(trader, "desk")
    Tokens().user(token)
    stored.refresh_from_db()
    first = stored.last_used_at
    assert first is not None and timezone.now() - first < timedelta(seconds=10)
    Tokens().user(token)
    stored.refresh_from_db()
    assert stored.last_used_at == first


def test_tokens_of_strangers_do_not_fill_the_memory(db: None) -> None:
    tokens = Tokens()
    for number in range(2100):
        tokens._known[str(number)] = tokens._ask("0" * 64)
    tokens.user("vnst_stranger")
    assert len(tokens._known) <= 2000


def test_token_known_before_the_database_went_away_stays_known_for_a_while(
    trader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = ApiToken.issue(trader, "desk")
    clock = Clock()
    tokens = Tokens(clock)
    tokens.user(token)

    def away(*args: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(ApiToken.objects, "select_related", away)
    clock.now = 100.0
    assert tokens.user(token) == trader
    clock.now = 1000.0
    with pytest.raises(AccessUnavailable):
        tokens.user(token)


@pytest.mark.django_db(transaction=True)
async def test_token_is_known_to_event_loops_too() -> None:
    trader = await User.objects.acreate(username="trader")
    stored = ApiToken(user=trader, name="desk")
    token = stored.renew()
    await stored.asave()
    tokens = Tokens()
    assert await tokens.auser(token) == trader
    assert await tokens.auser(token + "x") is None


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("token abc", "abc"),
        ("  BEARER   abc ", "abc"),
        ("Basic abc", None),
        ("Bearer", None),
        ("", None),
    ],
)
def test_token_in_an_authorization_header(header: str, token: str | None) -> None:
    assert token_in(header) == token


@pytest.mark.parametrize(
    ("peer", "header", "address"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # nobody's proxy: its word counts for nothing
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),  # the client wrote 6.6.6.6 itself
        ("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        (None, "198.51.100.1", "198.51.100.1"),
        ("::ffff:203.0.113.9", "", "203.0.113.9"),
        ("2001:db8:1:2:3::4", "", "2001:db8:1:2::/64"),
        ("10.0.0.1", "nonsense" * 20, ("nonsense" * 20)[:45]),
    ],
)
def test_client_address(settings: Settings, peer: str | None, header: str, address: str) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8", "unix"]
    assert client_address(peer, header) == address


@pytest.fixture
def admin(admin_user: User) -> Client:
    client = Client()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    client.force_login(admin_user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_admin_shows_a_new_token_once(admin: Client, trader: User) -> None:
    response = admin.post(reverse("admin:market_apitoken_add"), {"name": "desk", "user": trader.pk})
    assert response.status_code == 302
    said = [str(message) for message in get_messages(response.wsgi_request)]
    token = next(text for text in said if "vnst_" in text).rpartition(" ")[2]
    assert Tokens().user(token) == trader
    stored = ApiToken.objects.get()
    for page in (
        reverse("admin:market_apitoken_change", args=[stored.pk]),
        reverse("admin:market_apitoken_changelist"),
    ):
        admin.get(page)  # the first one still shows the message
        assert token not in admin.get(page).content.decode()


def test_admin_revokes_tokens(admin: Client, trader: User) -> None:
    stored, token = ApiToken.issue(trader, "desk")
    data = {"action": "revoke", "_selected_action": [stored.pk]}
    admin.post(reverse("admin:market_apitoken_changelist"), data)
    assert Tokens().user(token) is None


def test_admin_does_not_hand_a_token_to_another_user(admin: Client, admin_user: User, trader: User) -> None:
    stored, token = ApiToken.issue(trader, "desk")
    admin.post(reverse("admin:market_apitoken_change", args=[stored.pk]), {"name": "home", "user": admin_user.pk})
    stored.refresh_from_db()
    assert (stored.name, stored.user) == ("home", trader)
    assert Tokens().user(token) == trader
