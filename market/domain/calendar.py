"""Boards, their timetable and the trading calendar.

Times of day are seconds since midnight in Vietnam (UTC+7, no daylight saving). The timetable is only the fallback:
the feed's own session decides where it speaks. Source: exchange rules as in force since KRX (5 May 2025).
"""

from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final, Literal, TypeAlias

from market.domain.changes import Phase

VIETNAM_OFFSET: Final = 7 * 3600
VIETNAM: Final = timezone(timedelta(seconds=VIETNAM_OFFSET))

BoardName: TypeAlias = Literal["HOSE", "HNX", "UPCOM", "DERIVATIVES"]
BOARDS: Final[tuple[BoardName, ...]] = ("HOSE", "HNX", "UPCOM", "DERIVATIVES")
_BOARD_NAMES: Final[dict[str, BoardName]] = {
    "HOSE": "HOSE",
    "HSX": "HOSE",
    "HNX": "HNX",
    "HNXBOND": "HNX",
    "UPCOM": "UPCOM",
    "DERIVATIVES": "DERIVATIVES",
    "DER": "DERIVATIVES",
}


def hm(hours: int, minutes: int = 0) -> int:
    """Seconds since midnight."""
    return hours * 3600 + minutes * 60


# Start of each phase, in order; before the first entry the board is closed until its pre-open.
TIMETABLE: Final[dict[BoardName, tuple[tuple[int, Phase], ...]]] = {
    "HOSE": (
        (0, "closed"),
        (hm(8), "pre_open"),
        (hm(9), "ato"),
        (hm(9, 15), "continuous"),
        (hm(11, 30), "lunch"),
        (hm(13), "continuous"),
        (hm(14, 30), "atc"),
        (hm(14, 45), "put_through"),
        (hm(15), "closed"),
    ),
    "HNX": (
        (0, "closed"),
        (hm(8), "pre_open"),
        (hm(9), "continuous"),
        (hm(11, 30), "lunch"),
        (hm(13), "continuous"),
        (hm(14, 30), "atc"),
        (hm(14, 45), "post_close"),
        (hm(15), "closed"),
    ),
    "UPCOM": (
        (0, "closed"),
        (hm(8), "pre_open"),
        (hm(9), "continuous"),
        (hm(11, 30), "lunch"),
        (hm(13), "continuous"),
        (hm(15), "closed"),
    ),
    "DERIVATIVES": (
        (0, "closed"),
        (hm(8), "pre_open"),
        (hm(8, 45), "ato"),
        (hm(9), "continuous"),
        (hm(11, 30), "lunch"),
        (hm(13), "continuous"),
        (hm(14, 30), "atc"),
        (hm(14, 45), "closed"),
    ),
}
_STARTS: Final = {board: tuple(start for start, _ in rows) for board, rows in TIMETABLE.items()}


def board_of(market: str | None, default: BoardName = "HOSE") -> BoardName:
    """The board that the feed's Exchange or MarketId names."""
    return _BOARD_NAMES.get((market or "").upper(), default)


def phase_at(board: BoardName, second: int) -> tuple[Phase, int, int | None]:
    """What the timetable says of a second of the day: phase, its start, its end (None after the last change)."""
    rows = TIMETABLE[board]
    position = bisect_right(_STARTS[board], second) - 1
    end = rows[position + 1][0] if position + 1 < len(rows) else None
    return rows[position][1], rows[position][0], end


def next_phase(board: BoardName, second: int) -> Phase | None:
    """The phase that the timetable brings next on the same day, None after the last."""
    rows = TIMETABLE[board]
    position = bisect_right(_STARTS[board], second)
    return rows[position][1] if position < len(rows) else None


def day_of(at: int) -> int:
    """Epoch second of the Vietnamese midnight before an epoch second."""
    return at - (at + VIETNAM_OFFSET) % 86_400


def to_date(at: int) -> date:
    """The calendar date in Vietnam of an epoch second."""
    return datetime.fromtimestamp(at, tz=VIETNAM).date()


def from_date(day: date) -> int:
    """Epoch second of a Vietnamese midnight."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) - VIETNAM_OFFSET


def midnight(day: date) -> datetime:
    """The first moment of a day in Vietnam."""
    return datetime(day.year, day.month, day.day, tzinfo=VIETNAM)


def iso_time(at: int) -> str:
    """ISO 8601 with Vietnam's offset, to the second."""
    return datetime.fromtimestamp(at, tz=VIETNAM).isoformat()


def clock_text(at: int) -> str:
    """HH:MM:SS of the exchange's clock."""
    second = (at + VIETNAM_OFFSET) % 86_400
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


IsTradingDay: TypeAlias = Callable[[date], bool]


def is_weekday(day: date) -> bool:
    """The calendar of last resort: Monday to Friday."""
    return day.weekday() < 5


def third_thursday(year: int, month: int) -> date:
    """The third Thursday of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 14)


def last_trading_day(year: int, month: int, is_trading_day: IsTradingDay = is_weekday) -> date:
    """Expiry of an index future: the third Thursday, or the trading day before it if that is a holiday."""
    day = third_thursday(year, month)
    while not is_trading_day(day):
        day -= timedelta(days=1)
    return day
