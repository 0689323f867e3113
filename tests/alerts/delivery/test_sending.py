"""Each channel against the other side over real sockets: success, patience, refusal."""

import hashlib
import hmac
import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from py_vapid import Vapid

from alerts.delivery import sending
from alerts.delivery.push import public_key
from alerts.models import Delivery, DeliveryChannel, DeliveryState
from tests.alerts.delivery.builders import make_alert, make_channel, make_delivery, make_device, make_webhook
from tests.alerts.delivery.standins import TOKEN, Answer, Browser, MailBox, StandIn, said

pytestmark = pytest.mark.django_db
SEND_MESSAGE = f"/bot{TOKEN}/sendMessage"


def due_again() -> None:
    """Let the time of a pause pass."""
    now = timezone.now()
    Delivery.objects.filter(finished_at=None).update(next_attempt_at=now)
    DeliveryChannel.objects.update(paused_until=None)
    DeliveryState.objects.update(until=None)


def row(delivery: Delivery) -> Delivery:
    return Delivery.objects.select_related("channel").get(pk=delivery.pk)


def test_telegram_message_reaches_the_chat(user: User, elsewhere: StandIn) -> None:
    delivery = make_delivery(make_channel(user, "telegram"))
    sending.deliver()
    (got,) = elsewhere.at(SEND_MESSAGE)
    assert got.json["chat_id"] == 77
    assert got.json["text"].startswith("HPG: ")
    assert got.json["text"].endswith("/symbol/HPG/")
    assert (row(delivery).status, row(delivery).attempts) == ("sent", 1)
    assert row(delivery).channel.last_success_at is not None


def test_telegram_that_asks_to_wait_gets_nothing_for_anybody_until_then(user: User, elsewhere: StandIn) -> None:
    refusal = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 37}}
    elsewhere.script(SEND_MESSAGE, Answer(429, refusal))
    delivery = make_delivery(make_channel(user, "telegram"))
    begun = timezone.now()
    sending.deliver()
    later = row(delivery)
    assert later.status == "waiting"
    assert later.next_attempt_at >= begun + timedelta(seconds=37)
    other = make_delivery(make_channel(User.objects.create_user("other"), "telegram", {"chat": 78}))
    sending.deliver()
    assert len(elsewhere.at(SEND_MESSAGE)) == 1
    due_again()
    sending.deliver()
    assert {row(delivery).status, row(other).status} == {"sent"}
    assert row(delivery).attempts == 2


def test_telegram_user_who_blocked_the_bot_switches_the_channel_off(user: User, elsewhere: StandIn) -> None:
    blocked = {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}
    elsewhere.script(SEND_MESSAGE, Answer(403, blocked))
    channel = make_channel(user, "telegram")
    first = make_delivery(channel, 1)
    sending.deliver()
    second = make_delivery(channel, 2)
    sending.deliver()
    channel.refresh_from_db()
    assert (row(first).status, row(second).status) == ("failed", "dropped")
    assert (channel.enabled, channel.disabled_reason) == (False, "gone")
    assert "blocked by the user" in channel.last_error
    assert len(elsewhere.at(SEND_MESSAGE)) == 1


