"""Users' own alerts through a real ingest: taken over while it runs, stored once over kills, told to their user."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.contrib.auth import get_user_model
from django.db import connection

from alerts.models import PersonalAlert, PersonalHit
from market.live import user_group
from tests.integration.conftest import Play
from tests.integration.killable import record_morning, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

BEGIN = 33_270_000  # 09:14:30, ms since midnight


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record_morning(tmp_path_factory.mktemp("recording") / "morning.jsonl", BEGIN)


def make_alerts(symbols: tuple[str, ...] = ("HPG", "SSI", "FPT", "VCB", "MWG", "ACB")) -> list[PersonalAlert]:
    user = get_user_model().objects.create_user("trader")
    kinds: list[tuple[str, str, float | None, bool]] = [
        ("volume", "above", 50_000.0, False),
        ("volume", "above", 400_000.0, True),
        ("change", "crosses", 0.1, True),
        ("change", "below", -0.1, False),
        ("foreign_volume", "crosses", 1_000.0, True),
    ]
    return [
        PersonalAlert.objects.create(
            user=user, symbol=symbol, kind=kind, condition=condition, threshold=threshold, repeats=repeats,
            cooldown_seconds=60, note=f"{symbol} {kind}",
        )
        for symbol in symbols
        for kind, condition, threshold, repeats in kinds
    ]  # fmt: skip


def stored() -> list[Any]:
    rows = PersonalHit.objects.order_by("time", "id")
    return list(rows.values_list("id", "alert", "alert_version", "time", "evidence", "note"))


def test_hits_over_kills_are_those_of_an_undisturbed_run(play: Play, morning: Path) -> None:
    alerts = make_alerts()
    assert play(morning, "max").end() == 0
    wanted = stored()
    spent = {alert for _, alert, *_ in wanted} & {alert.pk for alert in alerts if not alert.repeats}
    assert len(wanted) > 20
    assert len(spent) > 5
    PersonalHit.objects.all().delete()

    for hits in (len(wanted) // 4, len(wanted) // 2):
        ingest = play(morning, "40")
        wait_until(lambda hits=hits: PersonalHit.objects.count() >= hits, "hits")  # type: ignore[misc]
        ingest.kill()
    assert play(morning, "max").end() == 0
    assert stored() == wanted

    PersonalAlert.objects.exclude(pk__in=spent).delete()
    before = PersonalHit.objects.count()
    assert play(morning, "max").end() == 0  # another day's start: what is spent does not fire again
    assert PersonalHit.objects.count() == before
    assert PersonalHit.objects.filter(alert=None).exclude(note="").exists()


async def test_alerts_made_while_ingest_runs_count_and_are_told_to_their_user(play: Play, morning: Path) -> None:
    layer = get_channel_layer()
    assert layer is not None
    user = await get_user_model().objects.acreate(username="trader")
    mine, others = await layer.new_channel(), await layer.new_channel()
    await layer.group_add(user_group(user.pk), mine)
    await layer.group_add(user_group(user.pk + 1), others)
    ingest = play(morning, "8")  # long enough to be told of new alerts and of the pause
    await asyncio.to_thread(ingest.wait_for, "Begins with")
    for thousands in range(10, 1_000, 20):
        await PersonalAlert.objects.acreate(
            user=user, symbol="HPG", kind="volume", condition="above", threshold=thousands * 1_000.0
        )
    await asyncio.to_thread(wait_until, lambda: "of users in force" in ingest.output, "the alerts")
    async with asyncio.timeout(60):
        while (message := await layer.receive(mine))["type"] != "user.message":
            pass  # each new alert tells the pages of its user that their lists changed
    told = message["message"]
    assert (told["symbol"], told["kind"]) == ("HPG", "volume")
    assert told["evidence"]["value"] >= told["evidence"]["threshold"]
    await PersonalAlert.objects.aupdate(is_paused=True)
    await asyncio.to_thread(wait_until, lambda: "Alerts: 0 of users in force" in ingest.output, "the pause")
    async with asyncio.timeout(60):
        while not await PersonalHit.objects.filter(id=told["id"], alert=told["alert"], user=user).aexists():
            await asyncio.sleep(0.05)  # it is told first and stored with the next batch
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(layer.receive(others), 0.2)
    await sync_to_async(lambda: connection.close())()
