"""Which messages go out now. Rows are claimed in one short transaction, until they end or the lease does.

A claim moves `next_attempt_at` past the longest possible attempt. A worker that is killed in mid-send leaves its rows
as they are; once the lease is over they are due again and go out marked as a repeat. Nobody else takes them before.
"""

import logging
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, Min, OuterRef, Q
from msgspec import Struct

from alerts.delivery.items import Message, from_content
from alerts.delivery.outcome import LONGEST_PAUSE
from alerts.delivery.sealing import SealBroken, unseal
from alerts.models import Delivery, DeliveryChannel, DeliveryState
from alerts.models.delivery import ChannelKind

LEASE: Final = timedelta(seconds=120)
MINUTE: Final = timedelta(minutes=1)
AT_ONCE: Final = 60  # channels in one transaction; the same run takes the rest in the next
MOST_ITEMS: Final = 200  # of a digest
TELEGRAM: Final = "telegram"
TELEGRAM_GAP: Final = timedelta(seconds=1 / 25)  # the Bot API grants about 30 a second
AHEAD: Final = timedelta(seconds=2)  # so far Telegram's places are given away
# No pause reaches farther: one that seems to was begun before the clock was set back.
FARTHEST: Final = timedelta(seconds=LONGEST_PAUSE) + AHEAD
TEST: Final = "test:"

Status = Delivery.Status
logger = logging.getLogger(__name__)


class Claimed(Struct, frozen=True):
    """A message to send and the rows it stands for. None for `message`: what is stored cannot be opened.

    `attempt` fences: who records finds the rows only if nobody claimed them again. `at`: not before, `until`: then
    somebody else may.
    """

    message: Message | None
    rows: list[int]
    attempt: int
    channel: int
    device: int | None
    at: datetime
    until: datetime


def settle(now: datetime) -> None:
    """End what came too late, and what waits for a channel that was switched off."""
    over = Q(status=Status.WAITING) | Q(next_attempt_at__lte=now)  # not what somebody sends at this moment
    open_rows = Delivery.objects.filter(over, finished_at=None)
    open_rows.filter(expires_at__lte=now).update(status=Status.EXPIRED, finished_at=now)
    off = open_rows.exclude(subject__startswith=TEST).filter(channel__enabled=False)
    off.update(status=Status.DROPPED, finished_at=now)


def claim(now: datetime, only: Delivery | None = None) -> list[Claimed]:
    """Take what is due, or one row that a person waits for, past the limits of its channel."""
    with transaction.atomic():
        if only is not None:
            rows = list(Delivery.objects.due(now).select_for_update(skip_locked=True).filter(pk=only.pk))
            return [take(only.channel, rows, now, now)] if rows else []
        due = Delivery.objects.due(now).filter(channel=OuterRef("pk"))
        free = Q(paused_until=None) | Q(paused_until__lte=now) | Q(paused_until__gt=now + FARTHEST)
        channels = DeliveryChannel.objects.filter(free, Exists(due)).select_for_update(skip_locked=True)
        chosen = list(channels.order_by("pk")[:AT_ONCE])
        places = telegram_places(now) if any(channel.kind == TELEGRAM for channel in chosen) else iter(())
        return [claimed for channel in chosen for claimed in claim_channel(channel, now, places)]


def claim_channel(channel: DeliveryChannel, now: datetime, places: Iterator[datetime]) -> Iterable[Claimed]:
    """Take what is due on one channel, each of its devices apart."""
    due = Delivery.objects.due(now).filter(channel=channel).select_for_update(skip_locked=True, of=("self",))
    rows = list(due.select_related("device").order_by("device_number", "pk")[: 5 * MOST_ITEMS])
    for device, group in groupby(rows, key=lambda row: row.device_number):
        for message in messages(channel, device, list(group), now):
            at = next(places, None) if channel.kind == TELEGRAM else now
            if at is None:
                return
            yield take(channel, message, now, at)


def messages(
    channel: DeliveryChannel, device: int, rows: Sequence[Delivery], now: datetime
) -> Iterable[Sequence[Delivery]]:
    """Rows by the message they go out in: first what is repeated, then what is new, within the channel's rate."""
    begun = sorted((row for row in rows if row.message), key=lambda row: (str(row.message), row.pk))
    yield from (list(group) for _, group in groupby(begun, key=lambda row: row.message))
    fresh = [row for row in rows if row.message is None]
    if not fresh:
        return
    lately = Delivery.objects.filter(
        channel=channel, device_number=device, attempted_at__gt=now - MINUTE, attempted_at__lt=now + MINUTE
    )
    left = channel.messages_per_minute - lately.values("message").distinct().count()
    if left <= 0:
        again = lately.aggregate(at=Min("attempted_at"))["at"] + MINUTE
        Delivery.objects.filter(pk__in=[row.pk for row in fresh]).update(next_attempt_at=again)
    elif len(fresh) <= (1 if channel.kind == TELEGRAM else left):  # one message a second is all that a chat takes
        yield from ([row] for row in fresh)
    else:
        yield fresh[:MOST_ITEMS]


def telegram_places(now: datetime) -> Iterator[datetime]:
    """Moments at which a Telegram message may go, handed out over all workers; none while all of Telegram pauses.

    The row stays locked until the caller's transaction ends, which counts what was taken.
    """
    DeliveryState.objects.get_or_create(name=TELEGRAM)
    state = DeliveryState.objects.select_for_update().get(name=TELEGRAM)
    at = max(now, state.until) if state.until and state.until <= now + FARTHEST else now
    while at < now + AHEAD:
        DeliveryState.objects.filter(name=TELEGRAM).update(until=at + TELEGRAM_GAP)
        yield at
        at += TELEGRAM_GAP


def take(channel: DeliveryChannel, rows: Sequence[Delivery], now: datetime, at: datetime) -> Claimed:
    """Mark rows as being sent together."""
    first = rows[0]
    message = first.message or uuid.uuid4()
    numbers = [row.pk for row in rows]
    Delivery.objects.filter(pk__in=numbers).update(
        status=Status.SENDING,
        message=message,
        attempts=first.attempts + 1,
        attempted_at=now,
        next_attempt_at=now + LEASE,
    )
    return Claimed(
        message=opened(channel, rows, message, now),
        rows=numbers,
        attempt=first.attempts + 1,
        channel=channel.pk,
        device=first.device_id,
        at=at,
        until=now + LEASE,
    )


def opened(channel: DeliveryChannel, rows: Sequence[Delivery], id: uuid.UUID, now: datetime) -> Message | None:
    """The message of rows, with its target; None where that cannot be opened or has gone."""
    first = rows[0]
    try:
        target = target_of(channel, first)
    except SealBroken as error:
        logger.warning("Delivery: channel %s: %s", channel.pk, error)
        return None
    return Message(
        id=str(id),
        kind=channel.kind,
        target=target,
        language=channel.language,
        items=[from_content(row.content) for row in rows],
        created_at=min(row.created_at for row in rows),
        seconds=(max(row.expires_at for row in rows) - now).total_seconds(),
        repeated=first.status == Status.SENDING,
    )


def target_of(channel: DeliveryChannel, row: Delivery) -> dict[str, Any]:
    """Where a row goes to. Raises SealBroken, also where there is nothing any more."""
    sealed = channel.target
    if channel.kind == ChannelKind.PUSH:
        sealed = row.device.subscription if row.device else ""
    if not sealed:
        raise SealBroken("expected an address, found none")
    return unseal(sealed)
