"""The real Celery worker on the tests' PostgreSQL and a Valkey of its own, each of which is killed and started again.

One start of the worker serves every step, so this is one test with a story.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from celery import Celery
from django.contrib.auth.models import User
from django.utils import timezone

from alerts.models import Delivery, PlannedSubject
from market.domain.calendar import VIETNAM
from market.models import IngestRun
from tests.alerts.delivery.builders import make_alert, make_channel, make_device, make_webhook
from tests.alerts.delivery.standins import TOKEN, Answer, Browser, MailBox, StandIn
from tests.integration.killable import wait_until
from tests.ports import held_port
from tracker.launch.places import temporary_directory
from tracker.launch.process import Command, Process, Warden
from tracker.launch.valkey import Valkey

ROOT = Path(__file__).parents[3]
NOON = datetime(2026, 11, 20, 12, tzinfo=VIETNAM)
SEND_MESSAGE = f"/bot{TOKEN}/sendMessage"


class Queue:
    """A Valkey that can be killed and started again on the same port."""

    def __init__(self, warden: Warden) -> None:
        directory = temporary_directory(None)
        warden.remove(directory)
        self._server = Valkey(directory, held_port())
        self._warden = warden
        self._process: Process | None = None
        self.url = self._server.url
        self._celery = Celery(broker=self.url, set_as_current=False)  # else other tests' tasks would go here too
        self.start()

    def start(self) -> None:
        self._process = Process(self._server.command(), self._warden)
        self._process.wait_until(self._server.is_ready)

    def kill(self) -> None:
        assert self._process
        self._process.popen.kill()
        self._process.popen.wait()

    def stop(self) -> None:
        assert self._process
        self._celery.close()
        self._process.stop()

    def ask(self) -> None:
        """Ask for a run, as beat does."""
        self._celery.send_task("alerts.deliver", queue="delivery")


class Courier:
    """A worker of the queue `delivery`. No beat: each step asks for its run."""

    def __init__(self, environment: dict[str, str], warden: Warden) -> None:
        arguments = ["-m", "celery", "--app", "tracker", "worker", "--pool", "solo", "--queues", "delivery"]
        quiet = ["--without-gossip", "--without-mingle", "--loglevel", "INFO"]
        self._command = Command("courier", [sys.executable, *arguments, *quiet], ROOT, environment)
        self._warden = warden
        self.lines: list[str] = []
        self.process: Process | None = None

    def start(self) -> None:
        self.lines.clear()
        self.process = Process(self._command, self._warden, on_line=lambda name, line: self.lines.append(line))
        self.process.wait_until(lambda: any("ready." in line for line in self.lines), 60)

    def kill(self) -> None:
        assert self.process
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.popen.wait()

    def stop(self) -> None:
        if self.process:
            self.process.stop(grace_seconds=1)


@pytest.fixture
def queue(warden: Warden) -> Iterator[Queue]:
    queue = Queue(warden)
    yield queue
    queue.stop()


@pytest.fixture
def courier(
    process_environment: dict[str, str], queue: Queue, warden: Warden, serving: StandIn, receiving: MailBox
) -> Iterator[Courier]:
    serving.got.clear()
    serving.scripted.clear()
    receiving.letters.clear()
    environment = process_environment | {
        "REDIS_URL": queue.url,
        "TELEGRAM_API_URL": serving.url,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "DELIVERY_TO_LOOPBACK": "true",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(receiving.port),
        "EMAIL_SECURITY": "none",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
        "LOG_LEVEL": "DEBUG",
    }
    courier = Courier(environment, warden)
    courier.start()
    yield courier
    courier.stop()


def wait_for_end(queue: Queue, subjects: int) -> dict[str, str]:
    """Ask for runs until nothing of so many subjects is open; how each delivery ended, by channel and subject."""
    last = [0.0]

    def ended() -> bool:
        if time.monotonic() > last[0] + 0.5:
            last[0] = time.monotonic()
            queue.ask()
        planned = PlannedSubject.objects.count() == subjects
        return planned and not Delivery.objects.filter(finished_at=None).exists()

    wait_until(ended, "the end of all deliveries")
    rows = Delivery.objects.select_related("channel").order_by("pk")
    return {f"{row.channel.kind} {row.subject.partition('@')[0][-1]}": f"{row.status} {row.attempts}" for row in rows}


def test_worker_records_each_delivery_once_whatever_is_killed(
    courier: Courier, queue: Queue, serving: StandIn, receiving: MailBox
) -> None:
    # A simulated noon: soon after midnight an alert of twenty minutes ago would be one of the day before.
    started = {"started_at": timezone.now(), "last_seen_at": timezone.now()}
    IngestRun.objects.create(epoch="e", source="simulation", identity="simulation:1", **started)
    user = User.objects.create_user("trader")
    webhook, chat = make_webhook(user, serving), make_channel(user, "telegram")
    push = make_channel(user, "push")
    make_channel(user, "email")
    make_device(push, Browser(f"{serving.url}/push"))

    # All four channels at once; the webhook's receiver fails first and is asked again after its pause.
    serving.script("/hook", Answer(503, headers={"Retry-After": "1"}))
    make_alert(1, NOON)
    assert wait_for_end(queue, 1) == {
        "webhook 1": "sent 2",
        "telegram 1": "sent 1",
        "push 1": "sent 1",
        "email 1": "sent 1",
    }
    assert [len(serving.at(path)) for path in ("/hook", SEND_MESSAGE, "/push")] == [2, 1, 1]
    assert len(receiving.letters) == 1

    # Killed while the receiver thinks: the row stays claimed, and goes out once more when its lease is over.
    Delivery.objects.update(attempted_at=None)
    serving.script("/hook", Answer(hold=True))
    make_alert(2, NOON)
    queue.ask()
    serving.wait_for("/hook", 3)
    wait_until(lambda: Delivery.objects.filter(status="sending").count() == 1, "all others to be recorded")
    courier.kill()
    courier.start()
    queue.ask()
    Delivery.objects.filter(status="sending").update(next_attempt_at=timezone.now())
    assert {kind: end for kind, end in wait_for_end(queue, 2).items() if kind.endswith("2")} == {
        "webhook 2": "sent 2",
        "telegram 2": "sent 1",
        "push 2": "sent 1",
        "email 2": "sent 1",
    }
    held, again = serving.at("/hook")[2:]
    assert held.headers["Idempotency-Key"] == again.headers["Idempotency-Key"]
    assert "Sent again" in again.json["text"]
    assert len(serving.at(SEND_MESSAGE)) == 2

    # Valkey dies, and the queue with it: what is stored meanwhile is told as soon as it is back.
    queue.kill()
    serving.script(SEND_MESSAGE, Answer(403, {"ok": False, "description": "Forbidden: bot was blocked by the user"}))
    serving.script("/push", Answer(410))
    make_alert(3, NOON)
    make_alert(4, NOON - timedelta(minutes=20))
    queue.start()
    ends = {kind: end for kind, end in wait_for_end(queue, 4).items() if kind[-1] in "34"}
    assert ends["webhook 3"] == "sent 1"
    assert (ends["telegram 3"], ends["push 3"]) == ("failed 1", "failed 1")
    assert {end for kind, end in ends.items() if kind.endswith("4")} == {"expired 0"}
    for channel, is_on in ((webhook, True), (chat, False), (push, False)):
        channel.refresh_from_db()
        assert channel.enabled is is_on
    assert not [line for line in courier.lines if TOKEN in line or "whsec_" in line]
