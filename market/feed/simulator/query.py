"""How a REST call is read and how its answer is wrapped. Source: fact sheet of FastConnect v2, section 1."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

Answer = dict[str, Any]
PAGE_SIZES = {10, 20, 50, 100, 500, 1000}
LAST_PAGE = 10
RANGE_DAYS = 30
BAD_RANGE = "Date time format dd/MM/yyyy and ('from date' <= 'to date') < now , max range 30 days"
UNAUTHORIZED: Answer = {"message": "Missing Authorization header", "status": 401}


class BadQuery(Exception):
    """The query cannot be answered; the text goes into the answer's message."""


class Query:
    """Parameters of one call: names in any case, with or without `lookupRequest.`; empty means not given."""

    def __init__(self, pairs: Mapping[str, str]) -> None:
        self._values = {
            name.lower().removeprefix("lookuprequest."): value.strip() for name, value in pairs.items() if value.strip()
        }

    def text(self, name: str) -> str:
        return self._values.get(name.lower(), "")

    def page(self) -> tuple[int, int]:
        """Return (index, size). Raises BadQuery outside what SSI admits."""
        index, size = self._whole("pageIndex", 1), self._whole("pageSize", 10)
        if not 1 <= index <= LAST_PAGE:
            raise BadQuery(f"PageIndex must be from 1 to {LAST_PAGE}")
        if size not in PAGE_SIZES:
            raise BadQuery("PageSize must be one of " + ", ".join(str(size) for size in sorted(PAGE_SIZES)))
        return index, size

    def dates(self, today: date, now: date) -> tuple[date, date]:
        """Return the range asked for (today where nothing is). Raises BadQuery with SSI's own text."""
        first, last = self._date("fromDate", today), self._date("toDate", today)
        if not first <= last <= now or last - first > timedelta(days=RANGE_DAYS):
            raise BadQuery(BAD_RANGE)
        return first, last

    def falls(self) -> bool:
        """Return whether rows are to come newest first."""
        return self.text("ascending").lower() == "false" or self.text("order").lower() == "desc"

    def whole(self, name: str, default: int) -> int:
        return self._whole(name, default)

    def _whole(self, name: str, default: int) -> int:
        value = self.text(name)
        if not value:
            return default
        if not value.isascii() or not value.isdigit():
            raise BadQuery(f"{name} must be a number")
        return int(value)

    def _date(self, name: str, default: date) -> date:
        value = self.text(name)
        try:
            return datetime.strptime(value, "%d/%m/%Y").date() if value else default  # noqa: DTZ007
        except ValueError:
            raise BadQuery(BAD_RANGE) from None


def paged(query: Query, rows: Sequence[Mapping[str, Any]]) -> Answer:
    """Wrap one page of rows."""
    index, size = query.page()
    page = list(rows[(index - 1) * size : index * size])
    if not page:
        return {"data": None, "message": "No data", "status": "Success", "totalRecord": 0}
    return {"data": page, "message": "Success", "status": "Success", "totalRecord": len(rows)}


def failed(message: str) -> Answer:
    return {"data": None, "message": message, "status": "Error"}
