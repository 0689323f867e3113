"""A batch in PostgreSQL: whole or not at all, twice as good as once, and never over what is better."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import msgspec
import psycopg
import pytest

from market.models import Bar, ForeignFlow, IngestRun, SymbolState, Trade
from market.storage import leader
from market.storage.batch import EncodedState, Run
from market.storage.database import DatabaseAway, LockTaken, Session, connection_parameters
from market.storage.tables import BARS, HISTORY, TRADES
from tests.market.storage.batches import DAY, OPEN, RUN, bar, batch, foreign, trade

pytestmark = pytest.mark.django_db(transaction=True)
STATE = EncodedState("symbol", "HPG", DAY, OPEN, '{"total_volume":300}')
Open = Callable[[], Session]


@pytest.fixture
def open_session() -> Iterator[Open]:
    """Open sessions with the tests' database; they are closed afterwards."""
    opened: list[Session] = []

    def open_one() -> Session:
        opened.append(Session(connection_parameters(), HISTORY))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def session(open_session: Open) -> Session:
    """A session that leads."""
    session = open_session()
    assert session.lead()
    return session


def run(identity: str, epoch: str) -> Run:
    """A run of another source."""
    return Run(epoch, identity.partition(":")[0], identity, 0.0)


def test_write_of_the_same_batch_twice_changes_nothing(session: Session) -> None:
    stored = batch(1, [trade(1), trade(2)], bars=[bar(200, 27150.0)], foreign=[foreign(1, 10)])
    session.write(stored, [STATE])
    before = [list(model.objects.values()) for model in (Trade, Bar, ForeignFlow, SymbolState)]
    session.write(stored, [STATE])
    assert [list(model.objects.values()) for model in (Trade, Bar, ForeignFlow, SymbolState)] == before
    assert Trade.objects.count() == 2


def test_write_stores_rows_states_and_the_run_at_once(session: Session) -> None:
    session.write(batch(7, [trade(1)]), [STATE])
    row = Trade.objects.get()
    assert (row.symbol, row.at.timestamp(), row.price, row.side, row.gap) == ("HPG", OPEN + 1, 27150.0, "buy", False)
    state = SymbolState.objects.get()
    assert (state.day, state.seq, state.state) == (date(2026, 11, 20), 7, {"total_volume": 300})
    stored = IngestRun.objects.get()
    assert (stored.epoch, stored.seq, stored.identity) == ("one", 7, "replay:one")
    assert (stored.first_day, stored.last_day) == (date(2026, 11, 20), date(2026, 11, 20))


@pytest.mark.parametrize(
    ("second", "stands"),
    [(bar(300, 2.0), 2.0), (bar(200, 2.0), 2.0), (bar(100, 2.0), 1.0)],
    ids=["more volume", "as much", "less"],
)
def test_bar_of_a_stored_minute_stands_unless_it_saw_less(session: Session, second: Any, stands: float) -> None:
    session.write(batch(1, bars=[bar(200, 1.0, "backfill")]))
    session.write(batch(2, bars=[second]))
    assert Bar.objects.get().close == stands


def test_sample_of_a_stored_second_is_replaced(session: Session) -> None:
    session.write(batch(1, foreign=[foreign(1, 10)]))
    session.write(batch(2, foreign=[foreign(1, 20)]))
    assert ForeignFlow.objects.get().buy_volume == 20


@pytest.mark.parametrize("code", ["A\tB", "A\\N", "\\.", "A\nB", "mã", "'; --"])
def test_write_takes_any_text_as_it_is(session: Session, code: str) -> None:
    session.write(batch(1, [trade(1, code)]))
    assert Trade.objects.get().symbol == code


def test_write_that_meets_a_bad_row_stores_nothing_and_the_rest_can_be_stored_without_it(session: Session) -> None:
    bad = trade(3, "A\0B")
    stored = batch(1, [trade(1), trade(2), bad, trade(4)], bars=[bar(1, 1.0)])
    with pytest.raises(psycopg.DataError):
        session.write(stored, [STATE])
    assert (Trade.objects.count(), IngestRun.objects.count()) == (0, 0)
    assert session.write_what_can_be_stored(stored, [STATE]) == [(TRADES.name, bad)]
    assert (Trade.objects.count(), Bar.objects.count(), SymbolState.objects.count()) == (3, 1, 1)


