"""What a load generator may do: load this machine, with so many users at most, for so long at most."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

MOST_USERS: Final = 2_000
MOST_SECONDS: Final = 900


class Refused(ValueError):
    """What was asked for is out of bounds; trying again will not help."""


def loopback(address: str) -> str:
    """The address of a site on this machine, as http://HOST:PORT. Raises Refused for any other.

    A load generator that can be pointed elsewhere is a weapon. Names are not looked up: they may lead anywhere.
    """
    parts = urlsplit(address)
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if parts.scheme not in ("http", "ws") or not host or not port:
        raise Refused(f"expected an address as http://127.0.0.1:8000, was {address!r}")
    if not is_loopback(host):
        raise Refused(f"expected an address of this machine (127.0.0.1, [::1] or localhost), was {host!r}")
    return f"http://{parts.netloc.rpartition('@')[2]}"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine for certain."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bounded(users: int, seconds: float) -> None:
    """Raise Refused where there would be no end, or too much of it."""
    if not 1 <= users <= MOST_USERS:
        raise Refused(f"expected 1 to {MOST_USERS} users, was {users}")
    if not 1 <= seconds <= MOST_SECONDS:
        raise Refused(f"expected 1 to {MOST_SECONDS} seconds, was {seconds:g}")