def test_bot_token_appears_in_no_log_and_no_error(
    user: User, elsewhere: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    elsewhere.script(SEND_MESSAGE, Answer(500), Answer(200, "no object"), Answer(401, {"ok": False}))
    delivery = make_delivery(make_channel(user, "telegram"))
    for _ in range(4):
        sending.deliver()
        due_again()
    assert row(delivery).status == "sent"
    assert TOKEN not in caplog.text
    assert "whsec_" not in caplog.text


def test_webhook_is_signed_and_names_its_message(user: User, elsewhere: StandIn) -> None:
    delivery = make_delivery(make_webhook(user, elsewhere))
    sending.deliver()
    (got,) = elsewhere.at("/hook")
    signed = got.headers["Tracker-Timestamp"].encode() + b"." + got.body
    assert got.headers["Tracker-Signature"] == f"v1={hmac.new(b'whsec_test', signed, hashlib.sha256).hexdigest()}"
    assert got.headers["Idempotency-Key"] == got.json["id"] == str(row(delivery).message)
    assert got.json["items"][0]["symbol"] == "HPG"
    assert got.json["items"][0]["evidence"]["volume"] == 500_000


def test_webhook_that_fails_once_gets_the_same_message_again(user: User, elsewhere: StandIn) -> None:
    elsewhere.script("/hook", Answer(500), Answer(503, headers={"Retry-After": "120"}))
    delivery = make_delivery(make_webhook(user, elsewhere))
    begun = timezone.now()
    sending.deliver()
    assert (row(delivery).status, row(delivery).error) == ("waiting", "http 500")
    assert begun + timedelta(seconds=2) <= row(delivery).next_attempt_at < timezone.now() + timedelta(seconds=5)
    due_again()
    begun = timezone.now()
    sending.deliver()
    assert row(delivery).next_attempt_at >= begun + timedelta(seconds=120)
    due_again()
    sending.deliver()
    assert (row(delivery).status, row(delivery).attempts, row(delivery).error) == ("sent", 3, "")
    assert len({got.headers["Idempotency-Key"] for got in elsewhere.at("/hook")}) == 1


@pytest.mark.parametrize("answer", [Answer(302, headers={"Location": "http://127.0.0.1/"}), Answer(404)])
def test_webhook_that_refuses_three_times_in_a_row_is_switched_off(
    user: User, elsewhere: StandIn, answer: Answer
) -> None:
    channel = make_webhook(user, elsewhere)
    elsewhere.script("/hook", answer, answer, Answer(200), answer, answer, answer)
    for number in range(6):
        make_delivery(channel, number)
        sending.deliver()
        due_again()
        Delivery.objects.update(attempted_at=None)
        channel.refresh_from_db()
        assert channel.enabled == (number < 5)
    assert channel.disabled_reason == "refused"
    assert len(elsewhere.got) == 6


def test_message_that_never_gets_through_ends_as_failed(
    user: User, elsewhere: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "MOST_ATTEMPTS", 3)
    elsewhere.script("/hook", *[Answer(500)] * 9)
    delivery = make_delivery(make_webhook(user, elsewhere))
    for _ in range(4):
        sending.deliver()
        due_again()
    assert (row(delivery).status, row(delivery).attempts) == ("failed", 3)
    assert row(delivery).channel.enabled


def test_push_is_encrypted_for_the_browser_and_signed_by_us(user: User, elsewhere: StandIn) -> None:
    browser = Browser(f"{elsewhere.url}/push/1")
    channel = make_channel(user, "push")
    device = make_device(channel, browser)
    delivery = make_delivery(channel, device=device, device_number=device.pk)
    sending.deliver()
    (got,) = elsewhere.at("/push/1")
    read = browser.read(got)
    assert read["title"].startswith("HPG: ")
    assert read["tag"] == str(row(delivery).message)
    assert (got.headers["Content-Encoding"], got.headers["Urgency"]) == ("aes128gcm", "normal")
    assert 0 < int(got.headers["TTL"]) <= 900
    scheme, _, claim = got.headers["Authorization"].partition(" ")
    token, _, key = claim.removeprefix("t=").partition(",k=")
    assert (scheme, key) == ("vapid", public_key())
    assert Vapid.verify(f"vapid t={token},k={key}")


def test_push_to_a_browser_that_is_gone_forgets_it_and_the_last_one_ends_the_channel(
    user: User, elsewhere: StandIn
) -> None:
    channel = make_channel(user, "push")
    devices = [make_device(channel, Browser(f"{elsewhere.url}/push/{number}")) for number in (1, 2)]
    elsewhere.script("/push/1", Answer(410))
    rows = [make_delivery(channel, 1, device=each, device_number=each.pk) for each in devices]
    sending.deliver()
    channel.refresh_from_db()
    assert [row(each).status for each in rows] == ["failed", "sent"]
    assert (channel.enabled, list(channel.devices.all())) == (True, devices[1:])
    elsewhere.script("/push/2", Answer(404))
    make_delivery(channel, 2, device=devices[1], device_number=devices[1].pk)
    sending.deliver()
    channel.refresh_from_db()
    assert (channel.enabled, channel.disabled_reason, channel.devices.count()) == (False, "gone", 0)


def test_letter_arrives_in_the_channels_language(user: User, post_box: MailBox) -> None:
    delivery = make_delivery(make_channel(user, "email", language="vi"))
    sending.deliver()
    (letter,) = post_box.letters
    assert letter["To"] == "trader@example.org"
    assert letter["Message-ID"] == f"<{row(delivery).message}@localhost>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert "12.500.000.000" in said(letter)
    assert row(delivery).status == "sent"


@pytest.mark.parametrize(("refusal", "status"), [("451 later", "waiting"), ("554 never", "failed")])
def test_letter_that_is_refused_waits_or_ends(user: User, post_box: MailBox, refusal: str, status: str) -> None:
    post_box.refusals.append(refusal)
    delivery = make_delivery(make_channel(user, "email"))
    sending.deliver()
    assert (row(delivery).status, row(delivery).error) == (status, f"smtp {refusal[:3]}")


def test_what_came_too_late_expires_unsent(user: User, elsewhere: StandIn) -> None:
    delivery = make_delivery(make_webhook(user, elsewhere), expires_at=timezone.now() - timedelta(seconds=1))
    sending.deliver()
    assert row(delivery).status == "expired"
    assert elsewhere.got == []


def test_channel_whose_address_cannot_be_read_says_so(user: User, elsewhere: StandIn, settings: Any) -> None:
    channel = make_webhook(user, elsewhere)
    settings.SECRET_KEY = "another"
    delivery = make_delivery(channel)
    sending.deliver()
    channel.refresh_from_db()
    assert (row(delivery).status, channel.enabled, channel.disabled_reason) == ("failed", False, "unreadable")


def test_address_in_our_own_network_is_refused_at_the_time_of_sending(
    user: User, elsewhere: StandIn, settings: Any
) -> None:
    settings.DELIVERY_TO_LOOPBACK = False
    url = elsewhere.url.replace("http:", "https:").replace("127.0.0.1", "localhost")
    delivery = make_delivery(make_channel(user, "webhook", {"url": url, "secret": "s"}))
    sending.deliver()
    assert (row(delivery).status, elsewhere.got) == ("failed", [])


def test_slow_receiver_does_not_hold_up_others(user: User, elsewhere: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.delivery.post.TOTAL_SECONDS", 2.0)
    elsewhere.script("/hook", Answer(hold=True))
    slow = make_delivery(make_webhook(user, elsewhere))
    quick = make_delivery(make_channel(User.objects.create_user("other"), "telegram"))
    sending.deliver()
    assert (row(slow).status, row(slow).error) == ("waiting", "no_answer")
    assert row(quick).status == "sent"
    assert row(quick).finished_at < row(slow).channel.last_error_at  # type: ignore[operator]


@pytest.mark.django_db(transaction=True)
def test_alert_that_comes_while_a_receiver_thinks_goes_out_at_once(user: User, elsewhere: StandIn) -> None:
    elsewhere.script("/hook", Answer(hold=True))
    slow = make_delivery(make_webhook(user, elsewhere))
    make_channel(User.objects.create_user("other"), "telegram")
    courier = threading.Thread(target=in_a_thread, args=(sending.deliver,))
    courier.start()
    elsewhere.wait_for("/hook")
    make_alert(1)
    elsewhere.wait_for(SEND_MESSAGE)
    assert row(slow).status == "sending"
    elsewhere.released.set()
    courier.join()
    assert set(Delivery.objects.values_list("status", flat=True)) == {"sent"}


def in_a_thread(work: Callable[[], None]) -> None:
    """Do something and let go of the thread's connection."""
    try:
        work()
    finally:
        connection.close()


def test_counts_tell_channels_and_outcomes(user: User, elsewhere: StandIn) -> None:
    make_delivery(make_webhook(user, elsewhere))
    make_delivery(make_channel(user, "telegram"), status="failed", finished_at=timezone.now())
    sending.deliver()
    assert sending.counts() == {("webhook", "sent"): 1, ("telegram", "failed"): 1}


@pytest.mark.django_db(transaction=True)
def test_message_that_is_under_way_while_the_database_fails_over_is_recorded(user: User, elsewhere: StandIn) -> None:
    def run() -> None:
        try:
            sending.deliver()
        finally:
            connection.close()

    elsewhere.script("/hook", Answer(200, hold=True))
    delivery = make_delivery(make_webhook(user, elsewhere))
    courier = threading.Thread(target=run)
    courier.start()
    elsewhere.wait_for("/hook")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    elsewhere.released.set()
    courier.join()
    assert row(delivery).status == "sent"
