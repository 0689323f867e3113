"""Kinds about volume: volume_spike, relative_volume, large_trade."""

from collections import deque
from typing import Any, ClassVar, Final

from alerts.domain.check import Check, EdgeCheck, KindInfo, UsualVolume
from alerts.domain.model import Alert, Param, Rule
from alerts.domain.scopes import ON_SYMBOLS
from market.domain.changes import Phase, Trade


class VolumeSpike(Check[Trade]):
    """A trade far above the mean trade of the last minutes, itself included; all trades count, of any phase."""

    __slots__ = ("min_trades", "multiplier", "seconds", "times", "total", "volumes")

    STATE: ClassVar[Any] = tuple[int, list[int], list[int]] | None

    def __init__(self, rule: Rule, symbol: str, usual_volume: UsualVolume) -> None:
        super().__init__(rule, symbol, usual_volume)
        self.multiplier = rule.number("multiplier")
        self.seconds = rule.seconds("window_minutes")
        self.min_trades = rule.number("min_trades")
        # Two queues in step, so that an entry allocates nothing the garbage collector would have to look at.
        self.times: deque[int] = deque()
        self.volumes: deque[int] = deque()
        self.total = 0

    def judge(self, change: Trade, phase: Phase | None) -> Alert | None:
        # The window is kept here and not in a class of its own: this runs for every trade of the market.
        # A trade older than the newest leaves the queue behind those that came before it, and so counts with them.
        times, at, volume = self.times, change.at, change.volume
        times.append(at)
        self.volumes.append(volume)
        total = self.total + volume
        oldest = at - self.seconds
        while times[0] < oldest:
            times.popleft()
            total -= self.volumes.popleft()
        self.total = total
        trades = len(times)
        # volume > multiplier x mean without a division, so that the edge is exact
        if volume * trades <= self.multiplier * total or trades < self.min_trades:
            return None
        if not self.ready(change.at, phase):
            return None
        mean = total / trades
        return self.fire(
            change.at,
            phase,
            {
                "volume": volume,
                "mean_volume": mean,
                "times": volume / mean,
                "trades": trades,
                "window_minutes": self.seconds // 60,
                "price": change.price,
                "side": change.side,
            },
        )

    def new_day(self) -> None:
        self.times.clear()
        self.volumes.clear()
        self.total = 0

    def save(self) -> tuple[int, list[int], list[int]] | None:
        # Small numbers: windows are most of what is stored with a symbol, several times a second.
        if not self.times:
            return None
        first = self.times[0]
        return first, [at - first for at in self.times], list(self.volumes)

    def resume(self, state: tuple[int, list[int], list[int]] | None) -> None:
        first, later, volumes = state or (0, [], [])
        self.times = deque(first + seconds for seconds in later[: len(volumes)])
        self.volumes = deque(volumes[: len(later)])
        self.total = sum(self.volumes)


class RelativeVolume(EdgeCheck[Trade]):
    """The day's volume so far is far above what is usual by the end of this minute of the day."""

    __slots__ = ("min_volume", "minute", "multiplier", "usual")

    def __init__(self, rule: Rule, symbol: str, usual_volume: UsualVolume) -> None:
        super().__init__(rule, symbol, usual_volume)
        self.multiplier = rule.number("multiplier")
        self.min_volume = rule.number("min_volume")
        self.minute = -1
        self.usual: float | None = None

    def judge(self, change: Trade, phase: Phase | None) -> Alert | None:
        minute = (change.at - change.day) // 60
        if minute != self.minute:
            self.minute = minute
            self.usual = self.usual_volume.until(self.symbol, minute)
        usual, total = self.usual, change.total_volume
        if usual is None or usual <= 0:
            return None
        over = total > self.multiplier * usual and total >= self.min_volume
        if not self.begins("over" if over else "", change.at, phase):
            return None
        return self.fire(
            change.at,
            phase,
            {"total_volume": total, "usual_volume": usual, "times": total / usual, "price": change.price},
        )

    def new_day(self) -> None:
        super().new_day()
        self.minute = -1


