"""Repairs today's minutes: times in which ingest was away, and volume that it did not see being traded.

A repair fetches minutes from the venue; those with more volume than ours replace ours. Doing it twice changes nothing.
"""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from datetime import time as clock
from typing import Any, Final

import redis
from django.conf import settings
from django.utils import timezone

from market.backfill.convert import minute_of, within
from market.backfill.plan import Target
from market.backfill.store import store_minutes
from market.backfill.venue import Venue, day_of
from market.domain.calendar import VIETNAM, midnight
from market.feed.errors import FatalFeedError, FeedError, RetryableFeedError
from market.feed.rest import MAX_DAYS
from market.models import Gap, IngestRun

logger = logging.getLogger(__name__)

OPENING: Final = clock(8, 45)  # of the derivatives, the first board
CLOSE: Final = clock(15, 5)  # the last trades come some minutes late
SETTLING: Final = timedelta(minutes=2)  # what the venue needs to tell of a minute that ended
SHORTEST: Final = timedelta(seconds=2)  # shorter than that is a restart of the writer
KEPT_SECONDS: Final = 36 * 3600  # of the memory of repairs; they are of one day

Span = tuple[datetime, datetime]


def record_gap(start: datetime, end: datetime, reason: str) -> bool:
    """Note that ingest saw nothing from start to end by the market's clock; True if that was news.

    The periodic task `fill_gaps` fetches the minutes. Times carry an offset; a span without length is none.
    """
    if end <= start:
        return False
    _, created = Gap.objects.get_or_create(start=start, end=end, defaults={"reason": reason[:200]})
    return created


def fill(venue: Venue, targets: Iterable[Target], moment: datetime, until: float) -> int:
    """Fetch the minutes of gaps that the venue can tell by now, oldest gap first; return how many changed.

    `moment` is the market's time, `until` the monotonic second at which to stop; a next call goes on from there.
    """
    ordered = sorted(targets, key=lambda target: target.code)
    changed = 0
    for gap in due(moment):
        # Of a gap longer than a month the newest month is fetched: the venue gives no more at once.
        last = day_of(min(gap.end, moment))
        days = max(day_of(gap.start), last - timedelta(days=MAX_DAYS - 1)), last
        span = gap.start.replace(second=0, microsecond=0), gap.end
        for target in ordered:
            if target.code <= gap.reached:
                continue
            if time.monotonic() >= until:
                return changed
            changed += fill_days(venue, target, days, span, moment)
            gap.reached = target.code
            gap.save(update_fields=["reached"])
        gap.filled_at = timezone.now()
        gap.save(update_fields=["filled_at"])
        logger.info("Filled the gap %s", gap)
    return changed


def due(moment: datetime) -> list[Gap]:
    """The gaps that the venue can tell of by now, oldest first."""
    return list(Gap.objects.filter(filled_at=None, end__lte=moment - SETTLING).order_by("start"))


def fill_days(venue: Venue, target: Target, days: tuple[date, date], span: Span, moment: datetime) -> int:
    """Fetch the minutes of one target, and keep those of the span. What the venue refuses is left as it is."""
    try:
        bars = venue.rows(lambda rest: rest.intraday_ohlc(target.code, *days))
    except (FatalFeedError, RetryableFeedError):
        raise
    except FeedError as error:
        logger.warning("Minutes of %s are refused, going on without: %s", target.code, error)
        return 0
    minutes = (minute_of(target, row, moment) for row in within(bars, *days))
    return store_minutes(minute for minute in minutes if minute is not None and span[0] <= minute.at <= span[1])


def find_gaps(moment: datetime) -> list[Gap]:
    """Record the times of today's session between two runs of the live ingest, or before the first one.

    Of runs of a simulation or a replay the wall clock tells nothing about the market.
    """
    day = moment.astimezone(VIETNAM).date()
    opening, close = datetime.combine(day, OPENING, VIETNAM), datetime.combine(day, CLOSE, VIETNAM)
    runs = IngestRun.objects.filter(source=IngestRun.Source.SSI, last_seen_at__gte=opening).order_by("started_at")
    found = []
    seen = opening
    for run in runs:
        start, end = seen, min(run.started_at, close)
        if end - start >= SHORTEST and record_gap(start, end, "ingest was away"):
            found.append(Gap(start=start, end=end))
        seen = max(seen, run.stopped_at or run.last_seen_at)
    return found


class Unseen:
    """Which symbols have volume that ingest did not see being traded, and of which that was repaired; kept in Redis.

    A repair waits until the next look: before, the minute in which the volume grew may not be over.
    """

    def __init__(self, client: "redis.Redis", day: date) -> None:
        self._client = client
        self._noticed = f"backfill:noticed:{day.isoformat()}"
        self._repaired = f"backfill:repaired:{day.isoformat()}"

    def look(self, rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """Notice the unclassified volume of rows by symbol; return the symbols to repair now, the most volume first."""
        noticed, repaired = self._load(self._noticed), self._load(self._repaired)
        volumes = {code: int(row.get("unclassified_volume") or 0) for code, row in rows.items()}
        for code, volume in volumes.items():
            if volume > noticed.get(code, 0):
                self._client.hset(self._noticed, code, str(volume))
        self._client.expire(self._noticed, KEPT_SECONDS)
        missing = {code: volume - repaired.get(code, 0) for code, volume in noticed.items()}
        return sorted((code for code, volume in missing.items() if volume > 0), key=lambda code: -missing[code])

    def repaired(self, code: str, noticed: int) -> None:
        """Remember that a symbol was repaired when so much had been noticed."""
        self._client.hset(self._repaired, code, str(noticed))
        self._client.expire(self._repaired, KEPT_SECONDS)

    def noticed(self) -> dict[str, int]:
        """The volumes noticed so far."""
        return self._load(self._noticed)

    def _load(self, key: str) -> dict[str, int]:
        return {_text(code): int(volume) for code, volume in self._client.hgetall(key).items()}


def _text(code: bytes | str) -> str:
    return code.decode() if isinstance(code, bytes) else code


def connect() -> "redis.Redis":
    """A client of the settings' Redis."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=3, socket_timeout=3)


def repair(
    venue: Venue, targets: Iterable[Target], codes: Sequence[str], unseen: Unseen, moment: datetime, until: float
) -> int:
    """Fetch today's minutes of symbols with unseen volume; return how many minutes changed. Times as for `fill`."""
    by_code = {target.code: target for target in targets}
    today = day_of(moment)
    span = midnight(today), moment
    noticed = unseen.noticed()
    changed = 0
    for code in codes:
        target = by_code.get(code)
        if target is None:
            continue
        if time.monotonic() >= until:
            break
        changed += fill_days(venue, target, (today, today), span, moment)
        unseen.repaired(code, noticed[code])
    return changed
