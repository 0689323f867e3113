"""Readers' own lists of symbols: what one is, and how it changes. `market.watchlists.keepers` stores them.

WatchlistError   what a reader asked for cannot be done; its text is for the reader
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from market.models.watchlist import LONGEST_NAME, MOST_LISTS, MOST_SYMBOLS

CODE: Final = re.compile(r"[A-Z0-9]{1,24}")
MOST_TYPED: Final = 300

Change = Callable[[tuple[str, ...]], Sequence[str]]


class WatchlistError(Exception):
    """What a reader asked for cannot be done."""


class OwnList(NamedTuple):
    """A list as pages show it, whoever keeps it. Symbols are in the reader's order."""

    id: str
    name: str
    symbols: tuple[str, ...]
    share_key: str = ""


class Lists(Protocol):
    """Who keeps a reader's lists. All may raise WatchlistError, and KeyError for an id that is not the reader's."""

    most: int

    def all(self) -> list[OwnList]:
        """Every list, in the reader's order."""
        ...

    def create(self, name: str, symbols: Sequence[str] = ()) -> OwnList:
        """A new list at the end."""
        ...

    def change(self, id: str, change: Change) -> OwnList:
        """Replace a list's symbols by what `change` makes of them."""
        ...

    def rename(self, id: str, name: str) -> None:
        """Give a list another name."""
        ...

    def delete(self, id: str) -> None:
        """Forget a list."""
        ...

    def place(self, id: str, step: int) -> None:
        """Move a list's tab by so many places."""
        ...

    def share(self, id: str, shared: bool) -> None:
        """Give a list a new address for others, or take it away."""
        ...


def codes_in(text: str) -> list[str]:
    """The codes of a text such as "ACB, FPT hpg", in capital letters, each once."""
    return list(dict.fromkeys(code for code in re.split(r"[\s,;]+", text.upper()) if code))[:MOST_TYPED]


def added(codes: Iterable[str]) -> Change:
    """Put codes at the end of a list, those that it lacks."""
    return lambda symbols: tuple(dict.fromkeys((*symbols, *codes)))


def removed(code: str) -> Change:
    """Take a code out of a list."""
    return lambda symbols: tuple(each for each in symbols if each != code)


def moved(code: str, step: int) -> Change:
    """Move a code by so many places."""
    return lambda symbols: shifted(symbols, code, step)


def arranged(order: Sequence[str]) -> Change:
    """Put a list's symbols in this order; those that it does not name stay behind the others."""
    return lambda symbols: sorted(symbols, key=lambda each: order.index(each) if each in order else len(order))


def shifted(items: Sequence[str], item: str, step: int) -> list[str]:
    rest = [each for each in items if each != item]
    if len(rest) == len(items):
        return rest
    place = min(max(items.index(item) + step, 0), len(rest))
    return [*rest[:place], item, *rest[place:]]


def checked_name(name: str, others: Iterable[str]) -> str:
    """A name that a list may have. Raises WatchlistError."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise WatchlistError(_("A list's name has 1 to {} characters.").format(LONGEST_NAME))
    if name.casefold() in {each.casefold() for each in others}:
        raise WatchlistError(_("You have a list “{}” already.").format(name))
    return name


def free_name(name: str, others: Iterable[str]) -> str:
    """The name, or the first of "name 2", "name 3" ... that no other list has."""
    taken = {each.casefold() for each in others}
    names = [name, *(f"{name[: LONGEST_NAME - 3]} {number}" for number in range(2, MOST_LISTS + 2))]
    return next(each for each in names if each.casefold() not in taken)


def checked_symbols(symbols: Sequence[str]) -> tuple[str, ...]:
    """Symbols that one list may hold. Raises WatchlistError."""
    if len(symbols) > MOST_SYMBOLS:
        raise WatchlistError(
            ngettext("A list holds at most {} symbol.", "A list holds at most {} symbols.", MOST_SYMBOLS).format(
                MOST_SYMBOLS
            )
        )
    return tuple(symbols)


def default_name() -> str:
    """What a list is called until its reader says otherwise."""
    return _("My list")
