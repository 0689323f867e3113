"""What holds at every moment, for any messages in any order."""

from collections import Counter
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from market.domain.bars import BarBuilder
from market.domain.calendar import hm
from market.domain.changes import Bar, Change, Trade
from market.domain.events import Event, Quote, Snapshot, TradeReport
from market.domain.memory import dump_index, dump_market, dump_symbol, load_index, load_market, load_symbol
from market.domain.rows import derivatives_row, foreign_row, index_row, market_row
from market.domain.state import MarketState
from market.domain.symbol import LOOK_AGAIN, SymbolState
from tests.market.builders import DAY, FUTURE, NEXT_DAY, check_sums, foreign, index, quote, report, snapshot, status

SYMBOLS = (("ACB", "HOSE"), ("PVS", "HNX"), ("BSR", "UPCOM"), (FUTURE, "DERIVATIVES"))
SESSIONS = ("ATO", "LO", "BREAK", "ATC", "PT", "PLO", "C", "H", "SOMETHING", "", None)
MEMBERS = {"VN30": frozenset(code for code, _ in SYMBOLS)}
GAP = "gap"
LUNCH, LUNCH_ENDS = hm(11, 30), hm(13)

clocks = st.builds(
    lambda minute, second: f"{minute // 60}:{minute % 60}:{second}", st.integers(480, 905), st.integers(0, 3)
)
days = st.sampled_from([DAY, DAY, DAY, DAY, NEXT_DAY])
names = st.sampled_from(SYMBOLS)
# Few values, so that repeats, falls and equal seconds are common.
totals = st.one_of(st.integers(0, 9).map(lambda lots: 100.0 * lots), st.sampled_from([0.4, 100.5, 1e15, 1e18]))
prices = st.sampled_from([0.0, 24_900.0, 24_950.0, 25_000.0, 25_050.0, 26_750.0, 1e9])


@st.composite
def events(draw: st.DrawFn) -> Event | str:
    """Any event, or a gap on the wire."""
    symbol, board = draw(names)
    clock, day = draw(clocks), draw(days)
    common: dict[str, Any] = {"symbol": symbol, "market": board, "day": day}
    session = draw(st.sampled_from(SESSIONS))
    kind = draw(st.sampled_from(["snapshot", "snapshot", "report", "quote", "foreign", "index", "status", GAP]))
    if kind == "snapshot" or kind == "report":
        make = snapshot if kind == "snapshot" else report
        fields = {
            "last": draw(totals),
            "session": session,
            "side": draw(st.sampled_from(["BU", "SD", "Unknow", None])),
            "total_value": draw(st.sampled_from([0.0, 1e6, 25e6, 1e18])),
            "reference": draw(st.sampled_from([0.0, 25_000.0])),
        }
        return make(clock, draw(totals), draw(prices), **(common | fields))
    if kind == "quote":
        return quote(clock, draw(prices), draw(prices), **common, session=session)
    if kind == "foreign":
        return foreign(clock, draw(totals), draw(totals), **common)
    if kind == "index":
        return index(clock, draw(prices), day=day, total_volume=draw(totals))
    return status(clock, session, **common) if kind == "status" else GAP


def take(state: MarketState, event: Event | str) -> list[Change]:
    if isinstance(event, str):
        state.lose_sight()
        state.lose_sight_of_foreigners()
        return []
    return list(state.apply(event))


def summary(symbol: SymbolState) -> dict[str, Any]:
    """All that a symbol's totals come to."""
    return market_row(symbol) | {"bar": symbol.bar.current(), "finished": symbol.bar.finished}


@settings(max_examples=100, deadline=None)
@given(st.lists(events(), max_size=25))
def test_sums_hold_after_every_event(sequence: list[Event | str]) -> None:
    state = MarketState(MEMBERS)
    for event in sequence:
        before = {code: (symbol.day, symbol.total_volume) for code, symbol in state.symbols.items()}
        for change in take(state, event):
            if isinstance(change, Trade):
                day, total = before.get(change.symbol, (change.day, 0))
                known = max(total, 0) if day == change.day else 0
                assert change.volume > 0
                assert change.total_volume == known + change.volume
                assert change.price > 0
                assert (change.side == "neutral") or change.method in ("feed", "quote")
                assert (change.method == "auction") == (change.phase != "continuous")
        for symbol in state.symbols.values():
            check_sums(symbol)


