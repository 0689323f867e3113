"""Reads of history from a replica: a second database here, whose rows differ from those of the first."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.db import router as django_router
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import DjangoDbBlocker

from market import history
from market.domain.calendar import VIETNAM
from market.history_database import REPLICA, HistoryRouter, history_alias, history_connection
from market.models import Bar, BasisPoint, DailyBar, ForeignFlow, Trade
from market.pages import reads as page_reads
from market.pages import symbol_day
from market.queries import candles
from tests.market.scratch import scratch_database

DAY = date(2026, 11, 20)
AT = datetime(2026, 11, 20, 9, 30, tzinfo=VIETNAM)
READ = (Bar, BasisPoint, DailyBar, ForeignFlow, Trade)


@pytest.fixture
def replica(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[BaseDatabaseWrapper]:
    """A database under the replica's name, with a bar, a trade and a day that the first one lacks."""
    with django_db_blocker.unblock(), scratch_database(REPLICA) as database:
        with database.schema_editor() as editor:
            for model in READ:
                editor.create_model(model)
        prices = dict.fromkeys(("open", "high", "low", "close"), 26_000.0)
        Bar.objects.using(REPLICA).create(symbol="HPG", at=AT, volume=100, value=2.6e6, **prices)
        trade = {"total_volume": 100, "number": 1, "price": 26_000.0, "volume": 100, "value": 2.6e6}
        sides = {"side": "buy", "method": "feed", "phase": "continuous", "gap": False}
        Trade.objects.using(REPLICA).create(symbol="HPG", at=AT, **trade, **sides)
        foreign = {"foreign_buy_volume": 7, "foreign_sell_volume": 2}
        DailyBar.objects.using(REPLICA).create(symbol="HPG", day=DAY, volume=100, value=2.6e6, **prices, **foreign)
        yield database


@pytest.mark.django_db
def test_history_without_a_replica_is_read_from_the_only_server() -> None:
    assert history_alias() == "default"
    assert history_connection().settings_dict["NAME"] == connection.settings_dict["NAME"]


def test_history_with_a_replica_is_read_from_there_alone(replica: BaseDatabaseWrapper) -> None:
    start = AT - timedelta(hours=2)
    assert [candle.volume for candle in candles("HPG", "1m", start)] == [100]
    assert [tick.volume for tick in history.ticks("HPG", limit=5)] == [100]
    assert [day.net_volume for day in history.foreign_days("HPG")] == [5]
    assert [volume for _, _, volume in symbol_day.by_price("HPG", start)] == [100]
    assert history.samples(history.FOREIGN, "HPG", 60) == []
    found = page_reads.foreign_days(DAY + timedelta(days=1), "one", ["HPG"])
    assert found is not None and [day.net_volume for day in found] == [5]
    assert not any(model.objects.exists() for model in READ)  # whoever writes sees what was written


def test_router_lets_nobody_migrate_the_replica_or_write_to_it(replica: BaseDatabaseWrapper) -> None:
    router = HistoryRouter()
    assert router.allow_migrate(REPLICA, "market") is False
    assert router.allow_migrate("default", "market") is None
    bar = Bar.objects.using(REPLICA).get()
    assert django_router.db_for_write(Bar, instance=bar) == "default"
    assert django_router.db_for_write(Bar, instance=Bar(symbol="FPT")) == "default"
    assert django_router.allow_relation(bar, Bar(symbol="FPT"))
