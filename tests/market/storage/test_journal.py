"""What reached the journal can be read again, whatever happened to the process."""

import os
from pathlib import Path

import pytest

from market.storage.journal import LOST_SIGHT, Journal


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal with its first segment open."""
    journal = Journal(tmp_path)
    journal.open(1)
    return journal


def test_journal_gives_back_messages_and_marks_in_order(journal: Journal) -> None:
    journal.append('{"DataType":"X"}')
    journal.mark(LOST_SIGHT)
    journal.append("mua chủ động".encode())
    assert list(journal.read(1)) == [b'{"DataType":"X"}', LOST_SIGHT, "mua chủ động".encode()]
    assert journal.messages == 2


def test_journal_message_of_several_lines_stays_one(journal: Journal) -> None:
    journal.append('{"a":\n1}')
    assert list(journal.read(1)) == [b'{"a": 1}']


def test_journal_rotated_and_forgotten_keeps_what_came_later(journal: Journal) -> None:
    journal.append("first")
    assert journal.rotate() == 1
    journal.append("second")
    journal.forget(1)
    assert journal.segments() == [2]
    assert list(journal.read(2)) == [b"second"]
    assert journal.size == len("second\n")


def test_journal_line_that_was_cut_off_is_not_a_message(journal: Journal, tmp_path: Path) -> None:
    journal.append("whole")
    with (tmp_path / "000000000001.jsonl").open("ab") as file:
        file.write(b'{"DataType":"X","Cont')
    assert list(Journal(tmp_path).read(1)) == [b"whole"]


def test_journal_that_cannot_be_written_stops_nothing_and_marks_the_gap(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    os.close(journal._file)  # the next write fails, as on a broken disk
    journal._file = os.open("/dev/full", os.O_WRONLY)
    journal.append("one")
    journal.append("two")
    journal.rotate()
    journal.append("three")
    assert list(journal.read(2)) == [LOST_SIGHT, b"three"]
    assert [record.levelname for record in caplog.records] == ["ERROR"]
