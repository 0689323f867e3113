"""The live feed: FastConnect's stream, one connection a channel."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from market.feed.connection import StreamConnection
from market.feed.rest import FastConnectRest
from market.feed.source import ConnectionState, Handle, Kind
from market.feed.timing import Timing

TYPES = ("X", "R", "MI", "F")


class FastConnectSource:
    """Receive `channels` ("X:ALL", "R:ACB-BID", ...) from the stream at `stream_url` (http or https).

    Each channel has a connection of its own: whether one connection honours several is not settled (fact sheet,
    section 3).
    """

    def __init__(
        self, rest: FastConnectRest, stream_url: str, channels: Sequence[str], *, timing: Timing | None = None
    ) -> None:
        self._rest = rest
        timing = timing or Timing()
        self._connections = [StreamConnection(rest, stream_url, channel, timing) for channel in channels]

    @property
    def kind(self) -> Kind:
        """Return `ssi`, or `simulation` once the server has shown that it is a simulator."""
        return "simulation" if self._rest.simulated else "ssi"

    @property
    def identity(self) -> str | None:
        """Return `ssi`, or `simulation:` and the simulator's run; None until the server has answered."""
        if not self._rest.answered:
            return None
        return f"simulation:{self._rest.simulator[:100]}" if self._rest.simulated else "ssi"

    @property
    def rejected(self) -> Counter[str]:
        """Count what frames held that is no message, by reason."""
        return sum((connection.rejected for connection in self._connections), Counter())

    def connections(self) -> dict[str, ConnectionState]:
        """Return the state of each connection by its channel string."""
        return {connection.channel: connection.state for connection in self._connections}

    async def run(self, handle: Handle, on_change: Callable[[], None]) -> None:
        """Hand over messages until cancelled; once. Raises FatalFeedError when going on is useless."""
        tasks = [
            asyncio.create_task(connection.supervise(handle, on_change), name=f"feed {connection.channel[:24]}")
            for connection in self._connections
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def channels_for(
    stocks: Iterable[str] | Literal["all"],
    futures: Iterable[str] = (),
    indices: Iterable[str] | Literal["all"] = "all",
    *,
    types: Sequence[str] = TYPES,
) -> list[str]:
    """Return one channel string for each type: indices on MI, stocks alone on R, stocks and futures on the others.

    A type with nothing to watch is left out. Raises ValueError for a code that the venue's syntax cannot carry.
    """
    wanted: dict[str, str] = {}
    both = "ALL" if stocks == "all" else _joined([*stocks, *futures])
    for name in types:
        if name == "MI":
            wanted[name] = "ALL" if indices == "all" else _joined(indices)
        elif name == "R":
            wanted[name] = "ALL" if stocks == "all" else _joined(stocks)
        else:
            wanted[name] = both
    return [f"{name}:{symbols}" for name, symbols in wanted.items() if symbols]


def _joined(codes: Iterable[str]) -> str:
    unique = list(dict.fromkeys(code.strip() for code in codes if code.strip()))
    bad = [code for code in unique if not code.isalnum()]
    if bad:
        raise ValueError(f"expected codes of letters and digits, was {bad[0]!r}")
    return "-".join(unique)
