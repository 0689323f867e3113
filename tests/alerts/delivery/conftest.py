"""Channels of a user, the other side of each, and settings that lead there."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from tests.alerts.delivery.standins import TOKEN, MailBox, StandIn, mail_box, stand_in


@pytest.fixture(scope="module")
def serving() -> Iterator[StandIn]:
    with stand_in() as served:
        yield served


@pytest.fixture(scope="module")
def receiving() -> Iterator[MailBox]:
    with mail_box() as box:
        yield box


@pytest.fixture
def elsewhere(serving: StandIn, settings: Settings) -> StandIn:
    """The HTTP side, fresh, and settings that lead there."""
    serving.got.clear()
    serving.scripted.clear()
    serving.released.clear()
    settings.TELEGRAM_API_URL = serving.url
    settings.TELEGRAM_BOT_TOKEN = TOKEN
    settings.DELIVERY_TO_LOOPBACK = True
    return serving


@pytest.fixture
def post_box(receiving: MailBox, settings: Settings) -> MailBox:
    """The mail server, fresh, and settings that lead there."""
    receiving.letters.clear()
    receiving.refusals.clear()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", receiving.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    return receiving


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("trader", password="long enough words")
