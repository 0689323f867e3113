"""Instruments and baskets as the venue tells them today."""

import logging
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from msgspec import Struct

from market.backfill.venue import Venue
from market.domain.calendar import VIETNAM, IsTradingDay, last_trading_day
from market.domain.contracts import parse_code
from market.feed.errors import FatalFeedError, FeedError, RetryableFeedError
from market.feed.rows import DATE_FORMAT, Security, SecurityDetails
from market.models import Board, Instrument, TradingDay
from market.models.instruments import check_tick_table
from market.reference import basket_codes, change_basket, index_ids

logger = logging.getLogger(__name__)

Kind = Instrument.Kind
BASKETS: Final = ("VN30",)
BOARDS: Final = {"HOSE": Board.HOSE, "HNX": Board.HNX, "UPCOM": Board.UPCOM, "DER": Board.DERIVATIVES}
# SecType, as SSI's specification lists it.
KINDS: Final = {
    "ST": Kind.STOCK,
    "S": Kind.STOCK,
    "EF": Kind.ETF,
    "E": Kind.ETF,
    "OF": Kind.FUND,
    "MF": Kind.FUND,
    "CW": Kind.WARRANT,
    "W": Kind.WARRANT,
    "FU": Kind.FUTURE,
    "BO": Kind.BOND,
    "B": Kind.BOND,
}
HOSE_TICKS: Final = [[0, 10], [10_000, 50], [50_000, 100]]
CODE: Final = re.compile(r"[A-Za-z0-9]{1,24}")
STOCK_CODE: Final = re.compile(r"[A-Z0-9]{3}")
WARRANT_CODE: Final = re.compile(r"C[A-Z0-9]{3}\d{4}")
# A shorter list than this part of the known one is an incomplete answer rather than a wave of delistings.
PLAUSIBLE: Final = 0.8
FIELDS: Final = (
    "kind",
    "board",
    "name",
    "english_name",
    "lot_size",
    "tick_table",
    "listed_shares",
    "first_trading_day",
    "last_trading_day",
    "underlying",
    "active",
)


class Refreshed(Struct):
    """What a refresh changed."""

    instruments: int = 0
    added: int = 0
    changed: int = 0
    retired: int = 0
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def refresh(venue: Venue, today: date) -> Refreshed:
    """Bring instruments and baskets up to date as of the market's date.

    What the venue does not tell stays as it was, what it refuses is logged and left out. Raises FatalFeedError and
    RetryableFeedError.
    """
    result = Refreshed()
    for market in BOARDS:
        try:
            details, names = securities(venue, market)
        except (FatalFeedError, RetryableFeedError):
            raise
        except FeedError as error:
            logger.warning("The securities of %s are not told, keeping the stored ones: %s", market, error)
            continue
        with transaction.atomic():
            store(market, details, names, result)
    for basket in BASKETS:
        refresh_basket(venue, basket, today, result)
    return result


def securities(venue: Venue, market: str) -> tuple[list[SecurityDetails], dict[str, Security]]:
    """What the venue tells of one market: details, and names by code in capital letters."""
    names = venue.rows(lambda rest: rest.securities(market))
    return venue.rows(lambda rest: rest.securities_details(market)), {row.symbol.upper(): row for row in names}


def store(market: str, details: Iterable[SecurityDetails], names: Mapping[str, Security], result: Refreshed) -> None:
    """Write the instruments of one market."""
    board = BOARDS[market]
    known = {row.code.upper(): row for row in Instrument.objects.select_for_update()}
    described = {row.symbol.upper(): row for row in details if CODE.fullmatch(row.symbol)}
    for code in names:
        if CODE.fullmatch(code):
            described.setdefault(code, SecurityDetails(symbol=names[code].symbol))
    describe = Describer(board, known, names)
    fresh, changed = [], []
    for code, row in sorted(described.items()):
        stored = known.get(code)
        wanted = describe(row)
        if wanted is None:
            continue
        result.instruments += 1
        if stored is None:
            fresh.append(Instrument(code=row.symbol, **wanted))
        elif any(getattr(stored, field) != value for field, value in wanted.items()):
            for field, value in wanted.items():
                setattr(stored, field, value)
            stored.updated_at = timezone.now()
            changed.append(stored)
    Instrument.objects.bulk_create(fresh)
    Instrument.objects.bulk_update(changed, [*FIELDS, "updated_at"], batch_size=500)
    result.added += len(fresh)
    result.changed += len(changed)
    result.retired += retire(board, set(described))


def retire(board: Board, listed: set[str]) -> int:
    """Mark what the board no longer lists as inactive, if the list looks complete. Futures end on their last day."""
    active = Instrument.objects.filter(board=board, active=True).exclude(kind__in=[Kind.INDEX, Kind.FUTURE])
    codes = set(active.values_list("code", flat=True))
    gone = {code for code in codes if code.upper() not in listed}
    if not gone or not listed:
        return 0
    if len(codes) - len(gone) < PLAUSIBLE * len(codes):
        logger.warning("%s of %s instruments of %s are missing in the venue's list; kept", len(gone), len(codes), board)
        return 0
    logger.info("No longer listed on %s: %s", board, ", ".join(sorted(gone)[:20]))
    return active.filter(code__in=gone).update(active=False)


