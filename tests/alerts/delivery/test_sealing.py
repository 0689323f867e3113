"""Secrets at rest: opened by the keys of the settings and by no others, and rotated."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command

from alerts.delivery.sealing import SealBroken, reseal, seal, unseal
from alerts.models import DeliveryChannel
from tests.alerts.delivery.builders import make_channel

VALUE = {"url": "https://example.org/hook", "secret": "whsec_x"}


def test_sealed_value_shows_nothing_and_opens_again() -> None:
    sealed = seal(VALUE)
    assert "example" not in sealed
    assert sealed != seal(VALUE)
    assert unseal(sealed) == VALUE
    assert unseal("") == {}


def test_first_own_key_still_opens_what_was_sealed_without_one(settings: Any) -> None:
    without = seal(VALUE)
    first, second = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.DELIVERY_KEYS = [first]
    assert unseal(without) == VALUE
    rotated = reseal(without)
    settings.DELIVERY_KEYS, settings.SECRET_KEY = [second, first], "another"
    assert unseal(rotated) == VALUE
    with pytest.raises(SealBroken):
        unseal(without)
    settings.DELIVERY_KEYS = [second]
    with pytest.raises(SealBroken):
        unseal(rotated)


@pytest.mark.parametrize("text", ["x", "gAAAA", "é"])
def test_what_was_never_sealed_is_refused(text: str) -> None:
    with pytest.raises(SealBroken):
        unseal(text)


@pytest.mark.django_db
def test_command_seals_everything_with_the_first_key(user: Any, settings: Any) -> None:
    channel = make_channel(user, "webhook", VALUE)
    key = Fernet.generate_key().decode()
    settings.DELIVERY_KEYS = [key]
    call_command("reseal_delivery", verbosity=0)
    settings.SECRET_KEY = "another"
    assert unseal(DeliveryChannel.objects.get(pk=channel.pk).target) == VALUE
