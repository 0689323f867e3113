"""What people call instruments, and the code under which their history is stored."""

import re
import time
from datetime import date
from typing import Final

from asgiref.sync import async_to_sync
from django.utils import timezone
from rest_framework.exceptions import NotFound

from market import live
from market.domain.contracts import live_contracts, parse_code
from market.models import Bar, DailyBar, Instrument, Trade, TradingDay

ALIAS: Final = re.compile(r"(VN30|VN100)F(1M|2M|1Q|2Q)")
CODE: Final = re.compile(r"[A-Za-z0-9-]{1,24}")
PLACES: Final = ("1M", "2M", "1Q", "2Q")
KEPT_SECONDS: Final = 60.0
MOST_KEPT: Final = 5000

# What was found, and when: a chart that asks each second must not look its symbol up each time.
_known: dict[tuple[str, str], tuple[str, float]] = {}


def market_day() -> date:
    """The market's date: that of a replay or simulation where one is on, else today's."""
    try:
        meta = async_to_sync(live.meta)("derivatives")
    except live.LiveUnavailable:
        meta = None
    text = meta.status.get("trading_date") if meta else None
    return date.fromisoformat(text) if text else timezone.localdate()


def stored_code(name: str, kind: str = "") -> str:
    """The stored code of a stock, index or future, given its code, another spelling or a rolling alias (VN30F1M).

    `kind` "index" or "future" allows only those. Raises NotFound.
    """
    key = (name.upper(), kind)
    code, until = _known.get(key, ("", 0.0))
    if time.monotonic() < until:
        return code
    found = look_up(name, kind) if CODE.fullmatch(name) else None
    if found is None:
        raise NotFound(f"{name[:40]} is not {f'an {kind}' if kind == 'index' else 'a future' if kind else 'a symbol'}.")
    if len(_known) >= MOST_KEPT:
        _known.clear()
    _known[key] = found, time.monotonic() + KEPT_SECONDS
    return found


def look_up(name: str, kind: str) -> str | None:
    """The code of whatever is described as an instrument, is a future by its code, or has history."""
    upper = name.upper()
    if kind != "index" and (alias := ALIAS.fullmatch(upper)):
        return of_alias(alias[1], alias[2])
    instruments = Instrument.objects.of_code(upper)
    if found := (instruments.filter(kind=kind) if kind else instruments).first():
        return found.code
    if contract := parse_code(upper):
        if kind == "index":
            return None
        return upper if has_history(upper) else contract.krx_code
    return None if kind else upper if has_history(upper) else None


def of_alias(underlying: str, place: str) -> str:
    """The code of the contract that has a place in the row of those listed."""
    return live_contracts(underlying, market_day(), TradingDay.objects.opens())[PLACES.index(place)].krx_code


def has_history(code: str) -> bool:
    """Whether anything is stored of a code."""
    return any(model.objects.filter(symbol=code).exists() for model in (DailyBar, Bar, Trade))
