"""Log lines: their two forms, the ids in them, and what must never be in them."""

import io
import json
import logging
import logging.config
import re
from typing import Any

import pytest
from django.conf import settings
from structlog.contextvars import bound_contextvars

from tracker.logs import blot, formatter

TOKEN = "vnst_c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"


def written(kind: Any, *arguments: Any, failing: bool = False) -> str:
    """What a logger with our formatter writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    configurator = logging.config.DictConfigurator({"version": 1})
    handler.setFormatter(configurator.configure_formatter(formatter(kind)))
    logger = logging.Logger("market.feed")
    logger.addHandler(handler)
    if failing:
        try:
            raise ValueError(f"refused with {TOKEN}")
        except ValueError:
            logger.exception(*arguments)
    else:
        logger.warning(*arguments)
    return stream.getvalue()


def test_json_line_holds_level_logger_time_and_the_ids_of_its_request() -> None:
    with bound_contextvars(request_id="abc", task_id="t-1"):
        line = json.loads(written("json", "took %s ms for %s", 12, "Sàn"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line.pop("timestamp"))
    assert line == {
        "event": "took 12 ms for Sàn", "level": "warning", "logger": "market.feed", "request_id": "abc",
        "task_id": "t-1",
    }  # fmt: skip


def test_line_for_people_has_the_ids_behind_the_message() -> None:
    with bound_contextvars(connection_id="c1"):
        line = written("line", "closed")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\S+ WARNING market.feed closed connection_id=c1\n", line)


@pytest.mark.parametrize("kind", ["json", "line"])
def test_traceback_is_written_without_the_token_in_it(kind: str) -> None:
    text = written(kind, "failed for %s", TOKEN, failing=True)
    assert "ValueError: refused with [hidden]" in text and "Traceback" in text
    assert TOKEN not in text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"GET /ws/market/?token={TOKEN}&symbols=HPG", "GET /ws/market/?token=[hidden]&symbols=HPG"),
        (f"Authorization: Bearer {TOKEN}", "Authorization: Bearer [hidden]"),
        ("Authorization: Bearer eyJhbGciOi.J9-_x", "Authorization: Bearer [hidden]"),
        ("/signalr/connect?connectionToken=abc%2F&x=1", "/signalr/connect?connectionToken=[hidden]&x=1"),
        ("away: postgres://tracker:s3cret@db:5432/x", "away: postgres://tracker:[hidden]@db:5432/x"),
        ("redis://:s3cret@cache:6379/0", "redis://:[hidden]@cache:6379/0"),
        (
            "https://api.telegram.org/bot12345:AAE-x_y/sendMessage",
            "https://api.telegram.org/bot12345:[hidden]/sendMessage",
        ),
        ("Not Found: /account/reset/MQ/c3x-9a0b/", "Not Found: /account/reset/MQ/[hidden]/"),
        ("GET /account/reset/MQ/set-password/", "GET /account/reset/MQ/set-password/"),
        ("GET /account/reset/sent/", "GET /account/reset/sent/"),
        ("Not Found: /shared/Zk3-x_9a0b/", "Not Found: /shared/[hidden]/"),
        ("GET /shared/Zk3-x_9a0b?sort=price", "GET /shared/[hidden]?sort=price"),
        ("POST /shared/Zk3-x_9a0b/copy/", "POST /shared/[hidden]/copy/"),
        ("/account/log-in/?next=%2Fshared%2FZk3-x_9a0b%2F", "/account/log-in/?next=%2Fshared%2F[hidden]%2F"),
        ("/account/log-in/?next=/shared/Zk3-x_9a0b/%3Fq%3Dx", "/account/log-in/?next=/shared/[hidden]/%3Fq%3Dx"),
        ("{'consumerID': 'a', 'consumerSecret': 'b c'}", "{'consumerID': 'a', 'consumerSecret': '[hidden] c'}"),
        ("a token of the exchange was refused", "a token of the exchange was refused"),
        ("http://127.0.0.1:8000/health", "http://127.0.0.1:8000/health"),
    ],
)
def test_secrets_are_blotted_out_and_nothing_else(text: str, left: str) -> None:
    assert blot(text) == left


def test_settings_log_by_this_formatter() -> None:
    assert settings.LOGGING["formatters"]["line"]["()"] is formatter("line")["()"]
    assert settings.LOGGING["root"]["handlers"] == ["console"]
