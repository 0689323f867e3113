"""`/api/history/…`: candles, trades, foreign flow, index values and basis, as JSON or CSV."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from asgiref.sync import sync_to_async
from django.http import HttpResponseBase
from rest_framework.request import Request

from market import history
from market.api import cursors, serializers
from market.api.base import ApiView
from market.api.parameters import CandleQuery, DailyQuery, Query, SampleQuery, TickQuery, validated
from market.api.schema import described
from market.api.symbols import stored_code
from market.api.tables import Row, csv_response, json_response
from market.domain.calendar import iso_time
from market.queries import SECONDS, candles

CSV_PAGE: Final = 5_000
SAMPLE_SECONDS: Final[Mapping[str, int]] = {str(name): seconds for name, seconds in SECONDS.items()} | {"1s": 1}


class Found(NamedTuple):
    """Rows of a range, oldest first, and whether the range holds older ones."""

    rows: list[Row]
    more: bool


def newest(fetch: Callable[[int], list[Any]], limit: int, row: Callable[[Any], Row]) -> Found:
    """The newest rows of what `fetch` gives for a limit."""
    found = fetch(limit + 1)
    more = len(found) > limit
    return Found([row(each) for each in (found[1:] if more else found)], more)


class HistoryView(ApiView):
    """A range of rows of one symbol."""

    query: type[Query]
    kind = ""  # which symbols it is for, all if empty
    rows_name: str
    columns: tuple[str, ...]

    def find(self, code: str, wanted: dict[str, Any]) -> Found:
        """The rows; the only thing that views differ in."""
        raise NotImplementedError

    def get(self, request: Request, symbol: str) -> HttpResponseBase:
        wanted = validated(self.query, request.query_params)
        code = stored_code(symbol, self.kind)
        found = self.find(code, wanted)
        if wanted["format"] == "csv":
            return csv_response(f"{code}-{self.rows_name}", self.columns, found.rows)
        head = {"symbol": code, **({"interval": wanted["interval"]} if "interval" in wanted else {})}
        return json_response(head | {self.rows_name: found.rows, "more": found.more})


@described("candles", CandleQuery, serializers.Candles, csv=True)
class CandlesView(HistoryView):
    """Candles of a stock, future or index."""

    query = CandleQuery
    rows_name = "candles"
    columns = (
        *("time", "open", "high", "low", "close", "volume", "value"),
        *("buy_volume", "sell_volume", "neutral_volume", "unclassified_volume", "trades"),
    )

    def find(self, code: str, wanted: dict[str, Any]) -> Found:
        def fetch(limit: int) -> list[Any]:
            return candles(code, wanted["interval"], wanted["from"], wanted["to"], limit)

        return newest(fetch, wanted["limit"], candle_row)


def candle_row(candle: Any) -> Row:
    return {
        "time": iso_time(candle.at), "open": candle.open, "high": candle.high, "low": candle.low,
        "close": candle.close, "volume": candle.volume, "value": candle.value, "buy_volume": candle.buy_volume,
        "sell_volume": candle.sell_volume, "neutral_volume": candle.neutral_volume,
        "unclassified_volume": candle.unclassified_volume, "trades": candle.trades,
    }  # fmt: skip


class SamplesView(HistoryView):
    """Samples, of each interval the last."""

    query = SampleQuery
    samples: history.Samples

    def find(self, code: str, wanted: dict[str, Any]) -> Found:
        seconds = SAMPLE_SECONDS[wanted["interval"]]

        def fetch(limit: int) -> list[Any]:
            return history.samples(self.samples, code, seconds, wanted["from"], wanted["to"], limit)

        def named(sample: tuple[Any, ...]) -> Row:
            values: Row = dict(zip(self.samples.columns, sample[1:], strict=True))
            return {"time": iso_time(int(sample[0].timestamp())), **self.shown(values)}

        return newest(fetch, wanted["limit"], named)

    def shown(self, values: Row) -> Row:
        """A row from the columns of a sample."""
        return values


@described("foreign", SampleQuery, serializers.ForeignHistory, csv=True)
class ForeignView(SamplesView):
    """Foreign totals through the day: each row holds the totals since the day's start."""

    samples = history.FOREIGN
    rows_name = "samples"
    columns = (
        *("time", "buy_volume", "sell_volume", "net_volume", "buy_value", "sell_value", "net_value"),
        *("own_buy_value", "own_sell_value", "room", "total_room"),
    )

    def shown(self, values: Row) -> Row:
        known = bool(values["total_room"])
        return values | {
            "net_volume": values["buy_volume"] - values["sell_volume"],
            "net_value": round(values["buy_value"] - values["sell_value"], 2),
            "room": values["room"] if known else None,
            "total_room": values["total_room"] if known else None,
        }


