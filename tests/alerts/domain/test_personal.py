"""Users' own triggers: they go off when a value comes to the threshold, once, and go on over a restart."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from alerts.domain.personal import PersonalStateError, PersonalWatch
from alerts.domain.triggers import CONDITIONS, Hit, Trigger
from market.domain.changes import ForeignFlow, IndexTick, Trade
from market.domain.events import ForeignUpdate, IndexUpdate, Snapshot
from market.domain.state import MarketState
from tests.alerts.domain.builders import DAY, NEXT_DAY, OPEN, flow, tick, trade

PRICES = some.integers(248, 252).map(lambda hundreds: hundreds * 100.0)


def trigger(id: int = 1, **fields: Any) -> Trigger:
    return msgspec.convert(
        {"id": id, "version": 1, "user": 7, "symbol": "ACB", "kind": "price", "condition": "above"}
        | {"threshold": 25_100.0}
        | fields,
        Trigger,
    )


def watch(*triggers: Trigger, state: MarketState | None = None, usual: Any = None) -> PersonalWatch:
    state = state or MarketState()
    made = PersonalWatch(state, usual)
    made.use(triggers)
    return made


def feed(watched: PersonalWatch, changes: Sequence[Trade | ForeignFlow | IndexTick]) -> list[Hit]:
    hits: list[Hit] = []
    for change in changes:
        if isinstance(change, Trade):
            hits += watched.on_trade(change)
        elif isinstance(change, ForeignFlow):
            hits += watched.on_foreign(change)
        else:
            hits += watched.on_index(change)
    return hits


def prices(*hundreds: float, **fields: Any) -> list[Trade]:
    return [trade(second, price=each * 100.0, **fields) for second, each in enumerate(hundreds)]


@pytest.mark.parametrize(
    ("condition", "path", "places"),
    [
        ("above", [250, 251], [1]),
        ("above", [251], [0]),  # the day begins at the reference, 25,000
        ("above", [250, 252, 250, 251], [1, 3]),
        ("below", [250, 251], []),
        ("below", [252, 251], [1]),
        ("below", [251, 250], []),  # at the threshold it held already
        ("crosses", [250, 252, 250], [1, 2]),
        ("crosses", [251, 252, 251], [0, 2]),
    ],
)
def test_price_goes_off_when_it_comes_to_the_threshold(condition: str, path: list[int], places: list[int]) -> None:
    hits = feed(watch(trigger(condition=condition, repeats=True, cooldown_seconds=0)), prices(*path))
    assert [hit.at - DAY - OPEN for hit in hits] == places


def test_one_shot_goes_off_once_and_repeating_waits_for_its_cooldown() -> None:
    once, often = trigger(1), trigger(2, repeats=True, cooldown_seconds=60)
    path = [trade(at, price=price) for at in (0, 30, 59, 60, 90) for price in (25_000.0, 25_100.0)]
    hits = feed(watch(once, often), path)
    assert [(hit.trigger.id, hit.at - DAY - OPEN) for hit in hits] == [(1, 0), (2, 0), (2, 60)]


def test_trigger_that_holds_when_set_waits_until_it_has_ceased() -> None:
    state = MarketState()
    state.apply(snapshot(price=25_200.0))
    watched = watch(trigger(), state=state)
    assert feed(watched, prices(252, 251)) == []
    assert len(feed(watched, prices(250, 251))) == 1


def test_day_begins_at_the_reference_price() -> None:
    watched = watch(trigger(repeats=True))
    assert len(feed(watched, prices(251))) == 1
    assert len(feed(watched, prices(252, day=NEXT_DAY, reference=25_000.0))) == 1
    assert feed(watched, prices(252, day=NEXT_DAY + 86_400, reference=25_200.0)) == []


def test_expired_trigger_is_silent_after_its_last_day() -> None:
    watched = watch(trigger(last_day=DAY, repeats=True, cooldown_seconds=0))
    assert len(feed(watched, prices(250, 251))) == 1
    assert feed(watched, prices(250, 251, day=NEXT_DAY)) == []


def test_change_counts_exact_percent_both_ways() -> None:
    up, down = trigger(1, kind="change", threshold=7.0), trigger(2, kind="change", condition="below", threshold=-6.9)
    hits = feed(watch(up, down), prices(267.5, 232.76, 232.75))
    assert [(hit.trigger.id, hit.evidence["value"]) for hit in hits] == [(1, 7.0), (2, -6.9)]


def test_volume_goes_off_each_day_anew() -> None:
    watched = watch(trigger(kind="volume", threshold=2_000.0, repeats=True))
    path = [trade(second, total=total) for second, total in enumerate((1_000, 2_500, 3_000))]
    tomorrow = [trade(0, total=100, day=NEXT_DAY), trade(1, total=2_000, day=NEXT_DAY)]
    assert [hit.evidence["value"] for hit in feed(watched, path + tomorrow)] == [2_500, 2_000]


def test_relative_volume_needs_to_know_what_is_usual() -> None:
    class Usual:
        def until(self, symbol: str, minute: int) -> float | None:
            return 1_000.0 if minute < 541 else None

    asked = trigger(kind="relative_volume", threshold=2.0)
    assert len(feed(watch(asked, usual=Usual()), [trade(0, total=1_900), trade(1, total=2_000)])) == 1
    assert feed(watch(asked), [trade(0, total=1_900), trade(1, total=2_000)]) == []
    assert watch(asked).wants_usual_volume()
    assert not watch(trigger()).wants_usual_volume()


def test_foreign_net_goes_both_ways() -> None:
    selling = trigger(1, kind="foreign_value", condition="below", threshold=-1e9)
    buying = trigger(2, kind="foreign_volume", threshold=500.0)
    changes = [
        foreign(0, bought=400, sold=0, value=0.0),
        foreign(1, bought=600, sold=0, value=2e9),
        foreign(2, bought=600, sold=900, value=-1e9),
    ]
    hits = feed(watch(selling, buying), changes)
    assert [(hit.trigger.id, hit.evidence["value"]) for hit in hits] == [(2, 600), (1, -1e9)]


@pytest.mark.parametrize(
    ("condition", "path", "places"),
    [
        ("ceiling", [250, 267.5, 267.5, 260, 267.5], [1, 4]),
        ("floor", [250, 232.5], [1]),
        ("leaves", [267.5, 267.5, 260, 232.5, 250], [2, 4]),
    ],
)
def test_limit_goes_off_when_touched_or_left(condition: str, path: list[float], places: list[int]) -> None:
    asked = trigger(kind="limit", condition=condition, repeats=True, cooldown_seconds=0)
    assert [hit.at - DAY - OPEN for hit in feed(watch(asked), prices(*path))] == places


def test_index_value_is_watched_by_its_upper_case_name() -> None:
    watched = watch(trigger(symbol="HNXINDEX", threshold=251.0))
    ticks = [tick(0, 250.0, index="HNXIndex"), tick(1, 251.0, index="HNXIndex")]
    assert [hit.evidence["value"] for hit in feed(watched, ticks)] == [251.0]


def test_edited_version_starts_anew_and_the_same_version_stays_spent() -> None:
    watched = watch(trigger())
    assert len(feed(watched, prices(250, 251))) == 1
    watched.use([trigger(note="other words")])
    assert feed(watched, prices(250, 251)) == []
    watched.use([trigger(version=2)])
    assert len(feed(watched, prices(250, 251))) == 1


def test_value_is_not_taken_from_when_the_last_trigger_of_its_kind_went_off() -> None:
    state = MarketState()
    watched = watch(trigger(1), trigger(2, kind="volume", threshold=1e6), state=state)
    assert len(feed(watched, prices(250, 251))) == 1
    assert feed(watched, prices(248)) == []
    state.apply(snapshot(price=25_200.0))
    watched.use([trigger(3)])
    assert feed(watched, prices(252, 251)) == []
    assert len(feed(watched, prices(250, 251))) == 1


def test_dropped_trigger_leaves_no_trace() -> None:
    watched = watch(trigger(1), trigger(2, symbol="HPG"))
    assert watched.use([], [1, 99]) == {"ACB"}
    assert [each.id for each in watched.in_force()] == [2]
    assert feed(watched, prices(250, 251)) == []
    assert watched.dump_symbol("ACB") is None


def test_trigger_may_move_to_another_symbol() -> None:
    watched = watch(trigger())
    assert watched.use([trigger(symbol="HPG", version=2)]) == {"ACB", "HPG"}
    assert feed(watched, prices(250, 251)) == []
    assert len(feed(watched, prices(250, 251, symbol="HPG"))) == 1


def test_damaged_memory_is_refused_and_changes_nothing() -> None:
    watched = watch(trigger())
    with pytest.raises(PersonalStateError, match="expected"):
        watched.load_symbol("ACB", {"kept": 5})
    assert len(watched) == 1


@given(
    some.lists(PRICES, max_size=30),
    some.lists(some.tuples(some.sampled_from(CONDITIONS["price"]), PRICES, some.booleans()), max_size=8),
)
def test_ladder_tells_what_trying_every_trigger_would(path: list[float], asked: list[tuple[Any, float, bool]]) -> None:
    triggers = [
        trigger(id, condition=condition, threshold=threshold, repeats=repeats, cooldown_seconds=2)
        for id, (condition, threshold, repeats) in enumerate(asked, 1)
    ]
    expected = []
    fired: dict[int, int] = {}
    before = 25_000.0
    for second, price in enumerate(path):
        for each in triggers:
            up = before < each.threshold <= price and each.condition != "below"
            down = before > each.threshold >= price and each.condition != "above"
            last = fired.get(each.id)
            if (up or down) and (last is None or (each.repeats and second - last >= 2)):
                fired[each.id] = second
                expected.append((each.id, second))
        before = price
    hits = feed(watch(*triggers), [trade(second, price=price) for second, price in enumerate(path)])
    assert [(hit.trigger.id, hit.at - DAY - OPEN) for hit in hits] == expected


@given(some.lists(PRICES, min_size=2, max_size=20), some.data())
def test_restart_at_any_moment_changes_no_hit(path: list[float], data: some.DataObject) -> None:
    triggers = [
        trigger(1, repeats=True, cooldown_seconds=3),
        trigger(2),
        trigger(3, condition="crosses", threshold=24_900.0, repeats=True, cooldown_seconds=0),
        trigger(4, kind="limit", condition="leaves", repeats=True, cooldown_seconds=0),
        trigger(5, kind="change", condition="below", threshold=-0.4),
    ]
    changes = [trade(second, price=price, ceiling=25_200.0) for second, price in enumerate(path)]
    undisturbed = feed(watch(*triggers), changes)
    cut = data.draw(some.integers(0, len(path)))
    before, after = watch(*triggers), watch(trigger(9))
    hits = feed(before, changes[:cut])
    after.load_symbol("ACB", msgspec.json.decode(before.dump_symbol("ACB") or b""))
    assert hits + feed(after, changes[cut:]) == undisturbed
    assert list(after.in_force()) == triggers


def snapshot(price: float = 25_000.0) -> Snapshot:
    return Snapshot(
        symbol="ACB", at=DAY + OPEN, day=DAY, session="LO", market="HOSE", reference=25_000.0, ceiling=26_750.0,
        floor=23_250.0, last_price=price, last_volume=100, total_volume=100, total_value=price * 100,
    )  # fmt: skip


def foreign(second: int, *, bought: int, sold: int, value: float) -> ForeignFlow:
    return msgspec.structs.replace(
        flow(second, 0.0), buy_volume=bought, sell_volume=sold, buy_value=max(value, 0.0), sell_value=max(-value, 0.0)
    )


def test_values_begin_where_the_market_is() -> None:
    state = MarketState()
    state.apply(snapshot(price=25_200.0))
    state.apply(ForeignUpdate(symbol="ACB", at=DAY + OPEN, day=DAY, buy_volume=900, sell_volume=0, buy_value=2e9))
    state.apply(IndexUpdate(index="VN30", value=252.0, at=DAY + OPEN, day=DAY))
    asked = [
        trigger(1, kind="change", threshold=0.5),
        trigger(2, kind="volume", threshold=100.0),
        trigger(3, kind="foreign_volume", threshold=800.0),
        trigger(4, symbol="VN30", threshold=251.0),
    ]
    watched = watch(*asked, state=state)
    assert feed(watched, prices(252)) == []
    assert feed(watched, [foreign(1, bought=950, sold=0, value=2e9), tick(1, 253.0, index="VN30")]) == []
