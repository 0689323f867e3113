"""What foreigners bought and sold: now, through a day, and day by day."""

from typing import Any

from rest_framework import serializers

from market.api.serializers.fields import amount, count, moment, number, some, word
from market.api.serializers.heads import History, LiveList


class ForeignRow(serializers.Serializer[Any]):
    """Foreign flow of a stock today."""

    symbol = word()
    board = word()
    time = moment()
    buy_volume = count("Shares.")
    sell_volume = count("Shares.")
    net_volume = count("Bought less sold, shares; negative when foreigners sell.")
    buy_value = amount("VND, as the exchange says.")
    sell_value = amount("VND, as the exchange says.")
    net_value = amount("VND.")
    own_buy_value = amount("VND, our own sum of volume times price of the moment.")
    own_sell_value = amount("VND, our own sum.")
    own_net_value = amount("VND, our own sum.")
    room = some("Shares that foreigners may still buy.")
    total_room = some("Shares that foreigners may hold.")
    room_used_percent = number("Per cent.")
    buy_speed = number("Shares a minute over five minutes.")
    sell_speed = number("Shares a minute.")
    net_speed = number("Shares a minute.")
    value_speed = number("VND a minute.")
    acceleration = number("Change of the net speed, shares a minute per minute.")
    covered_seconds = some("Seconds that the speeds really cover.")


class ForeignDetail(LiveList):
    """Foreign flow by symbol."""

    rows = serializers.DictField(child=ForeignRow(), help_text="By symbol.")


class ForeignSample(serializers.Serializer[Any]):
    """Foreign totals since the start of the day."""

    time = moment()
    buy_volume = count("Shares.")
    sell_volume = count("Shares.")
    net_volume = count("Bought less sold, shares.")
    buy_value = amount("VND.")
    sell_value = amount("VND.")
    net_value = amount("VND.")
    own_buy_value = amount("VND, our own sum.")
    own_sell_value = amount("VND, our own sum.")
    room = some("Shares.")
    total_room = some("Shares.")


class ForeignHistory(History):
    """Samples, oldest first."""

    interval = word()
    samples = ForeignSample(many=True)


class ForeignDay(serializers.Serializer[Any]):
    """What foreigners bought and sold on a day."""

    day = serializers.DateField()
    buy_volume = count("Shares.")
    sell_volume = count("Shares.")
    net_volume = count("Bought less sold, shares; negative on a day of net selling.")
    buy_value = amount("VND.")
    sell_value = amount("VND.")
    net_value = amount("VND; negative on a day of net selling.")


class ForeignDaily(History):
    """Days, oldest first."""

    days = ForeignDay(many=True)
