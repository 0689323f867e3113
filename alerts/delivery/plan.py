"""From stored alerts and hits to deliveries. It reads rows and nothing else, so a Redis that is away delays nothing.

What was looked at is remembered by its subject, not by a position in time: rows reach the table out of order when
ingest catches up after the database was away. An alert's staleness is judged against the market's clock, which in a
simulation or a replay is not ours.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import CharField, Exists, Max, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat
from msgspec import Struct

from alerts.delivery.items import Item, Sort, to_content
from alerts.delivery.wanted import VIETNAM, is_silenced, quiet_end, wants
from alerts.models import Alert, Delivery, DeliveryChannel, DeliveryState, PersonalHit, PlannedSubject, PushDevice
from alerts.models.delivery import ChannelKind
from market.models import IngestRun, WatchlistItem

STALE_AFTER: Final = timedelta(minutes=15)
SUMMARY_STALE_AFTER: Final = timedelta(hours=12)
AT_ONCE: Final = 2000  # subjects in one transaction; the next run takes the rest
HITS_SINCE: Final = timedelta(days=1)
OWN: Final = "own:"


class Subject(Struct, frozen=True):
    """A thing to tell: to everybody whose channel wants it (`user` None) or to one user."""

    key: str
    item: Item
    is_stale: bool
    user: int | None = None


def plan(now: datetime) -> int:
    """Create the deliveries of what is new; return how many subjects that were.

    Of two at once the second finds the lock taken and leaves it to the first.
    """
    DeliveryState.objects.get_or_create(name="plan")
    with transaction.atomic():
        if not DeliveryState.objects.select_for_update(skip_locked=True).filter(name="plan"):
            return 0
        feed = present_feed()
        subjects = [*new_alerts(feed, now), *new_hits(feed, now)]
        if subjects:
            Delivery.objects.bulk_create(deliveries(subjects, now), ignore_conflicts=True)
            planned = [PlannedSubject(subject=subject.key, planned_at=now) for subject in subjects]
            PlannedSubject.objects.bulk_create(planned, ignore_conflicts=True)
    return len(subjects)


class Feed(Struct, frozen=True):
    """Where alerts come from. `suffix` tells the same alert of another simulation or replay from this one's."""

    source: str = "ssi"
    suffix: str = ""


def present_feed() -> Feed:
    """The feed of the newest start of ingest."""
    run = IngestRun.objects.order_by("-started_at").first()
    return Feed() if run is None or run.source == "ssi" else Feed(run.source, f"@{run.identity}"[:60])


def new_alerts(feed: Feed, now: datetime) -> list[Subject]:
    """Alerts of the newest day that were not looked at yet, oldest first."""
    newest = Alert.objects.aggregate(at=Max("at"))["at"]
    if newest is None:
        return []
    clock = now if feed.source == "ssi" else newest
    midnight = newest.astimezone(VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)
    key = Concat("id", Value(feed.suffix), output_field=CharField())
    rows = unplanned(Alert.objects.filter(at__gte=midnight), key)
    return [
        Subject(f"{row.id}{feed.suffix}", alert_item(row, feed.source), row.at < clock - STALE_AFTER)
        for row in rows.order_by("at", "id")[:AT_ONCE]
    ]


def new_hits(feed: Feed, now: datetime) -> list[Subject]:
    """Hits of users' own alerts that were not looked at yet, oldest first."""
    key = Concat(Value(OWN), Cast("id", CharField()), output_field=CharField())
    rows = unplanned(PersonalHit.objects.filter(created_at__gte=now - HITS_SINCE), key)
    return [
        Subject(f"{OWN}{row.id}", hit_item(row, feed.source), row.created_at < now - STALE_AFTER, row.user_id)
        for row in rows.order_by("created_at", "id")[:AT_ONCE]
    ]


def unplanned(rows: "QuerySet[Alert] | QuerySet[PersonalHit]", key: Concat) -> "QuerySet[Any]":
    """Rows whose subject is not known yet."""
    return rows.annotate(key=key).filter(~Exists(PlannedSubject.objects.filter(subject=OuterRef("key"))))


def alert_item(row: Alert, source: str) -> Item:
    """An alert of the market, to be told."""
    return Item(
        sort=Sort.ALERT,
        id=row.id,
        time=local_time(row.at),
        kind=row.kind,
        symbol=row.symbol,
        severity=row.severity,
        evidence=row.evidence,
        source=source,
    )


def hit_item(row: PersonalHit, source: str) -> Item:
    """A user's own alert that fired, to be told."""
    return Item(
        sort=Sort.OWN,
        id=str(row.id),
        time=local_time(row.time),
        kind=row.kind,
        symbol=row.symbol,
        evidence=row.evidence,
        note=row.note,
        source=source,
    )


def local_time(at: datetime) -> str:
    """ISO 8601 with Vietnam's offset."""
    return at.astimezone(VIETNAM).isoformat()


def deliveries(subjects: Sequence[Subject], now: datetime) -> Iterable[Delivery]:
    """A row for each channel that wants a subject, and each of its devices."""
    channels = DeliveryChannel.objects.filter(enabled=True, user__is_active=True).prefetch_related("devices")
    watched = watched_symbols([channel.user_id for channel in channels if channel.only_watchlists])
    for channel in channels:
        theirs = watched.get(channel.user_id, set())
        for subject in subjects:
            if subject.user in (None, channel.user_id) and wants(channel, subject.item, theirs):
                yield from for_channel(channel, subject, now)


def watched_symbols(users: Sequence[int]) -> dict[int, set[str]]:
    """What stands in the watchlists of users."""
    found: dict[int, set[str]] = {}
    rows = WatchlistItem.objects.filter(watchlist__owner__in=users) if users else WatchlistItem.objects.none()
    for user, symbol in rows.values_list("watchlist__owner", "symbol"):
        found.setdefault(user, set()).add(symbol)
    return found


def for_channel(channel: DeliveryChannel, subject: Subject, now: datetime) -> Iterable[Delivery]:
    """The rows of one subject over one channel.

    What is stale or falls into quiet hours is recorded and ended; a day's summary waits for their end.
    """
    status, begin, worth = Delivery.Status.WAITING, now, STALE_AFTER
    if subject.is_stale:
        status = Delivery.Status.EXPIRED
    elif subject.item.sort is Sort.SUMMARY:
        begin, worth = quiet_end(channel, now), SUMMARY_STALE_AFTER
    elif is_silenced(channel, subject.item, now):
        status = Delivery.Status.QUIET
    devices: list[PushDevice | None] = list(channel.devices.all()) if channel.kind == ChannelKind.PUSH else [None]
    for device in devices:
        yield Delivery(
            channel=channel,
            device=device,
            device_number=device.pk if device else 0,
            subject=subject.key,
            content=to_content(subject.item),
            status=status,
            next_attempt_at=begin,
            expires_at=begin + worth,
            finished_at=None if status == Delivery.Status.WAITING else now,
        )