class LargeTrade(Check[Trade]):
    """One trade of a great value. An increase that bundles several matches (`gap`) is not one trade."""

    __slots__ = ("min_value",)

    def __init__(self, rule: Rule, symbol: str, usual_volume: UsualVolume) -> None:
        super().__init__(rule, symbol, usual_volume)
        self.min_value = rule.number("min_value_vnd")

    def judge(self, change: Trade, phase: Phase | None) -> Alert | None:
        if change.value < self.min_value or change.gap or not self.ready(change.at, phase):
            return None
        return self.fire(
            change.at,
            phase,
            {
                "value_vnd": change.value,
                "volume": change.volume,
                "price": change.price,
                "side": change.side,
            },
        )


VOLUME_SPIKE: Final = KindInfo(
    name="volume_spike",
    check=VolumeSpike,
    hears="trade",
    label="Volume spike",
    help="A trade larger than a multiple of the mean trade of the last minutes.",
    title="trade of {volume:,}, {times:.1f} x the mean of {window_minutes:.0f} minutes",
    params=(
        Param(
            name="multiplier",
            label="Multiplier",
            help="Fires above this many times the mean trade volume.",
            default=3,
            unit="x mean",
            minimum=1,
            maximum=100,
        ),
        Param(
            name="window_minutes",
            label="Window",
            help="Trades of the last minutes that the mean is taken over, this one included.",
            default=20,
            unit="minutes",
            minimum=1,
            maximum=240,
            whole=True,
        ),
        Param(
            name="min_trades",
            label="Minimum sample",
            help="Silent while the window holds fewer trades.",
            default=10,
            unit="trades",
            minimum=1,
            maximum=10_000,
            whole=True,
        ),
    ),
    evidence={
        "volume": "shares or contracts of the trade",
        "mean_volume": "mean trade in the window, shares or contracts",
        "times": "volume as a multiple of the mean",
        "trades": "trades in the window",
        "window_minutes": "minutes",
        "price": "VND or points",
        "side": "buy, sell or neutral",
    },
    scopes=ON_SYMBOLS,
    phases=("continuous",),  # an auction's one print would fire on every stock
    severity="warning",
    cooldown_seconds=60,
)

RELATIVE_VOLUME: Final = KindInfo(
    name="relative_volume",
    check=RelativeVolume,
    hears="trade",
    label="Unusual volume",
    help="The day's volume so far is a multiple of what is usual at this minute of the day.",
    title="volume of {total_volume:,} so far, {times:.1f} x the usual",
    params=(
        Param(
            name="multiplier",
            label="Multiplier",
            help="Fires above this many times the usual volume.",
            default=3,
            unit="x usual",
            minimum=1,
            maximum=100,
        ),
        Param(
            name="min_volume",
            label="Minimum volume",
            help="Silent while the day's volume is smaller.",
            default=100_000,
            unit="shares",
            minimum=0,
            maximum=1_000_000_000,
            whole=True,
        ),
    ),
    evidence={
        "total_volume": "shares traded today",
        "usual_volume": "shares usually traded by the end of this minute",
        "times": "total as a multiple of the usual",
        "price": "VND or points",
    },
    scopes=ON_SYMBOLS,
    phases=("continuous",),
    severity="info",
    cooldown_seconds=3600,
)

LARGE_TRADE: Final = KindInfo(
    name="large_trade",
    check=LargeTrade,
    hears="trade",
    label="Large trade",
    help="A single trade of at least a given value.",
    title="trade of {value_vnd:,.0f} VND, {volume:,} at {price:,.10g} ({side})",
    params=(
        Param(
            name="min_value_vnd",
            label="Value",
            help="Fires at this value of one trade and above.",
            default=10_000_000_000,
            unit="VND",
            minimum=1_000_000,
            maximum=10_000_000_000_000,
        ),
    ),
    evidence={
        "value_vnd": "VND",
        "volume": "shares or contracts",
        "price": "VND or points",
        "side": "buy, sell or neutral",
    },
    scopes=ON_SYMBOLS,
    phases=("continuous",),
    severity="info",
    cooldown_seconds=0,
)
