"""The settings of a test run: the project's own, with addresses of servers that conftest.py starts.

Django reads the addresses at import, the servers start only for tests that use them: so free ports are held
here and handed over there. Each xdist worker has servers of its own, because Redis's pub/sub knows no
database numbers. A process that a test starts inherits the addresses of that test.
"""

import os
import secrets

from tracker.launch.ports import LOOPBACK, Reservation

OWNER = os.environ.get("PYTEST_XDIST_WORKER", "main")
INHERITED = os.environ.get("TEST_SERVERS_OF") == OWNER
OURS = set(os.environ.get("TEST_SERVERS", "").split())  # the variables that a test run set, not a person


def hold_port(variable: str, address: str) -> Reservation | None:
    """Set the variable to a server of our own and hold its port; None where it was given or inherited."""
    if INHERITED or (os.environ.get(variable) and variable not in OURS):
        return None
    reservation = Reservation()
    os.environ[variable] = address.format(password=secrets.token_hex(16), host=LOOPBACK, port=reservation.port)
    OURS.add(variable)
    return reservation


POSTGRES_PORT = hold_port("DATABASE_URL", "postgres://tracker:{password}@{host}:{port}/tracker")
VALKEY_PORT = hold_port("REDIS_URL", "redis://:{password}@{host}:{port}/0")
os.environ["TEST_SERVERS"] = " ".join(OURS)
os.environ["TEST_SERVERS_OF"] = OWNER
os.environ["ENV_FILE"] = os.devnull  # a developer's .env has no say in tests
os.environ["ANONYMOUS_READ"] = "true"  # tests of who may come in say otherwise

from tracker.settings import *  # noqa: E402, F403  (after the addresses)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real ones are slow on purpose
API_BUDGETS_SHARED = False  # one test would spend what another one counts
