"""How much somebody may send at once, and how deep it may be nested."""

import re
from pathlib import Path
from typing import Any

import pytest
from channels.testing import ApplicationCommunicator
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from alerts.delivery.push import SubscriptionRefused, checked_subscription
from alerts.domain.rules import RuleError, load_rules
from market.body import MOST_BYTES
from tracker.asgi import application


async def post(headers: list[tuple[bytes, bytes]], *pieces: bytes) -> list[dict[str, Any]]:
    """What a request with such headers and pieces of a body is answered; nothing where it is hung up on."""
    scope = {
        "type": "http", "method": "POST", "path": "/theme/", "query_string": b"", "raw_path": b"/theme/",
        "headers": [(b"host", b"localhost"), *headers],
    }  # fmt: skip
    communicator = ApplicationCommunicator(application, scope)
    for index, piece in enumerate(pieces):
        last = index == len(pieces) - 1
        await communicator.send_input({"type": "http.request", "body": piece, "more_body": not last})
    await communicator.wait(10)
    answers = []
    while not communicator.output_queue.empty():
        answers.append(communicator.output_queue.get_nowait())
    return answers


async def test_body_that_says_it_is_too_long_is_refused_unread() -> None:
    for length in (str(MOST_BYTES + 1).encode(), b"9" * 400, b"-1", b"lots"):
        start, body = await post([(b"content-length", length)])
        assert start["status"] == 413 and b"too_large" in body["body"]


@pytest.mark.django_db(transaction=True)
async def test_body_that_turns_out_too_long_is_hung_up_on_and_others_pass() -> None:
    piece = b"x" * (MOST_BYTES // 2)
    assert await post([], piece, piece, b"x") == []
    start, _ = await post([(b"content-length", b"3")], b"a=b")
    assert start["status"] == 403  # the form's own word: no CSRF token


def test_bound_is_the_proxys_and_above_what_forms_may_hold() -> None:
    text = (Path(settings.BASE_DIR) / "docker" / "nginx" / "site.conf.template").read_text()
    assert re.findall(r"client_max_body_size (\d+)m;", text) == [str(MOST_BYTES // 1024**2)]
    assert settings.DATA_UPLOAD_MAX_MEMORY_SIZE < MOST_BYTES


@pytest.mark.parametrize("text", ["[" * 100_000, '[{"params":' * 50_000, "[" * 100_000 + "]" * 100_000])
def test_rules_nested_without_end_are_a_fault_of_the_file(text: str) -> None:
    with pytest.raises(RuleError, match="expected a JSON list of rules"):
        load_rules(text)


def test_subscription_nested_without_end_is_refused() -> None:
    with pytest.raises(SubscriptionRefused):
        checked_subscription('{"keys":' + "[" * 3990)


def test_import_of_rules_refuses_large_and_nested_files(client: Client, db: None) -> None:
    client.force_login(User.objects.create_superuser("root"))
    for content in (b" " * 1_000_001, b"[" * 500_000):
        response = client.post("/admin/alerts/alertrule/import/", {"file": SimpleUploadedFile("rules.json", content)})
        assert response.status_code == 200 and b"errorlist" in response.content
