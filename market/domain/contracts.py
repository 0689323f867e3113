"""Codes of index futures: KRX's (41I1GC000) and the ones before it (VN30F2512), both as (underlying, year, month).

KRX: `41` + `I1` (VN30) or `I2` (VN100) + year letter + month (1-9, A, B, C) + `000`. Year letters run through thirty
from 2010, without I, O and U. Source: exchange code scheme in force since 5 May 2025.
"""

import re
from datetime import date
from functools import lru_cache
from typing import Final

from msgspec import Struct

from market.domain.calendar import IsTradingDay, is_weekday, last_trading_day

YEAR_LETTERS: Final = "0123456789ABCDEFGHJKLMNPQRSTVW"
FIRST_YEAR: Final = 2010
MONTH_LETTERS: Final = "123456789ABC"
UNDERLYINGS: Final = {"I1": "VN30", "I2": "VN100"}
MULTIPLIER: Final = 100_000  # VND a point
_KRX: Final = re.compile(rf"41(I[12])([{YEAR_LETTERS}])([{MONTH_LETTERS}])000")
_OLD: Final = re.compile(r"(VN30|VN100)F(\d\d)(0[1-9]|1[0-2])")


class Contract(Struct, frozen=True, order=True):
    """One index future, ordered by underlying and expiry month."""

    underlying: str
    year: int
    month: int

    @property
    def name(self) -> str:
        """What people read, like "VN30 12/2026"."""
        return f"{self.underlying} {self.month:02d}/{self.year}"

    @property
    def krx_code(self) -> str:
        """The code that the feed uses, like 41I1GC000."""
        kind = next(code for code, name in UNDERLYINGS.items() if name == self.underlying)
        letter = YEAR_LETTERS[(self.year - FIRST_YEAR) % len(YEAR_LETTERS)]
        return f"41{kind}{letter}{MONTH_LETTERS[self.month - 1]}000"


@lru_cache(maxsize=4096)
def parse_code(code: str) -> Contract | None:
    """Read a futures code; None for anything else. Years are those of the cycle that began in 2010."""
    if match := _KRX.fullmatch(code):
        kind, letter, month = match.groups()
        return Contract(UNDERLYINGS[kind], FIRST_YEAR + YEAR_LETTERS.index(letter), MONTH_LETTERS.index(month) + 1)
    if match := _OLD.fullmatch(code):
        underlying, year_text, month_text = match.groups()
        return Contract(underlying, 2000 + int(year_text), int(month_text))
    return None


def live_contracts(underlying: str, today: date, is_trading_day: IsTradingDay = is_weekday) -> list[Contract]:
    """The four months listed on a date: front, next, and the last months of the next two quarters, nearest first.

    A contract is listed through its last trading day.
    """
    year, month = today.year, today.month
    if today > last_trading_day(year, month, is_trading_day):
        year, month = _add_months(year, month, 1)
    months = [(year, month), _add_months(year, month, 1)]
    candidate = months[-1]
    while len(months) < 4:
        candidate = _add_months(*candidate, 1)
        if candidate[1] % 3 == 0:
            months.append(candidate)
    return [Contract(underlying, *each) for each in months]


def alias(contract: Contract, today: date, is_trading_day: IsTradingDay = is_weekday) -> str | None:
    """The rolling name: VN30F1M, VN30F2M, VN30F1Q, VN30F2Q; None for a contract that is not listed."""
    listed = live_contracts(contract.underlying, today, is_trading_day)
    if contract not in listed:
        return None
    return f"{contract.underlying}F{('1M', '2M', '1Q', '2Q')[listed.index(contract)]}"


def _add_months(year: int, month: int, count: int) -> tuple[int, int]:
    position = year * 12 + month - 1 + count
    return position // 12, position % 12 + 1
