"""Rows of history as JSON or as CSV, with the same names."""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias

import msgspec
from django.http import HttpResponse, StreamingHttpResponse

CHUNK: Final = 1_000  # lines sent at once
CACHE_CONTROL: Final = "private, max-age=1"

Row: TypeAlias = dict[str, Any]


def json_response(body: Any) -> HttpResponse:
    """A body that msgspec encodes: serializers would take longer than the query."""
    return HttpResponse(msgspec.json.encode(body), "application/json", headers={"Cache-Control": CACHE_CONTROL, **VARY})


VARY: Final = {"Vary": "Authorization, Cookie"}


def csv_response(
    name: str, columns: Sequence[str], rows: list[Row], more: Callable[[], Awaitable[list[Row]]] | None = None
) -> StreamingHttpResponse:
    """Rows as a file. `more` gives further ones until it gives none: what is sent is never all in memory.

    The first rows come in, so that what can go wrong has done so before the answer begins.
    """
    return StreamingHttpResponse(
        lines(columns, rows, more),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": CACHE_CONTROL, **VARY,
        },
    )  # fmt: skip


async def lines(
    columns: Sequence[str], rows: list[Row], more: Callable[[], Awaitable[list[Row]]] | None
) -> AsyncIterator[bytes]:
    """The header, then the rows, some at a time."""
    yield encoded([columns])
    while rows:
        for start in range(0, len(rows), CHUNK):
            yield encoded([row[column] for column in columns] for row in rows[start : start + CHUNK])
        rows = await more() if more else []


def encoded(table: Iterable[Sequence[Any]]) -> bytes:
    """CSV text of some rows; None is empty, yes and no are as in JSON."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in table:
        writer.writerow([str(value).lower() if isinstance(value, bool) else value for value in row])
    return text.getvalue().encode()
