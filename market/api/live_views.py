"""What of the live copy has an address: snapshot, foreign detail, volume by phase. Builders of bodies, no I/O."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from rest_framework.exceptions import NotFound

from market.api.live import LiveView, Members, Wanted
from market.live import LiveSnapshot, Row

KINDS: Final = ("buy", "sell", "neutral", "unclassified")


def choose(snapshot: LiveSnapshot, wanted: Wanted, members: Members) -> tuple[str | None, dict[str, Row]]:
    """The rows asked for, by symbol, and the list they make up: None for named symbols. Raises NotFound.

    While nobody knows VN30's members, or none of them is watched, its answer is everything, and says so.
    """
    rows = snapshot.rows
    if wanted.symbols is not None:
        if missing := sorted(wanted.symbols - rows.keys()):
            raise NotFound(f"{missing[0]} is not in the live market.")
        return None, {symbol: rows[symbol] for symbol in sorted(wanted.symbols)}
    if wanted.list == "VN30" and (found := members & rows.keys()):
        return "VN30", {symbol: rows[symbol] for symbol in sorted(found)}
    if wanted.list in ("VN30", "ALL"):
        return "ALL", dict(sorted(rows.items()))
    return wanted.list, {symbol: row for symbol, row in sorted(rows.items()) if row.get("board") == wanted.list}


def listed(row: Callable[[Row], Row] = lambda row: row) -> Callable[[LiveSnapshot, Wanted, Members], Mapping[str, Any]]:
    """A builder of rows, each made of a live row."""

    def build(snapshot: LiveSnapshot, wanted: Wanted, members: Members) -> Mapping[str, Any]:
        name, rows = choose(snapshot, wanted, members)
        return {"list": name, "rows": {symbol: row(each) for symbol, each in rows.items()}}

    return build


def volume_row(row: Row) -> Row:
    """Volume of a stock by aggressor, phase and method. Percentages are of what they are parts of; None of nothing."""
    total = row["total_volume"]
    methods = row["methods"]
    active = row["buy_volume"] + row["sell_volume"]
    decided = methods.get("feed", 0) + methods.get("quote", 0) + methods.get("auction", 0)
    return {
        "symbol": row["symbol"],
        "board": row["board"],
        "time": row["time"],
        "total_volume": total,
        **{f"{kind}_volume": row[f"{kind}_volume"] for kind in KINDS},
        "active_buy_percent": percent(row["buy_volume"], active),
        "phases": {phase: phase_volumes(kinds) for phase, kinds in row["phases"].items()},
        "methods": {
            method: {"volume": volume, "percent": percent(volume, total)} for method, volume in methods.items()
        },
        "coverage_percent": percent(decided, total),
    }


def phase_volumes(kinds: Mapping[str, int]) -> dict[str, int]:
    """The volumes of one phase, with their sum."""
    volumes = {f"{kind}_volume": kinds.get(kind, 0) for kind in KINDS}
    return volumes | {"total_volume": sum(volumes.values())}


def percent(part: int, whole: int) -> float | None:
    """A share in per cent."""
    return round(100 * part / whole, 2) if whole else None


SNAPSHOT: Final = LiveView("market", listed())
FOREIGN_DETAIL: Final = LiveView("foreign", listed())
VOLUME_STATS: Final = LiveView("market", listed(volume_row))
BY_PATH: Final = {
    "/api/market/snapshot": SNAPSHOT,
    "/api/market/foreign-detail": FOREIGN_DETAIL,
    "/api/market/volume-stats": VOLUME_STATS,
}
