"""What requests may ask for. A parameter that cannot be used is named, with what was expected."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from market.domain.calendar import VIETNAM, midnight
from market.queries import SECONDS

LISTS: Final = ("VN30", "HOSE", "HNX", "UPCOM", "ALL")
MOST_SYMBOLS: Final = 200
DEFAULT_ROWS: Final = 500
MOST_ROWS: Final = 10_000
MOST_TICKS: Final = 1_000
MOST_TICKS_CSV: Final = 100_000
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2099
SYMBOL: Final = re.compile(r"[A-Z0-9-]{1,24}")
LOST_PLUS: Final = re.compile(r"(T\S+) (\d\d:?\d\d)$")  # a + that was not escaped arrives as a space
# Days that a range may span, by interval: more rows than MOST_ROWS would not be answered anyway.
MOST_DAYS: Final = {"1s": 1, "1m": 31, "5m": 184, "15m": 366, "1h": 1830, "1d": 9150}
HELP_FROM: Final = "Beginning of the range, included: a date or a time. A time without offset is Vietnam's."
HELP_TO: Final = "End of the range: a time is excluded, a date is included as a whole day. Default: now."


@extend_schema_field(OpenApiTypes.STR)
class Symbols(serializers.Field):  # type: ignore[type-arg]
    """A comma list of symbols, in capital letters and without repetition."""

    def to_internal_value(self, data: Any) -> list[str]:
        found = [word.strip().upper() for word in str(data).split(",") if word.strip()]
        if wrong := next((word for word in found if not SYMBOL.fullmatch(word)), None):
            raise serializers.ValidationError(f"expected letters and digits, was {wrong[:40]!r}")
        if len(found) > MOST_SYMBOLS:
            raise serializers.ValidationError(f"expected at most {MOST_SYMBOLS} symbols, was {len(found)}")
        return sorted(set(found))


class Choice(serializers.ChoiceField):
    """One of a few words, in any case."""

    default_error_messages = {"invalid_choice": "expected one of {choices}, was {input!r}"}

    def to_internal_value(self, data: Any) -> Any:
        by_case = {str(choice).lower(): choice for choice in self.choices}
        choice = by_case.get(str(data).strip().lower())
        if choice is None:
            self.fail("invalid_choice", choices=", ".join(map(str, self.choices)), input=str(data)[:40])
        return choice


class Whole(serializers.IntegerField):
    """A whole number within bounds."""

    def to_internal_value(self, data: Any) -> int:
        low, high = self.min_value or 0, self.max_value or 0
        text = str(data).strip()
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text) or not low <= int(text) <= high:
            raise serializers.ValidationError(f"expected a whole number from {low} to {high}, was {text[:40]!r}")
        return int(text)


def moment(text: str, *, end: bool) -> datetime:
    """A time from ISO 8601 text; a date is its first moment or, as an end, the first of the next day."""
    given = LOST_PLUS.sub(r"\1+\2", text.strip())
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", given):
            day = date.fromisoformat(given)
            found = midnight(day + timedelta(days=1) if end else day)
        else:
            found = datetime.fromisoformat(given)
            found = found if found.tzinfo else found.replace(tzinfo=VIETNAM)
        in_bounds = FIRST_YEAR <= found.astimezone(UTC).year <= LAST_YEAR
    except (ValueError, OverflowError):
        in_bounds = False
    if not in_bounds:
        raise serializers.ValidationError(
            f"expected a date (2026-11-20) or time (2026-11-20T09:15:00+07:00) from {FIRST_YEAR} to {LAST_YEAR}, "
            f"was {text[:40]!r}"
        )
    return found


@extend_schema_field(OpenApiTypes.STR)
class Start(serializers.Field):  # type: ignore[type-arg]
    """The beginning of a range."""

    def to_internal_value(self, data: Any) -> datetime:
        return moment(str(data), end=False)


@extend_schema_field(OpenApiTypes.STR)
class End(serializers.Field):  # type: ignore[type-arg]
    """The end of a range."""

    def to_internal_value(self, data: Any) -> datetime:
        return moment(str(data), end=True)


@extend_schema_field(OpenApiTypes.DATE)
class Day(serializers.Field):  # type: ignore[type-arg]
    """A calendar date."""

    def to_internal_value(self, data: Any) -> date:
        try:
            day = date.fromisoformat(str(data))
        except ValueError:
            day = date.min
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise serializers.ValidationError(f"expected a date (2026-11-20), was {str(data)[:40]!r}")
        return day


class Query(serializers.Serializer):  # type: ignore[type-arg]
    """A query string. What is given empty counts as not given; parameters that do not exist are ignored."""

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value({name: value for name, value in data.items() if value.strip() != ""})


def validated(query: type[Query], given: Mapping[str, Any]) -> dict[str, Any]:
    """What a query string asks for. Raises ValidationError."""
    serializer = query(data=given)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


class LiveQuery(Query):
    """What of the live copy is wanted."""

    symbols = Symbols(
        default=None, help_text=f"Comma list of at most {MOST_SYMBOLS} symbols; wins over `list`. Unknown ones are 404."
    )
    list = Choice(
        choices=LISTS, default="VN30", help_text="A basket or a board, when no symbols are named. ALL: everything live."
    )


def row_limit(default: int | None, most: int, help_text: str) -> Whole:
    """The parameter `limit`."""
    return Whole(min_value=1, max_value=most, default=default, help_text=f"{help_text} At most {most}.")


class RangeQuery(Query):
    """A range of time and a number of rows, newest first in mind: without `from`, the newest rows before `to`."""

    interval: Any  # of those that have one
    limit: Any = row_limit(None, MOST_ROWS, f"Newest rows of the range; {DEFAULT_ROWS} without `from`, else all.")
    format = Choice(choices=("json", "csv"), default="json", help_text="csv: one line a row, names as in JSON.")

    def get_fields(self) -> Any:
        """Add `from`, which is no name in Python, and `to`."""
        fields = super().get_fields()
        return {
            "from": Start(default=None, help_text=f"{HELP_FROM} Its range may span {spans(self.intervals())}."),
            "to": End(default=None, help_text=HELP_TO),
            **fields,
        }

    def intervals(self) -> list[str]:
        """The intervals there are to choose from, or the one there is."""
        field = self._declared_fields.get("interval")
        return list(field.choices) if isinstance(field, Choice) else ["1d"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check the range, and set `limit` where none was given."""
        start, end = attrs["from"], attrs["to"]
        if start is not None:
            if start >= (end or timezone.now()):
                raise serializers.ValidationError({"from": f"expected a time before `to`, was {start.isoformat()}"})
            interval, span = attrs.get("interval", "1d"), (end or timezone.now()) - start
            most = timedelta(days=MOST_DAYS[interval])
            if span > most:
                words = f"expected a range of at most {most.days} days for {interval}, was {span}"
                raise serializers.ValidationError({"from": words})
        attrs["limit"] = attrs["limit"] or (DEFAULT_ROWS if start is None else MOST_ROWS)
        return attrs


