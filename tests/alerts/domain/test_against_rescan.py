"""The evaluator against the same rules written the slow way: every trade and value kept, every window rescanned."""

from collections import defaultdict
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.domain.evaluate import Evaluator
from alerts.domain.model import Rule
from market.domain.changes import BasisPoint, ForeignFlow, Trade, VolumePhase
from tests.alerts.domain.builders import DAY, NEXT_DAY, flow, point, rule, trade

RULES = [
    rule("volume_spike", {"multiplier": 2, "window_minutes": 1, "min_trades": 3}, cooldown_seconds=20),
    rule("price_limit", cooldown_seconds=7),
    rule("foreign_acceleration", {"window_minutes": 1}, cooldown_seconds=30),
    rule("basis_flip", cooldown_seconds=10, phases="all"),
]
Fired = tuple[str, str, int]
Heard = Trade | ForeignFlow | BasisPoint


class Rescan:
    """Per day and symbol, every change of it; times that step back count with the newest before them."""

    def __init__(self) -> None:
        self.heard: dict[tuple[type, str, int], list[tuple[int, Heard]]] = defaultdict(list)
        self.last: dict[tuple[str, str], int] = {}

    def apply(self, change: Heard) -> list[Fired]:
        symbol = change.contract if isinstance(change, BasisPoint) else change.symbol
        history = self.heard[type(change), symbol, change.day]
        now = max([change.at, *(at for at, _ in history)])
        history.append((now, change))
        fired = [held for held in RULES if self.holds(held, history, now)]
        return [each for held in fired if (each := self.fire(held, symbol, change.at))]

    def fire(self, held: Rule, symbol: str, at: int) -> Fired | None:
        last = self.last.get((held.kind, symbol))
        if last is not None and at - last < held.cooldown_seconds:
            return None
        self.last[held.kind, symbol] = at
        return held.kind, symbol, at

    def holds(self, held: Rule, history: list[tuple[int, Heard]], now: int) -> bool:
        change = history[-1][1]
        match held.kind, change:
            case "volume_spike", Trade():
                window = [each.volume for at, each in history if at >= now - 60 and isinstance(each, Trade)]
                enough = len(window) >= 3 and change.phase == "continuous"
                return enough and change.volume > 2 * Fraction(sum(window), len(window))
            case "price_limit", Trade():
                return change.price >= 26_750.0 or change.price <= 23_250.0
            case "foreign_acceleration", ForeignFlow():
                old = [each for at, each in history if at <= now - 60 and isinstance(each, ForeignFlow)]
                if not old:
                    return False
                past = Fraction(old[-1].buy_value) - Fraction(old[-1].sell_value)
                net = Fraction(change.buy_value) - Fraction(change.sell_value)
                return abs(past) >= 10**9 and abs(net - past) / abs(past) > Fraction(30, 100)
            case "basis_flip", BasisPoint():
                before = history[-2][1] if len(history) > 1 else change
                return isinstance(before, BasisPoint) and (before.basis > 0) != (change.basis > 0)
        return False


@st.composite
def changes(draw: st.DrawFn) -> list[Heard]:
    heard: list[Heard] = []
    for day in (DAY, NEXT_DAY):
        now = 0
        for _ in range(draw(st.integers(0, 40))):
            now += draw(st.integers(-2, 15))
            match draw(st.integers(0, 3)):
                case 0:
                    heard.append(flow(now, draw(st.integers(0, 40)) * 1e8, draw(st.integers(0, 40)) * 1e8, day=day))
                case 1:
                    heard.append(point(now, draw(st.sampled_from([-1.0, 0.0, 1.0])), day=day))
                case _:
                    phase: VolumePhase = draw(st.sampled_from(["continuous", "continuous", "ato"]))
                    price = draw(st.sampled_from([23_250.0, 25_000.0, 26_750.0]))
                    symbol = draw(st.sampled_from(["ACB", "FPT"]))
                    heard.append(trade(now, draw(st.integers(1, 9)), price, day=day, phase=phase, symbol=symbol))
    return heard


@settings(max_examples=150, deadline=None)
@given(changes())
def test_evaluator_fires_what_a_rescan_of_everything_fires(heard: list[Heard]) -> None:
    evaluator, rescan = Evaluator(RULES), Rescan()
    for change in heard:
        fired = [(alert.kind, alert.symbol, alert.at) for alert in evaluator.apply(change, None)]
        assert fired == rescan.apply(change)
