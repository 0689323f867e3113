"""Admin pages of delivery, and the checks of its settings."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.test import Client

from alerts.delivery.checks import check_loopback
from tests.alerts.delivery.builders import make_delivery, make_webhook
from tests.alerts.delivery.standins import StandIn


@pytest.mark.django_db
def test_admin_shows_deliveries_and_no_secrets(admin_client: Client, user: User, elsewhere: StandIn) -> None:
    channel = make_webhook(user, elsewhere, hint="https://example.org/…")
    delivery = make_delivery(channel, error="http 500")
    pages = [
        "delivery/",
        f"delivery/{delivery.pk}/change/",
        "deliverychannel/",
        f"deliverychannel/{channel.pk}/change/",
    ]
    html = "".join(admin_client.get(f"/admin/alerts/{page}").content.decode() for page in pages)
    assert "HTTP 500" in html
    assert channel.target not in html
    assert "whsec_" not in html
    assert "12500000000" not in html
    assert 'name="_save"' not in html
    assert admin_client.post(f"/admin/alerts/delivery/{delivery.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    ("name", "value", "id"),
    [("DELIVERY_KEYS", ["short-secret"], "alerts.E001"), ("VAPID_PRIVATE_KEY", "short-secret!", "alerts.E002")],
)
def test_key_that_is_none_is_found_and_not_repeated(settings: Any, name: str, value: Any, id: str) -> None:
    setattr(settings, name, value)
    found = [message for message in run_checks() if message.id == id]
    assert len(found) == 1
    assert "short-secret" not in str(found[0])


def test_open_loopback_is_warned_about(settings: Any) -> None:
    assert check_loopback(None) == []
    settings.DELIVERY_TO_LOOPBACK = True
    assert [message.id for message in check_loopback(None)] == ["alerts.W001"]
