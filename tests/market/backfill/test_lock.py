"""One at a time."""

import pytest

from market.backfill.lock import alone
from tests.market.backfill.small_market import (
    locks,
)


@pytest.mark.django_db
def test_lock_is_let_go_of_after_an_error() -> None:
    before = locks()
    with pytest.raises(RuntimeError), alone("venue"), alone("prune"):
        assert locks() == before + 2
        raise RuntimeError
    assert locks() == before
