"""What the address of a symbol's page asks for. A word that cannot be used means what is usual."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.http import QueryDict
from django.utils.translation import gettext_lazy

from market.domain.calendar import VIETNAM
from market.pages.rows import Text
from market.queries import SECONDS, Interval

INTERVALS: Final[dict[Interval, Text]] = {
    "1m": gettext_lazy("1 minute"),
    "5m": gettext_lazy("5 minutes"),
    "15m": gettext_lazy("15 minutes"),
    "1h": gettext_lazy("1 hour"),
    "1d": gettext_lazy("1 day"),
}
DEFAULT_INTERVAL: Final[Interval] = "5m"
# How old a moment may be for candles of each length: few enough of them lie between it and now for a chart to reach it.
REACH: Final[tuple[tuple[timedelta, Interval], ...]] = ((timedelta(days=14), "1m"), (timedelta(days=90), "5m"))
AFTER: Final = 40  # candles that a drawing shows after the moment
LATEST: Final = 4_000_000_000  # epoch seconds
MOST_VOLUME: Final = 1_000_000_000
SIDES: Final[dict[str, Text]] = {
    "buy": gettext_lazy("Buy"),
    "sell": gettext_lazy("Sell"),
    "neutral": gettext_lazy("Neutral"),
}
DEPTHS: Final = (3, 10)


class TapeFilter(NamedTuple):
    """Which trades: of a side, None for all, and of at least some shares."""

    side: str | None = None
    min_volume: int = 1

    def parameters(self) -> dict[str, str]:
        """The filter as parameters of an address."""
        given = {"side": self.side or "", "min": str(self.min_volume) if self.min_volume > 1 else ""}
        return {name: value for name, value in given.items() if value}


class Asked(NamedTuple):
    """The chart's interval; a moment of the past to show and mark, if any; the tape's filter."""

    interval: Interval
    at: datetime | None
    tape: TapeFilter

    def parameters(self) -> dict[str, Any]:
        """All but the interval as parameters of an address."""
        return self.tape.parameters() | ({"at": f"{self.at.timestamp():.0f}"} if self.at else {})

    @property
    def until(self) -> datetime | None:
        """Where the drawing of a moment ends."""
        return self.at + timedelta(seconds=AFTER * SECONDS[self.interval]) if self.at else None

    @property
    def tape_until(self) -> datetime | None:
        """Where the tape of a moment ends: the trades of its second belong to it."""
        return self.at + timedelta(seconds=1) if self.at else None

    @property
    def clock(self) -> str:
        """The moment in words, Vietnam's time; blank without one."""
        return f"{self.at.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S}" if self.at else ""


def whole(text: str, most: int) -> int:
    """A number from 1 to `most`, 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= most else 0


def asked(query: QueryDict, now: datetime) -> Asked:
    """Read an address; `now` is the market's clock, by which an old moment gets longer candles."""
    at = whole(query.get("at", ""), LATEST)
    moment = datetime.fromtimestamp(at, tz=UTC) if at else None
    usual = interval_for(now - moment) if moment else DEFAULT_INTERVAL
    interval = next((each for each in INTERVALS if each == query.get("interval")), usual)
    side = query.get("side", "")
    volume = whole(query.get("min", "").replace(".", "").replace(",", ""), MOST_VOLUME)
    return Asked(interval, moment, TapeFilter(side if side in SIDES else None, volume or 1))


def interval_for(age: timedelta) -> Interval:
    """The shortest candles with which a chart of today reaches so far back."""
    return next((interval for reach, interval in REACH if age <= reach), "1h")


def depth_of(query: QueryDict, cookies: Mapping[str, str], usual: int) -> int:
    """How many levels the depth shows: as asked, else as remembered, else as usual on the board."""
    given = (query.get("depth", ""), cookies.get("depth", ""))
    return next((int(text) for text in given if text in map(str, DEPTHS)), usual)