def test_write_of_another_simulation_of_the_day_removes_the_first(session: Session) -> None:
    gone = msgspec.structs.replace(STATE, code="GONE")
    session.write(batch(1, [trade(1)], run=run("simulation:a", "a")), [gone])
    yesterday = DAY - 86_400
    session.write(batch(2, [trade(1, at=yesterday + 40_000)], day=yesterday, run=run("simulation:a", "a")))
    session.write(batch(3, [trade(2)], run=run("simulation:b", "b")), [STATE])
    assert list(SymbolState.objects.values_list("code", flat=True)) == ["HPG"]
    assert sorted(Trade.objects.values_list("number", "at__day")) == [(1, 19), (2, 20)]
    session.write(batch(4, [trade(3)], run=run("simulation:b", "c")))
    assert Trade.objects.filter(at__day=20).count() == 2


def test_write_of_a_simulation_leaves_a_day_of_the_exchange_alone(session: Session) -> None:
    session.write(batch(1, [trade(1)], run=run("ssi", "a")))
    assert not session.write(batch(2, [trade(2)], run=run("simulation:b", "b")), [STATE])
    assert (Trade.objects.get().number, SymbolState.objects.count()) == (1, 0)
    assert session.write(batch(3, [trade(3)], run=run("ssi", "c")))
    assert Trade.objects.count() == 2


def test_write_of_the_exchange_removes_a_simulation_of_the_day(session: Session) -> None:
    session.write(batch(1, [trade(1)], run=run("simulation:a", "a")))
    session.write(batch(2, [trade(2)], run=run("ssi", "b")))
    assert Trade.objects.get().number == 2


def test_last_run_tells_the_newest_and_its_states(session: Session) -> None:
    assert session.last_run() is None
    session.write(batch(1, run=run("simulation:a", "a")), [msgspec.structs.replace(STATE, code="OLD")])
    session.write(batch(2, run=run("simulation:b", "b")), [STATE])
    last = session.last_run()
    assert last is not None
    assert (last.epoch, last.seq, last.identity, last.is_over) == ("b", 2, "simulation:b", False)
    assert [(each.code, each.day, each.at) for each in last.states] == [("HPG", DAY, OPEN)]
    assert session.committed() == {"a": 1, "b": 2}


def test_last_run_of_a_replay_that_ended_is_over(session: Session) -> None:
    session.write(batch(1, run=RUN))
    session.finish(RUN.epoch, 1_795_140_000.0)
    last = session.last_run()
    assert last is not None
    assert last.is_over


def test_lock_is_held_by_one_session_until_it_ends(
    session: Session, open_session: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = open_session()
    assert not other.lead()
    assert other.lock_holder() == session.pid
    with monkeypatch.context() as patch, pytest.raises(LockTaken, match="--standby"):
        patch.setattr(leader, "LOCK_PATIENCE_SECONDS", 0.0)
        leader.locked_session(open_session, 0.0)
    session.close()
    now = leader.locked_session(open_session, 0.0)
    assert now is not None
    assert now.holds_lock


def test_locked_session_without_a_database_is_none_after_the_wait() -> None:
    assert leader.locked_session(lambda: Session({**connection_parameters(), "port": 1}, HISTORY), 0.0) is None


def test_session_that_was_cut_says_that_the_database_is_away(session: Session) -> None:
    session.cut()
    with pytest.raises(DatabaseAway):
        session.write(batch(1, [trade(1)]))
    with pytest.raises(DatabaseAway):
        Session({**connection_parameters(), "port": 1}, HISTORY)


def test_tables_describe_all_columns_of_the_models() -> None:
    for table, model in zip((TRADES, BARS), (Trade, Bar), strict=True):
        assert {column.name for column in table.columns} == {field.column for field in model._meta.concrete_fields}
