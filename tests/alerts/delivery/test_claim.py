"""Who sends what, and when: bursts, rates, leases, and two workers at once."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from alerts.delivery import sending
from alerts.delivery.claim import LEASE, TELEGRAM_GAP, Claimed, claim
from alerts.delivery.outcome import SENT
from alerts.models import Delivery, DeliveryState
from tests.alerts.delivery.builders import make_channel, make_delivery, make_webhook
from tests.alerts.delivery.standins import Answer, StandIn

WEBHOOK = {"url": "https://example.org/", "secret": "s"}


def sizes(claimed: list[Claimed]) -> list[int]:
    return [len(each.rows) for each in claimed]


@pytest.mark.django_db
def test_few_go_alone_and_a_burst_becomes_one_message(user: User) -> None:
    channel = make_channel(user, "webhook", WEBHOOK, messages_per_minute=3)
    now = timezone.now()
    for number in range(2):
        make_delivery(channel, number)
    assert sizes(claim(now + timedelta(seconds=1))) == [1, 1]
    for number in range(2, 7):
        make_delivery(channel, number)
    assert sizes(claim(now + timedelta(seconds=2))) == [5]
    waiting = make_delivery(channel, 7)
    assert claim(now + timedelta(seconds=3)) == []
    waiting.refresh_from_db()
    assert waiting.next_attempt_at == now + timedelta(seconds=61)
    assert sizes(claim(now + timedelta(seconds=62))) == [1]


@pytest.mark.django_db
def test_telegram_chat_gets_what_comes_together_in_one_message(user: User) -> None:
    channel = make_channel(user, "telegram")
    for number in range(3):
        make_delivery(channel, number)
    assert sizes(claim(timezone.now())) == [3]


@pytest.mark.django_db
def test_telegram_places_are_spread_over_time_and_end(user: User) -> None:
    for number in range(60):
        other = User.objects.create_user(f"user-{number}")
        make_delivery(make_channel(other, "telegram", {"chat": number}))
    now = timezone.now()
    claimed = claim(now)
    assert len(claimed) == 50
    assert [each.at for each in claimed] == [now + TELEGRAM_GAP * number for number in range(50)]
    assert claim(now) == []
    assert len(claim(now + timedelta(seconds=2))) == 10


@pytest.mark.django_db
def test_nothing_is_claimed_while_all_of_telegram_pauses(user: User) -> None:
    make_delivery(make_channel(user, "telegram"))
    now = timezone.now()
    DeliveryState.objects.create(name="telegram", until=now + timedelta(minutes=1))
    assert claim(now) == []
    assert len(claim(now + timedelta(minutes=1))) == 1


@pytest.mark.django_db
def test_claimed_row_is_due_again_when_its_lease_is_over_and_says_that_it_repeats(user: User) -> None:
    make_delivery(make_channel(user, "webhook", WEBHOOK))
    now = timezone.now()
    (first,) = claim(now)
    assert claim(now + LEASE - timedelta(seconds=1)) == []
    (second,) = claim(now + LEASE)
    assert first.message
    assert second.message
    assert (first.message.repeated, second.message.repeated) == (False, True)
    assert first.message.id == second.message.id
    sending.record(first, SENT)  # a worker that slept through its lease has no say any more
    assert Delivery.objects.get().status == "sending"
    sending.record(second, SENT)
    assert (Delivery.objects.get().status, Delivery.objects.get().attempts) == ("sent", 2)


@pytest.mark.django_db
def test_retry_of_a_digest_stays_one_message(user: User) -> None:
    channel = make_channel(user, "webhook", WEBHOOK, messages_per_minute=1)
    for number in range(4):
        make_delivery(channel, number)
    now = timezone.now()
    (first,) = claim(now)
    make_delivery(channel, 9)
    (again,) = claim(now + LEASE)  # it counts as this minute's message, so what is new waits
    assert again.rows == first.rows


def in_threads(work: Callable[[], Any], count: int) -> list[Any]:
    """What some threads return that do the same at the same time."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(work())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_time_send_each_message_once(user: User, elsewhere: StandIn) -> None:
    for number in range(12):
        other = User.objects.create_user(f"user-{number}")
        make_delivery(make_webhook(other, elsewhere), number)
    elsewhere.script("/hook", Answer(500))
    in_threads(sending.deliver, 4)
    assert len(elsewhere.at("/hook")) == 12
    assert sorted(Delivery.objects.values_list("status", flat=True)) == ["sent"] * 11 + ["waiting"]
    assert len({got.headers["Idempotency-Key"] for got in elsewhere.at("/hook")}) == 12


@pytest.mark.django_db
def test_clock_that_was_set_back_silences_no_channel(user: User) -> None:
    later = timezone.now() + timedelta(hours=1)
    chat, hook = make_channel(user, "telegram"), make_channel(user, "webhook", WEBHOOK, messages_per_minute=1)
    for channel in (chat, hook):
        make_delivery(channel, 1, status="sent", finished_at=later, attempted_at=later, next_attempt_at=later)
        make_delivery(channel, 2)
    hook.paused_until = later
    hook.save()
    DeliveryState.objects.create(name="telegram", until=later)
    assert {each.channel for each in claim(timezone.now())} == {chat.pk, hook.pk}


@pytest.mark.django_db
def test_message_whose_lease_is_over_before_its_turn_is_left_to_whoever_took_it(user: User, elsewhere: StandIn) -> None:
    now = timezone.now()
    make_delivery(make_webhook(user, elsewhere), next_attempt_at=now - LEASE)
    late, again = claim(now - LEASE), claim(now)
    with sending.Sender() as sender:
        for claimed in (late, again):
            sender.submit(claimed)
            while sender.in_flight:
                sender.record(None)
    assert len(elsewhere.at("/hook")) == 1
    assert Delivery.objects.get().status == "sent"
