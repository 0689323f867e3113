"""Finding instruments by what people type: with or without accents, a part of a code or of a name.

PostgreSQL could do it with an extension that not every server has; a few thousand names are folded here instead.
"""

import time
import unicodedata
from typing import Final, NamedTuple

from market.api.tables import Row
from market.reference import InstrumentInfo, instruments

KEPT_SECONDS: Final = 60.0


class Entry(NamedTuple):
    """An instrument and the texts it is found by."""

    info: InstrumentInfo
    code: str
    names: str


# Kept for a minute: somebody types letter by letter.
_kept: dict[str, tuple[list[Entry], float]] = {}


def entries() -> list[Entry]:
    """All active instruments, ordered by code."""
    kept, until = _kept.get("all", ([], 0.0))
    if time.monotonic() < until:
        return kept
    found = [
        Entry(info, folded(code), folded(f"{info.vietnamese_name} {info.english_name}"))
        for code, info in sorted(instruments().items())
    ]
    _kept["all"] = found, time.monotonic() + KEPT_SECONDS
    return found


def folded(text: str) -> str:
    """Small letters without accents: "Hòa Phát" and "hoa phat" are the same."""
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def search(text: str, kind: str | None, limit: int) -> list[Row]:
    """The best matches: the code itself, codes that begin so, codes that hold it, names that hold it."""
    wanted = folded(text.strip())
    ranked = [
        (rank, entry.info.code, entry.info)
        for entry in entries()
        if (kind is None or entry.info.kind == kind) and (rank := rank_of(entry, wanted)) is not None
    ]
    return [shown(info) for _, _, info in sorted(ranked, key=lambda each: each[:2])[:limit]]


def rank_of(entry: Entry, wanted: str) -> int | None:
    """How well an instrument matches, 0 best; None if it does not."""
    if entry.code == wanted:
        return 0
    if entry.code.startswith(wanted):
        return 1
    if wanted in entry.code:
        return 2
    return 3 if wanted in entry.names else None


def shown(info: InstrumentInfo) -> Row:
    """An instrument as the API shows it."""
    return {
        "symbol": info.code, "kind": info.kind, "board": info.board, "name": info.vietnamese_name,
        "english_name": info.english_name, "sector": info.sector,
    }  # fmt: skip
