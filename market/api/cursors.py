"""Where a page of trades ended, as text that a client hands back and need not understand."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Final

from rest_framework.exceptions import ValidationError

from market.history import TickKey

LAST_MICROSECOND: Final = 4_102_444_800_000_000  # the year 2100
LARGEST_VOLUME: Final = 2**63 - 1


def encode(at: int, total_volume: int) -> str:
    """The cursor after the trade with this time (epoch seconds) and total."""
    return base64.urlsafe_b64encode(f"{at * 1_000_000}.{total_volume}".encode()).decode().rstrip("=")


def decode(text: str) -> TickKey:
    """The place that a cursor names. Raises ValidationError."""
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
        micros, total = (int(part) for part in plain.split(".") if part.isdigit())
    except (ValueError, binascii.Error):
        micros = total = -1
    if not (0 <= micros <= LAST_MICROSECOND and 0 <= total <= LARGEST_VOLUME):
        raise ValidationError({"cursor": f"expected `next` of another page, was {text[:40]!r}"})
    return TickKey(datetime.fromtimestamp(micros / 1_000_000, tz=UTC), total)
