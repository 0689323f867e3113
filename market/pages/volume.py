"""The active volume page: who was the aggressor, by symbol, by phase of the session, and how that was decided. Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from django.utils.translation import gettext_lazy as _

from market.pages.formatting import BLANK, Cells, Row, active_cells, number
from market.pages.graphics import Arc, ring
from market.pages.live_board import Patch
from market.pages.price_table import PERCENT, PRICE, SYMBOL, price_cells
from market.pages.rows import Column, Group, Text
from market.pages.strip import colour_of_sign
from market.pages.tables import Table

KINDS: Final[dict[str, Text]] = {
    "buy": _("Active buy"),
    "sell": _("Active sell"),
    "neutral": _("Undetermined"),
    "unclassified": _("Unclassified"),
}
DRAWN: Final = ("buy", "neutral", "unclassified", "sell")  # the order in a bar: buyers left, sellers right
PHASES: Final[dict[str, Text]] = {
    "ato": _("Opening auction (ATO)"),
    "continuous": _("Continuous"),
    "atc": _("Closing auction (ATC)"),
}
METHODS: Final[dict[str, tuple[Text, Text]]] = {
    "feed": (_("Side from the feed"), _("The exchange said who was the aggressor")),
    "quote": (
        _("Against the best orders"),
        _("At the best sell price or above: buy; at the best buy price or below: sell"),
    ),
    "auction": (_("Auction"), _("Auctions have no aggressor")),
    "none": (_("Between the orders"), _("Traded within the spread: nobody can tell")),
    "unclassified": (_("Not seen"), _("Volume that came without its single trades, as after a gap")),
}

GROUPS = (
    SYMBOL,
    Group("match", _("Matched"), (PRICE, PERCENT)),
    Group(
        "active",
        _("Active volume"),
        (
            Column("buy", _("Active buy"), _("Volume whose buyer was the aggressor")),
            Column("sell", _("Active sell"), _("Volume whose seller was the aggressor")),
            Column("net", _("Net"), _("Active buy minus active sell")),
            Column("pressure", _("Pressure"), _("Net, per cent of the active volume; +100: all buying")),
        ),
    ),
    Group(
        "phases",
        _("Matched volume by phase"),
        (
            Column("ato", "ATO", _("Matched in the opening auction")),
            Column("continuous", _("Continuous"), _("Matched in continuous trading")),
            Column("atc", "ATC", _("Matched in the closing auction")),
        ),
    ),
    Group(
        "day",
        _("Day"),
        (
            Column("total", _("Total vol."), _("Total matched volume")),
            Column("coverage", _("Known %"), _("Volume outside auctions whose aggressor is known, per cent")),
        ),
    ),
)


def volume_cells(row: Row, language: str) -> Cells:
    """Turn one market row into the cells of its line."""
    buy, sell = row.get("buy_volume") or 0, row.get("sell_volume") or 0
    net, active = buy - sell, buy + sell
    phases = row.get("phases") or {}
    shown = price_cells(row, language)
    shown |= {
        "buy": (number(buy or None, language), ""),
        "sell": (number(sell or None, language), ""),
        "net": (number(net, language, sign=True), colour_of_sign(net)) if active else BLANK,
        "pressure": (number(100 * net / active, language, 1, sign=True), colour_of_sign(net)) if active else BLANK,
        "active_bar": active_cells(row)["active_bar"],
        "total": (number(row.get("total_volume") or None, language), ""),
    }
    for phase in PHASES:
        shown[phase] = (number(sum((phases.get(phase) or {}).values()) or None, language), "")
    share = coverage(sum_methods([row]))
    shown["coverage"] = (number(share, language, 1), "partial" if share is not None and share < 95 else "")
    return shown


def volume_patch(rows: Mapping[str, Row], ids: Iterable[str], language: str) -> Patch:
    return {id: volume_cells(rows[id], language) if id in rows else None for id in ids}


ACTIVES: Final = Table("actives", GROUPS, ("market",), volume_cells, "-pressure")
FORMS: Final = {"market": volume_patch}


class Share(NamedTuple):
    """A part of a volume: its class and words, shares, per cent, and its arc of a ring."""

    name: str
    label: Text
    hint: Text
    volume: int
    percent: float | None
    arc: Arc


def divided(volumes: Mapping[str, int], labels: Mapping[str, tuple[Text, Text]]) -> list[Share]:
    """Divide a volume into its parts, those of nothing included."""
    total = sum(volumes.values())
    arcs = ring([volumes[name] for name in labels])
    return [
        Share(name, label, hint, volumes[name], 100 * volumes[name] / total if total else None, arc)
        for (name, (label, hint)), arc in zip(labels.items(), arcs, strict=True)
    ]


def by_kind(rows: Iterable[Row]) -> list[Share]:
    """The market's volume by aggressor."""
    volumes = dict.fromkeys(KINDS, 0)
    for row in rows:
        for kind in KINDS:
            volumes[kind] += row.get(f"{kind}_volume") or 0
    return divided(volumes, {kind: (label, "") for kind, label in KINDS.items()})


class PhaseVolume(NamedTuple):
    """A phase's volume by aggressor: in all, its part of the day, and net active buying."""

    label: Text
    total: int
    percent: float | None
    parts: tuple[tuple[str, int], ...]
    pressure: float | None


def by_phase(rows: Iterable[Row]) -> list[PhaseVolume]:
    """Compare the phases of the session."""
    volumes = {phase: dict.fromkeys(KINDS, 0) for phase in PHASES}
    for row in rows:
        for phase, kinds in (row.get("phases") or {}).items():
            for kind, volume in kinds.items():
                volumes[phase][kind] += volume
    day = sum(sum(kinds.values()) for kinds in volumes.values())
    return [phase_volume(PHASES[phase], kinds, day) for phase, kinds in volumes.items()]


def phase_volume(label: Text, kinds: Mapping[str, int], day: int) -> PhaseVolume:
    total, active = sum(kinds.values()), kinds["buy"] + kinds["sell"]
    pressure = 100 * (kinds["buy"] - kinds["sell"]) / active if active else None
    parts = tuple((kind, kinds[kind]) for kind in DRAWN)
    return PhaseVolume(label, total, 100 * total / day if day else None, parts, pressure)


def sum_methods(rows: Collection[Row]) -> dict[str, int]:
    """Volume by how its aggressor was decided."""
    volumes = dict.fromkeys(METHODS, 0)
    for row in rows:
        for method, volume in (row.get("methods") or {}).items():
            volumes[method] += volume
        volumes["unclassified"] += row.get("unclassified_volume") or 0
    return volumes


def coverage(methods: Mapping[str, int]) -> float | None:
    """The part of the volume outside auctions whose aggressor is known, per cent; None where there is none."""
    known = methods["feed"] + methods["quote"]
    open_volume = known + methods["none"] + methods["unclassified"]
    return 100 * known / open_volume if open_volume else None
