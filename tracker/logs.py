"""What a log line looks like: JSON for programs, one line for people. Either holds what its request, socket or task is.

`structlog.contextvars` carries `request_id`, `connection_id` and `task_id`; tokens and passwords are blotted out here,
wherever they come from.
"""

import re
from collections.abc import MutableMapping
from typing import Any, Final, Literal

import structlog
from structlog.typing import Processor, WrappedLogger

Event = MutableMapping[str, Any]

BLOT: Final = "[hidden]"
SECRETS: Final = (
    re.compile(r"()\bvnst_[A-Za-z0-9_-]+()"),  # our own tokens
    re.compile(r"(\b(?:Bearer|Token)\s+)[A-Za-z0-9._~+/=-]{8,}()", re.IGNORECASE),
    re.compile(r"([?&](?:token|access_token|connectionToken|key|secret)=)[^&\s'\"]+()", re.IGNORECASE),
    re.compile(r"(/account/reset/[^/\s]+/)(?!set-password)[A-Za-z0-9-]+()"),  # the link opens an account
    re.compile(r"((?:/|%2F)shared(?:/|%2F))[^/%\s?#&'\"]+()"),  # whoever has the key of a list may look at it
    re.compile(r"(/bot\d+:)[A-Za-z0-9_-]+()"),  # Telegram puts its token into the path
    re.compile(r"(\b[a-z][a-z0-9+]*://[^\s:/@]*:)[^\s/@]+(@)"),  # the password in an address
    re.compile(r"""((?:consumerSecret|password|secret_key)["']?\s*[:=]\s*["']?)[^\s"',}]+()""", re.IGNORECASE),
)


def blot(text: str) -> str:
    """A text without the secrets that may stand in it."""
    for pattern in SECRETS:
        text = pattern.sub(rf"\1{BLOT}\2", text)
    return text


def without_secrets(logger: WrappedLogger, name: str, event: Event) -> Event:
    """A structlog processor: blot every text."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = blot(value)
    return event


def as_line(logger: WrappedLogger, name: str, event: Event) -> str:
    """A structlog renderer: time, level, logger, message, then what else is known as key=value."""
    head = " ".join(str(event.pop(key, "")) for key in ("timestamp", "level", "logger", "event"))
    trace = event.pop("exception", "")
    rest = "".join(f" {key}={value}" for key, value in event.items())
    return f"{head}{rest}\n{trace}" if trace else f"{head}{rest}"


def upper_level(logger: WrappedLogger, name: str, event: Event) -> Event:
    """A structlog processor: levels as Python's logging writes them."""
    event["level"] = str(event.get("level", "")).upper()
    return event


def formatter(kind: Literal["line", "json"]) -> dict[str, Any]:
    """The formatter of Django's LOGGING, for records of `logging` and of structlog alike."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=kind == "json"),
    ]
    rendered: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    rendered.append(structlog.processors.format_exc_info)
    rendered.append(without_secrets)
    rendered += [structlog.processors.JSONRenderer(ensure_ascii=False)] if kind == "json" else [upper_level, as_line]
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "processors": rendered,
    }
