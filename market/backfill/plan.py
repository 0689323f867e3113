"""Which calls of the venue are missing: what is wanted, less what was fetched before."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, Literal, TypeAlias, get_args

from django.conf import settings
from msgspec import Struct

from market import reference
from market.backfill import progress
from market.backfill.ranges import Range, subtract, windows_back
from market.models import Instrument, TradingDay
from market.watch import BASKET, INDICES

What: TypeAlias = Literal["prices", "daily", "index", "intraday"]
WHATS: Final[tuple[What, ...]] = get_args(What)  # in the order of fetching: days make charts at once
DAYS_BACK: Final[dict[What, int]] = {"prices": 60, "daily": 60, "index": 60, "intraday": 5}  # trading days
NEWEST: Final = timedelta(days=10)
TRADED: Final = ("stock", "etf", "fund")


class Target(Struct, frozen=True):
    """What history is wanted of. `code` is the stored spelling."""

    code: str
    kind: str  # of Instrument.Kind

    @property
    def is_index(self) -> bool:
        """Whether it is quoted, not traded."""
        return self.kind == Instrument.Kind.INDEX

    @property
    def is_future(self) -> bool:
        """Whether its price is in points and its volume in contracts."""
        return self.kind == Instrument.Kind.FUTURE


class Step(Struct, frozen=True):
    """One paged call: a kind of data of one target, from the first to the last day."""

    what: What
    target: Target
    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.what} {self.target.code} {self.first} – {self.last}"


class UnknownSymbol(Exception):
    """No instrument is called so: expected a code or an index alias that the reference data knows."""


def watched(today: date) -> list[Target]:
    """What the setting WATCH names, with the futures that trade today and the main indices."""
    wanted: str = settings.WATCH
    if wanted.lower() == "all":
        rows = Instrument.objects.trading_on(today).filter(kind__in=TRADED).order_by("code")
        stocks = [Target(code, kind) for code, kind in rows.values_list("code", "kind")]
    elif wanted.lower() == "vn30":
        stocks = of_basket(BASKET, today)
    else:
        codes = [code.strip().upper() for code in wanted.split(",") if code.strip()]
        stocks = [Target(code, Instrument.Kind.STOCK) for code in codes]
    futures = [Target(code, Instrument.Kind.FUTURE) for code in reference.contracts(today)]
    return [*stocks, *futures, *(Target(index, Instrument.Kind.INDEX) for index in INDICES)]


def of_basket(basket: str, today: date) -> list[Target]:
    """The members of a basket. Raises UnknownSymbol for a basket without any."""
    codes = reference.basket_codes(basket, today)
    if not codes:
        raise UnknownSymbol(f"expected a basket with members on {today}, was {basket!r}")
    return [Target(code, Instrument.Kind.STOCK) for code in codes]


def named(codes: Iterable[str]) -> list[Target]:
    """The instruments of these codes or index aliases, in any case. Raises UnknownSymbol."""
    found = {code: reference.find(code) for code in codes}
    unknown = sorted(code for code, info in found.items() if info is None)
    if unknown:
        raise UnknownSymbol(f"expected codes of known instruments, was {', '.join(unknown)}")
    return list({info.code: Target(info.code, info.kind) for info in found.values() if info}.values())


def spans(today: date, whats: Iterable[What], first: date | None = None, last: date | None = None) -> dict[What, Range]:
    """The days wanted of each kind of data: as given, or the last weeks up to today."""
    end = last or today
    return {what: (first or days_back(end, DAYS_BACK[what]), end) for what in whats}


def days_back(day: date, count: int) -> date:
    """The first of the last `count` trading days up to a day, itself included."""
    days = TradingDay.objects.open_days(day - timedelta(days=2 * count + 20), day)
    return days[-count] if len(days) >= count else days[0] if days else day


def steps(targets: Sequence[Target], wanted: Mapping[What, Range], now: datetime, *, again: bool = False) -> list[Step]:
    """The calls that fetch what is wanted and was not fetched before; with `again`, everything.

    `now` is the wall clock's. Windows without a trading day are left out.
    """
    planned = []
    for what in WHATS:
        if what in wanted:
            concerned = [target for target in targets if concerns(what, target, wanted)]
            planned += list(missing(what, concerned, wanted[what], now, again))
    return planned


def concerns(what: What, target: Target, wanted: Mapping[What, Range]) -> bool:
    """Whether a kind of data is wanted of a target. Prices tell all that daily bars of a stock do, and more."""
    if what == "index":
        return target.is_index
    if what == "prices":
        return not (target.is_index or target.is_future)
    return what == "intraday" or "prices" not in wanted or target.is_index or target.is_future


def missing(what: What, targets: Sequence[Target], wanted: Range, now: datetime, again: bool) -> Iterator[Step]:
    """Steps of one kind of data, the newest window of every target first."""
    known = {} if again else progress.fetched(what, [target.code for target in targets], now)
    open_days = TradingDay.objects.open_days(*wanted)
    found = [
        Step(what, target, first, last)
        for target in targets
        for part in subtract(wanted, known.get(target.code, ()))
        for first, last in windows_back(part)
        if any(first <= day <= last for day in open_days)
    ]
    return iter(sorted(found, key=lambda step: step.last, reverse=True))  # stable: targets keep their order


def new_targets(targets: Sequence[Target], today: date, now: datetime) -> list[Target]:
    """Those whose last weeks were never fetched, or not to the end: all at the first start, later a new contract.

    The newest days are not looked at: they are the evening's matter.
    """
    old = {what: (first, last - NEWEST) for what, (first, last) in spans(today, WHATS).items()}
    new = {step.target.code for step in steps(targets, old, now)}
    for what in WHATS:
        codes = {target.code for target in targets if concerns(what, target, old)}
        new |= codes - progress.known_codes(what)
    return [target for target in targets if target.code in new]
