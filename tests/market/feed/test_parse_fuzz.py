"""Damaged messages: the parser rejects or reads them, and what it reads never upsets the state."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.domain.rows import derivatives_row, foreign_row, index_row, market_row
from market.domain.state import MarketState
from market.feed.errors import RejectedMessage
from market.feed.parse import Parser
from market.pipeline import Pipeline
from tests.market.builders import check_sums

MESSAGES = [path.read_bytes() for path in sorted((Path(__file__).parents[2] / "data" / "messages").iterdir())]
DECODED = [msgspec.json.decode(message) for message in MESSAGES]
CONTENTS: list[tuple[str, dict[str, Any]]] = [
    (each["DataType"], msgspec.json.decode(each["Content"]) if isinstance(each["Content"], str) else each["Content"])
    for each in DECODED
]
REASONS = {
    *("not_json", "unknown_type", "missing_field", "bad_number", "bad_text", "bad_time", "bad_date", "future_date")
}

odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        ["NaN", "Infinity", "-1", "1e400", "0", "25000.0", "", "C", "LO", "41I1GC000", "09:15:01", "20/11/2026"]
    ),
    st.recursive(
        st.none(), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real message with some fields changed, lost or renamed."""
    data_type, content = draw(st.sampled_from(CONTENTS))
    content = dict(content)
    for name in draw(st.lists(st.sampled_from(sorted(content)), max_size=4)):
        if draw(st.booleans()):
            content[name] = draw(odd)
        elif draw(st.booleans()):
            content[draw(st.text(max_size=6))] = content.pop(name, None)
        else:
            content.pop(name, None)
    if draw(st.booleans()):  # so that sequences meet in one symbol and day
        content |= {"Symbol": draw(st.sampled_from(["SSI", "41I1GC000"])), "TradingDate": "14/08/2026"}
    kind = draw(st.sampled_from([data_type] * 5 + ["X", "R", "MI", "Y", None]))
    whole = draw(st.booleans())
    return msgspec.json.encode(
        {"DataType": kind, "Content": content if whole else msgspec.json.encode(content).decode()}
    )


@st.composite
def torn(draw: st.DrawFn) -> bytes:
    """The bytes of a real message, cut, doubled or overwritten somewhere."""
    message = bytearray(draw(st.sampled_from(MESSAGES)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(message)))
        message[start : start + draw(st.integers(0, 6))] = draw(st.binary(max_size=4))
    return bytes(message)


@settings(max_examples=200, deadline=None)
@given(st.one_of(torn(), st.binary(max_size=80), st.text(max_size=80)))
def test_parser_raises_nothing_but_rejections(message: bytes | str) -> None:
    try:
        Parser().parse(message)
    except RejectedMessage as rejected:
        assert rejected.reason in REASONS


@settings(max_examples=60, deadline=None)
@given(st.lists(damaged(), min_size=1, max_size=12))
def test_state_takes_whatever_the_parser_lets_through(messages: list[bytes]) -> None:
    parser, state = Parser(), MarketState()
    for message in messages:
        try:
            event = parser.parse(message)
        except RejectedMessage as rejected:
            assert rejected.reason in REASONS
            continue
        state.apply(event)
        for symbol in state.symbols.values():
            check_sums(symbol)
            market_row(symbol)
            foreign_row(symbol, state.now)
        for index in state.indices.values():
            index_row(index, state)
        for code, tracker in state.basis.items():
            derivatives_row(state.symbols[code], tracker, state)


@settings(max_examples=30, deadline=None)
@given(messages=st.lists(st.one_of(damaged(), torn()), max_size=12))
def test_pipeline_counts_every_damaged_message(messages: list[bytes]) -> None:
    pipeline = Pipeline(MarketState(), Parser())
    for message in messages:
        pipeline.take(message)
    assert pipeline.messages == len(messages)


@pytest.mark.parametrize("message", MESSAGES)
def test_real_messages_are_all_let_through(message: bytes) -> None:
    MarketState().apply(Parser().parse(message))
