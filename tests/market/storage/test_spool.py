"""Rows in the spool come back in order; what does not fit goes in a known order, and is said."""

import random
from pathlib import Path

import msgspec
import pytest

from market.storage import spool as module
from market.storage.merge import merged
from market.storage.spool import Spool, pack, record_of, records_of
from market.storage.tables import BARS, FOREIGN, HISTORY, TRADES
from tests.market.storage.batches import RUN, bar, batch, foreign, trade

TABLES = {table.name: table for table in HISTORY}
MEGABYTE = 2**20


def drained(spool: Spool) -> list[int]:
    """Numbers of all batches in it, as they are taken out."""
    numbers = []
    while not spool.is_empty:
        numbers += [record.seq for record in spool.oldest()]
        spool.forget_oldest()
    return numbers


def test_spool_gives_back_batches_in_order_also_to_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SEGMENT_BYTES", 300)
    spool = Spool(tmp_path, MEGABYTE, TABLES)
    for seq in range(1, 20):
        spool.append(batch(seq, [trade(seq)]))
    again = Spool(tmp_path, MEGABYTE, TABLES)
    again.append(batch(20, [trade(20)]))
    assert again.newest_seq() == 20
    assert again.oldest()[0].rows[TRADES.name] == [trade(1)]
    assert drained(again) == list(range(1, 21))
    assert again.size == 0


@pytest.mark.parametrize("seed", range(5))
def test_spool_cut_off_anywhere_gives_the_whole_records_before(tmp_path: Path, seed: int) -> None:
    spool = Spool(tmp_path, MEGABYTE, TABLES)
    ends = []
    for seq in range(1, 6):
        spool.append(batch(seq, [trade(seq)]))
        ends.append(spool.size)
    segment = next(tmp_path.iterdir())
    cut = random.Random(seed).randint(0, spool.size - 1)
    segment.write_bytes(segment.read_bytes()[:cut])
    assert [record.seq for record in records_of(segment)] == [seq for seq, end in enumerate(ends, 1) if end <= cut]


def test_spool_with_a_cut_off_end_goes_on_in_another_file(tmp_path: Path) -> None:
    Spool(tmp_path, MEGABYTE, TABLES).append(batch(1, [trade(1)]))
    segment = next(tmp_path.iterdir())
    segment.write_bytes(segment.read_bytes() + b"\x10\0\0\0cut")
    spool = Spool(tmp_path, MEGABYTE, TABLES)
    spool.append(batch(2, [trade(2)]))
    assert drained(spool) == [1, 2]


def test_spool_that_is_full_loses_oldest_samples_first_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "SEGMENT_BYTES", 1)  # a segment a batch
    samples = [foreign(second, 100) for second in range(50)]
    one = len(pack(record_of(batch(1, [trade(1)], foreign=samples))))
    spool = Spool(tmp_path, 4 * one, TABLES)
    for seq in range(1, 6):
        spool.append(batch(seq, [trade(seq)], foreign=samples))
    assert spool.size <= 4 * one
    kept = []
    while not spool.is_empty:
        kept += spool.oldest()
        spool.forget_oldest()
    assert [record.seq for record in kept] == [1, 2, 3, 4, 5]
    assert [FOREIGN.name in record.rows for record in kept] == [False, False, True, True, True]
    assert spool.lost_rows == 100
    assert "samples" in caplog.text


def test_spool_full_of_trades_loses_the_oldest_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "SEGMENT_BYTES", 1)
    spool = Spool(tmp_path, 3_000, TABLES)
    for seq in range(1, 11):
        spool.append(batch(seq, [trade(number) for number in range(10)]))
    numbers = drained(spool)
    assert numbers == list(range(numbers[0], 11))
    assert spool.lost_rows == (10 - len(numbers)) * 10
    assert "trades and bars among them" in caplog.text


def test_merged_records_hold_what_would_stand_had_they_been_stored_one_by_one() -> None:
    other = msgspec.structs.replace(RUN, epoch="two")
    batches = [
        batch(1, [trade(1)], bars=[bar(100, 1.0)], foreign=[foreign(1, 10)]),
        batch(2, [trade(2)], bars=[bar(300, 2.0)], foreign=[foreign(1, 20)]),
        batch(3, [trade(2)], bars=[bar(200, 3.0)], foreign=[foreign(2, 30)]),
        batch(4, [trade(3)], run=other),
    ]
    first, second = merged([record_of(each) for each in batches], TABLES)
    assert (first.seq, second.seq, second.run.epoch) == (3, 4, "two")
    assert first.rows[TRADES.name] == [trade(1), trade(2)]
    assert first.rows[BARS.name] == [bar(300, 2.0)]
    assert first.rows[FOREIGN.name] == [foreign(1, 20), foreign(2, 30)]


def test_spool_that_a_power_cut_filled_with_zeros_ends_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Spool(tmp_path, MEGABYTE, TABLES).append(batch(1, [trade(1)]))
    segment = next(tmp_path.iterdir())
    segment.write_bytes(segment.read_bytes() + bytes(4096))
    assert [record.seq for record in records_of(segment)] == [1]
    assert not caplog.records
