"""The fields that answers are made of. Each says its unit in its help."""

from typing import Any

from rest_framework import serializers

PRICE = "VND for stocks, points for futures and indices"
SHARES = "shares or contracts"
TIME = "Exchange time, ISO 8601 with +07:00."

FIELD: Any = serializers.Field  # the factories below make fields of several kinds


def number(help_text: str) -> FIELD:
    """A number that may be absent."""
    return serializers.FloatField(allow_null=True, help_text=help_text)


def amount(help_text: str) -> FIELD:
    """A number that is always there."""
    return serializers.FloatField(help_text=help_text)


def count(help_text: str) -> FIELD:
    """A whole number that is always there."""
    return serializers.IntegerField(help_text=help_text)


def some(help_text: str) -> FIELD:
    """A whole number that may be absent."""
    return serializers.IntegerField(allow_null=True, help_text=help_text)


def word(help_text: str = "", *, null: bool = False) -> FIELD:
    """A word."""
    return serializers.CharField(help_text=help_text, allow_null=null, allow_blank=True)


def moment(help_text: str = TIME, *, null: bool = False) -> FIELD:
    """A time."""
    return serializers.DateTimeField(help_text=help_text, allow_null=null)


def levels(help_text: str) -> FIELD:
    """One side of a book."""
    level = serializers.ListField(child=serializers.FloatField(allow_null=True), min_length=2, max_length=2)
    return serializers.ListField(child=level, max_length=10, help_text=help_text)


def sparkline() -> FIELD:
    """A small picture of the day."""
    return serializers.ListField(
        child=serializers.FloatField(), max_length=60, help_text="A price each 5 minutes, oldest first."
    )
