"""Signed webhooks. What receivers rely on is in docs/delivery.md; a test runs the verification that it shows."""

import hashlib
import hmac
import secrets
import time
from datetime import UTC, datetime
from typing import Final

import msgspec
from django.utils.translation import override

from alerts.delivery.addresses import AddressRefused
from alerts.delivery.items import Message, Rendered, render, title
from alerts.delivery.outcome import Outcome, Result, of_status
from alerts.delivery.post import Poster, PostFailed
from alerts.delivery.reasons import Reason

PREFIX: Final = "whsec_"


def new_secret() -> str:
    """A secret of 32 random bytes, to be shown once."""
    return PREFIX + secrets.token_urlsafe(32)


async def send(message: Message, poster: Poster) -> Outcome:
    """Post one message to the user's address."""
    body = msgspec.json.encode(payload(message, render(message)))
    try:
        answer = await poster.to_stranger(message.target["url"], body, headers(message, body))
    except AddressRefused:
        return Outcome(Result.REFUSED, Reason.ADDRESS())
    except PostFailed as error:
        return Outcome(Result.RETRY, error.reason())
    return of_status(answer.status, answer.retry_after, datetime.now(UTC))


def payload(message: Message, words: Rendered) -> dict[str, object]:
    """The body: what happened in full, and ready words. Titles are in the channel's language."""
    with override(message.language):
        items = [
            {
                "sort": item.sort,
                "id": item.id,
                "time": item.time,
                "kind": item.kind,
                "symbol": item.symbol,
                "severity": item.severity,
                "title": title(item),
                "evidence": item.evidence,
                "note": item.note,
                "source": item.source,
            }
            for item in message.items
        ]
    return {
        "id": message.id,
        "created_at": message.created_at.isoformat(),
        "text": words.text,
        "url": words.link,
        "items": items,
    }


def headers(message: Message, body: bytes) -> dict[str, str]:
    """What lets the receiver trust the body and see a repeat."""
    timestamp = str(int(time.time()))
    return {
        "Content-Type": "application/json",
        "Idempotency-Key": message.id,
        "Tracker-Timestamp": timestamp,
        "Tracker-Signature": f"v1={signature(message.target['secret'], timestamp, body)}",
    }


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over "timestamp.body", in hex."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
