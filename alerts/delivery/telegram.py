"""Telegram's Bot API (https://core.telegram.org/bots/api). The token stands in addresses: nothing logs or shows one.

Limits of https://core.telegram.org/bots/faq: about one message a second to a chat, 20 a minute to a group, 30 a second
in all. After a 429 nothing is sent to anybody until `retry_after` is over.
"""

from typing import Any, Final

import msgspec
from django.conf import settings

from alerts.delivery.items import Message, render
from alerts.delivery.outcome import LONGEST_PAUSE, SENT, Outcome, Result
from alerts.delivery.post import TOTAL_SECONDS, Answer, Poster, PostFailed
from alerts.delivery.reasons import Reason

LONGEST_TEXT: Final = 4096
TOKEN_PAUSE: Final = 60.0  # while the token is refused somebody has to mend the installation


class TelegramFailed(Exception):
    """The Bot API did not do what was asked; `outcome` says how."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.error)
        self.outcome = outcome


async def send(message: Message, poster: Poster) -> Outcome:
    """Send one message to a chat."""
    if not settings.TELEGRAM_BOT_TOKEN:
        return Outcome(Result.RETRY, Reason.NO_TELEGRAM())
    quiet = all(item.severity == "info" for item in message.items)
    text = render(message).text
    if len(text) > LONGEST_TEXT:
        text = text[: LONGEST_TEXT - 1] + "…"
    sent = {
        "chat_id": message.target["chat"],
        "text": text,
        "disable_notification": quiet,
        "link_preview_options": {"is_disabled": True},
    }
    try:
        await call("sendMessage", sent, poster)
    except TelegramFailed as failure:
        return failure.outcome
    except PostFailed as error:
        return Outcome(Result.RETRY, error.reason())
    return SENT


async def call(method: str, sent: dict[str, Any], poster: Poster, seconds: float = TOTAL_SECONDS) -> Any:
    """Call a method and return its result. Raises TelegramFailed, PostFailed."""
    url = f"{settings.TELEGRAM_API_URL.rstrip('/')}/bot{settings.TELEGRAM_BOT_TOKEN}/{method}"
    answer = await poster.to_known(url, msgspec.json.encode(sent), {"Content-Type": "application/json"}, seconds)
    found = decoded(answer)
    if answer.status == 200 and found.get("ok") is True:
        return found.get("result")
    raise TelegramFailed(judged(answer.status, found))


def decoded(answer: Answer) -> dict[str, Any]:
    """The JSON object of an answer; an empty one where there is none, as from a proxy in between."""
    try:
        found = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def judged(status: int, found: dict[str, Any]) -> Outcome:
    """What a refusal of the Bot API means."""
    error = Reason.TELEGRAM(f"{status}: {str(found.get('description', ''))[:120]}".rstrip(": "))
    if status == 429:
        after = (found.get("parameters") or {}).get("retry_after")
        seconds = min(float(after), LONGEST_PAUSE) if isinstance(after, int | float) else 30.0
        return Outcome(Result.RETRY, error, seconds, everyone=True)
    if status in (401, 404):
        return Outcome(Result.RETRY, Reason.TELEGRAM_TOKEN(), TOKEN_PAUSE, everyone=True)
    if status == 403:  # the user blocked the bot, or it was thrown out of the group
        return Outcome(Result.GONE, error)
    return Outcome(Result.REFUSED if 400 <= status < 500 else Result.RETRY, error)
