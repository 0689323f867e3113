"""What can be made to go wrong while the simulator runs. Tests set these fields, people use `/control/faults/...`."""

from collections import deque
from collections.abc import Callable
from typing import Any, Literal

MALFORMED = (
    "object",
    "two_arguments",
    "not_json",
    "array",
    "lower_case",
    "error_result",
    "hub_error",
    "truncated",
    "bad_content",
)
ALL_CALLS = -1


class Faults:
    """The switches. Counters count down to 0; ALL_CALLS stays until reset."""

    def __init__(self) -> None:
        self.recent: deque[tuple[str, str, str]] = deque(maxlen=2_000)  # (kind, symbol, text) of what was sent last
        self.drop: Callable[[str | None], int] = lambda channel: 0
        self.send_again: Callable[[list[tuple[str, str, str]]], None] = lambda frames: None
        self.send_raw: Callable[[str], None] = lambda text: None
        self.expire_tokens: Callable[[], None] = lambda: None
        self.reset()

    def reset(self) -> None:
        """Stop every fault that lasts."""
        self.unauthorized_calls = 0
        self.unauthorized_as: Literal["body", "http"] = "body"
        self.quota_calls = 0
        self.stream_blocked = False
        self.silent_channels: set[str] = set()  # channel types, or "*"
        self.duplicate = False
        self.out_of_order = False

    def unauthorized(self, calls: int = ALL_CALLS, how: Literal["body", "http"] = "body") -> None:
        """Refuse the next REST calls and negotiations: HTTP 200 with status 401 in the body, or HTTP 401."""
        self.unauthorized_calls, self.unauthorized_as = calls, how

    def quota(self, calls: int = ALL_CALLS) -> None:
        """Answer the next REST calls with the quota text."""
        self.quota_calls = calls

    def block_stream(self) -> None:
        """Refuse to stream: a connection gets the "Connection has been blocked" text and is closed."""
        self.stream_blocked = True

    def silence(self, channel: str = "*") -> None:
        """Send nothing more on connections that carry this channel type, not even keep-alives; sockets stay open."""
        self.silent_channels.add(channel.upper())

    def drop_sockets(self, channel: str | None = None) -> int:
        """Cut all connections, or those that carry one channel type, and return how many."""
        return self.drop(channel.upper() if channel else None)

    def replay(self, count: int) -> int:
        """Send the last `count` messages once more, as they were, and return how many there were."""
        frames = list(self.recent)[-count:] if count > 0 else []
        self.send_again(frames)
        return len(frames)

    def malform(self, kind: str) -> None:
        """Send one malformed frame to every connection. See MALFORMED for the kinds."""
        self.send_raw(malformed_frame(kind))

    def is_silent(self, types: set[str]) -> bool:
        return bool(self.silent_channels) and ("*" in self.silent_channels or bool(types & self.silent_channels))

    def take_unauthorized(self) -> bool:
        """Return whether this call is to be refused, and count it."""
        if self.unauthorized_calls > 0:
            self.unauthorized_calls -= 1
            return True
        return self.unauthorized_calls == ALL_CALLS

    def take_quota(self) -> bool:
        """Return whether this call is over the quota, and count it."""
        if self.quota_calls > 0:
            self.quota_calls -= 1
            return True
        return self.quota_calls == ALL_CALLS

    def state(self) -> dict[str, Any]:
        """Return what is switched on."""
        return {
            "unauthorized_calls": self.unauthorized_calls,
            "unauthorized_as": self.unauthorized_as,
            "quota_calls": self.quota_calls,
            "stream_blocked": self.stream_blocked,
            "silent_channels": sorted(self.silent_channels),
            "duplicate": self.duplicate,
            "out_of_order": self.out_of_order,
        }


def malformed_frame(kind: str) -> str:
    """Return a frame that is wrong in one way. Raises ValueError for an unknown kind."""
    entry = '{"H":"FcMarketDataV2Hub","M":"%s","A":[%s]}'
    frames = {
        "object": entry % ("Broadcast", '{"DataType":"X","Content":{"Symbol":"HPG"}}'),
        "two_arguments": entry % ("Broadcast", '"{}","second"'),
        "not_json": entry % ("Broadcast", '"this is not JSON"'),
        "lower_case": entry % ("broadcast", '"{\\"DataType\\":\\"X\\",\\"Content\\":\\"{}\\"}"'),
        "bad_content": entry % ("Broadcast", '"{\\"DataType\\":\\"X\\",\\"Content\\":\\"{\\\\\\"Symbol\\\\\\":\\"}"'),
        "hub_error": entry % ("Error", '"Connection has been blocked, quota 10 exceeded by 1"'),
    }
    if kind == "array":
        return "[1,2,3]"
    if kind == "error_result":
        return '{"I":"0","E":"There was an error invoking Hub method."}'
    if kind == "truncated":
        return '{"C":"d-A,1","M":[{"H":"FcMarketDataV2Hub","M":"Broad'
    if kind not in frames:
        raise ValueError(f"expected one of {', '.join(MALFORMED)}, was {kind!r}")
    return '{"C":"d-F,1","M":[' + frames[kind] + "]}"