def spans(intervals: list[str]) -> str:
    """How long ranges may be, in words."""
    return ", ".join(
        f"{MOST_DAYS[each]} days ({each})" if len(intervals) > 1 else f"{MOST_DAYS[each]} days" for each in intervals
    )


class CandleQuery(RangeQuery):
    """Which candles are wanted."""

    interval = Choice(choices=tuple(SECONDS), default="1m", help_text="Length of a candle.")


class SampleQuery(RangeQuery):
    """Which samples are wanted: of each interval the last one."""

    interval = Choice(choices=("1s", *SECONDS), default="1m", help_text="Of each interval the last sample; 1s: all.")


class DailyQuery(RangeQuery):
    """Which days are wanted."""


class TickQuery(RangeQuery):
    """Which trades are wanted."""

    side = Choice(choices=("buy", "sell", "neutral"), default=None, help_text="Aggressor of the trade.")
    min_volume = Whole(min_value=1, max_value=10**15, default=1, help_text="Smallest volume, in shares or contracts.")
    limit = row_limit(100, MOST_TICKS_CSV, f"Trades on a page; {MOST_TICKS} for JSON.")
    cursor = serializers.CharField(
        default=None, max_length=100, help_text="`next` of the page before; leave the other parameters as they were."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Hold a JSON page to its own limit."""
        if attrs["format"] == "json" and attrs["limit"] > MOST_TICKS:
            words = f"expected a whole number from 1 to {MOST_TICKS}, was '{attrs['limit']}'"
            raise serializers.ValidationError({"limit": words})
        return super().validate(attrs)


class AlertQuery(Query):
    """Which alerts are wanted."""

    symbols = Symbols(default=None, help_text="Comma list of symbols; all without it.")
    limit = row_limit(50, 200, "Newest alerts.")


class BasisQuery(Query):
    """Which contracts are wanted, and how much of their way."""

    contract = serializers.CharField(
        default=None, max_length=24, help_text="Code or alias (VN30F1M); all live contracts without it."
    )
    interval = Choice(choices=("1m", "5m", "15m", "1h"), default="1m", help_text="Time between two points.")
    limit = row_limit(60, 1000, "Newest points of each contract.")


class DayQuery(Query):
    """A calendar date."""

    date = Day(default=None, help_text="Day, the market's own by default.")


class SearchQuery(Query):
    """A search for instruments."""

    q = serializers.CharField(
        default="", max_length=60, help_text="Part of a code or name, with or without accents; all without it."
    )
    kind = Choice(
        choices=("stock", "etf", "fund", "warrant", "future", "index", "bond"),
        default=None,
        help_text="Only of a kind.",
    )
    limit = row_limit(20, 200, "Best matches.")
