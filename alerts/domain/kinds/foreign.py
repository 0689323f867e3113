"""Kinds about foreigners: foreign_acceleration, foreign_room."""

from typing import Any, ClassVar, Final

from alerts.domain.check import Check, KindInfo, UsualVolume
from alerts.domain.model import Alert, Param, Rule
from alerts.domain.scopes import ON_STOCKS, ON_SYMBOLS
from alerts.domain.windows import PastValue, Timed
from market.domain.changes import ForeignFlow, Phase


class ForeignAcceleration(Check[ForeignFlow]):
    """The net foreign value, as the feed gives it, changed much against its value some minutes ago."""

    __slots__ = ("change_percent", "min_value", "window")

    STATE: ClassVar = list[Timed]

    def __init__(self, rule: Rule, symbol: str, usual_volume: UsualVolume) -> None:
        super().__init__(rule, symbol, usual_volume)
        self.change_percent = rule.number("change_percent")
        self.min_value = rule.number("min_value_vnd")
        self.window = PastValue(rule.seconds("window_minutes"))

    def judge(self, change: ForeignFlow, phase: Phase | None) -> Alert | None:
        net = change.buy_value - change.sell_value
        entry = self.window.push(change.at, net)
        if entry is None:
            return None
        past_at, past = entry
        size = abs(past)
        # |net - past| / |past| > change_percent %, without a division so that the edge is exact
        if size < self.min_value or abs(net - past) * 100 <= self.change_percent * size:
            return None
        if not self.ready(change.at, phase):
            return None
        return self.fire(
            change.at,
            phase,
            {
                "net_value_vnd": net,
                "past_net_value_vnd": past,
                "change_percent": (net - past) / size * 100,
                "past_seconds": change.at - past_at,
            },
        )

    def new_day(self) -> None:
        self.window.clear()

    def save(self) -> list[Timed]:
        return self.window.save()

    def resume(self, state: list[Timed]) -> None:
        self.window.resume(state)


class ForeignRoom(Check[ForeignFlow]):
    """The room left to foreigners fell to a small share of the total.

    The first message only tells where a symbol stands, since many are full for years; it is remembered over days.
    """

    __slots__ = ("full", "left_percent")

    STATE: ClassVar[Any] = bool | None

    def __init__(self, rule: Rule, symbol: str, usual_volume: UsualVolume) -> None:
        super().__init__(rule, symbol, usual_volume)
        self.left_percent = rule.number("left_percent")
        self.full: bool | None = None

    def judge(self, change: ForeignFlow, phase: Phase | None) -> Alert | None:
        room, total = change.room, change.total_room
        if total <= 0:
            return None
        full = room * 100 <= self.left_percent * total
        if not full or self.full is None:
            self.full = full
            return None
        # A fall while cooling down or in another phase stays to be told.
        if self.full or not self.ready(change.at, phase):
            return None
        self.full = True
        return self.fire(
            change.at,
            phase,
            {"room": room, "total_room": total, "left_percent": room / total * 100},
        )

    def save(self) -> bool | None:
        return self.full

    def resume(self, state: bool | None) -> None:
        self.full = state


FOREIGN_ACCELERATION: Final = KindInfo(
    name="foreign_acceleration",
    check=ForeignAcceleration,
    hears="foreign",
    label="Foreign acceleration",
    help="The net foreign value changed by a percentage against its value some minutes ago.",
    title="net foreign value {net_value_vnd:,.0f} VND, {change_percent:+.0f} % in {past_seconds} s",
    params=(
        Param(
            name="change_percent",
            label="Change",
            help="Fires above this change of the net value, either way.",
            default=30,
            unit="%",
            minimum=1,
            maximum=10_000,
        ),
        Param(
            name="window_minutes",
            label="Window",
            help="Compared with the newest value that is at least this old.",
            default=5,
            unit="minutes",
            minimum=1,
            maximum=240,
            whole=True,
        ),
        Param(
            name="min_value_vnd",
            label="Minimum size",
            help="Silent while the earlier net value is smaller, bought or sold.",
            default=1_000_000_000,
            unit="VND",
            minimum=1,
            maximum=10_000_000_000_000,
        ),
    ),
    evidence={
        "net_value_vnd": "VND bought less sold today",
        "past_net_value_vnd": "VND, the same some minutes ago",
        "change_percent": "% of the earlier size, with sign",
        "past_seconds": "age of the earlier value, seconds",
    },
    scopes=ON_SYMBOLS,
    phases=None,
    severity="warning",
    cooldown_seconds=60,
)

FOREIGN_ROOM: Final = KindInfo(
    name="foreign_room",
    check=ForeignRoom,
    hears="foreign",
    label="Foreign room nearly full",
    help="The room left to foreigners fell to a small part of the total room.",
    title="{left_percent:.1f} % of the foreign room left, {room:,} shares",
    params=(
        Param(
            name="left_percent",
            label="Room left",
            help="Fires when this share of the total room or less is left.",
            default=5,
            unit="% of total room",
            minimum=0,
            maximum=100,
        ),
    ),
    evidence={
        "room": "shares that foreigners may still buy",
        "total_room": "shares that foreigners may hold",
        "left_percent": "% of the total room",
    },
    scopes=ON_STOCKS,
    phases=None,
    severity="info",
    cooldown_seconds=3600,
)
