"""Two requests at the same time, and what somebody else changes while a request is under way."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client

from market.models import ApiToken
from tests.accounts.conftest import PASSWORD
from tests.integration.killable import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
OTHER = "another long password"
WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()
"""
Ask = Callable[[], Any]


def waiting() -> int:
    """How many sessions of the tests' database wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees the same each time
        cursor.execute(WAITING)
        return int(cursor.fetchone()[0])


@contextmanager
def held_up(*asked: Ask) -> Iterator[list[Any]]:
    """Ask in threads while this transaction holds what they need; inside, all of them wait. Gives the answers later."""
    answers: list[Any] = []

    def ask(one: Ask) -> None:
        try:
            answers.append(one())
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=[one]) for one in asked]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: waiting() == len(asked), f"{len(asked)} requests to wait", 10)
        yield answers
    finally:
        transaction.commit()
        for thread in threads:
            thread.join()


@pytest.fixture
def locked() -> Iterator[None]:
    """A transaction of the test, which it ends by `held_up`."""
    transaction.set_autocommit(False)
    yield
    transaction.rollback()
    transaction.set_autocommit(True)


def logged_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def sign_up(name: str) -> Ask:
    given = {"username": name, "email": "", "password1": PASSWORD, "password2": PASSWORD}
    return lambda: Client(raise_request_exception=False).post("/account/sign-up/", given).status_code


@pytest.mark.parametrize("names", [("newcomer", "newcomer"), ("newcomer", "NewComer")])
def test_sign_up_of_one_name_in_two_tabs_makes_one_account(names: tuple[str, str], locked: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE auth_user IN SHARE MODE")  # lets everybody read and nobody write
    with held_up(*map(sign_up, names)) as answers:
        pass
    assert sorted(answers) == [200, 302]
    assert User.objects.count() == 1


def test_tokens_made_in_two_tabs_stay_within_the_limit(trader: User, locked: None) -> None:
    for number in range(19):
        ApiToken.issue(trader, str(number))
    clients = [logged_in(trader) for _ in range(2)]
    transaction.commit()
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE market_apitoken IN SHARE MODE")
    asked = [lambda one=one: one.post("/account/tokens/", {"name": "more"}).status_code for one in clients]
    with held_up(*asked) as answers:
        pass
    assert sorted(answers) == [200, 400]
    assert ApiToken.objects.count() == 20


def test_email_changed_leaves_alone_what_somebody_else_changes_meanwhile(trader: User, locked: None) -> None:
    reader = logged_in(trader)
    transaction.commit()
    User.objects.filter(pk=trader.pk).update(is_active=False)
    with held_up(lambda: reader.post("/account/email/", {"email": "new@example.org"})):
        pass
    trader.refresh_from_db()
    assert (trader.email, trader.is_active) == ("new@example.org", False)


def test_password_changed_leaves_alone_what_somebody_else_changes_meanwhile(trader: User, locked: None) -> None:
    reader = logged_in(trader)
    transaction.commit()
    User.objects.filter(pk=trader.pk).update(is_active=False)
    given = {"old_password": PASSWORD, "new_password1": OTHER, "new_password2": OTHER}
    with held_up(lambda: reader.post("/account/password/", given)):
        pass
    trader.refresh_from_db()
    assert trader.check_password(OTHER)
    assert not trader.is_active
