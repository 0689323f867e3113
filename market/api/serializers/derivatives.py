"""Futures against their index: now, and through a day."""

from typing import Any

from rest_framework import serializers

from market.api.serializers.fields import amount, count, moment, number, word
from market.api.serializers.heads import History, Live


class BasisPoint(serializers.Serializer[Any]):
    """A future against its index at a time."""

    time = moment()
    underlying = word("Index.")
    future = amount("Points.")
    index = amount("Points.")
    basis = amount("future - index, points.")
    basis_percent = number("Per cent of the index.")


class BasisContract(serializers.Serializer[Any]):
    """Where a future stands against its index, and how it came there."""

    symbol = word("Code.")
    alias = word("VN30F1M, VN30F2M, VN30F1Q or VN30F2Q.", null=True)
    name = word()
    underlying = word("Index.")
    expiry = serializers.DateField(help_text="Last trading day.")
    days_to_expiry = count("Calendar days.")
    front = serializers.BooleanField(help_text="Nearest contract.")
    time = moment(null=True)
    price = number("Points.")
    basis = number("future - index, points.")
    basis_percent = number("Per cent of the index.")
    basis_state = word("premium, discount or flat.", null=True)
    convergence = number("Slope of the distance to the index, points a minute; negative when it closes.")
    total_volume = count("Contracts.")
    points = BasisPoint(many=True, allow_null=True, help_text="Oldest first; null while the database is away.")


class BasisTrend(Live):
    """Futures against their index."""

    contracts = BasisContract(many=True, help_text="Nearest expiry first.")


class DerivativesHistory(History):
    """Points, oldest first."""

    interval = word()
    points = BasisPoint(many=True)
