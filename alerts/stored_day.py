"""A stored day as the changes that rules hear: what is in the tables of history, in the order of time.

What history does not hold cannot be judged, and `what_is_missing` says so: books are not stored at all, the day's
limits only for the newest day and where the daily bars have them. Phases of foreign flow, indices and basis come from
the timetable.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from django.db.models import QuerySet
from django.utils.translation import gettext

from alerts.domain.kinds import KINDS
from alerts.domain.model import Rule
from alerts.domain.scopes import BASKET
from market.domain import changes
from market.domain.calendar import BoardName, board_of, from_date, midnight, phase_at
from market.domain.changes import Phase
from market.models import BasisPoint, DailyBar, ForeignFlow, IndexTick, Instrument, SymbolState, Trade
from market.reference import basket_codes

CHUNK: Final = 5_000
ON_LIMITS: Final = ("price_limit", "limit_left", "price_change")
FOREIGN: Final = ("symbol", "at", "buy_volume", "sell_volume", "buy_value", "sell_value", "own_buy_value",
                  "own_sell_value", "room", "total_room")  # fmt: skip


class Limits(NamedTuple):
    """Reference, ceiling and floor of a symbol's day; None where unknown."""

    reference: float | None = None
    ceiling: float | None = None
    floor: float | None = None


class Judged(NamedTuple):
    """A change and the phase it came in."""

    change: changes.Change
    phase: Phase | None


def newest_stored_day() -> date | None:
    """The day of the newest states; None before the first."""
    return SymbolState.objects.filter(kind="market").values_list("day", flat=True).first()


def members_of(rule: Rule, day: date) -> dict[str, frozenset[str]]:
    """The members of the rule's basket on a day."""
    if not rule.scope.startswith(BASKET):
        return {}
    name = rule.scope.removeprefix(BASKET)
    return {name: frozenset(basket_codes(name, day))}


def what_is_missing(rule: Rule, day: date) -> list[str]:
    """Why a stored day shows less of a rule than the live one did, in words."""
    if KINDS[rule.kind].hears == "book":
        return [gettext("Order books are not stored. Try this kind against a recording.")]
    needs_reference = rule.kind != "price_change" or not rule.number("window_minutes")
    if rule.kind in ON_LIMITS and needs_reference and not limits_of(day):
        return [
            gettext("The limits of that day are not stored, so nothing can fire. Try a recording or the newest day.")
        ]
    return []


def changes_of(rule: Rule, day: date) -> Iterator[Judged]:
    """The changes of a day that a rule may be about, oldest first."""
    hears = KINDS[rule.kind].hears
    if hears == "trade":
        yield from trades(rule, day)
    elif hears == "foreign":
        yield from foreign_flow(rule, day)
    elif hears == "index":
        yield from index_ticks(day)
    elif hears == "basis":
        yield from basis_points(day)


def trades(rule: Rule, day: date) -> Iterator[Judged]:
    """Trades, with the limits that are known."""
    midnight_at, known, unknown = from_date(day), limits_of(day), Limits()
    rows = narrowed(within(Trade.objects.all(), day), rule, day).order_by("at", "symbol", "total_volume")
    names = ("symbol", "at", "number", "price", "volume", "value", "side", "method", "phase", "total_volume", "gap")
    for symbol, at, number, price, volume, value, side, method, phase, total, gap in rows.values_list(*names).iterator(
        CHUNK
    ):
        reference, ceiling, floor = known.get(symbol, unknown)
        trade = changes.Trade(
            symbol, int(at.timestamp()), midnight_at, number, price, volume, value, side, method, phase, total,
            reference, ceiling, floor, gap,
        )  # fmt: skip
        yield Judged(trade, phase)


def foreign_flow(rule: Rule, day: date) -> Iterator[Judged]:
    """Foreign totals, one a second at most; what each added is not known and no kind asks."""
    midnight_at, boards = from_date(day), boards_of_symbols()
    rows = narrowed(within(ForeignFlow.objects.all(), day), rule, day).order_by("at", "symbol")
    for symbol, at, buy, sell, buy_value, sell_value, own_buy, own_sell, room, total_room in rows.values_list(
        *FOREIGN
    ).iterator(CHUNK):
        second = int(at.timestamp())
        flow = changes.ForeignFlow(
            symbol, second, midnight_at, buy, sell, buy_value, sell_value, 0, 0, own_buy, own_sell, room, total_room
        )
        yield Judged(flow, phase_at(boards.get(symbol, "HOSE"), second - midnight_at)[0])


def index_ticks(day: date) -> Iterator[Judged]:
    """Values of all indices; the rule picks its own."""
    midnight_at, boards = from_date(day), boards_of_symbols()
    rows = within(IndexTick.objects.all(), day).order_by("at", "index")
    names = ("index", "at", "value", "estimate", "total_volume", "total_value")
    for index, at, value, estimate, volume, total_value in rows.values_list(*names).iterator(CHUNK):
        second = int(at.timestamp())
        tick = changes.IndexTick(index, second, midnight_at, value, estimate, volume, total_value)
        yield Judged(tick, phase_at(boards.get(index, "HOSE"), second - midnight_at)[0])


def basis_points(day: date) -> Iterator[Judged]:
    """Basis of all contracts; the rule picks its own."""
    midnight_at = from_date(day)
    rows = within(BasisPoint.objects.all(), day).order_by("at", "contract")
    names = ("contract", "underlying", "at", "future", "index", "basis")
    for contract, underlying, at, future, index, basis in rows.values_list(*names).iterator(CHUNK):
        second = int(at.timestamp())
        phase = phase_at("DERIVATIVES", second - midnight_at)[0]
        point = changes.BasisPoint(contract, underlying, second, midnight_at, future, index, basis)
        yield Judged(point, phase if phase in ("ato", "atc") else "continuous")


def within(rows: QuerySet[Any], day: date) -> QuerySet[Any]:
    """Rows of one day in Vietnam."""
    return rows.filter(at__gte=midnight(day), at__lt=midnight(day + timedelta(days=1)))


def narrowed(rows: QuerySet[Any], rule: Rule, day: date) -> QuerySet[Any]:
    """Rows of the symbols that a rule lists, if it lists them; the evaluator looks at the rest of the scope."""
    if rule.scope == "symbols":
        return rows.filter(symbol__in=[symbol.upper() for symbol in rule.symbols])
    members = members_of(rule, day)
    return rows.filter(symbol__in=sorted(*members.values())) if members else rows


def boards_of_symbols() -> dict[str, BoardName]:
    """The board of each instrument."""
    return {code: board_of(board) for code, board in Instrument.objects.values_list("code", "board")}


def limits_of(day: date) -> dict[str, Limits]:
    """The limits of a day by symbol, as far as they are stored: from the daily bars, else from the newest states."""
    names = ("symbol", "reference", "ceiling", "floor")
    bars = DailyBar.objects.filter(day=day, ceiling__isnull=False).values_list(*names)
    found = {symbol: Limits(*prices) for symbol, *prices in bars}
    states = SymbolState.objects.filter(kind="symbol", day=day).values_list("code", "state__totals")
    for code, totals in states:
        if totals and code not in found and totals.get("ceiling"):
            found[code] = Limits(totals["reference"] or None, totals["ceiling"], totals["floor"] or None)
    return found
