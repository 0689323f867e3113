"""Alerts as rules fired them."""

from typing import Any

from rest_framework import serializers

from market.api.serializers.fields import count, moment, word


class Alert(serializers.Serializer[Any]):
    """Something unusual that a rule noticed."""

    id = word()
    kind = word()
    symbol = word(null=True)
    time = moment()
    severity = word()
    title = word()
    evidence = serializers.DictField(help_text="The numbers that made the rule hold.")
    rule = count("Number of the rule; 0 for one that ships and was never stored.")
    version = count("Version of the rule that held.")


class Alerts(serializers.Serializer[Any]):
    """Newest alerts first."""

    alerts = Alert(many=True)
