"""Message text in, event out. Everything that is wrong with a message is found here and nowhere later."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any, Final

import msgspec
import orjson
from msgspec import NODEFAULT
from msgspec.structs import fields, force_setattr

from market.domain.calendar import from_date
from market.domain.events import Event
from market.feed.errors import RejectedMessage
from market.feed.wire import ALIASES, DATA_TYPES, FRAMES, NAMES

DATE_CACHE_LIMIT: Final = 64
_NOT_JSON: Final = (
    msgspec.DecodeError,
    orjson.JSONDecodeError,
    UnicodeError,
    RecursionError,
)  # what the decoder raises for any bytes or text
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d)", re.ASCII)
_DATE: Final = re.compile(r"(\d\d)/(\d\d)/(20\d\d)", re.ASCII)


class Parser:
    """Turn message texts into events.

    `latest_day` (epoch second of a Vietnamese midnight) guards a live feed: a later trading date is garbage and would
    otherwise end the day for every symbol. None accepts any date, as a replay or a simulation must.
    """

    def __init__(self, latest_day: Callable[[], int] | None = None) -> None:
        self._latest_day = latest_day
        self._seconds: dict[str, int] = {}
        self._days: dict[str, int] = {}
        self._decoders = {name: msgspec.json.Decoder(FRAMES[event]).decode for name, event in DATA_TYPES.items()}

    def parse(self, message: str | bytes) -> Event:
        """Decode one message text.

        Raises RejectedMessage with a reason from a small fixed set: not_json, unknown_type, missing_field, bad_number,
        bad_text, bad_time, bad_date, future_date.
        """
        try:
            envelope = orjson.loads(message)  # unescapes the text within faster than msgspec
            event: Any = self._decoders[envelope["DataType"]](envelope["Content"])
        except (*_NOT_JSON, KeyError, TypeError):
            event = self._tolerate(message)
        seconds = self._seconds.get(event.clock)
        if seconds is None:
            seconds = self._learn_clock(event.clock)
        day = self._days.get(event.date)
        if day is None:
            day = self._learn_date(event.date)
        # The two fields that the wire spells differently are set once, before anybody else sees the event.
        force_setattr(event, "day", day)
        force_setattr(event, "at", day + seconds)
        return event  # type: ignore[no-any-return]

    def _tolerate(self, message: str | bytes) -> Any:
        """Decode a message that is not in the usual form: aliases, numbers as text, null, NaN, Content as an object."""
        try:
            envelope = msgspec.json.decode(message)
            content = envelope["Content"]
            if isinstance(content, str):
                content = msgspec.json.decode(content)
            data_type = envelope.get("DataType") or content["RType"]
            given = dict(content)
        except _NOT_JSON as error:
            raise RejectedMessage("not_json", str(error)) from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RejectedMessage("missing_field", "expected an object with DataType and Content") from error
        event = DATA_TYPES.get(data_type) if isinstance(data_type, str) else None
        if event is None:
            raise RejectedMessage("unknown_type", repr(data_type)[:80])
        for alias, name in ALIASES.items():
            if alias in given:
                given.setdefault(name, given[alias])
        return _build(event, given)

    def _learn_clock(self, clock: str) -> int:
        match = _CLOCK.fullmatch(clock)
        if match is None:
            raise RejectedMessage("bad_time", f"expected HH:MM:SS, was {clock[:40]!r}")
        hours, minutes, seconds = map(int, match.groups())
        self._seconds[clock] = value = hours * 3600 + minutes * 60 + seconds
        return value

    def _learn_date(self, text: str) -> int:
        match = _DATE.fullmatch(text)
        try:
            day, month, year = map(int, match.groups() if match else ())
            value = from_date(date(year, month, day))
        except ValueError:
            raise RejectedMessage("bad_date", f"expected dd/mm/yyyy, was {text[:40]!r}") from None
        if self._latest_day is not None and value > self._latest_day():
            raise RejectedMessage("future_date", text)
        if len(self._days) >= DATE_CACHE_LIMIT:
            self._days.clear()
        self._days[text] = value
        return value


def _build(event: type[Event], given: dict[str, Any]) -> Any:
    """Convert loosely typed wire fields; an optional field that makes no sense is left out, a required one rejects."""
    frame = FRAMES[event]
    names = NAMES[event]
    known: dict[str, Any] = {}
    for field in fields(frame):
        wire_name = names.get(field.name)
        if wire_name is None or wire_name not in given or field.name.startswith("unread_"):
            continue
        value = given[wire_name]
        usable = _as_text(value) if "str" in str(field.type) else _as_number(value, wire_name)
        if usable is not None:
            known[wire_name] = usable
        elif field.default is NODEFAULT and wire_name == "LastPrice":
            known[wire_name] = 0.0  # the totals still count; the state finds a price for them
    try:
        return msgspec.convert(known, frame, strict=False)
    except msgspec.ValidationError as error:
        reason = "missing_field" if "missing required" in str(error) else "bad_number"
        if "length" in str(error):
            reason = "bad_text"
        raise RejectedMessage(reason, str(error)) from error


def _as_text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _as_number(value: Any, name: str) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    if number != number or number in (float("inf"), float("-inf")):
        return None
    if number < 0:
        raise RejectedMessage("bad_number", f"{name}: expected 0 or more, was {number}")
    return int(number) if number.is_integer() else number
