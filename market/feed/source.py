"""Where messages come from: one protocol for the live feed, the simulator and a recording."""

from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

Handle: TypeAlias = Callable[[str | bytes, float], None]
"""Takes one message text and the epoch seconds of its arrival. Synchronous; what it raises ends the source."""

Kind: TypeAlias = Literal["ssi", "simulation", "replay"]
State: TypeAlias = Literal["connecting", "connected", "silent", "waiting", "blocked", "closed"]


class ConnectionState(Struct, frozen=True):
    """How one connection does.

    `connecting`: a token, the negotiation or the socket is under way. `connected`: messages flow.
    `silent`: the socket lives (keep-alives come), but no message for a while. That is normal outside trading hours,
    and for F, which speaks at changes of session; on X, R and MI in a session it is not.
    `waiting`: lost, the next attempt follows. `blocked`: the venue's quota is used up, the next attempt follows later.
    `closed`: over, for good.
    """

    state: State
    since: float  # epoch seconds
    detail: str = ""  # for people: what went wrong, what is awaited
    attempts: int = 0  # failed ones since the connection was last healthy


class Source(Protocol):
    """Anything that hands message texts to `handle`."""

    @property
    def kind(self) -> Kind:
        """Say what is behind it. It may turn from `ssi` to `simulation` once the server has shown that it is one."""

    @property
    def identity(self) -> str | None:
        """Name the very feed, simulation or recording: only what this one left may be gone on from. None: unknown yet.

        At most 200 characters.
        """

    def connections(self) -> dict[str, ConnectionState]:
        """Return the state of each connection by its channel string."""

    async def run(self, handle: Handle, on_change: Callable[[], None]) -> None:
        """Hand over messages until cancelled, or until a recording ends.

        `on_change` is called after the state of a connection changed. Raises FatalFeedError when going on is useless.
        """
