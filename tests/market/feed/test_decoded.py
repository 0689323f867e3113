"""A recording decoded by a second process: the same events as in one process, and nothing left behind."""

import gzip
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.domain.events import Event
from market.feed.errors import FatalFeedError, RejectedMessage
from market.feed.parse import Parser
from market.feed.recording import decoded
from market.feed.recording.decoded import Batch, _decode, _encode, packed, read_events
from market.feed.wire import FRAMES
from tests.market import small_day
from tests.market.feed.test_parse_fuzz import MESSAGES, damaged, torn

MANY = 200


@pytest.fixture
def several_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine of one core too."""
    cores = decoded._cores()
    monkeypatch.setattr(decoded, "_cores", lambda: cores * 2 if len(cores) == 1 else cores)


def fields_of(event: Event) -> tuple[type, dict[str, Any]]:
    kind = next(event_type for event_type, frame in FRAMES.items() if isinstance(event, frame))
    return kind, msgspec.structs.asdict(event)


def in_one_process(messages: list[bytes]) -> tuple[list[Any], list[tuple[str, str]]]:
    parse, events, rejected = Parser().parse, [], []
    for message in messages:
        try:
            events.append(fields_of(parse(message)))
        except RejectedMessage as error:
            rejected.append((error.reason, error.detail))
    return events, rejected


def of_batches(batches: list[Batch]) -> tuple[list[Any], list[tuple[str, str]]]:
    events = [fields_of(event) for batch in batches for event in batch.events]
    return events, [(each.reason, each.detail) for batch in batches for each in batch.rejected]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(damaged(), torn(), st.sampled_from(MESSAGES)), max_size=12))
def test_packed_events_equal_those_of_one_process_whatever_the_messages_hold(messages: list[bytes]) -> None:
    assert of_batches([_decode(_encode(packed(messages, Parser().parse)))]) == in_one_process(messages)


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
@pytest.mark.parametrize("most", [1, None])
def test_read_events_gives_every_event_and_every_rejection_in_order_on_one_core_and_on_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, most: int | None
) -> None:
    cores = decoded._cores()
    monkeypatch.setattr(decoded, "_cores", lambda: cores[:most])
    lines = [*small_day.RECORDING.read_bytes().splitlines(), b"junk", b'{"DataType":"Y","Content":"{}"}'] * 20
    text = b"\n".join(lines)
    path = tmp_path / f"day{suffix}"
    path.write_bytes(gzip.compress(text) if suffix.endswith("gz") else text)
    batches = list(read_events(path))
    assert of_batches(batches) == in_one_process(lines)
    assert b"junk" in {each.sample.strip() for batch in batches for each in batch.rejected}
    assert not multiprocessing.active_children()
    monkeypatch.undo()
    assert decoded._cores() == cores, "who called may run anywhere again"


@pytest.mark.usefixtures("several_cores")
def test_read_events_closed_early_ends_its_process(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    path.write_bytes(small_day.RECORDING.read_bytes() * MANY)
    events = read_events(path)
    next(events)
    assert [child.name for child in multiprocessing.active_children()] == ["decoder"]
    events.close()
    assert not multiprocessing.active_children()


@pytest.mark.usefixtures("several_cores")
def test_read_events_whose_process_is_killed_fails_instead_of_ending(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    path.write_bytes(small_day.RECORDING.read_bytes() * MANY)
    events = read_events(path)
    next(events)
    (child,) = multiprocessing.active_children()
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(FatalFeedError, match=r"day.jsonl: the process that decodes it ended with -9"):
        list(events)


@pytest.mark.usefixtures("several_cores")
def test_read_events_of_a_file_damaged_inside_gives_what_was_before_it(tmp_path: Path) -> None:
    good = gzip.compress(small_day.RECORDING.read_bytes())
    path = tmp_path / "day.jsonl.gz"
    path.write_bytes(good + b"damage" + good)
    events = read_events(path)
    assert next(events).events
    with pytest.raises(FatalFeedError, match=r"day.jsonl.gz: damaged"):
        list(events)
