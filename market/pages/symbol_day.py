"""A symbol's day: its trades, volume by price, foreign flow today and on the last days."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.core.cache import cache
from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Struct

from market import history
from market.domain.calendar import VIETNAM, day_of
from market.history_database import history_alias
from market.models import Trade
from market.pages.big_lots import big_lot, is_big
from market.pages.formatting import Cells, Row, WritePrice, billions, colour, millions, number
from market.pages.rows import Text
from market.pages.strip import colour_of_sign
from market.pages.symbol_asked import SIDES, TapeFilter

TAPE: Final = 50  # trades
PROFILE_SECONDS: Final = 3  # how long volume by price is kept
DAYS: Final = 20  # of foreign flow
DAYS_SECONDS: Final = 60
BARS_WIDE, BARS_HIGH = 1000, 100
METHODS: Final[dict[str, Text]] = {
    "feed": gettext_lazy("Feed"),
    "quote": gettext_lazy("Quote"),
    "auction": gettext_lazy("Auction"),
    "none": gettext_lazy("Undecided"),
    "unclassified": gettext_lazy("Unclassified"),
}


class Day(Struct, frozen=True):
    """What is stored of a day besides its trades. `at` is epoch seconds of its newest trade, 0 without any."""

    at: int
    traded: list[tuple[float, str, int]]  # volume by price and side
    flow: list[tuple[int, float]]  # epoch second, net foreign value so far
    days: list[history.ForeignDay]  # the last ones, oldest first


def read_day(code: str, end: datetime | None = None) -> Day:
    """Read a symbol's newest trading day, or the newest that has trades before `end`."""
    days = foreign_days(code)
    newest = history.ticks(code, limit=1, end=end)
    if not newest:
        return Day(0, [], [], days)
    start = datetime.fromtimestamp(day_of(newest[0].at), tz=UTC)
    return Day(newest[0].at, by_price(code, start), foreign_flow(code, start), days)


class Tape(NamedTuple):
    """Trades, newest first, and the smallest volume of a big lot; None while too few trades are known."""

    ticks: list[history.Tick]
    big: int | None


def read_tape(code: str, wanted: TapeFilter, end: datetime | None = None) -> Tape:
    """Read the newest trades of the newest day, before `end` if given, that a filter lets through."""
    plain = wanted == TapeFilter()
    newest = history.ticks(code, limit=TAPE if plain else 1, end=end)
    if not newest:
        return Tape([], None)
    big = big_lot(code, newest[0], end)
    if plain:
        return Tape(newest, big)
    start = datetime.fromtimestamp(day_of(newest[0].at), tz=UTC)  # a large minimum must not search all of history
    found = history.ticks(code, limit=TAPE, start=start, end=end, side=wanted.side, min_volume=wanted.min_volume)
    return Tape(found, big)


def by_price(code: str, start: datetime) -> list[tuple[float, str, int]]:
    """Price, side and volume of a day; kept some seconds, because it adds up all of its trades."""
    key = f"by-price:{code}:{start:%Y%m%d}"
    kept: list[tuple[float, str, int]] | None = cache.get(key)
    if kept is None:
        rows = Trade.objects.using(history_alias()).filter(symbol=code, at__gte=start, at__lt=start + timedelta(days=1))
        kept = list(rows.values_list("price", "side").annotate(Sum("volume")).order_by())
        cache.set(key, kept, PROFILE_SECONDS)
    return kept


def foreign_flow(code: str, start: datetime) -> list[tuple[int, float]]:
    """Net foreign value through a day, every five minutes."""
    columns = history.FOREIGN.columns
    buy, sell = columns.index("buy_value") + 1, columns.index("sell_value") + 1
    rows = history.samples(history.FOREIGN, code, 300, start, start + timedelta(days=1), 100)
    return [(int(row[0].timestamp()), row[buy] - row[sell]) for row in rows]


def foreign_days(code: str) -> list[history.ForeignDay]:
    """The last days of foreign flow, kept for a moment."""
    key = f"foreign-days-of:{code}"
    kept: list[history.ForeignDay] | None = cache.get(key)
    if kept is None:
        kept = history.foreign_days(code, limit=DAYS)
        cache.set(key, kept, DAYS_SECONDS)
    return kept


class TapeLine(NamedTuple):
    """One trade as text."""

    time: str
    price: str
    state: str
    volume: str
    side: str
    side_label: Text
    method: Text
    big: bool


