"""The summary of a day over the channels of those who want it."""

from collections.abc import Mapping
from datetime import date

from django.utils import timezone

from alerts.delivery.items import Item, Sort
from alerts.delivery.plan import Subject, deliveries, local_time, present_feed
from alerts.models import Delivery


def deliver_summary(day: date, words: Mapping[str, str]) -> int:
    """Queue a day's summary for everybody who wants it, and return how many rows wait for it now.

    `words` is short plain text by language ("vi", "en"); its first line is the headline. Calling it again for the day
    adds nothing. Within a channel's quiet hours it waits for their end.
    """
    now = timezone.now()
    feed = present_feed()
    item = Item(
        sort=Sort.SUMMARY,
        id=day.isoformat(),
        time=local_time(now),
        severity="info",
        source=feed.source,
        words=dict(words),
    )
    subject = Subject(f"summary:{day.isoformat()}{feed.suffix}", item, is_stale=False)
    Delivery.objects.bulk_create(deliveries([subject], now), ignore_conflicts=True)
    return Delivery.objects.filter(subject=subject.key, finished_at=None).count()