@settings(max_examples=60, deadline=None)
@given(st.lists(events(), max_size=25))
def test_bars_hold_exactly_what_was_traded(sequence: list[Event | str]) -> None:
    state = MarketState()
    traded, bars = Counter[tuple[str, int]](), Counter[tuple[str, int]]()
    builders: dict[str, BarBuilder] = {}
    for event in sequence:
        for change in take(state, event):
            if isinstance(change, Trade):
                traded[change.symbol, change.day] += change.volume
            elif isinstance(change, Bar) and change.symbol in state.symbols:
                bars[change.symbol, state.day] += change.volume
                assert change.volume == change.buy_volume + change.sell_volume + change.neutral_volume
                assert change.low <= min(change.open, change.close) <= max(change.open, change.close) <= change.high
        builders = {code: symbol.bar for code, symbol in state.symbols.items() if symbol.day == state.day}
    for code, builder in builders.items():
        current = builder.current()
        bars[code, state.day] += current.volume if current is not None else 0
        assert bars[code, state.day] == traded[code, state.day]


@settings(max_examples=60, deadline=None)
@given(st.lists(events(), max_size=30))
def test_rows_are_made_of_any_state(sequence: list[Event | str]) -> None:
    state = MarketState(MEMBERS)
    for event in sequence:
        take(state, event)
    rows = [market_row(symbol) for symbol in state.symbols.values()]
    for shown in rows:
        assert shown["price"] is None or shown["price"] > 0
        for name in ("reference", "ceiling", "floor", "open", "high", "low", "average", "expected_price", "volume"):
            assert shown[name] is None or shown[name] > 0, name
    rows += [row for symbol in state.symbols.values() if (row := foreign_row(symbol, state.now))]
    rows += [index_row(each, state) for each in state.indices.values()]
    rows += [derivatives_row(state.symbols[code], tracker, state) for code, tracker in state.basis.items()]
    assert msgspec.json.decode(msgspec.json.encode(rows)) == rows


@settings(max_examples=30, deadline=None)
@given(st.lists(events(), max_size=30))
def test_same_events_give_the_same_changes(sequence: list[Event | str]) -> None:
    first, second = MarketState(), MarketState()
    assert [take(first, event) for event in sequence] == [take(second, event) for event in sequence]


@settings(max_examples=60, deadline=None)
@given(st.lists(events(), max_size=25))
def test_short_way_of_a_book_change_comes_to_the_same_as_the_long_one(sequence: list[Event | str]) -> None:
    short, long = MarketState(), MarketState()
    for event in sequence:
        for symbol in long.symbols.values():
            symbol.session = LOOK_AGAIN
        assert take(short, event) == take(long, event)
        for code, symbol in short.symbols.items():
            assert summary(symbol) == summary(long.symbols[code])


@settings(max_examples=60, deadline=None)
@given(st.lists(events(), max_size=25), st.integers(0, 25))
def test_restart_goes_on_as_if_nothing_had_happened_but_for_the_books(sequence: list[Event | str], cut: int) -> None:
    state, fresh = MarketState(), MarketState()
    for event in sequence[:cut]:
        take(state, event)
    load_market(fresh, through_json(dump_market(state)))
    for code, symbol in state.symbols.items():
        load_symbol(fresh, code, through_json(dump_symbol(symbol, state.basis.get(code))))
        symbol.book = None
    for each in state.indices.values():
        load_index(fresh, through_json(dump_index(each)))
    for event in sequence[cut:]:
        assert take(fresh, event) == take(state, event)
    for code, symbol in state.symbols.items():
        assert summary(fresh.symbols[code]) == summary(symbol)
        assert foreign_row(fresh.symbols[code], state.now) == foreign_row(symbol, state.now)


