"""Where users may have us send to: https, public addresses, and nothing that reaches into our own network.

A name is resolved once and the connection goes to an address that was looked at, so a name that answers differently the
second time gains nothing. Any address of a name that is not public refuses it. Sources: RFC 6890 and IANA's registries
of special addresses, WHATWG URL ("ends in a number") for hosts that resolvers read as numbers.
"""

import asyncio
import re
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

import idna
from msgspec import Struct

LONGEST: Final = 1000
PORTS: Final = frozenset({443, 8443})
NUMBER: Final = re.compile(r"(?:[0-9]+|0[xX][0-9a-fA-F]*)")
PUBLIC_V6: Final = ip_network("2000::/3")
# What Python's tables of some versions call global, and what carries an IPv4 address inside.
NEVER: Final = [
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "224.0.0.0/3"),
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "64:ff9b::/96", "64:ff9b:1::/48"),
    )
]


class AddressRefused(Exception):
    """We do not send there, now or later. The text says what was expected and repeats nothing of the address."""


class NotResolved(Exception):
    """The name has no address just now; it may have one later."""


class Place(Struct, frozen=True):
    """An address taken apart: `host` in ASCII, brackets off; `target` is path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def netloc(self) -> str:
        """Host and port, as in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.scheme == "https" else 80
        return host if self.port == usual else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: what a VAPID token is for, and what may be shown."""
        return f"{self.scheme}://{self.netloc}"

    def at(self, address: str) -> str:
        """The same address with its name resolved."""
        host = f"[{address}]" if ":" in address else address
        return f"{self.scheme}://{host}:{self.port}{self.target}"


def take_apart(url: str, loopback: bool) -> Place:
    """Parse an address. `loopback` also grants http, any port and our own machine. Raises AddressRefused."""
    if len(url) > LONGEST or not url.isprintable() or re.search(r"[\s\\]", url):
        raise AddressRefused(f"expected an address of at most {LONGEST} characters without spaces")
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError as error:
        raise AddressRefused("expected an address like https://example.org/path") from error
    if parts.scheme not in ({"http", "https"} if loopback else {"https"}):
        raise AddressRefused("expected an address that starts with https://")
    if "@" in parts.netloc or parts.fragment:
        raise AddressRefused("expected an address without user name, password and #")
    port = port if port is not None else 443 if parts.scheme == "https" else 80
    if port not in PORTS and not loopback:
        raise AddressRefused("expected port 443 or 8443")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    place = Place(parts.scheme, ascii_host(host), port, target)
    literal = literal_address(place.host)
    if literal is not None and not is_allowed(literal, loopback):
        raise AddressRefused("expected a public address")
    return place


def ascii_host(host: str) -> str:
    """The host as resolvers see it. Raises AddressRefused for what is no name and no plain address."""
    if literal_address(host) is not None:
        return host
    try:
        name = idna.encode(host, uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise AddressRefused("expected a host like example.org") from error
    if name.endswith("."):
        raise AddressRefused("expected a host without a dot at its end")
    # Resolvers read 2130706433, 0x7f.1 and 0177.0.0.1 as addresses.
    if NUMBER.fullmatch(name.rpartition(".")[2]) and literal_address(name) is None:
        raise AddressRefused("expected a host that is no number")
    return name


def literal_address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is written as."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_allowed(address: IPv4Address | IPv6Address, loopback: bool) -> bool:
    """Tell whether we may connect to an address."""
    if loopback and address.is_loopback:
        return True
    if isinstance(address, IPv6Address) and (address not in PUBLIC_V6 or address.scope_id):
        return False
    special = any(address.version == network.version and address in network for network in NEVER)
    return address.is_global and not address.is_multicast and not special


async def resolve(place: Place, loopback: bool) -> list[str]:
    """The addresses of a place, in the order to try. Raises AddressRefused, NotResolved."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotResolved("the name of the host has no address") from error
    addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
    if not addresses:
        raise NotResolved("the name of the host has no address")
    if not all(is_allowed(ip_address(address), loopback) for address in addresses):
        raise AddressRefused("expected a public address")
    return addresses
