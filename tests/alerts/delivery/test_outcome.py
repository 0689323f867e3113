"""What HTTP answers mean, and how long to wait."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.outcome import LONGEST_PAUSE, Outcome, Result, of_status, pause
from alerts.delivery.sending import pause as pause_before

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "result"),
    [
        *((200, "sent"), (201, "sent"), (204, "sent"), (301, "refused"), (400, "refused"), (401, "refused")),
        *(
            (404, "refused"),
            (408, "retry"),
            (410, "gone"),
            (425, "retry"),
            (429, "retry"),
            (500, "retry"),
            (503, "retry"),
        ),
    ],
)
def test_status_decides_what_happens_next(status: int, result: str) -> None:
    assert of_status(status, "", NOW).result == result


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *(
            ("30", 30.0),
            ("0", 0.0),
            ("", None),
            ("soon", None),
            ("-5", None),
            ("1e3", None),
            ("99999999", LONGEST_PAUSE),
        ),
        ("Fri, 20 Nov 2026 03:01:00 GMT", 60.0),
        ("Fri, 20 Nov 2026 02:00:00 GMT", 0.0),
        ("Fri, 20 Nov 2026 03:01:00", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert pause(header, NOW) == seconds


@given(st.text(max_size=40))
def test_retry_after_never_breaks(header: str) -> None:
    found = pause(header, NOW)
    assert found is None or 0 <= found <= LONGEST_PAUSE


@given(st.integers(1, 8))
def test_pause_grows_with_attempts_and_honours_what_was_asked(attempts: int) -> None:
    usual = pause_before(attempts, Outcome(Result.RETRY)).total_seconds()
    assert min(2 ** (attempts + 1), 240) / 2 <= usual <= min(2 ** (attempts + 1), 240)
    assert pause_before(attempts, Outcome(Result.RETRY, after=600)).total_seconds() >= 600
