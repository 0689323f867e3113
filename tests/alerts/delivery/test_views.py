"""The settings page, as a browser without scripts uses it."""

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from alerts.delivery.sealing import unseal
from alerts.models import Delivery, DeliveryChannel, PushDevice
from tests.alerts.delivery.builders import make_channel, make_device, make_webhook
from tests.alerts.delivery.standins import TOKEN, Answer, Browser, MailBox, StandIn

pytestmark = pytest.mark.django_db
PAGE = "/alerts/delivery/"


@pytest.fixture
def reader(client: Client, user: User) -> Client:
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def post(client: Client, path: str, **values: Any) -> str:
    """Post a form and follow to the page; its HTML."""
    response = client.post(f"{PAGE}{path}", values, follow=True)
    assert response.status_code in (200, 422), path
    return response.content.decode()


def settings_of(kind: str, **values: Any) -> dict[str, Any]:
    values = {"enabled": "on", "market_alerts": "on", "severities": ["warning"], "messages_per_minute": 5} | values
    return {f"{kind}-{name}": value for name, value in values.items()}


def test_page_asks_for_a_log_in(client: Client) -> None:
    assert client.get(PAGE).status_code == 302
    assert client.post(f"{PAGE}telegram/test/").status_code == 302


def test_page_offers_every_channel_and_says_what_is_not_set_up(reader: Client, settings: Any) -> None:
    settings.EMAIL_HOST = settings.TELEGRAM_BOT_TOKEN = ""
    html = reader.get(PAGE).content.decode()
    assert [name for name in ("telegram", "push", "email", "webhook") if f'id="{name}"' in html] == [
        *("telegram", "push", "email", "webhook"),
    ]  # fmt: skip
    assert html.count("Whoever runs this site has not set it up.") == 2
    assert reader.post(f"{PAGE}telegram/link/").status_code == 404
    assert reader.post(f"{PAGE}fax/").status_code == 404


def test_webhook_secret_is_shown_once(reader: Client, user: User, elsewhere: StandIn) -> None:
    html = post(reader, "webhook/url/", **{"webhook-target-url": f"{elsewhere.url}/very/private/path"})
    secret = re.search(r"whsec_[\w-]{43}", html)
    channel = DeliveryChannel.objects.get(user=user)
    assert secret
    assert unseal(channel.target) == {"url": f"{elsewhere.url}/very/private/path", "secret": secret[0]}
    html = reader.get(PAGE).content.decode()
    assert "whsec_" not in html
    assert "private" not in html
    assert channel.hint in html
    html = post(reader, "webhook/secret/")
    assert secret[0] not in html
    assert "whsec_" in html


@pytest.mark.parametrize(
    "url", ["http://example.org/", "https://127.0.0.1/", "https://localhost:6379/", "not an address"]
)
def test_webhook_to_a_forbidden_address_is_refused_with_a_reason(reader: Client, url: str) -> None:
    html = post(reader, "webhook/url/", **{"webhook-target-url": url})
    assert "An address on the internet is needed" in html
    assert not DeliveryChannel.objects.exclude(target="").exists()


def test_settings_are_stored_and_said_in_a_line(reader: Client, user: User, elsewhere: StandIn) -> None:
    channel = make_webhook(user, elsewhere, disabled_reason="gone", enabled=False)
    given = settings_of(
        "webhook", symbols="hpg, FPT vn30", severities=["critical"], quiet_from="22:00", quiet_until="07:00"
    )
    html = post(reader, "webhook/", **given)
    channel.refresh_from_db()
    assert (channel.symbols, channel.severities) == (["HPG", "FPT", "VN30"], ["critical"])
    assert (channel.enabled, channel.disabled_reason, channel.own_alerts) == (True, "", False)
    assert "critical · HPG, FPT, VN30 · quiet from 22:00 to 07:00" in html


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"symbols": "HPG, <b>"}, "Not a symbol"),
        ({"symbols": " ".join(f"A{number}" for number in range(201))}, "At most 200 symbols"),
        ({"quiet_from": "22:00"}, "Quiet hours need a beginning and an end."),
        ({"severities": []}, "Choose one at least"),
        ({"messages_per_minute": 99}, "less than or equal to 20"),
    ],
)
def test_settings_with_a_mistake_come_back_with_it(
    reader: Client, user: User, elsewhere: StandIn, values: dict[str, Any], text: str
) -> None:
    channel = make_webhook(user, elsewhere)
    html = post(reader, "webhook/", **settings_of("webhook", **values))
    assert text in html
    channel.refresh_from_db()
    assert (channel.symbols, channel.quiet_from, channel.messages_per_minute) == ([], None, 5)


