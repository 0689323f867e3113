"""Sending what was claimed, and recording what came of it.

The network side runs in an event loop in a thread, so that a slow receiver delays nobody else; the database side stays
in the calling thread and records each message as soon as it has ended.
"""

import asyncio
import contextlib
import logging
import queue
import random
import threading
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone

from alerts.delivery import email, push, telegram, webhook
from alerts.delivery.claim import Claimed, claim, settle
from alerts.delivery.items import Message
from alerts.delivery.outcome import Outcome, Result
from alerts.delivery.plan import plan
from alerts.delivery.post import Poster
from alerts.delivery.reasons import Reason
from alerts.models import Delivery, DeliveryChannel, DeliveryState
from alerts.models.delivery import ChannelKind

RUN_SECONDS: Final = 20.0
TICK_SECONDS: Final = 0.5
AT_THE_SAME_TIME: Final = 40
FIRST_PAUSE: Final = 4.0
LONGEST_PAUSE: Final = 240.0
MOST_ATTEMPTS: Final = 8
MOST_REFUSALS: Final = 3
LONGEST_ATTEMPT: Final = timedelta(seconds=15)
RECORD_AGAIN_AFTER: Final = (0.0, 1.0, 3.0)  # seconds; a database that fails over is away for some
UNREADABLE: Final = Outcome(Result.GONE, Reason.UNREADABLE())

Status = Delivery.Status
Results = queue.SimpleQueue[tuple[Claimed, Outcome | None]]
logger = logging.getLogger(__name__)


class Sender:
    """An event loop in a thread. Use as a context manager; `submit` and `record` from the thread that made it."""

    def __init__(self) -> None:
        self.in_flight = 0
        self._results: Results = queue.SimpleQueue()
        self._loop = asyncio.new_event_loop()
        # Nobody waits for its threads in the end: a resolver or a mail server may hold one for long.
        self._threads = ThreadPoolExecutor(AT_THE_SAME_TIME, "delivery")
        self._loop.set_default_executor(self._threads)
        self._thread = threading.Thread(target=self._loop.run_forever, name="delivery", daemon=True)
        self._gate = asyncio.Semaphore(AT_THE_SAME_TIME)
        self._poster = Poster(settings.DELIVERY_TO_LOOPBACK)

    def __enter__(self) -> "Sender":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        asyncio.run_coroutine_threadsafe(self._poster.__aexit__(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._threads.shutdown(wait=False)

    def submit(self, claimed: Sequence[Claimed]) -> None:
        """Begin to send."""
        for each in claimed:
            work = send_claimed(each, self._poster, self._gate, self._results)
            asyncio.run_coroutine_threadsafe(work, self._loop)
        self.in_flight += len(claimed)

    def record(self, seconds: float | None) -> None:
        """Wait for an outcome, so long at most, and write down all that there are."""
        with contextlib.suppress(queue.Empty):
            found = self._results.get(timeout=seconds)
            while True:
                self.in_flight -= 1
                record_surely(*found)
                found = self._results.get_nowait()


def deliver() -> None:
    """Plan and send until nothing is due or the time of a run is over; the next run goes on.

    While somebody is slow to answer, what comes meanwhile goes out.
    """
    until = time.monotonic() + RUN_SECONDS
    if not (claimed := take_due()):
        return
    with Sender() as sender:
        while claimed or sender.in_flight:
            sender.submit(claimed)
            sender.record(TICK_SECONDS)
            claimed = []
            if time.monotonic() < until:
                try:
                    claimed = take_due()
                except DatabaseError as error:  # the next run goes on; what is under way is to be recorded yet
                    logger.warning("Delivery: the database does not answer: %s", str(error).strip())
                    connection.close()
                    until = 0.0


def take_due() -> list[Claimed]:
    """Plan what is new, end what is too late, and claim what is due."""
    now = timezone.now()
    plan(now)
    settle(now)
    return claim(now)


def send_one(delivery: Delivery) -> None:
    """Send one row that a person waits for; its row says what came of it."""
    with Sender() as sender:
        sender.submit(claim(timezone.now(), delivery))
        while sender.in_flight:
            sender.record(None)


async def send_claimed(claimed: Claimed, poster: Poster, gate: asyncio.Semaphore, results: Results) -> None:
    """Send one message. Whatever happens, an outcome is put into the results: they are waited for.

    None: the lease would be over before the end, so that somebody else may send it at the same time.
    """
    outcome: Outcome | None = UNREADABLE
    try:
        if claimed.message is not None:
            await asyncio.sleep((claimed.at - timezone.now()).total_seconds())
            async with gate:
                in_time = timezone.now() + LONGEST_ATTEMPT < claimed.until
                outcome = await attempt(claimed.message, poster) if in_time else None
    except Exception as error:  # noqa: BLE001  (one message must not cost the others)
        outcome = Outcome(Result.RETRY, Reason.UNEXPECTED(type(error).__name__))
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


def record_surely(claimed: Claimed, outcome: Outcome | None) -> None:
    """Write down what came of an attempt, again over another connection where the database does not answer."""
    if outcome is None:
        return
    for seconds in RECORD_AGAIN_AFTER:
        try:
            return record(claimed, outcome)
        except DatabaseError as error:
            logger.warning("Delivery: what was sent is recorded again: %s", str(error).strip())
            connection.close()
            time.sleep(seconds)
    record(claimed, outcome)


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
