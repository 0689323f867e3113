"""The control endpoint, `/control/...`, loopback only.

GET  /control/state                          clock, sessions, connections, faults
GET  /control/truth                          totals so far of every symbol
POST /control/pause, /control/resume, /control/speed?value=10
POST /control/advance?to=HH:MM               play silently up to there
POST /control/faults/drop?channel=X          cut all sockets, or those of one channel type
POST /control/faults/silence?channel=X       half-open: sockets stay, nothing is sent, not even keep-alives
POST /control/faults/unauthorized?calls=3&how=body|http   (without calls: until reset)
POST /control/faults/quota?calls=3           the quota text
POST /control/faults/block                   streams answer that the connection has been blocked
POST /control/faults/expire-tokens           all access tokens stop holding
POST /control/faults/malformed?kind=...      one bad frame: object, two_arguments, not_json, array, lower_case,
                                             error_result, hub_error, truncated, bad_content
POST /control/faults/duplicate?on=1|0        every message twice
POST /control/faults/out-of-order?on=1|0     the last message of a batch after the next batch
POST /control/faults/replay?count=50         the last messages once more
POST /control/faults/reset                   end all lasting faults
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from market.feed.simulator.faults import ALL_CALLS, Faults
from market.feed.simulator.schedule import at

Parameters = Mapping[str, str]


class Controlled(Protocol):
    """What a control command acts on."""

    faults: Faults

    def state(self) -> dict[str, Any]: ...
    def truth(self) -> dict[str, Any]: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def change_speed(self, speed: float) -> None: ...
    def skip_to(self, now: int) -> None: ...


def read_clock(text: str) -> int:
    """Read HH:MM or HH:MM:SS as ms since midnight. Raises ValueError."""
    match = re.fullmatch(r"(\d{1,2}):(\d\d)(?::(\d\d))?", text)
    if not match or int(match[1]) > 23 or int(match[2]) > 59 or int(match[3] or 0) > 59:
        raise ValueError(f"expected a time like 09:15, was {text!r}")
    return at(int(match[1]), int(match[2]), int(match[3] or 0))


def control(server: Controlled, method: str, path: str, given: Parameters) -> dict[str, Any] | None:
    """Carry out one command and return the state; None for an unknown one. Raises ValueError for a bad parameter."""
    if method == "GET":
        return {"state": server.state, "truth": server.truth}.get(path, lambda: None)()
    commands: dict[str, Callable[[Parameters], Any]] = {
        "pause": lambda given: server.pause(),
        "resume": lambda given: server.resume(),
        "speed": lambda given: server.change_speed(float(given.get("value", "1"))),
        "advance": lambda given: server.skip_to(read_clock(given.get("to", ""))),
        **{f"faults/{name}": command for name, command in fault_commands(server.faults).items()},
    }
    command = commands.get(path)
    if command is None:
        return None
    result = command(given)
    return {**server.state(), "result": result}


def fault_commands(faults: Faults) -> dict[str, Callable[[Parameters], Any]]:
    """Return the fault switches by their names in the address."""
    return {
        "drop": lambda given: faults.drop_sockets(given.get("channel")),
        "silence": lambda given: faults.silence(given.get("channel", "*")),
        "unauthorized": lambda given: faults.unauthorized(
            _calls(given), "http" if given.get("how") == "http" else "body"
        ),
        "quota": lambda given: faults.quota(_calls(given)),
        "block": lambda given: faults.block_stream(),
        "expire-tokens": lambda given: faults.expire_tokens(),
        "malformed": lambda given: faults.malform(given.get("kind", "not_json")),
        "duplicate": lambda given: setattr(faults, "duplicate", _on(given)),
        "out-of-order": lambda given: setattr(faults, "out_of_order", _on(given)),
        "replay": lambda given: faults.replay(int(given.get("count", "50"))),
        "reset": lambda given: faults.reset(),
    }


def _calls(given: Parameters) -> int:
    return int(given["calls"]) if given.get("calls") else ALL_CALLS


def _on(given: Parameters) -> bool:
    return given.get("on", "1") not in ("0", "false", "off")
