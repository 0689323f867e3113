"""What ingest does with users' alerts: nothing without any, told once, stored once, exact over a restart."""

from functools import partial
from typing import Any

import msgspec
import pytest

from alerts.domain.personal import PersonalWatch
from alerts.domain.triggers import Trigger
from alerts.personal.desk import PERSONAL, PersonalDesk, save_triggers
from alerts.personal.rows import HITS, hit_id
from market.domain.state import MarketState
from market.feed.parse import Parser
from market.pipeline import Pipeline
from market.storage.batch import Run, encode_state
from market.storage.collect import Collector
from market.storage.recovery import load
from tests.alerts.domain.test_personal import feed, prices, trigger, watch
from tests.market.small_day import RECORDING


class Standing:
    """An ingest's inside without its servers. `notes` is what went into the journal."""

    def __init__(self) -> None:
        self.state = MarketState()
        self.told: list[tuple[int, dict[str, Any]]] = []
        self.notes: list[tuple[str, Any]] = []
        watched = PersonalWatch(self.state)
        memories = {PERSONAL: partial(save_triggers, watched)}
        self.collector = Collector(self.state, Run("e", "replay", "replay:x", 0.0), memories)
        self.pipeline = Pipeline(self.state, Parser(), [self.collector.observe])
        self.desk = PersonalDesk(
            watched, attach=self.pipeline.add_sink, store=self.collector.add, touch=self.collector.touch
        )

    def begin(self) -> None:
        """Tell from now on."""
        self.desk.begin(lambda user, message: self.told.append((user, message)))

    def use(self, *triggers: Trigger) -> None:
        """Take up what the table holds now."""
        self.desk.replace(lambda name, value: self.notes.append((name, value)), triggers)

    def play(self, lines: list[bytes]) -> None:
        """Take messages."""
        for line in lines:
            self.pipeline.take(line)

    def stored(self) -> list[str]:
        """Ids of the hits on their way to the database."""
        return [row[0] for row in self.collector.seal(1, 0, complete=True).rows.get(HITS.name, [])]


def messages() -> list[bytes]:
    return RECORDING.read_bytes().splitlines()


def symbols() -> list[str]:
    inside = Standing()
    inside.play(messages())
    return sorted(inside.state.symbols)


def triggers() -> list[Trigger]:
    asked = [("volume", "above", 1_000.0), ("change", "crosses", 0.1), ("foreign_volume", "crosses", 100.0)]
    return [
        trigger(number * 10 + place, symbol=symbol, kind=kind, condition=condition, threshold=threshold,
                repeats=place > 0, cooldown_seconds=1)
        for number, symbol in enumerate(symbols(), 1)
        for place, (kind, condition, threshold) in enumerate(asked)
    ]  # fmt: skip


def test_messages_meet_no_further_sink_while_nobody_asks_for_anything() -> None:
    inside = Standing()
    before = inside.pipeline._sinks
    inside.desk.suppose(())
    inside.use()
    assert inside.pipeline._sinks == before
    inside.use(trigger())
    inside.use(trigger(2))
    assert len(inside.pipeline._sinks) == len(before) + 1


def test_hit_is_told_to_its_user_and_stored_under_the_same_id() -> None:
    inside = Standing()
    inside.begin()
    inside.use(*triggers())
    inside.play(messages())
    assert inside.desk.fired == len(inside.told) > 3
    assert {user for user, _ in inside.told} == {7}
    assert inside.stored() == [message["id"] for _, message in inside.told]


def test_hits_have_lasting_names() -> None:
    (once,) = feed(watch(trigger()), prices(251))
    (later,) = feed(watch(trigger()), prices(250, 250, 251))
    (again,) = feed(watch(trigger(version=2)), prices(251))
    assert hit_id(once) == hit_id(later) != hit_id(again)
    often = [feed(watch(trigger(repeats=True)), path)[0] for path in (prices(251), prices(250, 251))]
    assert len({hit_id(each) for each in often}) == 2


@pytest.mark.parametrize("cut", [0.0, 0.3, 0.6, 0.9])
def test_restart_from_states_and_notes_goes_on_as_if_undisturbed(cut: float) -> None:
    lines, asked = messages(), triggers()
    late = [msgspec.structs.replace(each, version=2, threshold=each.threshold * 2) for each in asked[::2]]
    checkpoint, edit = int(len(lines) * cut), int(len(lines) * (cut + 0.05))

    def run(inside: Standing) -> Standing:
        inside.begin()
        inside.use(*asked)
        inside.play(lines[:checkpoint])
        return inside

    undisturbed, before, after = run(Standing()), run(Standing()), Standing()
    states = [encode_state(state) for state in before.collector.seal(1, 0, complete=True).states]
    undisturbed.play(lines[checkpoint:edit])
    undisturbed.use(*asked[1::2], *late)
    undisturbed.play(lines[edit:])

    after.desk.suppose([*asked[1::2], *late])  # the table as it is by then
    load(after.state, states, {PERSONAL: after.desk.load})
    if not states:
        after.desk.take_note(msgspec.to_builtins({"changed": asked, "gone": []}))
    after.play(lines[checkpoint:edit])
    for _, note in undisturbed.notes[1:]:
        after.desk.take_note(msgspec.to_builtins(note))
    after.begin()
    after.use(*asked[1::2], *late)
    after.play(lines[edit:])
    known = [message["id"] for _, message in before.told]
    assert known + [message["id"] for _, message in after.told] == [message["id"] for _, message in undisturbed.told]
    assert after.notes == []


def test_edit_while_nothing_trades_is_kept_with_the_symbols_state() -> None:
    inside = Standing()
    inside.begin()
    inside.play(messages())
    inside.collector.seal(1, 0, complete=True)
    inside.use(trigger(symbol=symbols()[0]))
    (kept,) = [state for state in inside.collector.seal(2, 0, complete=True).states if state.kind == "symbol"]
    assert msgspec.json.decode(kept.kept[PERSONAL])["kept"]["triggers"][0]["id"] == 1


def test_memory_that_cannot_be_used_costs_no_start(caplog: pytest.LogCaptureFixture) -> None:
    Standing().desk.load("ACB", {"kept": 5})
    assert "ACB" in caplog.text