def through_json(dump: dict[str, Any]) -> dict[str, Any]:
    """The way of a dump into the database and back, which takes every character but NUL."""
    text = msgspec.json.encode(dump)
    assert b"\\u0000" not in text
    return msgspec.json.decode(text, type=dict[str, Any])


@st.composite
def trading(draw: st.DrawFn) -> list[Snapshot]:
    """A symbol's snapshots as a sound feed sends them: times and totals never fall, the book changes between trades."""
    made: list[Snapshot] = []
    second, total = 9 * 3_600, 0
    for _ in range(draw(st.integers(1, 30))):
        second += draw(st.sampled_from([0, 1, 1, 60, 1_800]))
        if LUNCH <= second < LUNCH_ENDS:  # nothing is matched
            second += LUNCH_ENDS - LUNCH
        volume = draw(st.sampled_from([0, 100, 700]))
        total += volume
        price = draw(st.sampled_from([24_950.0, 25_000.0, 25_050.0]))
        made.append(snapshot(*clock_total(second, total), price, last=volume or 100, session=session_at(second)))
    return made


def clock_total(second: int, total: int) -> tuple[str, int]:
    return f"{second // 3_600}:{second // 60 % 60}:{second % 60}", total


def session_at(second: int) -> str:
    """HOSE's session by its timetable."""
    starts = [(hm(14, 45), "C"), (hm(14, 30), "ATC"), (hm(9, 15), "LO")]
    return next((name for start, name in starts if second >= start), "ATO")


@settings(max_examples=60, deadline=None)
@given(trading(), st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=20))
def test_frames_of_an_earlier_second_change_nothing(sent: list[Snapshot], again: list[tuple[int, int]]) -> None:
    clean, disturbed = MarketState(), MarketState()
    for position, event in enumerate(sent):
        expected = clean.apply(event)
        assert disturbed.apply(event) == expected
        for after, which in again:
            if after == position and which < position and sent[which].at < event.at:
                assert disturbed.apply(sent[which]) == ()
    assert summary(disturbed.symbols["ACB"]) == summary(clean.symbols["ACB"])


@settings(max_examples=60, deadline=None)
@given(trading(), st.data())
def test_lost_and_late_frames_leave_the_totals_right(sent: list[Snapshot], data: st.DataObject) -> None:
    arrived = data.draw(st.permutations(sent[1:-1]))
    state = MarketState()
    for event in [sent[0], *arrived, sent[-1]]:
        state.apply(event)
        check_sums(state.symbols["ACB"])
    assert state.symbols["ACB"].total_volume == sent[-1].total_volume


@settings(max_examples=60, deadline=None)
@given(trading(), st.data())
def test_order_between_channels_does_not_matter_where_the_feed_gives_the_side(
    sent: list[Snapshot], data: st.DataObject
) -> None:
    """X-TRADE and X-QUOTE of one symbol come on their own ways; each keeps its order."""
    side = data.draw(st.sampled_from(["BU", "SD"]))
    reports: list[TradeReport | Quote] = []
    quotes: list[TradeReport | Quote] = []
    for event in sent:
        clock, total = clock_total(event.at - DAY, int(event.total_volume))
        reports.append(report(clock, total, event.last_price, last=event.last_volume, session=event.session, side=side))
        quotes.append(quote(clock, session=event.session))
    turns = data.draw(st.permutations([True] * len(reports) + [False] * len(quotes)))
    ways = {True: iter(reports), False: iter(quotes)}
    alone, mixed = MarketState(), MarketState()
    made = [change for event in reports for change in alone.apply(event) if isinstance(change, Trade)]
    made_mixed = [change for turn in turns for change in mixed.apply(next(ways[turn])) if isinstance(change, Trade)]
    assert made_mixed == made
    assert mixed.symbols["ACB"].volumes.phases == alone.symbols["ACB"].volumes.phases
