"""How long a connection waits, and when it is renewed."""

from datetime import UTC, datetime

import pytest

from market.domain.calendar import VIETNAM
from market.feed.timing import Timing


def test_silence_is_twice_the_keep_alive_time_of_the_server_but_no_less_than_the_floor() -> None:
    assert Timing().silence(20.0) == 45.0
    assert Timing().silence(60.0) == 120.0
    assert Timing().silence(None) == 600.0


def test_waits_grow_up_to_their_limits() -> None:
    timing = Timing()
    assert [timing.retry_wait(attempts, 0.0) for attempts in (1, 5, 500)] == [1.0, 1.0, 1.0]
    assert [timing.retry_wait(attempts, 1.0) for attempts in (1, 2, 4, 5, 500)] == [2.0, 4.0, 16.0, 30.0, 30.0]
    assert [timing.blocked_wait(blocks, 0.0) for blocks in (1, 2, 4, 500)] == [60.0, 120.0, 480.0, 600.0]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 11, 20, 7, 0, tzinfo=VIETNAM), 3600.0),
        (datetime(2026, 11, 20, 8, 0, tzinfo=VIETNAM), 86_400.0),
        (datetime(2026, 11, 20, 23, 0, tzinfo=UTC), 2 * 3600.0),
    ],
)
def test_renewal_is_at_eight_in_vietnam(now: datetime, expected: float) -> None:
    assert Timing(renew_spread=0.0).renewal(now, 0.5) == expected
    assert Timing(renew_spread=30.0).renewal(now, 0.5) == expected + 15.0
    assert Timing(renew_at=None).renewal(now, 0.5) is None
    assert Timing(renew_at=None, renew_after=7.0, renew_spread=0.0).renewal(now, 0.5) == 7.0
