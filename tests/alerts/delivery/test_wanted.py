"""What a channel wants, and its quiet hours."""

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.items import Item, Sort
from alerts.delivery.wanted import VIETNAM, is_between, is_quiet, is_silenced, quiet_end, wants
from alerts.models import DeliveryChannel

ITEM = Item(sort=Sort.ALERT, id="1", time="2026-11-20T09:15:00+07:00", kind="large_trade", symbol="HPG")
NIGHT = {"quiet_from": time(22), "quiet_until": time(7)}
LATE = datetime(2026, 11, 20, 23, 30, tzinfo=VIETNAM)


def channel(**values: object) -> DeliveryChannel:
    return DeliveryChannel(kind="telegram", **values)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({}, True),
        ({"market_alerts": False}, False),
        ({"severities": ["critical"]}, False),
        ({"severities": ["warning", "critical"]}, True),
        ({"kinds": ["limit"]}, False),
        ({"kinds": ["large_trade"]}, True),
        ({"symbols": ["FPT"]}, False),
        ({"symbols": ["HPG"]}, True),
        ({"only_watchlists": True}, False),
        ({"only_watchlists": True, "symbols": ["HPG"]}, True),
    ],
)
def test_market_alert_is_wanted_by_severity_kind_and_symbol(values: dict[str, object], wanted: bool) -> None:
    assert wants(channel(**values), ITEM) is wanted


def test_watchlists_add_to_named_symbols() -> None:
    assert wants(channel(only_watchlists=True), ITEM, {"HPG"})
    assert wants(channel(only_watchlists=True, symbols=["FPT"]), ITEM, {"HPG"})
    assert not wants(channel(symbols=["FPT"]), ITEM, {"HPG"})


@pytest.mark.parametrize(("sort", "switch"), [(Sort.OWN, "own_alerts"), (Sort.SUMMARY, "summary")])
def test_own_alerts_and_summaries_have_switches_of_their_own(sort: Sort, switch: str) -> None:
    item = Item(sort=sort, id="1", time=ITEM.time, symbol="HPG")
    assert wants(channel(market_alerts=False, **{switch: True}), item)
    assert not wants(channel(**{switch: False}), item)


@given(st.times(), st.times(), st.times())
def test_quiet_hours_and_the_rest_make_up_the_day(clock: time, begin: time, end: time) -> None:
    if begin == end:
        assert not is_between(clock, begin, end)
    else:
        assert is_between(clock, begin, end) != is_between(clock, end, begin)


@given(st.timedeltas(timedelta(0), timedelta(days=400)))
def test_quiet_hours_end_when_they_say(later: timedelta) -> None:
    now = LATE + later
    end = quiet_end(channel(**NIGHT), now)
    assert not is_quiet(channel(**NIGHT), end)
    assert now <= end <= now + timedelta(hours=9)
    assert end == now or end.time() == time(7)


def test_critical_alert_passes_quiet_hours_only_where_chosen() -> None:
    critical = Item(sort=Sort.ALERT, id="1", time=ITEM.time, severity="critical")
    assert is_silenced(channel(**NIGHT), critical, LATE)
    assert not is_silenced(channel(**NIGHT, critical_passes=True), critical, LATE)
    assert is_silenced(channel(**NIGHT, critical_passes=True), ITEM, LATE)
    assert not is_silenced(channel(**NIGHT), ITEM, LATE + timedelta(hours=8))
    assert not is_silenced(channel(**NIGHT), Item(sort=Sort.TEST, id="1", time=ITEM.time), LATE)
