"""`/api/history/alerts`: stored alerts with filters, newest first, as JSON in pages or as CSV.

The newest alerts as they fire are those of the live copy: `/api/market/alerts` and `/ws/alerts/`.
"""

import re
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from asgiref.sync import sync_to_async
from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as fields
from rest_framework.request import Request

from alerts.domain.kinds import KINDS
from alerts.domain.model import SEVERITIES
from alerts.queries import Filter, recent
from market.api import serializers
from market.api.base import ApiView
from market.api.parameters import RangeQuery, Symbols, Whole, row_limit, validated
from market.api.schema import described
from market.api.tables import Row, csv_response, json_response

MOST: Final = 1_000
MOST_CSV: Final = 100_000
CSV_PAGE: Final = 2_000
CURSOR: Final = re.compile(r"[a-z_]{1,32}-[0-9]{1,19}-.{1,24}-([0-9]{1,10})-[0-9]{1,9}")
COLUMNS: Final = ("time", "symbol", "kind", "severity", "title", "rule", "version", "evidence", "id")


@extend_schema_field(OpenApiTypes.STR)
class Some(fields.Field):  # type: ignore[type-arg]
    """A comma list of known words, in any case."""

    def __init__(self, words: tuple[str, ...], **options: Any) -> None:
        super().__init__(**options)
        self.words = words

    def to_internal_value(self, data: Any) -> tuple[str, ...]:
        """Give the words in the order in which they are known."""
        given = [word.strip().lower() for word in str(data).split(",") if word.strip()]
        if wrong := next((word for word in given if word not in self.words), None):
            raise fields.ValidationError(f"expected some of {', '.join(self.words)}, was {wrong[:40]!r}")
        return tuple(word for word in self.words if word in given)


class AlertHistoryQuery(RangeQuery):
    """Which stored alerts are wanted."""

    symbols = Symbols(default=None, help_text="Comma list of symbols; all without it.")
    kind = Some(tuple(KINDS), default=None, help_text="Only of these kinds, a comma list.")
    severity = Some(SEVERITIES, default=None, help_text="Only of these severities, a comma list.")
    rule = Whole(min_value=0, max_value=2**59, default=None, help_text="Only those of a rule, by its number.")
    limit = row_limit(100, MOST_CSV, f"Alerts on a page; {MOST} for JSON.")
    cursor = fields.CharField(
        default=None, max_length=96, help_text="`next` of the page before; leave the other parameters as they were."
    )

    def validate_cursor(self, text: str | None) -> tuple[datetime, str] | None:
        """Read the place that a cursor names: it is the id of an alert, which holds its time."""
        if text is None:
            return None
        found = CURSOR.fullmatch(text)
        if found is None:
            raise fields.ValidationError(f"expected `next` of another page, was {text[:40]!r}")
        return datetime.fromtimestamp(int(found.group(1)), tz=UTC), text

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Hold a JSON page to its own limit."""
        if attrs["format"] == "json" and attrs["limit"] > MOST:
            words = f"expected a whole number from 1 to {MOST}, was '{attrs['limit']}'"
            raise fields.ValidationError({"limit": words})
        return super().validate(attrs)


class AlertHistory(serializers.Alerts):
    """A page of stored alerts."""

    next = fields.CharField(allow_null=True, help_text="`cursor` of the next page; null after the last.")


@described("alert_history", AlertHistoryQuery, AlertHistory, csv=True, path=())
class AlertHistoryView(ApiView):
    """What the rules noticed, newest first, in pages."""

    def get(self, request: Request) -> HttpResponseBase:
        wanted = validated(AlertHistoryQuery, request.query_params)
        pages = Pages(wanted)
        if wanted["format"] == "csv":
            return csv_response("alerts", COLUMNS, pages.next_lines(), sync_to_async(pages.next_lines))
        return json_response({"alerts": pages.next_rows(), "next": pages.cursor})


class Pages:
    """The alerts that a request asks for, some thousands at a time. `cursor` is where the next page begins."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.cursor: str | None = None
        self._left: int = wanted["limit"]
        self._more = True
        self._filter = Filter(
            symbols=tuple(wanted["symbols"] or ()),
            kinds=wanted["kind"] or (),
            severities=wanted["severity"] or (),
            rule=wanted["rule"],
            start=wanted["from"],
            end=wanted["to"],
            before=wanted["cursor"],
        )

    def next_rows(self) -> list[Row]:
        """The next alerts; none after the last."""
        page = min(self._left, CSV_PAGE)
        if not page or not self._more:
            return []
        found = recent(self._filter, page + 1)
        self._more = len(found) > page
        rows = found[:page]
        self._left -= len(rows)
        self.cursor = rows[-1]["id"] if self._more else None
        if rows:
            last = rows[-1]
            self._filter = msgspec.structs.replace(
                self._filter, before=(datetime.fromisoformat(last["time"]), last["id"])
            )
        return rows

    def next_lines(self) -> list[Row]:
        """The same for CSV: evidence as JSON text."""
        return [row | {"evidence": msgspec.json.encode(row["evidence"]).decode()} for row in self.next_rows()]