@described("index_history", SampleQuery, serializers.IndexHistory, csv=True)
class IndexView(SamplesView):
    """The value of an index through the day."""

    kind = "index"
    samples = history.INDEX
    rows_name = "points"
    columns = ("time", "value", "estimate", "total_volume", "total_value")


@described("derivatives_history", SampleQuery, serializers.DerivativesHistory, csv=True)
class DerivativesView(SamplesView):
    """A future against its index through the day."""

    kind = "future"
    samples = history.BASIS
    rows_name = "points"
    columns = ("time", "underlying", "future", "index", "basis", "basis_percent")

    def shown(self, values: Row) -> Row:
        return values | {
            "basis_percent": round(100 * values["basis"] / values["index"], 3) if values["index"] else None
        }


@described("foreign_daily", DailyQuery, serializers.ForeignDaily, csv=True)
class ForeignDailyView(HistoryView):
    """What foreigners bought and sold each day."""

    query = DailyQuery
    rows_name = "days"
    columns = ("day", "buy_volume", "sell_volume", "net_volume", "buy_value", "sell_value", "net_value")

    def find(self, code: str, wanted: dict[str, Any]) -> Found:
        def fetch(limit: int) -> list[Any]:
            return history.foreign_days(code, wanted["from"], wanted["to"], limit)

        return newest(fetch, wanted["limit"], lambda day: {name: getattr(day, name) for name in self.columns})


@described("ticks", TickQuery, serializers.Ticks, csv=True)
class TicksView(ApiView):
    """Single trades, newest first, in pages."""

    columns = ("time", "price", "volume", "value", "side", "method", "phase", "total_volume", "number", "gap")

    def get(self, request: Request, symbol: str) -> HttpResponseBase:
        wanted = validated(TickQuery, request.query_params)
        before = cursors.decode(wanted["cursor"]) if wanted["cursor"] else None
        pages = TickPages(stored_code(symbol), wanted, before)
        if wanted["format"] == "csv":
            first = pages.next_rows()
            return csv_response(f"{pages.code}-ticks", self.columns, first, sync_to_async(pages.next_rows))
        rows = pages.next_rows()
        return json_response({"symbol": pages.code, "ticks": rows, "next": pages.cursor()})


class TickPages:
    """The trades that a request asks for, some thousands at a time."""

    def __init__(self, code: str, wanted: dict[str, Any], before: history.TickKey | None) -> None:
        self.code = code
        self._wanted = wanted
        self._left: int = wanted["limit"]
        self._before = before
        self._more = True

    def next_rows(self) -> list[Row]:
        """The next trades; none when there are no more, or the limit is reached."""
        page = min(self._left, CSV_PAGE)
        if not page or not self._more:
            return []
        wanted = self._wanted
        found = history.ticks(
            self.code,
            limit=page + 1,
            before=self._before,
            start=wanted["from"],
            end=wanted["to"],
            side=wanted["side"],
            min_volume=wanted["min_volume"],
        )
        self._more = len(found) > page
        found = found[:page]
        self._left -= len(found)
        if found:
            self._before = cursors.decode(cursors.encode(found[-1].at, found[-1].total_volume))
        return [tick_row(tick) for tick in found]

    def cursor(self) -> str | None:
        """Where the next page begins; None after the last."""
        if not self._more or self._before is None:
            return None
        return cursors.encode(int(self._before.at.timestamp()), self._before.total_volume)


def tick_row(tick: history.Tick) -> Row:
    return {
        "time": iso_time(tick.at), "price": tick.price, "volume": tick.volume, "value": tick.value,
        "side": tick.side, "method": tick.method, "phase": tick.phase, "total_volume": tick.total_volume,
        "number": tick.number, "gap": tick.gap,
    }  # fmt: skip
