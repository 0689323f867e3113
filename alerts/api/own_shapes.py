"""Users' own alerts over REST: what may be asked and set, and the shape of answers, with units."""

import re
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as fields

from alerts.models.personal import Condition, Measure
from alerts.personal.forms import COOLDOWNS, MINUTE
from market.api.parameters import Query, Symbols, Whole, row_limit
from market.api.serializers.fields import count, moment, number, word

MOST: Final = 500
LARGEST_KEY: Final = 2**63 - 1
CURSOR: Final = re.compile(r"([0-9]{1,16})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
UNITS: Final = (
    "Price in VND (futures and indices in points), change in per cent of the reference, volume and foreign_volume in "
    "shares or contracts, relative_volume in times the usual, foreign_value in VND; foreign net selling is negative."
)
KIND: Final = f"What is looked at. Of an index only `{Measure.PRICE}`, which is its value."
CONDITION: Final = (
    "`above`, `below` or `crosses` for price, change, foreign_value and foreign_volume; `above` for volume and "
    "relative_volume; `ceiling`, `floor` or `leaves` for limit."
)
COOLDOWN: Final = (
    f"How long one that repeats is silent afterwards: {', '.join(str(each * MINUTE) for each in COOLDOWNS)}."
)
EXPIRES: Final = "Last day on which it may go off, at most two years ahead; null for no end."


@extend_schema_field({"type": "number", "nullable": True})
class Threshold(fields.Field):  # type: ignore[type-arg]
    """A number as JSON has it."""

    def to_internal_value(self, data: Any) -> float:
        """Refuse text, yes and no, and what is too large for a number."""
        if isinstance(data, int | float) and not isinstance(data, bool) and abs(data) < 1e18:
            return float(data)
        raise fields.ValidationError("expected a number")

    def to_representation(self, value: Any) -> Any:
        return value


class NewAlert(fields.Serializer[Any]):
    """A new alert."""

    symbol = fields.CharField(max_length=24, help_text="Code of a stock, index or future, or an alias (VN30F1M).")
    kind = fields.ChoiceField(choices=Measure.values, help_text=KIND)
    condition = fields.ChoiceField(choices=Condition.values, help_text=CONDITION)
    threshold = Threshold(required=False, allow_null=True, help_text=f"{UNITS} Not for limit.")
    repeats = fields.BooleanField(required=False, default=False, help_text="Once, or each time.")
    cooldown_seconds = fields.ChoiceField(
        choices=[each * MINUTE for each in COOLDOWNS], required=False, default=15 * MINUTE, help_text=COOLDOWN
    )
    expires_on = fields.DateField(required=False, allow_null=True, default=None, help_text=EXPIRES)
    note = fields.CharField(required=False, default="", allow_blank=True, max_length=200, help_text="Your own words.")


class AlertChange(NewAlert):
    """What is to be changed of an alert; the rest stays."""

    is_paused = fields.BooleanField(required=False, help_text="true lets it rest, false lets it wait again.")
    is_spent = fields.BooleanField(required=False, help_text="false sets one anew that went off; true is refused.")

    def validate_is_spent(self, spent: bool) -> bool:
        """Refuse to call one spent that did not go off."""
        if spent:
            raise fields.ValidationError("expected false, was true")
        return spent


class OwnAlert(fields.Serializer[Any]):
    """An alert of the user."""

    id = count("Its number.")
    symbol = word("Code.")
    kind = fields.ChoiceField(choices=Measure.values, help_text=KIND)
    condition = fields.ChoiceField(choices=Condition.values, help_text=CONDITION)
    threshold = number(f"{UNITS} Null for limit.")
    words = word("What it waits for, in English.")
    repeats = fields.BooleanField(help_text="Once, or each time.")
    cooldown_seconds = count("How long one that repeats is silent afterwards.")
    expires_on = fields.DateField(allow_null=True, help_text=EXPIRES)
    note = word("Your own words.")
    is_paused = fields.BooleanField(help_text="Rests until it is resumed.")
    is_spent = fields.BooleanField(help_text="Went off, and does not repeat.")
    state = word("active, paused, spent or expired: only an active one may go off.")
    version = count("Grows when what it waits for is changed or set anew.")
    created_at = moment("ISO 8601 with +07:00.")
    updated_at = moment("ISO 8601 with +07:00.")


class OwnAlerts(fields.Serializer[Any]):
    """A page of alerts, newest first."""

    alerts = OwnAlert(many=True)
    most_active = count("How many may be active at once.")
    next = fields.IntegerField(allow_null=True, help_text="`before` of the next page; null after the last.")


class OwnHit(fields.Serializer[Any]):
    """An alert that went off."""

    id = fields.UUIDField(help_text="Its name for ever, the same over the socket and in webhooks.")
    alert = fields.IntegerField(allow_null=True, help_text="Number of the alert; null once that was deleted.")
    symbol = word("Code.")
    kind = fields.ChoiceField(choices=Measure.values, help_text="What was looked at.")
    time = moment()
    words = word("What it waited for, in English.")
    evidence = fields.DictField(help_text="condition, threshold, and what was measured.")
    note = word("As it was when the alert went off.")


class OwnHits(fields.Serializer[Any]):
    """A page of hits, newest first."""

    hits = OwnHit(many=True)
    next = fields.CharField(allow_null=True, help_text="`cursor` of the next page; null after the last.")


class OwnAlertsQuery(Query):
    """Which alerts are wanted."""

    symbols = Symbols(default=None, help_text="Comma list of symbols; all without it.")
    limit = row_limit(100, MOST, "Alerts on a page.")
    before = Whole(
        min_value=1, max_value=LARGEST_KEY, default=None, help_text="`next` of the page before: older ones than this."
    )


@extend_schema_field(OpenApiTypes.STR)
class Place(fields.Field):  # type: ignore[type-arg]
    """A place among hits: time and id."""

    def to_internal_value(self, data: Any) -> tuple[datetime, UUID]:
        """Read what `place_of` wrote."""
        found = CURSOR.fullmatch(str(data))
        try:
            if found:
                return datetime.fromtimestamp(int(found[1]) / 1_000_000, tz=UTC), UUID(found[2])
        except (ValueError, OverflowError, OSError):
            pass
        raise fields.ValidationError(f"expected `next` of another page, was {str(data)[:40]!r}")


def place_of(time: datetime, id: UUID) -> str:
    """Name the place after a hit."""
    return f"{round(time.timestamp() * 1_000_000)}-{id}"


class OwnHitsQuery(Query):
    """Which hits are wanted."""

    symbols = Symbols(default=None, help_text="Comma list of symbols; all without it.")
    alert = Whole(min_value=1, max_value=LARGEST_KEY, default=None, help_text="Only those of an alert, by its number.")
    limit = row_limit(100, MOST, "Hits on a page.")
    cursor = Place(default=None, help_text="`next` of the page before; leave the other parameters as they were.")
