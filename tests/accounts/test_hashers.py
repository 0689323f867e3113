"""Passwords under the hashers of the site; other tests use one that is quick."""

import threading
from typing import Any

import pytest
from argon2 import PasswordHasher, extract_parameters
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.accounts.conftest import PASSWORD
from tracker import settings as site
from tracker.accounts import hashers

LOG_IN = "/account/log-in/"


@pytest.fixture(autouse=True)
def real_hashers(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = site.PASSWORD_HASHERS


def test_password_is_kept_as_argon2id_of_what_owasp_asks_for(db: None) -> None:
    kept = User.objects.create_user("trader", password=PASSWORD).password.removeprefix("argon2")
    parameters = extract_parameters(kept)
    assert (parameters.type.name, parameters.memory_cost, parameters.time_cost) == ("ID", 19_456, 2)
    assert PasswordHasher().verify(kept, PASSWORD)


def test_password_hashed_before_logs_in_and_is_hashed_anew(db: None, client: Client) -> None:
    trader = User.objects.create(username="trader", password=PBKDF2PasswordHasher().encode(PASSWORD, "salt" * 6))
    assert client.post(LOG_IN, {"username": "trader", "password": PASSWORD + "x"}).status_code == 200
    assert client.post(LOG_IN, {"username": "trader", "password": PASSWORD}).status_code == 302
    trader.refresh_from_db()
    assert trader.password.startswith("argon2$argon2id$")
    assert trader.check_password(PASSWORD)


def test_hashing_waits_while_every_core_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashers, "_room", room := threading.BoundedSemaphore(1))
    kept = hashers.Argon2id().encode(PASSWORD, "salt" * 6)
    answers: list[Any] = []
    waiting = threading.Thread(target=lambda: answers.append(hashers.Argon2id().verify(PASSWORD, kept)))
    with room:
        waiting.start()
        waiting.join(0.3)
        assert answers == []
    waiting.join(20)
    assert answers == [True]
