"""A word to the sockets before their web process ends.

ASGI servers do not say that they stop: Daphne has no lifespan, and when it stops it cancels no socket once a kept-alive
HTTP connection is there (KeyError in its kill_all_applications). So the signal passes through here first.
"""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

logger = logging.getLogger(__name__)

GRACE_SECONDS: Final = 0.5  # for the frames that say good-bye


class Farewell:
    """Calls `say` on SIGTERM, and hands the signal on to the server a moment later."""

    def __init__(self, say: Callable[[], None]) -> None:
        self._say = say
        self._server: Any = None  # the server's own handler
        self._installed = False
        self.said = False

    def prepare(self) -> None:
        """Step in front of the server's handler, which it installs after it imported us: so with the first socket."""
        if self._installed or threading.current_thread() is not threading.main_thread():
            return
        self._installed = True
        loop = asyncio.get_running_loop()

        def handle(number: int, frame: FrameType | None) -> None:
            signal.signal(number, self._server)  # a second signal goes straight to the server
            loop.call_soon_threadsafe(self._begin, loop, number)

        self._server = signal.signal(signal.SIGTERM, handle)

    def _begin(self, loop: asyncio.AbstractEventLoop, number: int) -> None:
        logger.info("Stopping; sockets are asked to come back")
        self.said = True
        self._say()
        loop.call_later(GRACE_SECONDS, signal.raise_signal, number)
