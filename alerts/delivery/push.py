"""Browser push: RFC 8030 over the browser's push service, encrypted after RFC 8291, signed after RFC 8292 (VAPID)."""

import base64
import uuid
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from py_vapid import Vapid02
from pywebpush import WebPusher, WebPushException

from alerts.delivery.addresses import AddressRefused, take_apart
from alerts.delivery.items import Message, render
from alerts.delivery.outcome import Outcome, Result, of_status
from alerts.delivery.post import Poster, PostFailed
from alerts.delivery.reasons import Reason
from alerts.delivery.sealing import PUSH, derived

LONGEST_BODY: Final = 1200  # characters; the service takes 4096 bytes of everything
GONE: Final = frozenset({404, 410})
TOKEN_SECONDS: Final = 12 * 3600  # RFC 8292: at most a day
ORDER: Final = int("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", 16)  # of P-256


class SubscriptionRefused(Exception):
    """What a browser sent is no subscription we can use."""


async def send(message: Message, poster: Poster) -> Outcome:
    """Send one message to one browser; `target` is its subscription."""
    endpoint = str(message.target.get("endpoint", ""))
    try:
        sealed = WebPusher(message.target).encode(payload(message))["body"]
        answer = await poster.to_stranger(endpoint, sealed, headers(message, endpoint))
    except (WebPushException, ValueError, KeyError):
        return Outcome(Result.GONE, Reason.SUBSCRIPTION())
    except AddressRefused:
        return Outcome(Result.GONE, Reason.ADDRESS())
    except PostFailed as error:
        return Outcome(Result.RETRY, error.reason())
    return of_status(answer.status, answer.retry_after, datetime.now(UTC), GONE)


def payload(message: Message) -> bytes:
    """What the service worker reads. `tag` lets a repeat take the place of the first."""
    words = render(message)
    return msgspec.json.encode(
        {
            "title": words.headline[:200],
            "body": words.details[:LONGEST_BODY],
            "url": words.link,
            "tag": message.id,
            "urgent": is_urgent(message),
        }
    )


def is_urgent(message: Message) -> bool:
    """Tell whether a phone should wake up for it."""
    return any(item.severity == "critical" for item in message.items)


def headers(message: Message, endpoint: str) -> dict[str, str]:
    """The headers of a push message: how long it is worth keeping, how urgent it is, and who we are."""
    return {
        "Content-Type": "application/octet-stream",
        "Content-Encoding": "aes128gcm",
        "TTL": str(max(int(message.seconds), 0)),
        "Urgency": "high" if is_urgent(message) else "normal",
        "Topic": text_of(uuid.UUID(message.id).bytes),
        "Authorization": authorization(endpoint),
    }


def authorization(endpoint: str) -> str:
    """The signed claim that it is us who push."""
    claims: dict[str, str | int] = {
        "aud": take_apart(endpoint, settings.DELIVERY_TO_LOOPBACK).origin,
        "sub": settings.VAPID_CONTACT,
        "exp": int(datetime.now(UTC).timestamp()) + TOKEN_SECONDS,
    }
    signed: dict[str, str] = Vapid02(private_key(), conf={"no-strict": True}).sign(claims)
    return signed["Authorization"]


def private_key() -> ec.EllipticCurvePrivateKey:
    """The installation's key. Raises ValueError when the setting holds none."""
    given = settings.VAPID_PRIVATE_KEY
    number = int.from_bytes(bytes_of(given) if given else derived(PUSH))
    # Taken modulo the order only when derived: 2^-32 away from even at most, and no one can choose it.
    return ec.derive_private_key(number if given else number % (ORDER - 1) + 1, ec.SECP256R1())


def public_key() -> str:
    """What browsers subscribe with, base64url."""
    return text_of(private_key().public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def checked_subscription(text: str) -> dict[str, Any]:
    """What PushSubscription.toJSON() gives, reduced to what is needed. Raises SubscriptionRefused."""
    try:
        found = msgspec.json.decode(text, type=dict[str, Any])
        keys = found["keys"]
        endpoint, key, secret = str(found["endpoint"]), str(keys["p256dh"]), str(keys["auth"])
        take_apart(endpoint, settings.DELIVERY_TO_LOOPBACK)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes_of(key))
        is_secret = len(bytes_of(secret)) == 16
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError, RecursionError, AddressRefused) as error:
        raise SubscriptionRefused("expected a push subscription with endpoint and keys") from error
    if not is_secret:
        raise SubscriptionRefused("expected an auth secret of 16 bytes")
    return {"endpoint": endpoint, "keys": {"p256dh": key, "auth": secret}}


def bytes_of(text: str) -> bytes:
    """Decode base64url without padding. Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def text_of(data: bytes) -> str:
    """Encode as base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
