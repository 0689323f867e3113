"""From stored alerts and hits to deliveries: once each, in whatever order they reach the tables."""

from datetime import datetime, time, timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from alerts.delivery.plan import plan
from alerts.delivery.summary import deliver_summary
from alerts.delivery.wanted import VIETNAM
from alerts.models import Delivery, PersonalHit, PlannedSubject
from alerts.tasks import deliver, link_telegram, prune_deliveries
from market.models import IngestRun, Watchlist
from tests.alerts.delivery.builders import make_alert, make_channel, make_delivery, make_device
from tests.alerts.delivery.standins import Browser
from tracker.celery import app

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, tzinfo=VIETNAM)
DAY = NOON.date()


def statuses() -> dict[str, str]:
    return dict(Delivery.objects.values_list("subject", "status"))


def make_hit(user: User, **values: object) -> PersonalHit:
    return PersonalHit.objects.create(
        id=uuid4(), user=user, alert=None, alert_version=1, symbol="FPT", kind="price", time=NOON,
        evidence={"condition": "above", "threshold": 100_000}, note="sell half", created_at=NOON, **values,
    )  # fmt: skip


def test_alert_becomes_one_delivery_for_each_channel_that_wants_it(user: User) -> None:
    make_channel(user, "telegram")
    make_channel(user, "email", severities=["critical"])
    make_channel(User.objects.create_user("other"), "telegram", enabled=False)
    alert = make_alert(at=NOON)
    assert [plan(NOON), plan(NOON)] == [1, 0]
    assert statuses() == {alert.id: "waiting"}
    assert Delivery.objects.get().expires_at == NOON + timedelta(minutes=15)


def test_alert_that_reaches_the_table_late_is_found_and_a_stale_one_expires(user: User) -> None:
    make_channel(user, "telegram")
    newer = make_alert(1, NOON)
    plan(NOON)
    older = make_alert(2, NOON - timedelta(minutes=10))
    stale = make_alert(3, NOON - timedelta(minutes=16))
    plan(NOON)
    assert statuses() == {newer.id: "waiting", older.id: "waiting", stale.id: "expired"}


def test_simulated_alert_is_judged_by_the_simulated_clock_and_marked(user: User) -> None:
    make_channel(user, "telegram")
    run = IngestRun.objects.create(
        epoch="1", source="simulation", identity="simulation:1", started_at=NOON, last_seen_at=NOON
    )
    make_alert(1, NOON - timedelta(minutes=20))
    make_alert(2, NOON)
    now = NOON + timedelta(days=3)
    plan(now)
    assert sorted(statuses().values()) == ["expired", "waiting"]
    assert {row.content["source"] for row in Delivery.objects.all()} == {"simulation"}
    IngestRun.objects.filter(pk=run.pk).update(identity="simulation:2")  # the same day, played again
    plan(now)
    assert Delivery.objects.count() == 4


def test_hit_goes_to_its_user_alone(user: User) -> None:
    make_channel(user, "telegram")
    make_channel(User.objects.create_user("other"), "telegram")
    hit = make_hit(user)
    plan(NOON)
    delivery = Delivery.objects.get()
    assert (delivery.channel.user, delivery.subject) == (user, f"own:{hit.id}")
    assert delivery.content["note"] == "sell half"


def test_watchlists_choose_symbols(user: User) -> None:
    make_channel(user, "telegram", only_watchlists=True)
    watchlist = Watchlist.objects.create(owner=user, name="mine", position=1)
    watchlist.items.create(symbol="HPG", position=1)
    wanted = make_alert(1, NOON, "HPG")
    make_alert(2, NOON, "FPT")
    plan(NOON)
    assert list(statuses()) == [wanted.id]


def test_push_plans_a_row_for_each_browser(user: User) -> None:
    channel = make_channel(user, "push")
    devices = [make_device(channel, Browser(f"https://push.example.org/{number}")) for number in range(2)]
    make_alert(at=NOON)
    plan(NOON)
    assert set(Delivery.objects.values_list("device", flat=True)) == {device.pk for device in devices}


def test_alert_in_quiet_hours_is_recorded_and_not_sent(user: User) -> None:
    make_channel(user, "telegram", quiet_from=time(11), quiet_until=time(13), critical_passes=True)
    quiet, loud = make_alert(1, NOON), make_alert(2, NOON, severity="critical")
    plan(NOON)
    assert statuses() == {quiet.id: "quiet", loud.id: "waiting"}


def test_summary_goes_once_to_those_who_want_it(user: User) -> None:
    make_channel(user, "telegram", summary=True)
    make_channel(user, "email")
    words = {"vi": "VN30 tăng\n+1,2 %", "en": "VN30 is up\n+1.2 %"}
    assert [deliver_summary(DAY, words), deliver_summary(DAY, words)] == [1, 1]
    assert statuses() == {"summary:2026-11-20": "waiting"}


def test_user_who_is_no_longer_active_gets_nothing(user: User) -> None:
    make_channel(user, "telegram")
    user.is_active = False
    user.save()
    make_alert(at=NOON)
    assert (plan(NOON), Delivery.objects.count()) == (1, 0)


def test_pruning_keeps_what_is_open_and_what_is_young(user: User) -> None:
    channel = make_channel(user, "telegram")
    old = timezone.now() - timedelta(days=31)
    make_delivery(channel, 1, status="sent", finished_at=old)
    kept = [make_delivery(channel, 2, status="sent", finished_at=timezone.now()), make_delivery(channel, 3)]
    PlannedSubject.objects.create(subject="old", planned_at=old)
    PlannedSubject.objects.create(subject="young", planned_at=timezone.now())
    prune_deliveries()
    assert set(Delivery.objects.all()) == set(kept)
    assert [planned.subject for planned in PlannedSubject.objects.all()] == ["young"]


def test_tasks_of_delivery_are_known_planned_and_kept_apart() -> None:
    app.loader.import_default_modules()
    planned = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    for task in (deliver, link_telegram, prune_deliveries):
        assert task.name in planned
        assert task.name in app.tasks
    assert {settings.CELERY_TASK_ROUTES[task.name]["queue"] for task in (deliver, link_telegram)} == {"delivery"}
