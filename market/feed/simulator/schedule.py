"""The day's timetable on the wire, in milliseconds since midnight in Vietnam, and how busy each minute is."""

from functools import cache
from itertools import pairwise

MINUTE = 60_000
HOUR = 60 * MINUTE


def at(hour: int, minute: int, second: int = 0) -> int:
    """Return milliseconds since midnight."""
    return hour * HOUR + minute * MINUTE + second * 1000


DAY_START = at(8, 45)
DAY_END = at(15, 5, 6)
LUNCH = (at(11, 30), at(13, 0))

# (start, TradingSession as the wire spells it). A stock's first entry is the reset of its totals before the open.
# HOSE says C as soon as the closing auction is over; HNX's post-close runs under PT, since the wire has no code for it.
SESSIONS: dict[str, list[tuple[int, str]]] = {
    "HOSE": [
        (at(8, 50), "C"), (at(9, 0), "ATO"), (at(9, 15), "LO"), (at(11, 30), "BREAK"), (at(13, 0), "LO"),
        (at(14, 30), "ATC"), (at(14, 45), "C"),
    ],
    "HNX": [
        (at(8, 50), "C"), (at(9, 0), "LO"), (at(11, 30), "BREAK"), (at(13, 0), "LO"), (at(14, 30), "ATC"),
        (at(14, 45), "PT"), (at(15, 0), "C"),
    ],
    "UPCOM": [
        (at(8, 50), "C"), (at(9, 0), "LO"), (at(11, 30), "BREAK"), (at(13, 0), "LO"), (at(15, 0), "C"),
    ],
    "DERIVATIVES": [
        (at(8, 45), "ATO"), (at(9, 0), "LO"), (at(11, 30), "BREAK"), (at(13, 0), "LO"), (at(14, 30), "ATC"),
        (at(14, 45), "C"),
    ],
}  # fmt: skip
POST_CLOSE_MATCHING = at(14, 55)

# Minute of day and relative activity; straight lines between. A U in the morning, a rise into the close.
_ACTIVITY = [
    (525, 1.2),
    (555, 2.3),
    (570, 1.6),
    (615, 0.9),
    (690, 0.7),
    (780, 1.5),
    (795, 0.9),
    (850, 1.0),
    (870, 1.7),
    (905, 1.2),
]


def _activity(minute: int) -> float:
    for (left, low), (right, high) in pairwise(_ACTIVITY):
        if left <= minute <= right:
            return low + (high - low) * (minute - left) / (right - left)
    return 1.0


ACTIVITY_BY_MINUTE = [_activity(minute) for minute in range(24 * 60)]


@cache
def clock_text(second: int) -> str:
    """Return HH:MM:SS of a second of the day."""
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def session_at(board: str, now: int) -> str:
    """Return the code a board is in at `now` (C before its first entry)."""
    code = "C"
    for start, name in SESSIONS[board]:
        if now >= start:
            code = name
    return code
