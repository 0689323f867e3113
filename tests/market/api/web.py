"""A real web process (Daphne) for tests that need one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from tests.ports import held_port
from tracker.launch.ports import LOOPBACK, accepts
from tracker.launch.process import Command, Process, Warden


@contextmanager
def web_process(environment: dict[str, str], warden: Warden, pool: int = 4) -> Iterator[str]:
    """Run one that everybody may read; its address. Without a pool a database that is away is known at once."""
    port = held_port()
    arguments = ["-m", "daphne", "-b", LOOPBACK, "-p", str(port), "tracker.asgi:application"]
    own = {"ANONYMOUS_READ": "true", "API_REQUESTS_PER_MINUTE_PER_ADDRESS": "1000000", "DATABASE_POOL_SIZE": str(pool)}
    command = Command("daphne", [sys.executable, *arguments], settings.BASE_DIR, environment | own)
    process = Process(command, warden)
    try:
        process.wait_until(lambda: accepts(port))
        yield f"http://{LOOPBACK}:{port}"
    finally:
        process.stop()
