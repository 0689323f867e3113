"""The answers of the REST endpoints, without HTTP. Every value in a row is a string, as captured."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Protocol

from market.feed.simulator.days import trading_days
from market.feed.simulator.history import DailyRow, History, Minute
from market.feed.simulator.instruments import IndexSpec, Instrument, futures_on
from market.feed.simulator.minutes import minutes_of
from market.feed.simulator.query import Answer, BadQuery, Query, failed, paged
from market.feed.simulator.rest_rows import (
    Row,
    coarser,
    daily_row_of,
    details_row,
    exchange_of,
    index_row_of,
    intraday_row_of,
    market_of,
    stock_price_row,
)


class Today(Protocol):
    """What REST knows of the day that is being played."""

    @property
    def day(self) -> date: ...
    def is_closed(self) -> bool: ...
    def row_so_far(self, symbol: str) -> DailyRow | None: ...
    def minutes_so_far(self, symbol: str) -> list[Minute]: ...
    def index_so_far(self, index: str) -> tuple[float, float, int, float] | None: ...


class Rest:
    """Answers calls about the listed symbols, the past and the day that is played."""

    def __init__(self, history: History, today: Today, calendar_date: Callable[[], date]) -> None:
        self.history = history
        self.universe = history.universe
        self.today = today
        self._calendar_date = calendar_date
        self.endpoints: dict[str, Callable[[Query], Answer]] = {
            "securities": self.securities,
            "securitiesdetails": self.securities_details,
            "indexcomponents": self.index_components,
            "indexlist": self.index_list,
            "dailyohlc": self.daily_ohlc,
            "intradayohlc": self.intraday_ohlc,
            "dailyindex": self.daily_index,
            "dailystockprice": self.daily_stock_price,
            "backtest": lambda query: failed("Not support"),
        }

    def answer(self, name: str, pairs: Mapping[str, str]) -> Answer | None:
        """Answer `api/v2/Market/<name>` (any case), None if there is no such endpoint."""
        endpoint = self.endpoints.get(name.lower())
        if endpoint is None:
            return None
        try:
            return endpoint(Query(pairs))
        except BadQuery as error:
            return failed(str(error))

    def securities(self, query: Query) -> Answer:
        found = self._listed(query.text("market"))
        return paged(
            query,
            [
                {
                    "Market": market_of(known),
                    "Symbol": known.symbol,
                    "StockName": known.name,
                    "StockEnName": known.english,
                }
                for known in found
            ],
        )

    def securities_details(self, query: Query) -> Answer:
        found = self._listed(query.text("market"), query.text("symbol"))
        index, size = query.page()
        page = found[(index - 1) * size : index * size]
        if not page:
            return paged(query, [])
        report = {
            "RType": "y",
            "ReportDate": f"{self.today.day:%d/%m/%Y}",
            "TotalNoSym": str(len(found)),
            "RepeatedInfo": [details_row(known) for known in page],
        }
        return {"data": [report], "message": "Success", "status": "Success", "totalRecord": len(found)}

    def index_components(self, query: Query) -> Answer:
        spec = self._index(query.text("indexCode"))
        if spec is None or not spec.weights:
            return paged(query, [])
        components = [{"Isin": symbol, "StockSymbol": symbol} for symbol in sorted(spec.weights)]
        row = {
            "IndexCode": spec.index,
            "IndexName": spec.index,
            "Exchange": exchange_of(spec),
            "TotalSymbolNo": str(len(components)),
            "IndexComponent": components,
        }
        return {"data": [row], "message": "Success", "status": "Success", "totalRecord": 1}

    def index_list(self, query: Query) -> Answer:
        exchange = query.text("exchange").upper()
        rows = [
            {"IndexCode": spec.index, "IndexName": spec.index, "Exchange": exchange_of(spec)}
            for spec in self.universe.indices
            if exchange in ("", exchange_of(spec))
        ]
        return paged(query, rows)

    def daily_ohlc(self, query: Query) -> Answer:
        return paged(query, [daily_row_of(known, row) for known, row in self._days(query)])

    def daily_stock_price(self, query: Query) -> Answer:
        return paged(query, [stock_price_row(known, row) for known, row in self._days(query)])

    def intraday_ohlc(self, query: Query) -> Answer:
        first, last = self._range(query)
        symbol = query.text("symbol")
        resolution = max(1, query.whole("resolution", 1))
        found = self._listed("", symbol) if symbol else []
        rows = [
            intraday_row_of(symbol.upper(), day, minute)
            for known in found
            for day in self._dates(first, last)
            for minute in coarser(self._minutes(known, day), resolution)
        ]
        return paged(query, rows[::-1] if query.falls() else rows)

    def daily_index(self, query: Query) -> Answer:
        first, last = self._range(query)
        spec = self._index(query.text("indexId"))
        rows = [self._index_row(spec, day) for day in self._dates(first, last)] if spec else []
        return paged(query, rows[::-1] if query.falls() else rows)

    def _days(self, query: Query) -> list[tuple[Instrument, DailyRow]]:
        """Return finished days; today is among them once it is over."""
        first, last = self._range(query)
        found = self._listed(query.text("market"), query.text("symbol"))
        rows = []
        for known in found:
            for day in self._dates(first, last):
                row = self._row(known, day)
                if row is not None and row.volume:
                    rows.append((known, row))
        return rows[::-1] if query.falls() else rows

    def _range(self, query: Query) -> tuple[date, date]:
        """Return the range asked for. "Now" is the played day or the real one, whichever is later."""
        return query.dates(self.today.day, max(self.today.day, self._calendar_date()))

    def _dates(self, first: date, last: date) -> Iterator[date]:
        for day in trading_days(first, last):
            if day < self.today.day:
                yield day
        if first <= self.today.day <= last:
            yield self.today.day

    def _row(self, known: Instrument, day: date) -> DailyRow | None:
        if day < self.today.day:
            return self.history.row(known, day)
        return self.today.row_so_far(known.symbol) if self.today.is_closed() else None

    def _minutes(self, known: Instrument, day: date) -> list[Minute]:
        if day == self.today.day:
            return self.today.minutes_so_far(known.symbol)
        played = self.history.minutes(known, day)
        return played if played is not None else minutes_of(known, self.history.row(known, day), self.universe.seed)

    def _listed(self, market: str, symbol: str = "") -> list[Instrument]:
        every = [*self.universe.stocks, *futures_on(self.universe, self.today.day)]
        return [
            known
            for known in every
            if market.upper() in ("", market_of(known)) and symbol.upper() in ("", known.symbol)
        ]

    def _index(self, code: str) -> IndexSpec | None:
        return next((spec for spec in self.universe.indices if spec.index.lower() == code.lower()), None)

    def _index_row(self, spec: IndexSpec, day: date) -> Row:
        if day == self.today.day and (so_far := self.today.index_so_far(spec.index)):
            value, prior, volume, turnover = so_far
        else:
            before = max((each for each in trading_days(_weeks_before(day), day) if each < day), default=day)
            value, prior = self.history.index_value(spec, day), self.history.index_value(spec, before)
            rows = [self.history.row(known, day) for known in self.universe.stocks if known.symbol in spec.weights]
            volume, turnover = sum(row.volume for row in rows), sum(row.value for row in rows)
        return index_row_of(spec, day, value, prior, volume, turnover)


def _weeks_before(day: date) -> date:
    return date.fromordinal(day.toordinal() - 15)