class Describer:
    """Turns the venue's rows of one board into fields of an instrument."""

    def __init__(self, board: Board, known: Mapping[str, Instrument], names: Mapping[str, Security]) -> None:
        self._board = board
        self._known = known
        self._names = names
        self._indices = index_ids()
        self._opens: IsTradingDay = TradingDay.objects.opens()

    def __call__(self, row: SecurityDetails) -> dict[str, Any] | None:
        """The fields, those the venue does not tell as they are stored; None for what we do not know the kind of."""
        code = row.symbol.upper()
        stored = self._known.get(code)
        kind = self._kind(row, stored)
        if kind is None or (stored is not None and stored.kind == Kind.INDEX):
            return None
        name = self._names.get(code) or Security(symbol=code)
        first, last = self._days(row, stored)
        known = stored or Instrument(lot_size=1 if kind == Kind.FUTURE else 100)
        return {
            "kind": kind,
            "board": self._board,
            "name": text(row.symbol_name or name.stock_name) or known.name,
            "english_name": text(row.symbol_eng_name or name.stock_en_name) or known.english_name,
            "lot_size": row.lot_size if row.lot_size and 0 < row.lot_size < 10**6 else known.lot_size,
            "tick_table": tick_table(row) or known.tick_table or usual_ticks(self._board, kind),
            "listed_shares": row.listed_share if row.listed_share and row.listed_share > 0 else known.listed_shares,
            "first_trading_day": first,
            "last_trading_day": last,
            "underlying": self._underlying(row, kind) or known.underlying,
            "active": True,
        }

    def _kind(self, row: SecurityDetails, stored: Instrument | None) -> str | None:
        if self._board == Board.DERIVATIVES:
            return Kind.FUTURE
        told = KINDS.get((row.sec_type or "").upper())
        if told is not None:
            return None if told == Kind.FUTURE else told
        if stored is not None:
            return stored.kind
        code = row.symbol.upper()
        return Kind.STOCK if STOCK_CODE.fullmatch(code) else Kind.WARRANT if WARRANT_CODE.fullmatch(code) else None

    def _days(self, row: SecurityDetails, stored: Instrument | None) -> tuple[date | None, date | None]:
        first = day(row.first_trading_date) or (stored.first_trading_day if stored else None)
        last = day(row.last_trading_date)
        contract = parse_code(row.symbol)
        if last is None and contract is not None:
            last = last_trading_day(contract.year, contract.month, self._opens)
        if last is None and stored is not None:
            last = stored.last_trading_day
        return (None if first and last and first > last else first), last

    def _underlying(self, row: SecurityDetails, kind: str) -> Instrument | None:
        if kind not in (Kind.FUTURE, Kind.WARRANT):
            return None
        contract = parse_code(row.symbol)
        code = (contract.underlying if contract else row.underlying or "").upper()
        return self._known.get(self._indices.get(code, code).upper())


def refresh_basket(venue: Venue, basket: str, today: date, result: Refreshed) -> None:
    """Record the members of a basket, with today's date where they changed."""
    try:
        told = venue.index_components(basket)
    except (FatalFeedError, RetryableFeedError):
        raise
    except FeedError as error:
        logger.warning("The members of %s are not told, keeping the stored ones: %s", basket, error)
        return
    codes = set(told.symbols) if told else set()
    before = basket_codes(basket, today)
    if len(codes) < PLAUSIBLE * len(before):
        logger.warning("%s: expected about %s members, was %s; kept", basket, len(before), len(codes))
        return
    with transaction.atomic():
        joined, left = change_basket(basket, codes, today)
    if joined or left:
        logger.warning("%s changed on %s: joined %s, left %s", basket, today, joined or "none", left or "none")
    result.joined += tuple(joined)
    result.left += tuple(left)


def tick_table(row: SecurityDetails) -> list[list[float]]:
    """The pairs of price and tick that the venue tells; empty where they make no table."""
    told = [
        (row.tick_price1, row.tick_increment1),
        (row.tick_price2, row.tick_increment2),
        (row.tick_price3, row.tick_increment3),
        (row.tick_price4, row.tick_increment4),
    ]
    pairs = [[price, tick] for price, tick in told if price is not None and tick]
    try:
        check_tick_table(pairs)
    except ValidationError:
        return []
    return pairs


def usual_ticks(board: Board, kind: str) -> list[list[float]]:
    """The ticks by the exchange's rules, in VND or points."""
    if board == Board.DERIVATIVES:
        return [[0, 0.1]]
    if board == Board.HOSE:
        return [[0, 10]] if kind in (Kind.ETF, Kind.WARRANT) else [list(pair) for pair in HOSE_TICKS]
    return [[0, 100]]


def text(value: str | None) -> str:
    """A name that the database holds."""
    return (value or "").replace("\x00", "").strip()[:200]


def day(value: str | None) -> date | None:
    """A date of the wire; None for what is none."""
    try:
        return datetime.strptime(value or "", DATE_FORMAT).replace(tzinfo=VIETNAM).date()
    except ValueError:
        return None
