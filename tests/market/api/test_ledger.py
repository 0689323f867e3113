"""Budgets that several web processes spend together, in a real Redis, and without it."""

import logging
import time

import pytest
import redis
from django.conf import settings as project

from market.api import ledger as module
from market.api.ledger import Ledger
from market.api.throttles import Budgets


def client_of(url: str) -> "redis.Redis":
    return redis.Redis.from_url(url, socket_connect_timeout=1)


def test_processes_spend_one_budget_together(redis_url: str) -> None:
    some, other = Budgets(lambda: 0.0), Budgets(lambda: 0.0)  # time passes in Redis alone
    with client_of(redis_url) as client:
        assert [some.spend("x", 60) for _ in range(40)] == [0] * 40
        assert Ledger(some).exchange(client)
        assert [other.spend("x", 60) for _ in range(30)] == [0] * 30  # it has not heard of the others yet
        assert other.spend("y", 60) == 0
        assert Ledger(other).exchange(client)
        assert other.spend("x", 60) in range(9, 13)  # 70 of 60: ten seconds until all of it is paid back
        assert other.spend("y", 60) == 0
        assert some.spend("x", 60) == 0  # by its own count there are 20
        assert Ledger(some).exchange(client) and some.spend("x", 60) > 9
        assert 0 < client.ttl("budgets:60:x") <= 121


def test_debt_ends_within_two_minutes_and_another_limit_is_another_budget(redis_url: str) -> None:
    greedy = Budgets()
    with client_of(redis_url) as client:
        for _ in range(5):
            [greedy.spend("x", 60) for _ in range(60)]
            Ledger(greedy).exchange(client)
            greedy._callers.clear()
        late = Budgets()
        late.spend("x", 60)
        Ledger(late).exchange(client)
        assert 55 < late.spend("x", 60) <= 62
        assert late.spend("x", 6000) > 0  # this process's own count
        assert client.exists("budgets:6000:x") == 0


def test_what_is_spent_during_an_exchange_comes_off() -> None:
    budgets = Budgets()
    budgets.spend("x", 10)
    told = budgets.tell()
    assert {caller: spent.cost for caller, spent in told.items()} == {"x": 1.0}
    budgets.spend("x", 10)
    budgets.learn({"x": 2.0})
    assert [bool(budgets.spend("x", 10)) for _ in range(2)] == [False, True]


def test_many_callers_are_told_in_several_calls(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_AT_ONCE", 10)
    budgets = Budgets()
    for number in range(35):
        budgets.spend(f"caller {number}", 60)
    with client_of(redis_url) as client:
        assert Ledger(budgets).exchange(client)
        assert len(client.keys("budgets:*")) == 35


def test_process_counts_alone_while_redis_is_away_and_says_so_once(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    budgets = Budgets()
    ledger = Ledger(budgets)
    with caplog.at_level(logging.INFO, "market.api.ledger"), client_of("redis://127.0.0.1:1/0") as nowhere:
        for _ in range(3):
            assert budgets.spend("x", 3) == 0
            assert not ledger.exchange(nowhere)
        assert budgets.spend("x", 3) > 0
        with client_of(redis_url) as client:
            assert ledger.exchange(client)
            assert client.keys("budgets:*") == []  # what was let through meanwhile is nobody's debt
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_thread_tells_by_itself(redis_url: str) -> None:
    budgets = Budgets()
    ledger = Ledger(budgets)
    with client_of(project.REDIS_URL) as client:
        for _ in range(2):  # the second time it sleeps, and is woken
            client.delete("budgets:60:x")
            budgets.spend("x", 60)
            ledger.wake()
            until = time.monotonic() + 10
            while not client.exists("budgets:60:x"):
                assert time.monotonic() < until, "expected the thread to tell Redis"
                time.sleep(0.02)
