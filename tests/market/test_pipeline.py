"""Parse, apply, hand on; count what could not be used."""

import logging
from pathlib import Path

import pytest

from market.domain.changes import Changes, ForeignFlow, Trade
from market.domain.events import Event, ForeignUpdate, Snapshot
from market.domain.state import MarketState
from market.feed.parse import Parser
from market.pipeline import SAMPLE_CHARACTERS, Pipeline
from tests.market.builders import NEXT_DAY, message, volumes

WHEN = {"Symbol": "ACB", "TradingDate": "20/11/2026"}
MESSAGES = Path(__file__).parents[1] / "data" / "messages"


def totals(clock: str, total: float) -> str:
    return message("X", **WHEN, Time=clock, LastPrice=25_000.0, LastVol=100.0, TotalVol=total, TradingSession="LO")


def test_pipeline_applies_messages_in_the_order_they_come() -> None:
    pipeline = Pipeline(MarketState(), Parser())
    for clock, total in (("09:20:00", 1_000), ("09:20:01", 1_100), ("09:20:01", 1_300)):
        pipeline.take(totals(clock, total))
    assert volumes(pipeline.state) == {"unclassified": 1_000, "neutral": 300}


def test_pipeline_takes_text_and_bytes() -> None:
    pipeline = Pipeline(MarketState(), Parser())
    pipeline.take(totals("09:20:00", 1_000))
    pipeline.take(totals("09:20:01", 1_100).encode())
    assert pipeline.received.total() == 2


def test_pipeline_gives_each_sink_every_event_with_its_changes() -> None:
    heard: list[tuple[str, Event, Changes]] = []
    pipeline = Pipeline(MarketState(), Parser(), [lambda event, changes: heard.append(("first", event, changes))])
    pipeline.add_sink(lambda event, changes: heard.append(("second", event, changes)))
    pipeline.take(totals("09:20:00", 100))
    pipeline.take(totals("09:20:01", 100))
    pipeline.take(message("R", **WHEN, Time="09:20:02", BuyVol=1, SellVol=2))
    assert [who for who, _, _ in heard] == ["first", "second"] * 3
    assert [type(event).__mro__[1] for _, event, _ in heard[::2]] == [Snapshot, Snapshot, ForeignUpdate]
    assert [type(change) for change in heard[0][2]][-1] is Trade
    assert heard[2][2] == ()
    assert [type(change) for change in heard[4][2]] == [ForeignFlow]


def test_pipeline_counts_rejected_messages_by_reason_and_goes_on() -> None:
    pipeline = Pipeline(MarketState(), Parser())
    for bad in ("not json", b"\xff", '{"DataType":"Y","Content":"{}"}', message("X", **WHEN, Time="25:00:00")):
        pipeline.take(bad)
    pipeline.take(totals("09:20:00", 100))
    assert pipeline.rejected == {"not_json": 2, "unknown_type": 1, "missing_field": 1}
    assert pipeline.messages == 5


def test_pipeline_hands_no_rejected_message_to_a_sink() -> None:
    heard: list[Event] = []
    Pipeline(MarketState(), Parser(), [lambda event, changes: heard.append(event)]).take("not json")
    assert heard == []


def test_pipeline_counts_what_was_too_old_beside_what_was_rejected() -> None:
    pipeline = Pipeline(MarketState(), Parser())
    tomorrow = WHEN | {"TradingDate": "21/11/2026"}
    pipeline.take(message("X-QUOTE", **tomorrow, Time="09:20:01"))
    pipeline.take(message("X-QUOTE", **tomorrow, Time="09:20:00"))
    pipeline.take(totals("09:20:00", 100))
    pipeline.take("not json")
    assert pipeline.all_rejected() == {"old_day": 1, "out_of_order": 1, "not_json": 1}
    assert (pipeline.messages, pipeline.state.day) == (4, NEXT_DAY)


def test_pipeline_without_trouble_reports_none() -> None:
    assert Pipeline(MarketState(), Parser()).all_rejected() == {}


def test_pipeline_logs_a_sample_of_rejected_messages_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    pipeline = Pipeline(MarketState(), Parser())
    with caplog.at_level(logging.WARNING, "market.pipeline"):
        for _ in range(50):
            pipeline.take("x" * 10_000)
    (record,) = caplog.records
    assert "not_json" in record.getMessage()
    assert len(record.getMessage()) < SAMPLE_CHARACTERS + 200


def test_pipeline_remembers_when_the_newest_message_came() -> None:
    pipeline = Pipeline(MarketState(), Parser())
    pipeline.take(totals("09:20:00", 100), 1_795_140_000.5)
    assert pipeline.last_received_at == 1_795_140_000.5


@pytest.mark.parametrize("path", sorted(MESSAGES.iterdir()), ids=lambda path: path.stem)
def test_pipeline_uses_every_real_message(path: Path) -> None:
    pipeline = Pipeline(MarketState(), Parser())
    pipeline.take(path.read_bytes())
    assert (pipeline.received.total(), pipeline.all_rejected()) == (1, {})
