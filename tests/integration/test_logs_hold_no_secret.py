"""A web process and a worker that tell everything, driven through all that is secret: none of it is logged."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Final
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django_otp.plugins.otp_totp.models import TOTPDevice
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from alerts.models import Delivery
from market.models import ApiToken, Watchlist
from tests.alerts.delivery.builders import make_channel, make_delivery
from tests.alerts.delivery.standins import StandIn, stand_in
from tests.integration.killable import wait_until
from tests.ports import held_port
from tracker.celery import app
from tracker.launch.ports import LOOPBACK, accepts
from tracker.launch.process import Command, Process, Warden

ROOT: Final = Path(settings.BASE_DIR)
PASSWORD: Final = "pw-Never-In-A-Log-1"
WRONG: Final = "pw-Wrong-Never-In-A-Log-2"
BOT: Final = "4242:bot-Never-In-A-Log-3"
HOOK: Final = "whsec_Never-In-A-Log-4"
SEALED: Final = {  # in the environment of both processes
    "SECRET_KEY": "key-Never-In-A-Log-5" * 3,
    "SSI_CONSUMER_SECRET": "ssi-Never-In-A-Log-6",
    "TELEGRAM_BOT_TOKEN": BOT,
    "EMAIL_HOST_PASSWORD": "mail-Never-In-A-Log-7",
}
QUEUES: Final = ("--queues", "delivery,celery", "--pool", "solo", "--without-gossip", "--without-mingle")


@pytest.fixture
def hooked() -> Iterator[StandIn]:
    with stand_in() as served:
        yield served


class Browser:
    """Someone with cookies who sends forms."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.at = ""  # after all redirects
        self.jar = CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self.jar))

    def get(self, path: str, **headers: str) -> int:
        return self._ask(Request(self.url + path, headers=headers))

    def post(self, path: str, **values: str) -> int:
        token = next((str(each.value) for each in self.jar if each.name == "csrftoken"), "")
        return self._ask(Request(self.url + path, urlencode({"csrfmiddlewaretoken": token, **values}).encode()))

    def _ask(self, request: Request) -> int:
        with suppress(HTTPError), self._opener.open(request, timeout=20) as answer:
            self.at = answer.url
            return int(answer.status)
        return 0


def speak(url: str, token: str) -> None:
    """Open sockets with a token that holds and one that does not."""
    for each in (token, token[:-4] + "AAAA"):
        for query, headers in ((f"?token={each}", {}), ("", {"Authorization": f"Bearer {each}"})):
            with suppress(ConnectionClosed, InvalidHandshake, TimeoutError):
                address = f"{url.replace('http', 'ws')}/ws/market/{query}"
                with connect(address, additional_headers=headers, proxy=None) as socket:
                    socket.recv(timeout=1 if each == token else 10)  # nothing is published


@pytest.mark.django_db(transaction=True)
def test_neither_password_nor_token_nor_key_is_logged(
    process_environment: dict[str, str], warden: Warden, hooked: StandIn
) -> None:
    said: list[str] = []
    root = User.objects.create_superuser("root", "root@example.org")
    root.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt")  # the processes have no hasher of the tests
    root.save()
    device = TOTPDevice.objects.create(user=root, name="app")
    token = ApiToken.issue(root, "program")[1]
    shared = Watchlist.objects.create(owner=root, name="Shared", position=1)
    shared.share(True)
    assert shared.share_key
    make_delivery(make_channel(root, "webhook", {"url": f"{hooked.url}/hook", "secret": HOOK}))
    make_delivery(make_channel(root, "telegram"))
    own = {"LOG_LEVEL": "DEBUG", "ANONYMOUS_READ": "false", "DELIVERY_TO_LOOPBACK": "true"}
    own |= {"TELEGRAM_API_URL": hooked.url}
    environment = process_environment | SEALED | own | {"SECRET_KEY": settings.SECRET_KEY}  # which sealed the channels
    port = held_port()
    programs = {
        "web": ["-m", "daphne", "--verbosity", "0", "-b", LOOPBACK, "-p", str(port), "tracker.asgi:application"],
        "worker": ["-m", "celery", "--app", "tracker", "worker", *QUEUES, "--loglevel", "DEBUG"],
    }
    running = []
    for name, arguments in programs.items():
        command = Command(name, [sys.executable, *arguments], ROOT, environment)
        running.append(Process(command, warden, lambda _, line: said.append(line)))
    try:
        running[0].wait_until(lambda: accepts(port))
        running[1].wait_until(lambda: any("ready." in line for line in said), 60)
        drive(f"http://{LOOPBACK}:{port}", token, shared.share_key)
        run("alerts.deliver")
        wait_until(lambda: not Delivery.objects.filter(finished_at=None).exists(), "the end of both deliveries")
    finally:
        for process in running:
            process.stop(grace_seconds=1)
    assert {each.status for each in Delivery.objects.all()} == {"sent"}
    text = "\n".join(said)
    assert "/account/log-in/" in text and "alerts.deliver" in text and " DEBUG " in text  # they do tell
    database, redis = (re.findall(r":([^:@/]+)@", environment[name]) for name in ("DATABASE_URL", "REDIS_URL"))
    secrets = [PASSWORD, WRONG, BOT, BOT.partition(":")[2], HOOK, token, token[:-4], device.key, settings.SECRET_KEY]
    secrets.append(shared.share_key)
    found = [each for each in [*secrets, *SEALED.values(), *database, *redis] if each in text]
    assert found == [], [line for line in said if any(each in line for each in found)][:5]


def run(task: str) -> None:
    """Ask the worker for a task, as beat does."""
    app.send_task(task, queue="delivery")


def drive(url: str, token: str, key: str) -> None:
    """Log in with the wrong and the right password, show codes, tokens in headers and addresses, keys, and JSON."""
    browser = Browser(url)
    browser.get(f"/shared/{key}/")  # led to the log-in page
    assert browser.get("/account/log-in/") == 200
    browser.post("/account/log-in/", username="root", password=WRONG)
    browser.post("/account/log-in/", username="root", password=PASSWORD)
    assert browser.get("/account/") == 200 and browser.at == f"{url}/account/"
    browser.post("/account/second-factor/", code="123456")
    browser.post("/account/password/", old_password=WRONG, new_password1=PASSWORD + "x", new_password2=PASSWORD)
    browser.post("/account/delete/", password=PASSWORD)
    for query in ("", f"?token={token}"):
        for header in (f"Bearer {token}", f"Token {token}", f"Bearer {token[:-4]}AAAA"):
            browser.get(f"/api/symbols{query}", Authorization=header)
            browser.get(f"/api/no-such{query}", Authorization=header)
    browser.get(f"/account/reset/MQ/{token}/")
    for path in (f"/shared/{key}/", f"/shared/{key}/no-such", f"/shared/{key[:-1]}/"):
        browser.get(path)
    browser.post(f"/shared/{key}/copy/")
    browser.post("/api/symbols", body=json.dumps({"token": token}))
    speak(url, token)
