"""Ports for the servers of tests, held while the tests run, so that no other process is given one."""

from tracker.launch.ports import Reservation

_held: list[Reservation] = []


def held_port() -> int:
    """Return a port that stays ours: before its server starts, while it runs, and after it was killed.

    The server binds it all the same: a socket bound with SO_REUSEADDR that does not listen is in nobody's way but
    theirs who ask for any free port.
    """
    _held.append(Reservation())
    return _held[-1].port
