"""What a form has to know of the symbol that an alert is about: its code, its kind, where its price is."""

from collections.abc import Mapping
from typing import Any, Literal

from asgiref.sync import async_to_sync
from msgspec import Struct

from alerts.domain.triggers import Kind
from market.domain.contracts import parse_code
from market.models import DailyBar
from market.pages.visit import read_live, rows_of
from market.reference import InstrumentInfo, find

LIVE = ("market", "derivatives", "index")


class Asked(Struct, frozen=True):
    """A symbol that alerts may be about. Prices in VND or points; None where neither the market nor history tells."""

    code: str
    kind: Literal["stock", "future", "index"]
    name: str = ""
    price: float | None = None
    reference: float | None = None
    ticks: list[tuple[float, float]] = []

    @property
    def near(self) -> float | None:
        """A price to begin with."""
        return self.price or self.reference

    def tick(self, price: float) -> float | None:
        """The step of prices there; None where it is not known."""
        return next((tick for start, tick in reversed(self.ticks) if price >= start), None)


def look_up(name: str) -> Asked | None:
    """Find a symbol by its code or alias, in any case; None for one that nobody knows. Raises django.db.Error."""
    snapshots, _ = async_to_sync(read_live)(*LIVE)
    name = name.strip().upper()
    market, derivatives, indices = (rows_of(snapshots[channel]) for channel in LIVE)
    future = derivatives.get(name) or next((row for row in derivatives.values() if row.get("alias") == name), None)
    code = future["symbol"] if future else name
    info = find(code)
    index = indices.get((info.code if info else name).upper())
    if index is not None or (info is not None and info.kind == "index"):
        return of_index(info.code.upper() if info else name, index or {}, info)
    row: Mapping[str, Any] | None = future or market.get(code)
    if info is None and row is None:
        return None
    code = info.code if info else code
    last = DailyBar.objects.filter(symbol=code).order_by("-day").first() if row is None else None
    return Asked(
        code,
        "future" if parse_code(code) else "stock",
        info.name if info else "",
        row.get("price") if row else None,
        row.get("reference") if row else last.close if last else None,
        info.tick_table if info else [],
    )


def of_index(code: str, row: Mapping[str, Any], info: InstrumentInfo | None) -> Asked:
    """An index as a subject."""
    return Asked(code, "index", info.name if info else "", row.get("value"), row.get("prior"))


def kinds_of(subject: Asked) -> tuple[Kind, ...] | None:
    """The kinds that make sense for a symbol; None for all."""
    return ("price",) if subject.kind == "index" else None
