"""The phase of each board: the feed decides, the timetable fills in."""

import pytest

from market.domain.calendar import BOARDS, TIMETABLE, BoardName, hm, next_phase, phase_at
from market.domain.changes import Phase, PhaseChange
from market.domain.phases import BoardPhase, all_boards, phase_of
from tests.market.builders import DAY, NEXT_DAY, at, changes, foreign, market, quote, snapshot, status


@pytest.mark.parametrize(
    ("board", "clock", "phase"),
    [
        ("HOSE", "07:59", "closed"),
        ("HOSE", "08:59", "pre_open"),
        ("HOSE", "09:00", "ato"),
        ("HOSE", "09:15", "continuous"),
        ("HOSE", "11:30", "lunch"),
        ("HOSE", "13:00", "continuous"),
        ("HOSE", "14:30", "atc"),
        ("HOSE", "14:45", "put_through"),  # HOSE has no PLO
        ("HOSE", "15:00", "closed"),
        ("HNX", "09:00", "continuous"),
        ("HNX", "14:30", "atc"),
        ("HNX", "14:45", "post_close"),
        ("HNX", "15:00", "closed"),
        ("UPCOM", "09:00", "continuous"),
        ("UPCOM", "12:00", "lunch"),
        ("UPCOM", "14:59", "continuous"),
        ("UPCOM", "15:00", "closed"),
        ("DERIVATIVES", "08:45", "ato"),
        ("DERIVATIVES", "09:00", "continuous"),
        ("DERIVATIVES", "14:30", "atc"),
        ("DERIVATIVES", "14:45", "closed"),
    ],
)
def test_timetable_of_each_board(board: BoardName, clock: str, phase: Phase) -> None:
    second = at(clock) - DAY
    assert phase_at(board, second)[0] == phase
    assert phase_of(None, board, second) == phase
    assert BoardPhase(board).at(at(clock)) == phase


@pytest.mark.parametrize("board", BOARDS)
def test_timetable_begins_at_midnight_and_grows(board: BoardName) -> None:
    starts = [start for start, _ in TIMETABLE[board]]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert next_phase(board, starts[-1]) is None
    assert phase_at(board, 86_399) == (TIMETABLE[board][-1][1], starts[-1], None)


@pytest.mark.parametrize(
    ("session", "clock", "phase"),
    [
        ("ATO", "09:16", "ato"),  # the feed is right, whatever the clock says
        ("LO", "14:33", "continuous"),
        ("O", "10:00", "continuous"),
        ("lo", "10:00", "continuous"),
        ("ATC", "14:49", "atc"),
        ("PLO", "14:50", "post_close"),
        ("PT", "14:50", "put_through"),
        ("BREAK", "11:31", "lunch"),
        ("INTERMISSION", "11:31", "lunch"),
        ("C", "14:46", "closed"),
        ("CLOSE", "15:01", "closed"),
        ("C", "08:00", "pre_open"),  # sent before the open as well as after the close
        ("C", "07:00", "closed"),
        ("H", "10:00", "halted"),
        ("HALT", "10:00", "halted"),
        ("", "10:00", "continuous"),
        (None, "12:00", "lunch"),
        ("SOMETHING", "14:35", "atc"),
    ],
)
def test_session_code_means_a_phase(session: str | None, clock: str, phase: Phase) -> None:
    assert phase_of(session, "HOSE", at(clock) - DAY) == phase


@pytest.mark.parametrize("session", ["C", "SOMETHING", "", None])
def test_symbol_whose_code_says_nothing_moves_on_with_the_clock(session: str | None) -> None:
    state = market(snapshot("08:50:00", 0, 0.0, last=0, session=session))
    assert state.symbols["ACB"].phase == "pre_open"
    state.apply(snapshot("12:00:00", 0, 0.0, last=0, session=session))
    assert state.symbols["ACB"].phase == ("closed" if session == "C" else "lunch")


def test_symbol_enters_a_phase_with_a_frame_that_repeats_the_last_trade() -> None:
    state = market(snapshot("14:29:59", 1_000))
    state.apply(snapshot("14:30:01", 1_000, session="ATC"))
    assert state.symbols["ACB"].phase == "atc"


