"""What sockets share: why they close, who may open one, how far ahead of a client a server may be."""

import logging
from collections import deque
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs

from channels.security.websocket import OriginValidator
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.http import parse_cookie

from market.access import AccessUnavailable, aauthenticate, client_address, token_in
from market.readers import readers
from market.sockets.slots import Limit

logger = logging.getLogger(__name__)

BAD_REQUEST: Final = 4400
NOT_AUTHORISED: Final = 4401
STALLED: Final = 4408
CROWDED: Final = 4429
COME_BACK: Final = 4012

MOST_PARAMETERS: Final = 10


class SameSiteOrigin(OriginValidator):
    """Refuse other sites' pages, whose browsers would send our cookies along.

    Programs have no Origin and no cookies that anybody could borrow: they pass. Channels' own validator refuses them.
    """

    def __init__(self, application: Any) -> None:
        super().__init__(application, settings.ALLOWED_HOSTS)

    def valid_origin(self, parsed_origin: Any) -> bool:
        return parsed_origin is None or bool(self.validate_origin(parsed_origin))


class Refused(Exception):
    """A client that may not come in, with the code to close with."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Visitor(NamedTuple):
    """Who opened a socket."""

    address: str
    user: AbstractBaseUser | None
    token: str | None
    session: str | None = None  # its key

    def limits(self) -> list[Limit]:
        """What this socket counts for."""
        limits = [Limit(f"sockets:address:{self.address}", settings.WS_CONNECTIONS_PER_ADDRESS)]
        if self.user:
            limits.append(Limit(f"sockets:user:{self.user.pk}", settings.WS_CONNECTIONS_PER_USER))
        return limits


def parameters(scope: dict[str, Any]) -> dict[str, str]:
    """The query string, the last value of each name. Raises Refused."""
    try:
        values = parse_qs(scope["query_string"].decode(), keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError as error:
        raise Refused(BAD_REQUEST) from error
    return {name: each[-1] for name, each in values.items()}


async def identify(scope: dict[str, Any], token: str | None) -> Visitor:
    """Who asks: by Authorization header, by the token of the query, by session, or anonymous where that is allowed.

    Raises Refused: a token that is not valid is told so even where nobody needs one.
    """
    headers = dict(scope["headers"])
    peer = scope.get("client") or [None]
    address = client_address(peer[0], headers.get(b"x-forwarded-for", b"").decode("latin1"))
    token = token_in(headers.get(b"authorization", b"").decode("latin1")) or token
    session = parse_cookie(headers.get(b"cookie", b"").decode("latin1")).get(settings.SESSION_COOKIE_NAME) or None
    try:
        user = await _user_of(token, session)
    except AccessUnavailable as error:
        if token or not settings.ANONYMOUS_READ:
            logger.info("a socket cannot be judged while the database is away")
            raise Refused(COME_BACK) from error
        user = None
    if user is None and (token or not settings.ANONYMOUS_READ):
        raise Refused(NOT_AUTHORISED)
    return Visitor(address, user, token, session if user and not token else None)


async def _user_of(token: str | None, session: str | None) -> AbstractBaseUser | None:
    if token:
        return await aauthenticate(token)
    # Channels' session middleware would do the same, and stand between us and every frame that we send.
    return await readers.auser(session) if session else None


async def still_welcome(visitor: Visitor) -> bool:
    """Whether the token or the session that opened a socket still holds. While nobody can tell, it does."""
    return (visitor.token is None and settings.ANONYMOUS_READ) or await still_known(visitor)


async def still_known(visitor: Visitor) -> bool:
    """Whether a visitor is still who came, wherever anybody may read. While nobody can tell, it is so."""
    if visitor.token is None and visitor.session is None:
        return True
    try:
        return await _user_of(visitor.token, visitor.session) is not None
    except AccessUnavailable:
        return True


class Window:
    """The bytes that a client has not acknowledged: Daphne itself would queue without a bound for who does not read."""

    def __init__(self) -> None:
        self.ahead = 0
        self._sent: deque[tuple[int, int]] = deque()  # (seq, bytes), at most `ahead` / size of the smallest frame

    def sent(self, seq: int, size: int) -> None:
        """Note a frame; those of one seq count as one."""
        self.ahead += size
        if self._sent and self._sent[-1][0] == seq:
            size += self._sent.pop()[1]
        self._sent.append((seq, size))

    def acked(self, seq: int) -> None:
        """Note that the client has everything up to the newest frame with this seq. What was never sent is ignored.

        The newest, not the smallest above: after a new epoch seq starts again.
        """
        for index in range(len(self._sent) - 1, -1, -1):
            if self._sent[index][0] == seq:
                for _ in range(index + 1):
                    self.ahead -= self._sent.popleft()[1]
                return


class Budget:
    """Tokens that come back with time: `burst` at once, then `rate` a second."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._at = now

    def spend(self, now: float) -> bool:
        """Take one; False if none is left."""
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
