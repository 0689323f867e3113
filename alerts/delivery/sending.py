"""Sending what was claimed, and recording what came of it.

The network side runs in an event loop in a thread, so that a slow receiver delays nobody else; the database side stays
in the calling thread and records each message as soon as it has ended.
"""

import asyncio
import logging
import queue
import random
import threading
import time
import traceback
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from alerts.delivery import email, push, telegram, webhook
from alerts.delivery.claim import Claimed, claim, settle
from alerts.delivery.items import Message
from alerts.delivery.outcome import Outcome, Result
from alerts.delivery.plan import plan
from alerts.delivery.post import Poster
from alerts.models import Delivery, DeliveryChannel, DeliveryState
from alerts.models.delivery import ChannelKind

RUN_SECONDS: Final = 10.0
AT_THE_SAME_TIME: Final = 20
FIRST_PAUSE: Final = 4.0
LONGEST_PAUSE: Final = 240.0
MOST_ATTEMPTS: Final = 8
MOST_REFUSALS: Final = 3
UNREADABLE: Final = Outcome(Result.GONE, "the stored address cannot be read")

Status = Delivery.Status
Results = queue.SimpleQueue[tuple[Claimed, Outcome]]
logger = logging.getLogger(__name__)


def deliver() -> None:
    """Plan and send until nothing is due or the time of a run is over; the next run goes on."""
    until = time.monotonic() + RUN_SECONDS
    plan(timezone.now())
    settle(timezone.now())
    while time.monotonic() < until and (claimed := claim(timezone.now())):
        send(claimed)


def send(claimed: Sequence[Claimed]) -> None:
    """Send messages at the same time and record each when it ends."""
    results: Results = queue.SimpleQueue()
    thread = threading.Thread(target=lambda: asyncio.run(send_all(claimed, results)), name="delivery", daemon=True)
    thread.start()
    for _ in claimed:
        record(*results.get())
    thread.join()


def send_one(delivery: Delivery) -> None:
    """Send one row that a person waits for; its row says what came of it."""
    if claimed := claim(timezone.now(), delivery):
        send(claimed)


async def send_all(claimed: Sequence[Claimed], results: Results) -> None:
    """Send messages, so many at the same time as we allow ourselves."""
    gate = asyncio.Semaphore(AT_THE_SAME_TIME)
    async with Poster(settings.DELIVERY_TO_LOOPBACK) as poster:
        await asyncio.gather(*(send_claimed(each, poster, gate, results) for each in claimed))


async def send_claimed(claimed: Claimed, poster: Poster, gate: asyncio.Semaphore, results: Results) -> None:
    """Send one message. Whatever happens, an outcome is put into the results: they are waited for."""
    outcome = UNREADABLE
    try:
        if claimed.message is not None:
            await asyncio.sleep((claimed.at - timezone.now()).total_seconds())
            async with gate:
                outcome = await attempt(claimed.message, poster)
    except Exception as error:  # noqa: BLE001  (one message must not cost the others)
        outcome = Outcome(Result.RETRY, f"unexpected {type(error).__name__}")
        # Without the error's text: it may hold an address or a token.
        where = "".join(traceback.format_tb(error.__traceback__))
        logger.error("Delivery: unexpected %s\n%s", type(error).__name__, where)
    finally:
        results.put((claimed, outcome))


async def attempt(message: Message, poster: Poster) -> Outcome:
    """Send one message over its kind of channel."""
    match message.kind:
        case ChannelKind.EMAIL:
            return await email.send(message)
        case ChannelKind.TELEGRAM:
            return await telegram.send(message, poster)
        case ChannelKind.PUSH:
            return await push.send(message, poster)
        case _:
            return await webhook.send(message, poster)


def record(claimed: Claimed, outcome: Outcome) -> None:
    """Write down what came of an attempt, unless the lease was over and somebody else took the rows."""
    now = timezone.now()
    with transaction.atomic():
        rows = Delivery.objects.filter(pk__in=claimed.rows, attempts=claimed.attempt, status=Status.SENDING)
        channel = DeliveryChannel.objects.select_for_update().filter(pk=claimed.channel).first()
        if channel is None or not rows.exists():
            return
        error = outcome.error[:200]
        if outcome.result is Result.SENT:
            rows.update(status=Status.SENT, finished_at=now, error="")
        elif outcome.result is Result.RETRY and claimed.attempt < MOST_ATTEMPTS:
            rows.update(status=Status.WAITING, next_attempt_at=now + pause(claimed.attempt, outcome), error=error)
        else:
            rows.update(status=Status.FAILED, finished_at=now, error=error)
        note(channel, claimed, outcome, now)
    logger.info("Delivery: %s %s, attempt %s: %s", channel.kind, claimed.rows[0], claimed.attempt, outcome.result)


def pause(attempts: int, outcome: Outcome) -> timedelta:
    """How long to wait: longer each time and never for all the same, and at least what the other side asked for."""
    usual = min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE) * random.uniform(0.5, 1.0)
    return timedelta(seconds=max(usual, outcome.after or 0.0))


def note(channel: DeliveryChannel, claimed: Claimed, outcome: Outcome, now: datetime) -> None:
    """Keep the channel's state: last success, last error, pauses, and whether it goes on."""
    if outcome.result is Result.SENT:
        channel.last_success_at, channel.refusals = now, 0
    else:
        channel.last_error_at, channel.last_error = now, outcome.error[:200]
    if outcome.result is Result.RETRY and outcome.after:
        until = now + timedelta(seconds=outcome.after)
        if outcome.everyone:
            DeliveryState.objects.update_or_create(name=channel.kind, defaults={"until": until})
        else:
            channel.paused_until = until
    if outcome.result is Result.REFUSED:
        channel.refusals += 1
        if channel.refusals >= MOST_REFUSALS:
            channel.disable(DeliveryChannel.Reason.REFUSED)
    if outcome.result is Result.GONE:
        leave(channel, claimed, outcome)
    channel.save()


def leave(channel: DeliveryChannel, claimed: Claimed, outcome: Outcome) -> None:
    """Give up a device that has gone, or the channel where it has no other."""
    reason = DeliveryChannel.Reason.UNREADABLE if outcome is UNREADABLE else DeliveryChannel.Reason.GONE
    if channel.kind == ChannelKind.PUSH:
        waiting = Delivery.objects.filter(channel=channel, device=claimed.device, finished_at=None)
        waiting.update(status=Status.DROPPED, finished_at=timezone.now())
        channel.devices.filter(pk=claimed.device or 0).delete()
        if channel.devices.exists():
            return
    channel.disable(reason)


def counts() -> dict[tuple[str, str], int]:
    """How many deliveries are in the table by channel and status: what metrics show. They are kept for 30 days."""
    rows = Delivery.objects.values_list("channel__kind", "status").order_by().annotate(count=Count("*"))
    return {(kind, status): count for kind, status, count in rows}
