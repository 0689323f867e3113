"""Kinds about a trade's price: price_limit, limit_left, price_change."""

from typing import ClassVar, Final

from alerts.domain.check import Check, KindInfo, UsualVolume
from alerts.domain.model import Alert, Param, Rule
from alerts.domain.move import DIRECTION, MoveCheck
from alerts.domain.scopes import ON_SYMBOLS
from market.domain.changes import Phase, Trade

SIDE: Final = Param(
    name="side",
    label="Limit",
    help="Which limit of the day counts.",
    default="both",
    choices=("ceiling", "floor", "both"),
)


def limit_of(trade: Trade) -> str:
    """Tell which limit of the day a trade is at: ceiling, floor, or "" for none or unknown limits."""
    if trade.ceiling is not None and trade.price >= trade.ceiling:
        return "ceiling"
    if trade.floor is not None and trade.price <= trade.floor:
        return "floor"
    return ""


class PriceLimit(Check[Trade]):
    """A trade at the ceiling or at the floor."""

    __slots__ = ()

    def judge(self, change: Trade, phase: Phase | None) -> Alert | None:
        # The same question as `limit_of`, without the call: this runs for every trade of the market.
        price, ceiling, floor = change.price, change.ceiling, change.floor
        if (ceiling is None or price < ceiling) and (floor is None or price > floor):
            return None
        if not self.ready(change.at, phase):
            return None
        limit = limit_of(change)
        return self.fire(
            change.at,
            phase,
            {
                "limit": limit,
                "price": change.price,
                "limit_price": ceiling if limit == "ceiling" else floor,
                "volume": change.volume,
            },
        )


class LimitLeft(Check[Trade]):
    """The first trade inside the limits (or at the other one) after a trade at a limit."""

    __slots__ = ("limit", "limit_price", "side")

    STATE: ClassVar = tuple[str, float | None]

    def __init__(self, rule: Rule, symbol: str, usual_volume: UsualVolume) -> None:
        super().__init__(rule, symbol, usual_volume)
        self.side = rule.choice("side")
        self.limit = ""
        self.limit_price: float | None = None

    def judge(self, change: Trade, phase: Phase | None) -> Alert | None:
        left, left_price = self.limit, self.limit_price
        limit = limit_of(change)
        if limit != left:
            self.limit = limit
            self.limit_price = {"ceiling": change.ceiling, "floor": change.floor}.get(limit)
        if not left or limit == left or self.side not in ("both", left) or not self.ready(change.at, phase):
            return None
        return self.fire(
            change.at,
            phase,
            {"limit": left, "price": change.price, "limit_price": left_price, "volume": change.volume},
        )

    def new_day(self) -> None:
        self.limit = ""
        self.limit_price = None

    def save(self) -> tuple[str, float | None]:
        return self.limit, self.limit_price

    def resume(self, state: tuple[str, float | None]) -> None:
        self.limit, self.limit_price = state


class PriceChange(MoveCheck[Trade]):
    """The price moved by a percentage, from the reference or within the last minutes."""

    __slots__ = ()

    def judge(self, change: Trade, phase: Phase | None) -> Alert | None:
        price = change.price
        direction, base = self.move.of(change.at, price, change.reference)
        if not self.begins(direction, change.at, phase):
            return None
        return self.fire(
            change.at,
            phase,
            {
                "direction": direction,
                "price": price,
                "from_price": base,
                "change_percent": (price - base) / base * 100,
                "window_minutes": self.rule.number("window_minutes"),
            },
        )


PRICE_LIMIT: Final = KindInfo(
    name="price_limit",
    check=PriceLimit,
    hears="trade",
    label="At the limit",
    help="A trade at the ceiling or at the floor.",
    title="trade at the {limit}, {price:,.10g}",
    params=(),
    evidence={
        "limit": "ceiling or floor",
        "price": "VND or points",
        "limit_price": "the ceiling or the floor, VND or points",
        "volume": "shares or contracts of the trade",
    },
    scopes=ON_SYMBOLS,
    phases=("ato", "continuous", "atc"),
    severity="critical",
    cooldown_seconds=60,
)

LIMIT_LEFT: Final = KindInfo(
    name="limit_left",
    check=LimitLeft,
    hears="trade",
    label="Left the limit",
    help="The first trade away from the ceiling or the floor after a trade at it.",
    title="left the {limit}, now {price:,.10g}",
    params=(SIDE,),
    evidence={
        "limit": "ceiling or floor that was left",
        "price": "VND or points",
        "limit_price": "the limit that was left, VND or points",
        "volume": "shares or contracts of the trade",
    },
    scopes=ON_SYMBOLS,
    phases=("continuous", "atc"),
    severity="warning",
    cooldown_seconds=60,
)

PRICE_CHANGE: Final = KindInfo(
    name="price_change",
    check=PriceChange,
    hears="trade",
    label="Price change",
    help="The price is a percentage away from the reference, or moved that far within the last minutes.",
    title="{direction} {change_percent:+.2f} % from {from_price:,.10g} to {price:,.10g}",
    params=(
        Param(
            name="percent",
            label="Change",
            help="Fires at this change and beyond, once until the price is back inside.",
            default=3,
            unit="%",
            minimum=0.1,
            maximum=50,
        ),
        DIRECTION,
        Param(
            name="window_minutes",
            label="Window",
            help="Measured from the lowest and the highest price of the last minutes; 0 measures from the reference.",
            default=0,
            unit="minutes",
            minimum=0,
            maximum=240,
            whole=True,
        ),
    ),
    evidence={
        "direction": "up or down",
        "price": "VND or points",
        "from_price": "reference, or the extreme of the window, VND or points",
        "change_percent": "% with sign",
        "window_minutes": "minutes, 0 for the reference",
    },
    scopes=ON_SYMBOLS,
    phases=("ato", "continuous", "atc"),
    severity="info",
    cooldown_seconds=300,
)
