"""Access and connection tokens. They look like SSI's and are checked only for having been given out here."""

import base64
import json
from secrets import token_hex

LIFE_SECONDS = 8 * 3600


class Tokens:
    """Access tokens that were given out and still hold. `now` is epoch seconds, given by the caller."""

    def __init__(self) -> None:
        self._expires: dict[str, float] = {}

    def issue(self, consumer_id: str, now: float) -> str:
        """Return a new token `a.b.c`; b is standard base64 (not URL-safe), as SSI's Python client needs it."""
        expires = int(now) + LIFE_SECONDS
        claims: dict[str, object] = {"nameid": consumer_id, "exp": expires, "iat": int(now), "jti": token_hex(8)}
        while True:
            head, body = _encode({"alg": "RS256", "typ": "JWT"}), _encode(claims)
            if not set("+/") & set(body):  # readable by url-safe decoders too
                break
            claims["jti"] = token_hex(8)
        token = f"{head}.{body}.{token_hex(32)}"
        self._expires = {key: end for key, end in self._expires.items() if end > now}
        self._expires[token] = expires
        return token

    def holds(self, authorization: str, now: float) -> bool:
        """Return whether an Authorization header carries a token that holds."""
        kind, _, token = authorization.partition(" ")
        return kind.lower() == "bearer" and self._expires.get(token.strip(), 0) > now

    def expire(self) -> None:
        """Forget all tokens."""
        self._expires.clear()


def _encode(part: dict[str, object]) -> str:
    return base64.b64encode(json.dumps(part, separators=(",", ":")).encode()).decode().rstrip("=")
