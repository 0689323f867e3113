"""Logging in and out, and what keeps robots from guessing."""

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import connections
from django.test import AsyncClient, Client
from pytest_django import Settings

from market.watchlists.keepers import IN_SESSION
from tests.accounts.conftest import PASSWORD

LOG_IN = "/account/log-in/"
GIVEN = {"username": "trader", "password": PASSWORD}


def test_log_in_shows_the_name_and_log_out_takes_it_away(client: Client, trader: User) -> None:
    assert client.post(LOG_IN, GIVEN).headers["Location"] == "/"
    assert ">trader<" in client.get("/about/").content.decode()
    assert client.post("/account/log-out/").headers["Location"] == "/"
    html = client.get("/about/").content.decode()
    assert ">trader<" not in html
    assert "/account/log-in/?next=%2Fabout%2F" in html


def test_log_in_gives_the_session_another_key(client: Client, trader: User) -> None:
    session = client.session
    session[IN_SESSION] = {"name": "", "symbols": []}
    session.save()
    client.cookies["sessionid"] = session.session_key
    client.post(LOG_IN, GIVEN)
    assert client.cookies["sessionid"].value != session.session_key
    assert not type(session)().exists(session.session_key)


@pytest.mark.parametrize(
    ("asked", "leads_to"),
    [
        ("/foreign/?list=HNX", "/foreign/?list=HNX"),
        ("https://elsewhere.example.org/", "/"),
        ("//elsewhere.example.org/", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_log_in_leads_back_to_pages_of_ours_alone(client: Client, trader: User, asked: str, leads_to: str) -> None:
    assert client.post(LOG_IN, GIVEN | {"next": asked}).headers["Location"] == leads_to


def test_log_out_by_a_link_does_nothing(client: Client, trader: User) -> None:
    client.force_login(trader)
    assert client.get("/account/log-out/").status_code == 405
    assert ">trader<" in client.get("/about/").content.decode()


def test_wrong_password_is_told_and_not_which_half_was_wrong(client: Client, trader: User) -> None:
    wrong = client.post(LOG_IN, GIVEN | {"password": "x"}).content.decode().replace("trader", "")
    nobody = client.post(LOG_IN, {"username": "nobody", "password": "x"}).content.decode().replace("nobody", "")
    assert "không khớp" in wrong
    assert [line for line in wrong.splitlines() if "csrf" not in line] == [
        line for line in nobody.splitlines() if "csrf" not in line
    ]


def test_five_wrong_passwords_lock_the_name_for_that_address(client: Client, trader: User) -> None:
    for _ in range(5):
        answer = client.post(LOG_IN, GIVEN | {"password": "x"})
    assert answer.status_code == 429
    assert "Sai mật khẩu quá nhiều lần" in answer.content.decode()
    assert client.post(LOG_IN, GIVEN).status_code == 429
    assert client.post(LOG_IN, GIVEN, REMOTE_ADDR="198.51.100.7").status_code == 302


def test_address_behind_a_trusted_proxy_is_the_readers(client: Client, trader: User, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    for _ in range(5):
        client.post(LOG_IN, GIVEN | {"password": "x"}, headers={"X-Forwarded-For": "198.51.100.7"})
    assert client.post(LOG_IN, GIVEN, headers={"X-Forwarded-For": "198.51.100.7"}).status_code == 429
    assert client.post(LOG_IN, GIVEN, headers={"X-Forwarded-For": "198.51.100.8"}).status_code == 302


@pytest.mark.django_db(transaction=True)
async def test_lock_is_told_in_an_event_loop_too(async_client: AsyncClient) -> None:
    for _ in range(5):
        answer = await async_client.post(LOG_IN, {"username": "trader", "password": "x"})
    await sync_to_async(connections.close_all)()  # of the thread that event loops use
    assert answer.status_code == 429
    assert "Sai mật khẩu quá nhiều lần" in answer.content.decode()


def test_account_that_is_switched_off_cannot_log_in_and_loses_its_session(client: Client, trader: User) -> None:
    client.force_login(trader)
    User.objects.update(is_active=False)
    assert client.get("/account/").status_code == 302
    assert client.post(LOG_IN, GIVEN).status_code == 200
