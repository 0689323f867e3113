"""What the server plays: a synthetic day or a recording, behind one face; and what REST knows of it."""

from collections.abc import Collection
from datetime import date
from typing import Any, Protocol

from market.feed.simulator.day import Day, daily_row
from market.feed.simulator.days import next_trading_day
from market.feed.simulator.frames import Frame
from market.feed.simulator.history import DailyRow, History, Minute
from market.feed.simulator.instruments import Universe
from market.feed.simulator.schedule import DAY_END, SESSIONS, session_at


class Stage(Protocol):
    """A day that is played. Times are ms since midnight."""

    history: History

    @property
    def day(self) -> date: ...
    @property
    def now(self) -> int: ...

    def want(self, kinds: Collection[str]) -> None: ...
    def advance(self, until: int) -> list[Frame]: ...
    def last_messages(self, kind: str, symbols: Collection[str] | None) -> list[Frame]: ...
    def is_over(self) -> bool: ...
    def next_day(self) -> None: ...
    def sessions(self) -> dict[str, str]: ...
    def truth(self) -> dict[str, Any]: ...
    def is_closed(self) -> bool: ...
    def row_so_far(self, symbol: str) -> DailyRow | None: ...
    def minutes_so_far(self, symbol: str) -> list[Minute]: ...
    def index_so_far(self, index: str) -> tuple[float, float, int, float] | None: ...


class SyntheticStage:
    """Plays synthetic days, one after the other."""

    def __init__(self, universe: Universe, day: date) -> None:
        self.history = History(universe)
        self._universe = universe
        self._wanted: Collection[str] = ()
        self._begin(day)

    def _begin(self, day: date) -> None:
        self._played = Day(self._universe, self.history, day)
        self._played.want(self._wanted)

    @property
    def day(self) -> date:
        return self._played.day

    @property
    def now(self) -> int:
        return self._played.now

    def want(self, kinds: Collection[str]) -> None:
        self._wanted = kinds
        self._played.want(kinds)

    def advance(self, until: int) -> list[Frame]:
        return self._played.advance(min(until, DAY_END))

    def last_messages(self, kind: str, symbols: Collection[str] | None) -> list[Frame]:
        return self._played.last_messages(kind, symbols)

    def is_over(self) -> bool:
        return self._played.is_over

    def next_day(self) -> None:
        """Close this day and begin the next trading day before its open."""
        self._played.remember()
        self._begin(next_trading_day(self.day))

    def sessions(self) -> dict[str, str]:
        return {board: session_at(board, self.now) for board in SESSIONS}

    def truth(self) -> dict[str, Any]:
        return self._played.truth()

    def is_closed(self) -> bool:
        return self.now >= SESSIONS["UPCOM"][-1][0]

    def row_so_far(self, symbol: str) -> DailyRow | None:
        listing = self._played.listings.get(symbol)
        return daily_row(listing) if listing and listing.is_today else None

    def minutes_so_far(self, symbol: str) -> list[Minute]:
        listing = self._played.listings.get(symbol)
        return listing.tally.minutes if listing and listing.is_today else []

    def index_so_far(self, index: str) -> tuple[float, float, int, float] | None:
        """Return (value, prior, volume, turnover) of today."""
        live = self._played.indices[index]
        return round(live.points, 2), live.prior, live.volume, live.value
