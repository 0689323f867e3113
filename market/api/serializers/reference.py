"""Instruments and baskets."""

from typing import Any

from rest_framework import serializers

from market.api.serializers.fields import word


class Component(serializers.Serializer[Any]):
    """A member of a basket."""

    symbol = word()
    name = word("In Vietnamese.")
    english_name = word()
    sector = word("ICB code.", null=True)
    joined = serializers.DateField(help_text="First day in the basket, as far as known.")


class Components(serializers.Serializer[Any]):
    """Members of a basket on a day."""

    basket = word()
    day = serializers.DateField()
    components = Component(many=True)


class SymbolFound(serializers.Serializer[Any]):
    """An instrument."""

    symbol = word()
    kind = word("stock, etf, fund, warrant, future, index or bond.")
    board = word()
    name = word("In Vietnamese.")
    english_name = word()
    sector = word("ICB code.", null=True)


class Symbols(serializers.Serializer[Any]):
    """What was found, best match first."""

    symbols = SymbolFound(many=True)
