"""How often somebody may ask: a budget for each token, each user with a session and each address.

A request is judged by what this process knows: none waits for Redis. Four times a second it tells Redis what it let
through and learns what is left of these budgets over all processes, so several together let through as much as one,
but for bursts shorter than that. While Redis is away each counts for itself. It keeps the site usable for all; who must
be kept away altogether is a matter for the proxy.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from threading import Lock
from typing import TYPE_CHECKING, Final

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from market.access import client_address, token_in
from market.api.ledger import Ledger, Spent
from market.models import ApiToken

if TYPE_CHECKING:  # DRF's views import this class, which is in its settings
    from rest_framework.views import APIView

MOST_KEPT: Final = 20_000  # callers; who has not asked for longest is forgotten, with a full budget


class Budgets:
    """Budgets of callers: `per_minute` requests at once, which come back with time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._callers: OrderedDict[str, tuple[float, float]] = OrderedDict()  # what is left, when
        self._untold: dict[str, Spent] = {}
        self._lock = Lock()

    def spend(self, caller: str, per_minute: int, cost: float = 1.0) -> int:
        """Take a request out of a budget; 0, or the seconds to wait when it is spent. No `cost`: only look."""
        with self._lock:
            now = self._clock()
            left, at = self._callers.get(caller, (float(per_minute), now))
            left = min(float(per_minute), left + (now - at) * per_minute / 60)
            if left < 1:
                return max(1, ceil((1 - left) * 60 / per_minute))
            if cost:
                self._keep(caller, left - cost, now)
                before = self._untold.get(caller)
                self._untold[caller] = Spent(cost + (before.cost if before else 0.0), per_minute)
                if len(self._untold) > MOST_KEPT:
                    del self._untold[next(iter(self._untold))]
            return 0

    def tell(self) -> dict[str, Spent]:
        """What was spent since the last time."""
        with self._lock:
            told, self._untold = self._untold, {}
            return told

    def learn(self, left: dict[str, float]) -> None:
        """Take over what is left of budgets, all processes together; what was spent meanwhile comes off."""
        with self._lock:
            for caller, amount in left.items():
                meanwhile = self._untold.get(caller)
                self._keep(caller, amount - (meanwhile.cost if meanwhile else 0.0), self._clock())

    def _keep(self, caller: str, left: float, now: float) -> None:
        self._callers[caller] = (left, now)
        self._callers.move_to_end(caller)
        if len(self._callers) > MOST_KEPT:
            self._callers.popitem(last=False)


# A web process has no composition root.
budgets: Final = Budgets()
ledger: Final = Ledger(budgets)


def spend(caller: str, per_minute: int, cost: float = 1.0) -> int:
    """Take a request out of the budget that all web processes share."""
    wait = budgets.spend(caller, per_minute, cost)
    if cost and not wait and settings.API_BUDGETS_SHARED:
        ledger.wake()
    return wait


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
        self._wait = spend(*caller_of(token, user_id, address_of(request)))
        return not self._wait

    def wait(self) -> float:
        return self._wait
