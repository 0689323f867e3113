"""The budgets of callers over all web processes, in Redis: a thread of each process tells it what was spent.

Redis's own clock refills them. Processes that spent more than there was leave a debt of up to a minute, so that in the
long run all of them together keep to the limit.
"""

import logging
import time
from threading import Event, Lock, Thread
from typing import Any, Final, NamedTuple, Protocol

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

TELL_SECONDS: Final = 0.25
TRY_AGAIN_SECONDS: Final = 2.0
ANSWER_SECONDS: Final = 1.0
MOST_AT_ONCE: Final = 500  # callers in a call: Lua can unpack about 8,000 values
SPEND: Final = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local all = {}
for i, key in ipairs(KEYS) do
  local cost, most = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local held = redis.call('HMGET', key, 'left', 'at')
  local left, at = tonumber(held[1] or most), tonumber(held[2] or now)
  left = math.max(-most, math.min(most, left + (now - at) * most / 60) - cost)
  redis.call('HSET', key, 'left', string.format('%.3f', left), 'at', string.format('%.3f', now))
  redis.call('EXPIRE', key, 121)
  all[i] = string.format('%.3f', left)
end
return all
"""


class Spent(NamedTuple):
    """What was taken out of a budget that holds `per_minute`."""

    cost: float
    per_minute: int


class Counting(Protocol):
    """What counts in the process."""

    def tell(self) -> dict[str, Spent]: ...

    def learn(self, left: dict[str, float]) -> None: ...


class Ledger:
    """Keeps a process's budgets and those in Redis together. `wake` starts the thread at the first request."""

    def __init__(self, budgets: Counting) -> None:
        self._budgets = budgets
        self._spent = Event()
        self._starting = Lock()
        self._thread: Thread | None = None
        self._away = False

    def wake(self) -> None:
        """There is something to tell."""
        if not self._spent.is_set():
            self._spent.set()
            with self._starting:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = Thread(target=self._run, name="api-budgets", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=ANSWER_SECONDS, socket_timeout=ANSWER_SECONDS
        ) as client:
            while self._spent.wait():
                self._spent.clear()
                time.sleep(TELL_SECONDS if self.exchange(client) else TRY_AGAIN_SECONDS)

    def exchange(self, client: "redis.Redis") -> bool:
        """Tell once, and learn; False when Redis does not answer, and what was spent then is forgotten."""
        try:
            for some in batches(self._budgets.tell()):
                keys = [f"budgets:{spent.per_minute}:{caller}" for caller, spent in some]
                values = [value for _, spent in some for value in (str(spent.cost), str(spent.per_minute))]
                found: Any = client.eval(SPEND, len(keys), *keys, *values)
                self._budgets.learn({caller: float(left) for (caller, _), left in zip(some, found, strict=True)})
        except (redis.RedisError, OSError) as error:
            if not self._away:
                logger.warning("Redis does not answer; this process counts requests alone: %s", error)
            self._away = True
            return False
        if self._away:
            logger.info("Redis answers again; the processes count requests together")
        self._away = False
        return True


def batches(told: dict[str, Spent]) -> list[list[tuple[str, Spent]]]:
    """So many callers at once as a script takes."""
    pairs = list(told.items())
    return [pairs[start : start + MOST_AT_ONCE] for start in range(0, len(pairs), MOST_AT_ONCE)]
