"""Codes that prove a chat or an address to be the user's."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from alerts.delivery import linking
from alerts.delivery.forms import ChannelForm
from alerts.delivery.sealing import unseal
from alerts.models import DeliveryChannel, DeliveryState
from tests.alerts.delivery.standins import TOKEN, Answer, MailBox, StandIn, said

pytestmark = pytest.mark.django_db
UPDATES = f"/bot{TOKEN}/getUpdates"


def unlinked(user: User, kind: str) -> DeliveryChannel:
    return DeliveryChannel.objects.create(user=user, kind=kind, language="en")


def update(number: int, text: str, chat: int = 77) -> dict[str, Any]:
    return {"update_id": number, "message": {"text": text, "chat": {"id": chat, "first_name": "Trader"}}}


def script(elsewhere: StandIn, *updates: dict[str, Any]) -> None:
    elsewhere.script(UPDATES, Answer(body={"ok": True, "result": list(updates)}))


def test_chat_that_brings_the_code_is_linked(user: User, elsewhere: StandIn) -> None:
    channel = unlinked(user, "telegram")
    assert linking.begin_telegram(channel)
    waiting = linking.pending(channel)
    assert waiting["bot"] == "stand_in_bot"
    script(elsewhere, update(5, "hello"), update(6, "/start wrong-code", 66), update(7, f"/start {waiting['code']}"))
    linking.link_telegram()
    channel.refresh_from_db()
    assert (unseal(channel.target), channel.enabled, channel.hint) == ({"chat": 77}, True, "Trader")
    assert linking.pending(channel) == {}
    assert DeliveryState.objects.get(name=linking.UPDATES).number == 8
    assert elsewhere.at(f"/bot{TOKEN}/sendMessage")[0].json["chat_id"] == 77


def test_nobody_is_polled_for_while_nobody_links(user: User, elsewhere: StandIn) -> None:
    linking.link_telegram()
    channel = unlinked(user, "telegram")
    linking.begin_telegram(channel)
    DeliveryChannel.objects.update(pending_until=timezone.now() - timedelta(seconds=1))
    linking.link_telegram()
    assert elsewhere.at(UPDATES) == []


def test_code_is_good_for_one_chat_and_a_quarter_of_an_hour(user: User, elsewhere: StandIn) -> None:
    channel = unlinked(user, "telegram")
    linking.begin_telegram(channel)
    code = linking.pending(channel)["code"]
    script(elsewhere, update(1, f"/start {code}", 77), update(2, f"/start {code}", 66))
    linking.link_telegram()
    channel.refresh_from_db()
    assert unseal(channel.target) == {"chat": 77}


def test_polling_pauses_after_a_refusal(user: User, elsewhere: StandIn) -> None:
    linking.begin_telegram(unlinked(user, "telegram"))
    elsewhere.script(UPDATES, Answer(409, {"ok": False, "description": "Conflict"}))
    linking.link_telegram()
    linking.link_telegram()
    assert len(elsewhere.at(UPDATES)) == 1


def test_telegram_that_is_away_gives_no_code(user: User, elsewhere: StandIn, settings: Any) -> None:
    settings.TELEGRAM_API_URL = "http://127.0.0.1:9/"
    channel = unlinked(user, "telegram")
    assert not linking.begin_telegram(channel)
    assert channel.pending == ""


def test_address_is_taken_up_with_the_code_that_was_mailed_to_it(user: User, post_box: MailBox) -> None:
    channel = unlinked(user, "email")
    linking.begin_email(channel, "trader@example.org")
    found = re.search(r"\b(\d{6})\b", said(post_box.letters[0]))
    assert found
    assert not linking.confirm_email(channel, "000000" if found[1] != "000000" else "1")
    assert channel.target == ""
    assert linking.confirm_email(channel, f" {found[1]} ")
    assert (unseal(channel.target), channel.hint, channel.enabled) == (
        {"address": "trader@example.org"},
        "t…@example.org",
        True,
    )


def test_code_is_void_after_some_wrong_ones(user: User, post_box: MailBox) -> None:
    channel = unlinked(user, "email")
    linking.begin_email(channel, "trader@example.org")
    code = linking.pending(channel)["code"]
    for _ in range(linking.MOST_TRIES):
        assert not linking.confirm_email(channel, "wrong")
    assert not linking.confirm_email(channel, code)


def test_wrong_codes_of_several_tabs_add_up(user: User, post_box: MailBox) -> None:
    channel = unlinked(user, "email")
    linking.begin_email(channel, "trader@example.org")
    code = linking.pending(channel)["code"]
    tabs = [DeliveryChannel.objects.get(pk=channel.pk) for _ in range(linking.MOST_TRIES)]
    assert not any(linking.confirm_email(tab, "wrong") for tab in tabs)
    channel.refresh_from_db()
    assert not linking.confirm_email(channel, code)


def test_settings_of_a_page_leave_alone_what_was_linked_meanwhile(user: User) -> None:
    channel = unlinked(user, "telegram")
    read_before = DeliveryChannel.objects.get(pk=channel.pk)
    linking.connect(channel, {"chat": 77}, "Trader")
    given = {"telegram-enabled": "on", "telegram-severities": ["critical"], "telegram-messages_per_minute": "3"}
    form = ChannelForm(given, instance=read_before, prefix="telegram")
    assert form.is_valid(), form.errors
    form.save()
    channel.refresh_from_db()
    assert (unseal(channel.target), channel.messages_per_minute) == ({"chat": 77}, 3)
