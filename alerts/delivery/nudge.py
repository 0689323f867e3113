"""Asks for delivery as soon as an alert is stored, so that it does not wait for beat's next tick.

A nudge is a hint and nothing depends on it: where the broker does not take it, the tick finds the same rows. It is sent
by a thread of its own, which a broker that does not answer may hold up, and nobody waits for that thread.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Final

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.05
PATIENT_SECONDS: Final = 5.0  # longer the database is away, and the tick will do
BETWEEN_SECONDS: Final = 0.5
WORTH_SECONDS: Final = 2  # the next tick comes then
BROKER: Final = {"max_retries": 0, "socket_connect_timeout": 1.0, "socket_timeout": 1.0}


class Nudge:
    """Call `note` when an alert went to storage; `run` sends. `sealed` and `stored` number the newest batches."""

    def __init__(
        self, sealed: Callable[[], int], stored: Callable[[], int], send: Callable[[], None] | None = None
    ) -> None:
        self._sealed = sealed
        self._stored = stored
        self._send = send or ask_for_delivery
        self._noted = asyncio.Event()
        self._batch = 0
        self._sending = threading.Lock()

    def note(self) -> None:
        """An alert will be in the batch that is sealed next."""
        self._batch = self._sealed() + 1
        self._noted.set()

    async def run(self) -> None:
        """Nudge until cancelled: once for all alerts that are stored together."""
        while True:
            await self._noted.wait()
            self._noted.clear()
            if await self._is_stored(self._batch) and self._sending.acquire(blocking=False):
                threading.Thread(target=self._say, name="nudge", daemon=True).start()
            await asyncio.sleep(BETWEEN_SECONDS)

    async def _is_stored(self, batch: int) -> bool:
        try:
            async with asyncio.timeout(PATIENT_SECONDS):
                while self._stored() < batch:
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            return False
        return True

    def _say(self) -> None:
        try:
            self._send()
        except (OperationalError, OSError) as error:
            logger.info("Delivery was not asked for, its next tick will do: %s", type(error).__name__)
        finally:
            self._sending.release()


def ask_for_delivery() -> None:
    """Send the task to the broker, or fail within seconds. Raises OperationalError, OSError."""
    with current_app.connection_for_write(connect_timeout=1, transport_options=BROKER) as connection:
        current_app.send_task("alerts.deliver", connection=connection, expires=WORTH_SECONDS, retry=False)
