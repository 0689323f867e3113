"""Stocks as the price board shows them, and their volume by aggressor."""

from typing import Any

from rest_framework import serializers

from market.api.serializers.fields import amount, count, levels, moment, number, some, sparkline, word
from market.api.serializers.heads import LiveList


class MarketRow(serializers.Serializer[Any]):
    """A stock as the price board shows it."""

    symbol = word()
    board = word("HOSE, HNX or UPCOM.")
    phase = word("pre_open, ato, continuous, lunch, atc, post_close, put_through, closed or halted.", null=True)
    status = word("The feed's trading status.", null=True)
    time = moment(null=True)
    reference = number("Reference price, VND.")
    ceiling = number("VND.")
    floor = number("VND.")
    open = number("VND.")
    high = number("VND.")
    low = number("VND.")
    average = number("Value by volume, VND.")
    price = number("Last matched price, VND; null before the first match.")
    volume = some("Of the last match, shares.")
    change = number("Against the reference price, VND.")
    change_percent = number("Per cent of the reference price.")
    total_volume = count("Matched today, shares.")
    total_value = amount("Matched today, VND.")
    trades = count("Matches seen today.")
    bids = levels("[price, volume], best first; price null is an ATO/ATC order.")
    asks = levels("[price, volume], best first; price null is an ATO/ATC order.")
    expected_price = number("Expected match of the auction, VND.")
    buy_volume = count("Aggressive buying, shares.")
    sell_volume = count("Aggressive selling, shares.")
    neutral_volume = count("Auctions and what cannot be told, shares.")
    unclassified_volume = count("Traded while nobody listened, shares.")
    phases = serializers.DictField(help_text="Volumes by aggressor of ato, continuous and atc, shares.")
    methods = serializers.DictField(
        help_text="Volume by how the aggressor was found: feed, quote, auction, none; shares."
    )
    foreign_buy_volume = some("Shares.")
    foreign_sell_volume = some("Shares.")
    foreign_room = some("Shares that foreigners may still buy.")
    spark = sparkline()


class Snapshot(LiveList):
    """Live rows of the price board."""

    rows = serializers.DictField(child=MarketRow(), help_text="By symbol.")


class PhaseVolumes(serializers.Serializer[Any]):
    """Volume of a phase by aggressor."""

    buy_volume = count("Shares.")
    sell_volume = count("Shares.")
    neutral_volume = count("Shares.")
    unclassified_volume = count("Shares.")
    total_volume = count("Shares.")


class MethodShare(serializers.Serializer[Any]):
    """How much was judged by a method."""

    volume = count("Shares.")
    percent = number("Of the total volume.")


class VolumeRow(serializers.Serializer[Any]):
    """Volume of a stock by aggressor, phase and method. buy + sell + neutral + unclassified = total."""

    symbol = word()
    board = word()
    time = moment(null=True)
    total_volume = count("Shares.")
    buy_volume = count("Shares.")
    sell_volume = count("Shares.")
    neutral_volume = count("Shares.")
    unclassified_volume = count("Shares.")
    active_buy_percent = number("Buying, per cent of buying and selling.")
    phases = serializers.DictField(child=PhaseVolumes(), help_text="ato, continuous, atc.")
    methods = serializers.DictField(child=MethodShare(), help_text="feed, quote, auction, none.")
    coverage_percent = number("Volume judged by feed, quote or auction, per cent of the total.")


class VolumeStats(LiveList):
    """Volume by symbol."""

    rows = serializers.DictField(child=VolumeRow(), help_text="By symbol.")
