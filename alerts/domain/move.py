"""How far a value moved: shared by the kinds on price and on indices."""

from typing import Any, ClassVar, Final, TypeAlias

from alerts.domain.check import ChangeT, EdgeCheck, UsualVolume
from alerts.domain.model import Param, Rule
from alerts.domain.windows import Extremes, Timed

MoveState: TypeAlias = tuple[str, tuple[list[Timed], list[Timed]] | None]

DIRECTION: Final = Param(
    name="direction",
    label="Direction",
    help="Which way counts.",
    default="both",
    choices=("up", "down", "both"),
)


class Move:
    """Judges how far a value is from where it came from: a fixed base, or the extremes of a window."""

    __slots__ = ("direction", "percent", "window")

    def __init__(self, rule: Rule) -> None:
        self.percent = rule.number("percent")
        self.direction = rule.choice("direction")
        seconds = rule.seconds("window_minutes")
        self.window = Extremes(seconds) if seconds else None

    def of(self, at: int, value: float, base: float | None) -> tuple[str, float]:
        """Take the value of now; return ("up" or "down", where it came from), ("", 0) if it moved less.

        The base is used where there is no window; None or 0 is unknown. Of two moves that are both large enough, up
        from the low and down from the high, the larger counts.
        """
        if self.window is not None:
            low, high = self.window.push(at, value)
        elif base:
            low = high = base
        else:
            return "", 0.0
        rise, fall = (value - low) / low if low else 0.0, (high - value) / high if high else 0.0
        # multiplied, not divided, so that exactly the percentage is enough
        up = self.direction != "down" and rise > 0 and (value - low) * 100 >= self.percent * low
        down = self.direction != "up" and fall > 0 and (high - value) * 100 >= self.percent * high
        if up and not (down and fall > rise):
            return "up", low
        return ("down", high) if down else ("", 0.0)

    def clear(self) -> None:
        """Forget the window."""
        if self.window is not None:
            self.window.clear()

    def save(self) -> tuple[list[Timed], list[Timed]] | None:
        """Return the window's values, None without one."""
        return None if self.window is None else self.window.save()

    def resume(self, queues: tuple[list[Timed], list[Timed]] | None) -> None:
        """Take up saved values, if there are some and there is a window."""
        if queues is not None and self.window is not None:
            self.window.resume(queues)


class MoveCheck(EdgeCheck[ChangeT]):
    """A value moved: what kinds remember of the way it came."""

    __slots__ = ("move",)

    STATE: ClassVar[Any] = MoveState

    def __init__(self, rule: Rule, symbol: str, usual_volume: UsualVolume) -> None:
        super().__init__(rule, symbol, usual_volume)
        self.move = Move(rule)

    def new_day(self) -> None:
        super().new_day()
        self.move.clear()

    def save(self) -> MoveState:
        return self.told, self.move.save()

    def resume(self, state: MoveState) -> None:
        self.told, queues = state
        self.move.resume(queues)
