"""Delivery is asked for once an alert is stored, and whoever asks never waits for a broker that is away."""

import asyncio
import json
import logging
import queue

import pytest
import redis
from celery import current_app
from kombu.exceptions import OperationalError

from alerts.delivery import nudge as module
from alerts.delivery.nudge import Nudge, ask_for_delivery
from tests.ports import held_port

SECONDS = 10.0


class Batches:
    """What a store would say of its batches."""

    sealed = 4
    stored = 4


async def test_delivery_is_asked_for_when_the_batch_of_the_alert_is_stored_and_not_before() -> None:
    batches, asked = Batches(), asyncio.Event()
    loop = asyncio.get_running_loop()
    nudge = Nudge(lambda: batches.sealed, lambda: batches.stored, lambda: loop.call_soon_threadsafe(asked.set) and None)
    task = asyncio.create_task(nudge.run())
    nudge.note()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asked.wait(), 3 * module.LOOK_SECONDS)
    batches.sealed = batches.stored = 5
    await asyncio.wait_for(asked.wait(), SECONDS)
    task.cancel()


async def test_broker_that_is_away_ends_nothing_and_the_next_alert_asks_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, module.__name__)
    monkeypatch.setattr(module, "BETWEEN_SECONDS", 0.01)
    asked: queue.SimpleQueue[int] = queue.SimpleQueue()

    def refuse() -> None:
        asked.put(1)
        raise OperationalError("away")

    nudge = Nudge(lambda: 0, lambda: 1, refuse)
    task = asyncio.create_task(nudge.run())
    for _ in range(2):
        nudge.note()
        await asyncio.to_thread(asked.get, timeout=SECONDS)
        async with asyncio.timeout(SECONDS):
            while nudge._sending.locked():
                await asyncio.sleep(0)
    assert not task.done()
    assert "its next tick will do: OperationalError" in caplog.text
    task.cancel()


def test_task_lies_in_the_queue_of_the_courier_and_expires_before_it_is_late(redis_url: str) -> None:
    ask_for_delivery()
    with redis.Redis.from_url(redis_url) as client:
        (message,) = client.lrange("delivery", 0, -1)
    headers = json.loads(message)["headers"]
    assert headers["task"] == "alerts.deliver"
    assert headers["expires"]


def test_broker_that_refuses_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(current_app.conf, "broker_url", f"redis://127.0.0.1:{held_port()}/0")
    with pytest.raises(OperationalError):
        ask_for_delivery()
