"""A state that was written down and read back goes on as if nothing had happened."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from market.domain.events import Event
from market.domain.indices import IndexState
from market.domain.memory import dump_index, dump_market, dump_symbol, load_index, load_market, load_symbol
from market.domain.rows import foreign_row, index_row, market_row
from market.domain.state import MarketState
from market.feed.errors import RejectedMessage
from market.feed.parse import Parser

DAY = Path(__file__).parent.parent.parent / "data" / "small-day.jsonl"


def written_down(state: MarketState) -> dict[str, Any]:
    """The whole state as the text that a database column holds, read again."""
    symbols = {code: dump_symbol(symbol, state.basis.get(code)) for code, symbol in state.symbols.items()}
    indices = [dump_index(index) for index in state.indices.values()]
    whole: dict[str, Any] = json.loads(
        json.dumps({"symbols": symbols, "indices": indices, "market": dump_market(state)})
    )
    return whole


def read_back(dump: dict[str, Any], books_of: MarketState) -> MarketState:
    """A new state; books are not part of a dump, and come from the feed again."""
    state = MarketState()
    load_market(state, dump["market"])
    for code, symbol in dump["symbols"].items():
        load_symbol(state, code, symbol).book = books_of.symbols[code].book
    for index in dump["indices"]:
        load_index(state, index)
    return state


def events() -> list[Event]:
    """A recorded day."""
    parser, read = Parser(), []
    for line in DAY.read_bytes().splitlines():
        with suppress(RejectedMessage):  # the day holds damaged messages too
            read.append(parser.parse(line))
    return read


@pytest.mark.parametrize("parts", [2, 7, 50])
def test_state_read_back_in_mid_day_goes_on_like_one_that_never_stopped(parts: int) -> None:
    day = events()
    undisturbed, restarted = MarketState(), MarketState()
    for number, event in enumerate(day, start=1):
        assert restarted.apply(event) == undisturbed.apply(event)
        if number % (len(day) // parts) == 0:
            restarted = read_back(written_down(restarted), undisturbed)
    for code, symbol in undisturbed.symbols.items():
        assert market_row(restarted.symbols[code]) == market_row(symbol)
        assert foreign_row(restarted.symbols[code], restarted.now) == foreign_row(symbol, undisturbed.now)
    for key, index in undisturbed.indices.items():
        assert index_row(restarted.indices[key], restarted) == index_row(index, undisturbed)
    assert restarted.bar_count() == undisturbed.bar_count()


def test_state_read_back_after_a_gap_takes_unseen_growth_as_unclassified() -> None:
    day = events()
    state = MarketState()
    for event in day[: len(day) // 2]:
        state.apply(event)
    restarted = read_back(written_down(state), state)
    restarted.lose_sight()
    for event in day[len(day) // 2 :]:
        restarted.apply(event)
        state.apply(event)
    for code, symbol in restarted.symbols.items():
        assert symbol.total_volume == state.symbols[code].total_volume
        assert symbol.volumes.total == max(0, symbol.total_volume)
    traded = [code for code, symbol in restarted.symbols.items() if symbol.volumes.of_kind("unclassified")]
    assert traded, "expected some symbol to have traded out of sight"


def test_index_of_which_only_the_name_is_known_is_read_back_as_such() -> None:
    state = MarketState()
    state.indices["VN30"] = IndexState("VN30", "HOSE")
    back = read_back(written_down(state), state)
    assert back.indices["VN30"].last is None
    assert index_row(back.indices["VN30"], back) == index_row(state.indices["VN30"], state)


def test_board_that_an_older_dump_does_not_know_stays_as_it_was() -> None:
    state = MarketState()
    dump = dump_market(state)
    del dump["boards"]["DERIVATIVES"]
    dump["boards"]["HOSE"][0] = "atc"
    load_market(state, dump)
    assert (state.boards["HOSE"].phase, state.boards["DERIVATIVES"].phase) == (
        "atc",
        MarketState().boards["DERIVATIVES"].phase,
    )
