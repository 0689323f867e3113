"""The access token: a JWT whose expiry says when to fetch the next one."""

import base64
import time

import msgspec
from msgspec import Struct

UNKNOWN_LIFE_SECONDS = 1800.0  # for a token that does not say when it ends
MARGIN_SECONDS = 600.0  # renewed so long before the end, but not before half of its life


class Token(Struct, frozen=True):
    """A token and when to stop using it. Times are epoch seconds."""

    text: str
    fetched: float
    renew: float

    def __repr__(self) -> str:
        """Hide the text: a representation ends up in logs."""
        return f"Token(fetched={self.fetched}, renew={self.renew})"

    def is_fresh(self, max_age_seconds: float | None) -> bool:
        """Tell whether it is not due for renewal, nor older than `max_age_seconds`."""
        now = time.time()
        return now < self.renew and (max_age_seconds is None or now - self.fetched <= max_age_seconds)


def new_token(text: str) -> Token:
    """Wrap a token that was fetched just now. One that does not say when it ends gets half an hour."""
    now = time.time()
    expiry = token_expiry(text)
    life = 0.0 if expiry is None else expiry - now
    if life <= 0:  # unreadable, or this machine's clock is wrong
        life = UNKNOWN_LIFE_SECONDS
    return Token(text=text, fetched=now, renew=now + life - min(MARGIN_SECONDS, life / 2))


class _Claims(Struct):
    exp: float


def token_expiry(text: str) -> float | None:
    """Return the epoch second at which a JWT ends, or None when it does not say. Its signature is not ours to check."""
    parts = text.split(".")
    if len(parts) != 3:
        return None
    payload = parts[1].rstrip("=")
    try:
        # The JWT standard wants this alphabet, SSI's own client only reads the other one; Python takes both here.
        claims = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=_Claims)
    except (ValueError, msgspec.DecodeError):  # base64's own error is a ValueError
        return None
    return claims.exp
