"""Why something was not delivered, in words."""

import pytest
from django.utils import translation

from alerts.delivery.reasons import WORDS, Reason, words_of


@pytest.mark.parametrize(
    ("stored", "english", "vietnamese"),
    [
        (Reason.HTTP(503), "the other side answered HTTP 503", "bên nhận trả lời HTTP 503"),
        (Reason.TELEGRAM("403: Forbidden"), "Telegram answered 403: Forbidden", "Telegram trả lời 403: Forbidden"),
        (Reason.NO_ANSWER(), "no answer in time", "không trả lời kịp thời gian"),
        ("HTTP 500", "HTTP 500", "HTTP 500"),  # of an older version
        ("", "", ""),
    ],
)
def test_reason_is_shown_in_the_language_of_the_reader(stored: str, english: str, vietnamese: str) -> None:
    with translation.override("en"):
        assert words_of(stored) == english
    with translation.override("vi"):
        assert words_of(stored) == vietnamese


def test_every_reason_has_words_in_both_languages() -> None:
    assert set(WORDS) == set(Reason)
    for reason in Reason:
        said = []
        for language in ("en", "vi"):
            with translation.override(language):
                said.append(words_of(reason("detail")))
        assert len(set(said)) == 2 and not any("%(" in text for text in said)