@pytest.mark.parametrize(("session", "phase"), [("ATC", "atc"), ("C", "closed")])
def test_status_message_moves_its_symbol(session: str, phase: Phase) -> None:
    state = market(snapshot("14:20:00", 1_000))
    assert changes(state, status("14:45:03", session)) == [PhaseChange("HOSE", at("14:45:03"), DAY, phase)]
    assert state.symbols["ACB"].phase == phase


def test_status_message_that_is_older_tells_the_status_only() -> None:
    state = market(snapshot("14:20:00", 1_000))
    assert changes(state, status("14:00:00", "ATC", "H"), status("14:21:00", None, "S")) == []
    assert (state.symbols["ACB"].phase, state.symbols["ACB"].status) == ("continuous", "S")


def test_board_follows_the_first_message_of_a_phase() -> None:
    state = market()
    made = changes(
        state,
        quote("09:00:01", session="ATO"),
        snapshot("09:00:02", 0, 0.0, last=0, session="ATO"),
        snapshot("09:15:03", 100, last=100),
        snapshot("09:15:04", 100, symbol="BID"),
    )
    assert [(change.board, change.phase) for change in made if isinstance(change, PhaseChange)] == [
        ("HOSE", "ato"),
        ("HOSE", "continuous"),
    ]


def test_boards_move_on_their_own() -> None:
    state = market(
        snapshot("08:46:00", 0, 0.0, last=0, symbol="41I1GC000", market="DERIVATIVES", session="ATO"),
        snapshot("08:46:00", 0, 0.0, last=0, session="C"),
    )
    assert {board: tracker.at(at("08:46:00")) for board, tracker in state.boards.items()} == {
        "DERIVATIVES": "ato",
        "HOSE": "pre_open",
        "HNX": "pre_open",
        "UPCOM": "pre_open",
    }


def test_board_ignores_older_messages() -> None:
    board = BoardPhase("HOSE")
    assert board.hear("continuous", at("09:15:02"))
    assert not board.hear("ato", at("09:15:01"))
    assert board.at(at("09:15:03")) == "continuous"


def test_board_ignores_the_last_messages_of_the_phase_before_in_the_second_of_the_change() -> None:
    board = BoardPhase("HOSE")
    board.hear("ato", at("09:14:59"))
    heard = [board.hear(phase, at("09:15:00")) for phase in ("continuous", "ato", "continuous")]
    assert (heard, board.phase) == ([True, False, False], "continuous")


def test_board_is_not_halted_by_one_symbol() -> None:
    state = market(snapshot("10:00:00", 1_000))
    assert changes(state, status("10:00:05", "H", "H")) == []
    assert state.symbols["ACB"].phase == "halted"
    assert state.boards["HOSE"].at(at("10:00:06")) == "continuous"


def test_board_that_falls_silent_at_a_boundary_follows_the_timetable_after_a_minute() -> None:
    board = BoardPhase("HOSE")
    board.hear("continuous", at("11:29:58"))
    assert board.at(at("11:30:59")) == "continuous"
    assert board.at(at("11:31:00")) == "lunch"


def test_board_that_runs_late_keeps_the_phase_it_says() -> None:
    board = BoardPhase("HOSE")
    board.hear("atc", at("14:48:50"))
    assert board.at(at("14:49:30")) == "atc"


def test_board_without_a_message_of_the_day_follows_the_timetable() -> None:
    board = BoardPhase("HOSE")
    board.hear("closed", at("14:45:03"))
    assert board.at(at("10:00:00", NEXT_DAY)) == "continuous"


def test_outlook_tells_phase_end_and_what_follows() -> None:
    board = all_boards()["HNX"]
    assert board.outlook(at("14:40:00")) == ("atc", DAY + hm(14, 45), "post_close")
    assert board.outlook(at("23:00:00")) == ("closed", None, None)


@pytest.mark.parametrize(
    ("given", "board"),
    [("HOSE", "HOSE"), ("HSX", "HOSE"), ("hnx", "HNX"), ("UPCOM", "UPCOM"), ("DER", "DERIVATIVES"), (None, "HOSE")],
)
def test_board_of_a_symbol_is_what_the_feed_names(given: str | None, board: BoardName) -> None:
    assert market(foreign("09:20:00", 0, market=given)).symbols["ACB"].board == board


def test_board_of_a_future_is_derivatives_where_the_feed_names_none() -> None:
    assert market(foreign("09:20:00", 0, market=None, symbol="41I1GC000")).symbols["41I1GC000"].board == "DERIVATIVES"
