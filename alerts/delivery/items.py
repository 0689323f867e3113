"""What is to be told, in one form for all channels: how it is stored with its delivery, and how it becomes words."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urljoin

import msgspec
from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language, gettext, ngettext, override
from msgspec import Struct

from alerts.evidence import headline as headline_of
from alerts.personal.words import measured, said

MOST_LINES: Final = 20


class Sort(StrEnum):
    """Where an item comes from."""

    ALERT = "alert"
    OWN = "own"
    SUMMARY = "summary"
    TEST = "test"


class Item(Struct, frozen=True):
    """One thing to tell. `id` is the alert's or the hit's; `time` ISO 8601 with offset, of the exchange.

    `source` is the feed's (ssi, simulation, replay): whoever is told must know that it is not the market. `words` is
    ready text by language, of a summary; everything else is put into words when it is sent.
    """

    sort: Sort
    id: str
    time: str
    kind: str = ""
    symbol: str = ""
    severity: str = "warning"
    evidence: dict[str, Any] = {}
    note: str = ""
    source: str = "ssi"
    words: dict[str, str] = {}


class Message(Struct, frozen=True):
    """What one attempt sends. `target` is opened; `repeated`: an earlier attempt was interrupted and may have arrived.

    `id` is the same over all attempts. `seconds`: for how long it is worth anything.
    """

    id: str
    kind: str
    target: dict[str, Any]
    language: str
    items: Sequence[Item]
    created_at: datetime
    seconds: float
    repeated: bool = False


class Rendered(Struct, frozen=True):
    """A message in its reader's language: its first line, what follows, and an address to go on from."""

    headline: str
    details: str
    link: str

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(part for part in (self.headline, self.details, self.link) if part)


def render(message: Message) -> Rendered:
    """Put a message into words."""
    with override(message.language):
        return Rendered(headline(message), details(message), link(message))


def to_content(item: Item) -> Any:
    """An item as JSON for its row."""
    return msgspec.to_builtins(item)


def from_content(content: Any) -> Item:
    """An item from its row. Raises msgspec.ValidationError."""
    return msgspec.convert(content, Item)


def title(item: Item) -> str:
    """What happened, in the present language."""
    if item.sort is Sort.TEST:
        return gettext("Test message: this channel works.")
    if item.sort is Sort.SUMMARY:
        return item.words.get(present_language()) or next(iter(item.words.values()), "")
    if item.sort is Sort.OWN:
        return own_title(item)
    return f"{item.symbol}: {headline_of(item.kind, item.symbol, item.evidence, present_language())}"


def present_language() -> str:
    """The language that is being written in."""
    return (get_language() or settings.LANGUAGE_CODE)[:2]


def own_title(item: Item) -> str:
    """A user's own alert in words: what was asked, what was measured, and the note."""
    language = present_language()
    asked = said(item.symbol, item.kind, item.evidence, language)
    found = measured(item.symbol, item.kind, item.evidence, language)
    words = f"{item.symbol}: {asked}" + (f" ({found})" if found else "")
    return f"{words} – {item.note}" if item.note else words


def clock(item: Item, pattern: str) -> str:
    """When it happened, in the exchange's time; empty for what has no moment."""
    return datetime.fromisoformat(item.time).strftime(pattern) if item.sort in (Sort.ALERT, Sort.OWN) else ""


def headline(message: Message) -> str:
    """One line for the whole message."""
    count = len(message.items)
    words = title(message.items[0]).partition("\n")[0] if count == 1 else how_many(count)
    return f"{source_mark(message.items[0].source)}{words}"


def how_many(count: int) -> str:
    """The head of a digest."""
    return ngettext("%(count)d alert", "%(count)d alerts", count) % {"count": count}


def source_mark(source: str) -> str:
    """What stands before everything that is not the market."""
    if source == "ssi":
        return ""
    word = gettext("SIMULATION") if source == "simulation" else gettext("REPLAY")
    return f"[{word}] "


def details(message: Message) -> str:
    """What follows the headline: when it was, or each item of a digest on a line."""
    if len(message.items) == 1:
        item = message.items[0]
        shown = [title(item).partition("\n")[2], clock(item, "%H:%M:%S %d/%m/%Y")]
    else:
        shown = [f"{clock(item, '%H:%M:%S')} {title(item)}".strip() for item in message.items[:MOST_LINES]]
        if (more := len(message.items) - MOST_LINES) > 0:
            shown.append(gettext("and %(count)d more") % {"count": more})
    if message.repeated:
        shown.append(gettext("Sent again: an earlier attempt was interrupted, you may have this already."))
    return "\n".join(part for part in shown if part)


def link(message: Message) -> str:
    """Where the reader goes from here: the symbol, the day's summary, or the signals where there are several."""
    first = message.items[0]
    if first.sort is Sort.SUMMARY and len(message.items) == 1:
        return site_address(reverse("alerts:summary_of", args=[first.id]))
    symbols = {item.symbol for item in message.items}
    symbol = symbols.pop() if len(symbols) == 1 else ""
    return site_address(reverse("market:symbol", args=[symbol]) if symbol else reverse("alerts:signals"))


def site_address(path: str) -> str:
    """A path of ours with scheme and host; a folder in SITE_URL is kept."""
    return urljoin(settings.SITE_URL.rstrip("/") + "/", path.lstrip("/"))
