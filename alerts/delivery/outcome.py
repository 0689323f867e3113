"""What came of an attempt to send."""

from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from alerts.delivery.reasons import Reason

LONGEST_PAUSE: Final = 900.0  # seconds: later than that an alert is stale anyway
TRY_AGAIN: Final = frozenset({408, 425, 429})


class Result(StrEnum):
    SENT = "sent"
    RETRY = "retry"
    REFUSED = "refused"  # this message will never be taken; several in a row switch the channel off
    GONE = "gone"  # the other side is no longer there: the channel or device goes at once


class Outcome(Struct, frozen=True):
    """`error` is one of `reasons` and holds nothing secret. `after`: seconds that the other side asked us to wait.

    `everyone`: it asked so of all that we send over this kind of channel.
    """

    result: Result
    error: str = ""
    after: float | None = None
    everyone: bool = False


SENT: Final = Outcome(Result.SENT)


def of_status(status: int, retry_after: str, now: datetime, gone: frozenset[int] = frozenset({410})) -> Outcome:
    """Judge an HTTP answer: 2xx took it; too early, too many and 5xx try again; the rest refuses."""
    error = Reason.HTTP(status)
    if 200 <= status < 300:
        return SENT
    if status in gone:
        return Outcome(Result.GONE, error)
    if status in TRY_AGAIN or status >= 500:
        return Outcome(Result.RETRY, error, pause(retry_after, now))
    if 300 <= status < 400:
        return Outcome(Result.REFUSED, Reason.REDIRECT(status))
    return Outcome(Result.REFUSED, error)


def pause(retry_after: str, now: datetime) -> float | None:
    """Seconds of a Retry-After header (RFC 9110: seconds or a date); None without a sensible one."""
    try:
        seconds = float(retry_after) if retry_after.isdecimal() else seconds_until(retry_after, now)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_PAUSE)


def seconds_until(date: str, now: datetime) -> float:
    """How far away an HTTP date is. Raises ValueError for what is none, TypeError for one without a zone."""
    return (parsedate_to_datetime(date) - now).total_seconds()
