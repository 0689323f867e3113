"""`python -m tests.load.against URL ...`: a crowd on a site that runs already, and what it saw, one JSON object a line.

Exit code 1 if a client lost its connection or missed an update.
"""

import argparse
import asyncio
import json
import socket
import sys
from urllib.parse import urlsplit

from tests.load.crowd import Crowd


def addresses(url: str) -> list[str]:
    """The URL at each address of its host: the containers of a service share one name."""
    parts = urlsplit(url)
    if not parts.hostname or not parts.port or parts.scheme != "ws":
        raise SystemExit(f"expected an address as ws://HOST:PORT/ws/market/, was {url!r}")
    found = socket.getaddrinfo(parts.hostname, parts.port, socket.AF_INET, socket.SOCK_STREAM)
    hosts = {str(each[4][0]) for each in found}
    return sorted(parts._replace(netloc=f"{host}:{parts.port}").geturl() for host in hosts)


async def listen(urls: list[str], clients: int, seconds: float) -> bool:
    """Connect a crowd, listen, and say what came; whether nothing was missed."""
    crowd = Crowd()
    started = asyncio.get_running_loop().time()
    await crowd.connect(urls, clients)
    say("connected", clients, "clients")
    say("connecting", asyncio.get_running_loop().time() - started, "s")
    before = sum(len(client.at) for client in crowd.clients)
    await asyncio.sleep(seconds)
    say("updates", (sum(len(client.at) for client in crowd.clients) - before) / seconds, "1/s")
    gaps = sum(client.gaps for client in crowd.clients)
    for name, count in (("lost", crowd.lost), ("gaps", gaps), ("different", crowd.different)):
        say(name, count, "")
    await crowd.leave()
    return not (crowd.lost or gaps or crowd.different)


def say(name: str, value: float, unit: str) -> None:
    print(json.dumps({"name": f"against_{name}", "value": round(value, 2), "unit": unit}), flush=True)


def main() -> int:
    """Read the command line; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.against", description=__doc__)
    parser.add_argument("urls", nargs="+", metavar="URL")
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    urls = [each for url in options.urls for each in addresses(url)]
    return 0 if asyncio.run(listen(urls, options.clients, options.seconds)) else 1


if __name__ == "__main__":
    sys.exit(main())
