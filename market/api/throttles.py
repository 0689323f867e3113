"""How often somebody may ask: a budget for each token, each user with a session and each address.

Each web process counts for itself, in memory: no request waits for Redis, and with several processes the limit is up to
that many times as high. It keeps the site usable for all; who must be kept away altogether is a matter for the proxy.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING, Final

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from market.access import client_address, token_in
from market.models import ApiToken

if TYPE_CHECKING:  # DRF's views import this class, which is in its settings
    from rest_framework.views import APIView

MOST_KEPT: Final = 20_000  # callers; who has not asked for longest is forgotten, with a full budget


class Budgets:
    """Budgets of callers: `per_minute` requests at once, which come back with time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._callers: OrderedDict[str, tuple[float, float]] = OrderedDict()  # what is left, when

    def spend(self, caller: str, per_minute: int, cost: float = 1.0) -> int:
        """Take a request out of a budget; 0, or the seconds to wait when it is spent. No `cost`: only look."""
        now = self._clock()
        left, at = self._callers.get(caller, (float(per_minute), now))
        left = min(float(per_minute), left + (now - at) * per_minute / 60)
        if left < 1:
            return max(1, ceil((1 - left) * 60 / per_minute))
        if cost:
            self._callers[caller] = (left - cost, now)
            self._callers.move_to_end(caller)
            if len(self._callers) > MOST_KEPT:
                self._callers.popitem(last=False)
        return 0


# A web process has no composition root.
budgets: Final = Budgets()


def caller_of(token: str | None, user_id: int | None, address: str) -> tuple[str, int]:
    """Whose budget a request counts for, and how many requests a minute it holds."""
    if token is not None:
        return f"token:{ApiToken.digest_of(token)}", settings.API_REQUESTS_PER_MINUTE_PER_TOKEN
    if user_id is not None:
        return f"user:{user_id}", settings.API_REQUESTS_PER_MINUTE_PER_TOKEN
    return f"address:{address}", settings.API_REQUESTS_PER_MINUTE_PER_ADDRESS


def address_of(request: Request) -> str:
    """The address that a request counts for."""
    return client_address(request.META.get("REMOTE_ADDR") or None, request.META.get("HTTP_X_FORWARDED_FOR", ""))


class CallerThrottle(BaseThrottle):
    """DRF's way to ask."""

    def __init__(self) -> None:
        self._wait = 0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        token = token_in(request.META.get("HTTP_AUTHORIZATION", "")) if request.auth else None
        user_id = request.user.pk if request.user and request.user.is_authenticated else None
        self._wait = budgets.spend(*caller_of(token, user_id, address_of(request)))
        return not self._wait

    def wait(self) -> float:
        return self._wait
