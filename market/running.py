"""How a long-running command runs its parts: helpers beside the work, until it is done or a signal comes."""

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

logger = logging.getLogger(__name__)


@asynccontextmanager
async def running(helpers: dict[str, Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Run helpers beside the block; one that fails ends it, and all end with it."""
    owner = asyncio.current_task()
    tasks = [asyncio.create_task(each, name=name) for name, each in helpers.items()]
    failed: list[asyncio.Task[None]] = []

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            failed.append(task)
            if owner is not None:
                owner.cancel()

    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield
    except asyncio.CancelledError:
        if failed and (error := failed[0].exception()) is not None:
            raise error from None
        raise
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until_signal(work: Coroutine[Any, Any, None]) -> None:
    """Run until done, SIGTERM or SIGINT."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    started = time.monotonic()
    try:
        await task
    except asyncio.CancelledError:
        logger.info("Stopped after %.0f s", time.monotonic() - started)
