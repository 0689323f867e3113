"""Accounts on a real database and a real Valkey, where attempts are counted."""

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def open_site(settings: Settings, db: None, redis_url: str) -> None:
    """Visitors may sign up unless a test says otherwise."""
    settings.ACCOUNTS_SIGN_UP = True


@pytest.fixture
def trader() -> User:
    return User.objects.create_user("trader", "trader@example.org", PASSWORD)
