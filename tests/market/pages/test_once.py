"""What many readers ask for at once is read once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from django.core.cache import cache

from market.pages import reads, visit

READERS = 4
TOGETHER_SECONDS = 0.2  # so long a read waits for another one beside it


class Slow:
    """A read that counts how often it happens, and takes long enough for others to come."""

    def __init__(self, answer: Any) -> None:
        self.times = 0
        self._answer = answer
        self._together = Barrier(READERS)

    def __call__(self, *_: Any) -> Any:
        self.times += 1
        with suppress(BrokenBarrierError):
            self._together.wait(TOGETHER_SECONDS)
        return self._answer


def at_once(read: Callable[[], Any]) -> list[Any]:
    """Ask from several threads."""
    with ThreadPoolExecutor(READERS) as threads:
        return [each.result() for each in [threads.submit(read) for _ in range(READERS)]]


def test_answer_that_ran_out_is_read_by_one_of_many_readers() -> None:
    cache.clear()
    slow = Slow([1])
    assert at_once(lambda: reads.kept("test-once", 60, slow)) == [[1]] * READERS
    assert slow.times == 1


def test_reference_data_that_ran_out_is_read_by_one_of_many_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    slow = Slow({})
    monkeypatch.setattr(visit, "instruments", slow)
    monkeypatch.setattr(visit, "basket_codes", lambda *_: ["HPG"])
    assert {tuple(each.members) for each in at_once(lambda: visit.reference(date(2026, 11, 20), "vi"))} == {("HPG",)}
    assert slow.times == 1
