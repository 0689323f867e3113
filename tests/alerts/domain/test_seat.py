"""What the triggers of one symbol do where something is not known, or is there already."""

import msgspec

from tests.alerts.domain.builders import NEXT_DAY, tick, trade
from tests.alerts.domain.test_personal import feed, prices, trigger, watch


def test_second_trigger_joins_those_that_wait_and_is_judged_like_them() -> None:
    watched = watch(trigger(1))
    watched.use([trigger(2, threshold=25_200.0)])
    assert [hit.trigger.id for hit in feed(watched, prices(250, 252))] == [1, 2]


def test_limit_trigger_added_at_the_ceiling_does_not_move_those_that_wait() -> None:
    watched = watch(trigger(1, kind="limit", condition="leaves"))
    assert feed(watched, prices(267.5)) == []
    watched.use([trigger(2, kind="limit", condition="leaves")])
    assert [hit.trigger.id for hit in feed(watched, prices(260))] == [1, 2]


def test_change_without_a_reference_price_is_not_judged() -> None:
    watched = watch(trigger(kind="change", threshold=1.0))
    assert feed(watched, prices(260, reference=None)) == []


def test_day_without_a_reference_price_begins_where_the_last_one_ended() -> None:
    watched = watch(trigger(repeats=True, cooldown_seconds=0))
    assert len(feed(watched, prices(251))) == 1
    assert feed(watched, prices(252, day=NEXT_DAY, reference=None)) == []


def test_trade_without_a_price_touches_no_limit() -> None:
    watched = watch(trigger(kind="limit", condition="floor"))
    assert feed(watched, [trade(price=0.0)]) == []


def test_index_without_a_value_is_not_judged_and_other_kinds_do_not_watch_it() -> None:
    assert feed(watch(trigger(symbol="VNINDEX", condition="below", threshold=1_900.0)), [tick(0, 0.0)]) == []
    assert feed(watch(trigger(symbol="VNINDEX", kind="volume", threshold=10.0)), [tick(0, 1_900.0)]) == []


def test_dump_after_a_quiet_moment_is_the_same() -> None:
    watched = watch(trigger())
    assert watched.dump_symbol("ACB") == watched.dump_symbol("ACB")


def test_memory_without_triggers_leaves_nothing_to_judge() -> None:
    watched = watch(trigger())
    saved = msgspec.json.decode(bytes(watched.dump_symbol("ACB") or b""))
    saved["kept"] = {"triggers": [], "fired": []}
    watched.load_symbol("ACB", saved)
    assert watched.dump_symbol("ACB") is None
    assert feed(watched, prices(250, 251)) == []