def tape_lines(tape: Tape, row: Row, language: str, write: WritePrice) -> list[TapeLine]:
    """Trades as text, newest first as they come."""
    return [
        TapeLine(
            f"{datetime.fromtimestamp(tick.at, tz=VIETNAM):%H:%M:%S}",
            write(tick.price, language),
            colour(tick.price, row),
            number(tick.volume, language),
            tick.side,
            SIDES[tick.side],
            METHODS[tick.method],
            is_big(tick, tape.big),
        )
        for tick in tape.ticks
    ]


def day_text(at: int) -> str:
    """The date of an epoch second; blank for none."""
    return f"{datetime.fromtimestamp(at, tz=VIETNAM):%d/%m/%Y}" if at else ""


def foreign_lines(row: Row, language: str) -> Cells:
    """Foreign totals of the day as text, by name; values are our own, as on the page of foreign flow."""

    def signed(name: str) -> tuple[str, str]:
        return number(row.get(name), language, sign=True), colour_of_sign(row.get(name))

    used = row.get("room_used_percent")
    shown: Cells = {name: (number(row.get(name), language), "") for name in ("buy_volume", "sell_volume")}
    shown |= {name: (billions(row.get(f"own_{name}"), language, 2), "") for name in ("buy_value", "sell_value")}
    net = row.get("own_net_value")
    shown["net_volume"] = signed("net_volume")
    shown["net_value"] = (("+" if net and net > 0 else "") + billions(net, language, 2), colour_of_sign(net))
    shown["net_speed"] = signed("net_speed")
    shown["room"] = (millions(row.get("room"), language), "")
    shown["room_used"] = ("" if used is None else number(used, language, 1) + "%", "")
    return shown


class Flow(NamedTuple):
    """A line of net foreign value through the day, in a box of 1000 by 100, and where zero is in it."""

    points: str
    zero: float
    state: str


def flow_drawing(samples: Sequence[tuple[int, float]]) -> Flow | None:
    """Draw net foreign value from 09:00 to 15:00; None with fewer than two samples."""
    if len(samples) < 2:
        return None
    low, high = min(0.0, *(value for _, value in samples)), max(0.0, *(value for _, value in samples))
    scale = 96 / (high - low) if high > low else 0.0
    opening, seconds = day_of(samples[0][0]) + 9 * 3600, 6 * 3600

    def place(at: int, value: float) -> str:
        return f"{min(1000, max(0, round(1000 * (at - opening) / seconds)))},{round(98 - (value - low) * scale, 1)}"

    points = " ".join(place(at, value) for at, value in samples)
    return Flow(points, round(98 + low * scale, 1), colour_of_sign(samples[-1][1]))


class DayBar(NamedTuple):
    """One day's net foreign value as a bar from the zero line, in a box of 1000 by 100, and in words."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    day: str
    net: str
    state: str


class DayBars(NamedTuple):
    """The last days of net foreign value; `newest_first` is for the table."""

    bars: list[DayBar]
    zero: float
    total: str
    state: str
    sentence: str

    @property
    def newest_first(self) -> list[DayBar]:
        """The same days for a table."""
        return self.bars[::-1]


def day_bars(days: Sequence[history.ForeignDay], language: str) -> DayBars | None:
    """Draw net foreign value by day; None where nothing is stored."""
    if not days:
        return None
    nets = [day.net_value for day in days]
    low, high = min(0.0, *nets), max(0.0, *nets)
    scale = (BARS_HIGH - 4) / (high - low) if high > low else 0.0
    zero = 2 + high * scale
    slot = BARS_WIDE / max(DAYS, len(days))
    start = BARS_WIDE - slot * len(days)
    bars = []
    for place, day in enumerate(days):
        height = max(1.0, abs(day.net_value) * scale)
        top = zero - height if day.net_value > 0 else zero
        bars.append(
            DayBar(
                *(round(start + slot * (place + 0.15), 1), round(top, 1), round(slot * 0.7, 1), round(height, 1)),
                "buy" if day.net_value > 0 else "sell",
                f"{day.day:%d/%m}",
                in_billions(day.net_value, language),
                colour_of_sign(day.net_value),
            )
        )
    total = in_billions(sum(nets), language)
    words = _("Net foreign value of the last %(count)s days: %(total)s billion VND in all") % {
        "count": len(days),
        "total": total,
    }
    return DayBars(bars, round(zero, 1), total, colour_of_sign(sum(nets)), words)


def in_billions(value: float, language: str) -> str:
    """Write VND as billion VND with a sign."""
    return number(value / 1_000_000_000, language, 2, sign=True)


def foreign_context(day: Day | None, row: Row | None, language: str) -> dict[str, Any]:
    """What the panel of foreign flow shows."""
    return {
        "foreign": foreign_lines(row, language) if row else {},
        "flow": flow_drawing(day.flow) if day else None,
        "foreign_bars": day_bars(day.days, language) if day else None,
    }
