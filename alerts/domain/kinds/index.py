"""Kinds about indices and the futures on them: index_move, basis_flip, basis_level."""

from typing import Any, ClassVar, Final

from alerts.domain.check import Check, EdgeCheck, KindInfo, UsualVolume
from alerts.domain.model import Alert, Param, Rule
from alerts.domain.move import DIRECTION, MoveCheck
from alerts.domain.scopes import ON_FUTURES, ON_INDICES
from market.domain.changes import BasisPoint, IndexTick, Phase


class BasisFlip(Check[BasisPoint]):
    """A contract went from not above its index to above it, or back, between two of its trades."""

    __slots__ = ("above",)

    STATE: ClassVar[Any] = bool | None

    def __init__(self, rule: Rule, symbol: str, usual_volume: UsualVolume) -> None:
        super().__init__(rule, symbol, usual_volume)
        self.above: bool | None = None

    def judge(self, change: BasisPoint, phase: Phase | None) -> Alert | None:
        above, before = change.future > change.index, self.above
        if above is before:
            return None
        self.above = above
        if before is None or not self.ready(change.at, phase):
            return None
        return self.fire(
            change.at,
            phase,
            {
                "future": change.future,
                "index": change.index,
                "basis": change.basis,
                "state": "premium" if above else "discount",
            },
        )

    def new_day(self) -> None:
        self.above = None

    def save(self) -> bool | None:
        return self.above

    def resume(self, state: bool | None) -> None:
        self.above = state


class BasisLevel(EdgeCheck[BasisPoint]):
    """The basis of a contract is at least so many points wide."""

    __slots__ = ("points", "state")

    def __init__(self, rule: Rule, symbol: str, usual_volume: UsualVolume) -> None:
        super().__init__(rule, symbol, usual_volume)
        self.points = rule.number("points")
        self.state = rule.choice("state")

    def judge(self, change: BasisPoint, phase: Phase | None) -> Alert | None:
        basis = change.basis
        state = ""
        if abs(basis) >= self.points:
            state = "premium" if basis > 0 else "discount"
            if self.state not in ("both", state):
                state = ""
        if not self.begins(state, change.at, phase):
            return None
        return self.fire(
            change.at,
            phase,
            {"future": change.future, "index": change.index, "basis": basis, "state": state},
        )


class IndexMove(MoveCheck[IndexTick]):
    """An index moved by a percentage within the last minutes."""

    __slots__ = ()

    def judge(self, change: IndexTick, phase: Phase | None) -> Alert | None:
        value = change.value
        if value <= 0:  # not known yet
            return None
        direction, base = self.move.of(change.at, value, None)
        if not self.begins(direction, change.at, phase):
            return None
        return self.fire(
            change.at,
            phase,
            {
                "direction": direction,
                "value": value,
                "from_value": base,
                "change_percent": (value - base) / base * 100,
                "window_minutes": self.rule.number("window_minutes"),
            },
        )


_BASIS_EVIDENCE: Final = {
    "future": "points",
    "index": "points",
    "basis": "future less index, points",
    "state": "premium or discount",
}

BASIS_FLIP: Final = KindInfo(
    name="basis_flip",
    check=BasisFlip,
    hears="basis",
    label="Basis flip",
    help="A contract's basis changed sign from one of its trades to the next.",
    title="basis turned to {state}, {basis:+.2f} points",
    params=(),
    evidence=_BASIS_EVIDENCE,
    scopes=ON_FUTURES,
    phases=("ato", "continuous", "atc"),
    severity="warning",
    cooldown_seconds=60,
)

BASIS_LEVEL: Final = KindInfo(
    name="basis_level",
    check=BasisLevel,
    hears="basis",
    label="Wide basis",
    help="A contract's basis is at least so many points wide.",
    title="basis of {basis:+.2f} points ({state})",
    params=(
        Param(
            name="points",
            label="Basis",
            help="Fires at this distance from the index and beyond, once until the basis is back inside.",
            default=10,
            unit="points",
            minimum=0.1,
            maximum=500,
        ),
        Param(
            name="state",
            label="State",
            help="Above the index (premium), below it (discount), or either.",
            default="both",
            choices=("premium", "discount", "both"),
        ),
    ),
    evidence=_BASIS_EVIDENCE,
    scopes=ON_FUTURES,
    phases=("continuous",),
    severity="warning",
    cooldown_seconds=300,
)

INDEX_MOVE: Final = KindInfo(
    name="index_move",
    check=IndexMove,
    hears="index",
    label="Index move",
    help="An index moved by a percentage within the last minutes.",
    title="{direction} {change_percent:+.2f} % in {window_minutes:.0f} minutes, now {value:,.2f}",
    params=(
        Param(
            name="percent",
            label="Move",
            help="Fires at this move and beyond, once until the index is back inside.",
            default=0.5,
            unit="%",
            minimum=0.05,
            maximum=20,
        ),
        DIRECTION,
        Param(
            name="window_minutes",
            label="Window",
            help="Measured from the lowest and the highest value of the last minutes.",
            default=15,
            unit="minutes",
            minimum=1,
            maximum=240,
            whole=True,
        ),
    ),
    evidence={
        "direction": "up or down",
        "value": "points",
        "from_value": "the extreme of the window, points",
        "change_percent": "% with sign",
        "window_minutes": "minutes",
    },
    scopes=ON_INDICES,
    phases=None,
    severity="warning",
    cooldown_seconds=300,
)
