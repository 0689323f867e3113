"""Session phases: what the feed's session codes mean, and which phase a board is in.

The feed decides; the timetable fills in where the feed says nothing, says something unknown, or fell silent across a
boundary (at lunch no stock message arrives that could say so).
"""

from typing import Final

from market.domain.calendar import BOARDS, TIMETABLE, BoardName, day_of, next_phase, phase_at
from market.domain.changes import Phase, VolumePhase

SESSION_PHASES: Final[dict[str, Phase]] = {
    "ATO": "ato",
    "LO": "continuous",
    "O": "continuous",
    "ATC": "atc",
    "PLO": "post_close",
    "PT": "put_through",
    "BREAK": "lunch",
    "INTERMISSION": "lunch",
    "C": "closed",
    "CLOSE": "closed",
    "H": "halted",
    "HALT": "halted",
}
# Phases of one symbol only: they say nothing about its board.
_NOT_OF_THE_BOARD: Final[frozenset[Phase]] = frozenset({"halted"})
BOUNDARY_GRACE_SECONDS: Final = 60
PLO_MATCHING_STARTS: Final = (14 * 60 + 55) * 60
_CLOSING_AUCTION: Final = {board: start for board, rows in TIMETABLE.items() for start, phase in rows if phase == "atc"}
_TOLD_BY_THE_CODE_ALONE: Final[frozenset[Phase]] = frozenset({"ato", "continuous", "lunch", "atc"})


def phase_of(session: str | None, board: BoardName, second: int) -> Phase:
    """The phase that a session code means on a board at a second of the day."""
    scheduled = phase_at(board, second)[0]
    phase = SESSION_PHASES.get(session.upper()) if session else None
    if phase is None:
        return scheduled
    if phase == "closed" and scheduled == "pre_open":
        return "pre_open"  # the feed sends C before the open as well as after the close
    return phase


def is_lasting(session: str | None, phase: Phase) -> bool:
    """Whether the same code will mean the same phase, and the same phase of volume, for as long as it is sent."""
    return session is not None and session.upper() in SESSION_PHASES and phase in _TOLD_BY_THE_CODE_ALONE


def volume_phase_of(phase: Phase, before: Phase | None, board: BoardName, second: int) -> VolumePhase:
    """The phase that matched volume belongs to; `before` is the phase that preceded `phase`.

    Fills of the closing auction may carry the session that follows it, also where no message was sent during the
    auction; only HNX matches anything after that.
    """
    if phase == "ato" or phase == "pre_open":
        return "ato"
    if phase == "atc":
        return "atc"
    auction_was = before == "atc" or second >= _CLOSING_AUCTION.get(board, 86_400)
    after_auction = auction_was and phase in ("closed", "put_through", "post_close")
    if after_auction and not (board == "HNX" and second >= PLO_MATCHING_STARTS):
        return "atc"
    return "continuous"


class BoardPhase:
    """The phase of one board, as its messages say it."""

    __slots__ = ("board", "phase", "said_at", "since")

    def __init__(self, board: BoardName) -> None:
        self.board = board
        self.phase: Phase | None = None
        self.since = 0
        self.said_at = 0

    def hear(self, phase: Phase, at: int) -> bool:
        """Take a message's phase; True when the board changed.

        Older messages and halts of a symbol change nothing, nor do the last ones of the phase before, which come among
        the first of the next within the same second.
        """
        if at < self.said_at or phase in _NOT_OF_THE_BOARD:
            return False
        self.said_at = at
        if phase == self.phase or at == self.since:
            return False
        self.phase = phase
        self.since = at
        return True

    def at(self, now: int) -> Phase:
        """The phase at a moment of the market's clock (epoch seconds)."""
        day = day_of(now)
        scheduled, start, _ = phase_at(self.board, now - day)
        if self.phase is None or self.said_at < day:
            return scheduled
        boundary = day + start
        if self.said_at >= boundary or now - boundary < BOUNDARY_GRACE_SECONDS:
            return self.phase
        return scheduled

    def outlook(self, now: int) -> tuple[Phase, int | None, Phase | None]:
        """Phase now, epoch second of the next scheduled change, and the phase it brings (None after the last)."""
        day = day_of(now)
        end = phase_at(self.board, now - day)[2]
        return self.at(now), None if end is None else day + end, next_phase(self.board, now - day)


def all_boards() -> dict[BoardName, BoardPhase]:
    """A fresh phase tracker for each board."""
    return {board: BoardPhase(board) for board in BOARDS}
