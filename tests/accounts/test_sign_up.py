"""Making an account, where the site allows it."""

import pytest
import redis
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.accounts.conftest import PASSWORD
from tracker.accounts.limits import Limits

SIGN_UP = "/account/sign-up/"
GIVEN = {"username": "newcomer", "email": "", "password1": PASSWORD, "password2": PASSWORD}


def test_sign_up_makes_an_account_without_rights_and_logs_in(client: Client) -> None:
    assert client.post(f"{SIGN_UP}?next=/volume/", GIVEN).headers["Location"] == "/volume/"
    user = User.objects.get(username="newcomer")
    assert not user.is_staff
    assert not user.is_superuser
    assert ">newcomer<" in client.get("/account/").content.decode()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"password1": "1234567890", "password2": "1234567890"}, "password2"),
        ({"password2": "another one entirely"}, "password2"),
        ({"username": "TRADER"}, "username"),
        ({"username": "x" * 41}, "username"),
        ({"email": "nowhere"}, "email"),
    ],
)
def test_sign_up_with_a_mistake_names_its_field(
    client: Client, trader: User, changes: dict[str, str], field: str
) -> None:
    html = client.post(SIGN_UP, GIVEN | changes).content.decode()
    assert f'id="id_{field}_error"' in html
    assert User.objects.count() == 1


def test_sign_up_that_is_off_says_so_and_no_page_links_to_it(client: Client, settings: Settings) -> None:
    settings.ACCOUNTS_SIGN_UP = False
    for answer in (client.get(SIGN_UP), client.post(SIGN_UP, GIVEN)):
        assert answer.status_code == 403
        assert "Không mở đăng ký" in answer.content.decode()
    assert not User.objects.exists()
    assert SIGN_UP not in client.get("/account/log-in/").content.decode()


def test_sign_up_of_one_address_is_limited(client: Client, settings: Settings) -> None:
    settings.SIGN_UPS_PER_HOUR_PER_ADDRESS = 2
    answers = []
    for number in range(3):
        answers.append(client.post(SIGN_UP, GIVEN | {"username": f"newcomer{number}"}).status_code)
        client.logout()
    assert answers == [302, 302, 429]
    assert User.objects.count() == 2
    assert client.post(SIGN_UP, GIVEN, REMOTE_ADDR="198.51.100.7").status_code == 302


def test_sign_up_attempts_of_one_address_are_limited_too(client: Client, settings: Settings) -> None:
    settings.SIGN_UPS_PER_HOUR_PER_ADDRESS = 1
    answers = [client.post(SIGN_UP, {}).status_code for _ in range(7)]
    assert answers == [200] * 6 + [429]


def test_limit_holds_over_processes_and_ends(redis_url: str) -> None:
    assert [Limits().spend("a", 2, 60) for _ in range(3)] == [True, True, False]
    assert Limits().spend("b", 2, 60)
    with redis.Redis.from_url(redis_url) as client:
        assert 0 < client.ttl("limits:a") <= 60  # type: ignore[operator]


def test_limit_holds_in_the_process_while_redis_is_away(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    now = 0.0
    limits = Limits(lambda: now)
    assert [limits.spend("a", 1, 60) for _ in range(2)] == [True, False]
    now = 61.0
    assert limits.spend("a", 1, 60)
