"""Prices of the past: candles, single trades, values of indices."""

from typing import Any

from rest_framework import serializers

from market.api.serializers.fields import PRICE, SHARES, amount, count, moment, number, word
from market.api.serializers.heads import History


class Candle(serializers.Serializer[Any]):
    """A bar. The four kinds of volume add up to `volume`."""

    time = moment("First second of the interval; a day starts at midnight.")
    open = amount(PRICE)
    high = amount(PRICE)
    low = amount(PRICE)
    close = amount(PRICE)
    volume = count(SHARES)
    value = amount("VND.")
    buy_volume = count(SHARES)
    sell_volume = count(SHARES)
    neutral_volume = count(SHARES)
    unclassified_volume = count(SHARES)
    trades = count("Matches.")


class Candles(History):
    """Candles, oldest first."""

    interval = word()
    candles = Candle(many=True)


class Tick(serializers.Serializer[Any]):
    """A trade: an increase of the day's total volume."""

    time = moment()
    price = amount(PRICE)
    volume = count(SHARES)
    value = amount("VND.")
    side = word("Aggressor: buy, sell or neutral.")
    method = word("How it was found: feed, quote, auction or none.")
    phase = word("ato, continuous or atc.")
    total_volume = count("Of the day after this trade.")
    number = count("Of the day, from 1.")
    gap = serializers.BooleanField(help_text="Several matches of which the feed showed only the last.")


class Ticks(serializers.Serializer[Any]):
    """A page of trades, newest first."""

    symbol = word("The stored code.")
    ticks = Tick(many=True)
    next = word("`cursor` of the next page; null after the last.", null=True)


class IndexPoint(serializers.Serializer[Any]):
    """An index at a time."""

    time = moment()
    value = amount("Points.")
    estimate = number("Estimate of the auction, points.")
    total_volume = count("Shares.")
    total_value = amount("VND.")


class IndexHistory(History):
    """Points, oldest first."""

    interval = word()
    points = IndexPoint(many=True)
