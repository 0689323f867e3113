"""A real ingest on a played day: rules changed meanwhile, alerts on the wire and in the table, a kill and a restart."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import redis
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection

from alerts.models import Alert, AlertRule
from market import live
from tests.alerts.test_models import make_rule
from tests.integration.conftest import Play
from tests.integration.killable import record_morning

pytestmark = pytest.mark.django_db(transaction=True)

FROM, UNTIL = 33_270_000, 33_960_000  # 09:14:30 and 09:26, ms since midnight


class Listener:
    """Frames of some channels with the moment they came."""

    def __init__(self) -> None:
        self.layer = get_channel_layer()
        self.frames: dict[str, list[tuple[float, dict[str, Any]]]] = {"market": [], "alerts": [], "derivatives": []}

    async def run(self) -> None:
        """Listen until cancelled."""
        await asyncio.gather(*(self._listen(channel) for channel in self.frames))

    async def _listen(self, channel: str) -> None:
        name = await self.layer.new_channel()
        await self.layer.group_add(live.group(channel), name)
        while True:
            message = await self.layer.receive(name)
            if message["kind"] == "update":
                self.frames[channel].append((time.monotonic(), json.loads(message["text"])["data"]["rows"]))

    def lags(self) -> list[float]:
        """Seconds from the frame that showed an alert's trade, or a later one of its symbol, to that of the alert."""
        found = []
        for told, rows in self.frames["alerts"]:
            for alert in filter(None, rows.values()):
                shown = (
                    moment
                    for moment, market in self.frames["market"]
                    if market.get(alert["symbol"], {}).get("time", "") >= alert["time"]
                )
                if (moment := next(shown, None)) is not None:
                    found.append(told - moment)
        return found

    def alerts(self) -> list[dict[str, Any]]:
        """Every alert row that came, in order."""
        return [row for _, rows in self.frames["alerts"] for row in rows.values() if row is not None]


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first busy minutes of a day."""
    return record_morning(tmp_path_factory.mktemp("recording") / "morning.jsonl", FROM, UNTIL)


@pytest_asyncio.fixture
async def listener(redis_url: str) -> AsyncIterator[Listener]:
    listener = Listener()
    task = asyncio.create_task(listener.run())
    yield listener
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest_asyncio.fixture(autouse=True)
async def thread_connection() -> AsyncIterator[None]:
    """The connection of the event loop's thread, which would keep the tests' database from being dropped."""
    yield
    await sync_to_async(lambda: connection.close())()


async def until(is_so: Callable[[], bool], seconds: float) -> float:
    """Wait until something is so; the seconds that took."""
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() - started < seconds, f"waited {seconds} s"
        await asyncio.sleep(0.02)
    return time.monotonic() - started


async def test_rule_enabled_in_the_table_fires_while_ingest_runs_and_soon_after_its_trade(
    play: Play, listener: Listener, morning: Path
) -> None:
    await sync_to_async(AlertRule.objects.all().delete)()
    rule = await sync_to_async(make_rule)("large_trade", params={"min_value_vnd": 1_000_000}, enabled=False)
    ingest = play(morning, "30")  # it lasts longer than the rule needs to come into force
    await until(lambda: bool(listener.frames["market"]), 60)
    assert listener.alerts() == []
    await sync_to_async(AlertRule.objects.filter(pk=rule.pk).update)(enabled=True)
    await until(lambda: bool(listener.alerts()), 60)
    await until(lambda: len(listener.lags()) > 50, 60)
    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        await until(lambda: bool(broker.llen("delivery")), 60)  # asked for once they are stored
    ingest.kill()
    first = listener.alerts()[0]
    assert (first["rule"], first["version"], first["kind"]) == (rule.pk, 2, "large_trade")
    lags = sorted(listener.lags())
    assert lags[len(lags) // 2] < 0.1  # at once, not at an interval; the machine may be busy for a moment


async def test_alerts_over_a_kill_are_stored_and_shown_once_and_none_is_lost(play: Play, morning: Path) -> None:
    await sync_to_async(AlertRule.objects.all().delete)()
    await sync_to_async(make_rule)("large_trade", params={"min_value_vnd": 50_000_000})
    await sync_to_async(make_rule)("volume_spike")
    assert await asyncio.to_thread(play(morning, "max").end) == 0
    wanted = await sync_to_async(stored)()
    assert len(wanted) > 100
    await sync_to_async(Alert.objects.all().delete)()

    ingest = play(morning, "200")
    await until(lambda: "Begins with" in ingest.output, 60)
    await asyncio.sleep(1.5)  # any moment will do
    ingest.kill()
    assert await asyncio.to_thread(play(morning, "max").end) == 0
    assert await sync_to_async(stored)() == wanted
    snapshot = await live.LiveReader(live.connect()).snapshot("alerts")
    assert snapshot is not None
    assert len(snapshot.rows) == min(len(wanted), 200)
    assert snapshot.rows.keys() <= {key for key, _ in wanted}


def stored() -> list[tuple[str, Any]]:
    """Ids with evidence, oldest first."""
    return list(Alert.objects.order_by("at", "id").values_list("id", "evidence"))