def test_test_button_sends_at_once_and_says_what_came_of_it(reader: Client, user: User, elsewhere: StandIn) -> None:
    make_channel(user, "telegram")
    assert "Telegram: the test message was sent." in post(reader, "telegram/test/")
    assert "Test message" in elsewhere.at(f"/bot{TOKEN}/sendMessage")[0].json["text"]
    assert "A test was sent just now" in post(reader, "telegram/test/")
    Delivery.objects.all().delete()
    elsewhere.script(
        f"/bot{TOKEN}/sendMessage", Answer(400, {"ok": False, "description": "Bad Request: chat not found"})
    )
    html = post(reader, "telegram/test/")
    assert "the test message failed (Telegram answered 400: Bad Request: chat not found)" in html
    assert Delivery.objects.get().status == "failed"


def test_address_is_confirmed_by_its_code(reader: Client, user: User, post_box: MailBox) -> None:
    html = post(reader, "email/address/", **{"email-target-address": "trader@example.org"})
    assert "A code is on its way." in html
    assert "A code was sent just now" in post(reader, "email/address/", **{"email-target-address": "a@example.org"})
    assert "This is not the code" in post(reader, "email/confirm/", **{"email-code-code": "1"})
    code = str(post_box.letters[0]["Subject"])[:6]
    assert "The address is confirmed." in post(reader, "email/confirm/", **{"email-code-code": code})
    assert len(post_box.letters) == 1


def test_browser_subscribes_and_is_forgotten(reader: Client, user: User, elsewhere: StandIn) -> None:
    browser = Browser(f"{elsewhere.url}/push")
    reader.defaults["HTTP_USER_AGENT"] = "Mozilla/5.0 (Linux; Android 16) Chrome/150.0 Mobile Safari/537"
    given = {"push-target-subscription": json.dumps(browser.subscription)}
    for _ in range(2):
        html = post(reader, "push/subscribe/", **given)
    assert "Chrome, Android" in html
    assert "Browser push: the test message was sent." in post(reader, "push/test/")
    assert browser.read(elsewhere.at("/push")[0])["title"].startswith("Test message")
    device = PushDevice.objects.get()
    post(reader, f"push/{device.pk}/remove/")
    assert not PushDevice.objects.exists()
    assert not DeliveryChannel.objects.get().enabled


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"endpoint": "https://127.0.0.1/", "keys": {"p256dh": "AA", "auth": "AA"}}',
        '{"endpoint": 1, "keys": 2}',
    ],
)
def test_subscription_that_cannot_be_used_is_refused(reader: Client, text: str) -> None:
    assert "push service cannot be used" in post(reader, "push/subscribe/", **{"push-target-subscription": text})
    assert not PushDevice.objects.exists()


def test_nobody_changes_what_is_anothers(reader: Client, elsewhere: StandIn) -> None:
    other = User.objects.create_user("other")
    channel = make_channel(other, "push")
    device = make_device(channel, Browser(f"{elsewhere.url}/push"))
    assert reader.post(f"{PAGE}push/{device.pk}/remove/").status_code == 404
    post(reader, "push/remove/")
    assert PushDevice.objects.filter(pk=device.pk).exists()
    assert DeliveryChannel.objects.get(pk=channel.pk).enabled


def test_removing_forgets_where_a_channel_leads(reader: Client, user: User, elsewhere: StandIn) -> None:
    channel = make_webhook(user, elsewhere, symbols=["HPG"])
    post(reader, "webhook/remove/")
    channel.refresh_from_db()
    assert (channel.target, channel.hint, channel.enabled, channel.symbols) == ("", "", False, ["HPG"])


def test_service_worker_comes_from_the_root_without_a_log_in(client: Client) -> None:
    response = client.get("/push-worker.js")
    assert response.headers["Content-Type"].startswith("text/javascript")
    assert b"showNotification" in b"".join(response.streaming_content)  # type: ignore[attr-defined]
