"""What a channel wants to hear of, and when it wants to be left alone."""

from collections.abc import Set as AbstractSet
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from alerts.delivery.items import Item, Sort
from alerts.models import DeliveryChannel

VIETNAM: Final = ZoneInfo("Asia/Ho_Chi_Minh")


def wants(channel: DeliveryChannel, item: Item, watched: AbstractSet[str] = frozenset()) -> bool:
    """Tell whether an item goes over a channel, its user's watched symbols given."""
    if item.sort is Sort.OWN:
        return channel.own_alerts
    if item.sort is Sort.SUMMARY:
        return channel.summary
    if item.sort is Sort.TEST:
        return True
    return (
        channel.market_alerts
        and (not channel.severities or item.severity in channel.severities)
        and (not channel.kinds or item.kind in channel.kinds)
        and wants_symbol(channel, item.symbol, watched)
    )


def wants_symbol(channel: DeliveryChannel, symbol: str, watched: AbstractSet[str]) -> bool:
    """Named symbols and watchlists add up; with neither, every symbol is wanted."""
    if channel.only_watchlists and symbol in watched:
        return True
    return symbol in channel.symbols or not (channel.symbols or channel.only_watchlists)


def is_quiet(channel: DeliveryChannel, now: datetime) -> bool:
    """Tell whether a moment falls into the quiet hours; their end does not, and they may pass midnight."""
    begin, end = channel.quiet_from, channel.quiet_until
    if begin is None or end is None:
        return False
    return is_between(now.astimezone(VIETNAM).time(), begin, end)


def is_between(clock: time, begin: time, end: time) -> bool:
    """Tell whether a time of day lies in [begin, end), round midnight where end comes first; equal times: never."""
    return begin <= clock < end if begin <= end else clock >= begin or clock < end


def quiet_end(channel: DeliveryChannel, now: datetime) -> datetime:
    """When the quiet hours that a moment falls into are over; the moment itself outside them."""
    if channel.quiet_until is None or not is_quiet(channel, now):
        return now
    local = now.astimezone(VIETNAM)
    end = datetime.combine(local.date(), channel.quiet_until, VIETNAM)
    return end if end > local else end + timedelta(days=1)


def is_silenced(channel: DeliveryChannel, item: Item, now: datetime) -> bool:
    """Tell whether quiet hours keep an item back. What a person asked for just now is never kept back."""
    if item.sort is Sort.TEST or (channel.critical_passes and item.severity == "critical"):
        return False
    return is_quiet(channel, now)
