"""The envelope of FastConnect's REST answers: what is a success, what is empty, what is wrong.

An answer is a failure when HTTP says so, when the body's `status` does (401 comes with HTTP 200), or when `data` is
null without "No data". Source: the fact sheet, section 1.3.
"""

from typing import Any

import msgspec
from msgspec import Struct

from market.feed.errors import FeedError, QuotaExceeded, RetryableFeedError, WrongAddress, answer_error, speaks_of_quota


class Answer(Struct, rename="camel"):
    """The envelope of every answer. `status` is a text, or a number for AccessToken and for refusals."""

    data: Any = None
    message: str | None = None
    status: str | int | None = None
    total_record: int | str | None = None

    @property
    def total(self) -> int:
        """Return how many rows there are on all pages, or 0 when the venue does not say."""
        text = str(self.total_record)
        return int(text) if text.isdigit() else 0

    @property
    def is_nested(self) -> bool:
        """Tell whether the rows are one level down, as those of SecuritiesDetails are."""
        return isinstance(self.data, list) and any(isinstance(row, dict) and "RepeatedInfo" in row for row in self.data)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Return the rows; what is no object is left out."""
        outer = [row for row in self.data if isinstance(row, dict)] if isinstance(self.data, list) else []
        if not self.is_nested:
            return outer
        return [row for part in outer for row in part.get("RepeatedInfo") or [] if isinstance(row, dict)]


def read_answer(status: int, body: bytes, name: str) -> Answer:
    """Check an answer by the envelope's rules and return it; `data` is None or empty when there is nothing.

    Raises what the answer means: Unauthorised, QuotaExceeded, WrongAddress, RetryableFeedError, FeedError.
    """
    text = body[:1000].decode(errors="replace")
    try:
        answer = msgspec.json.decode(body, type=Answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if status != 200:
            raise answer_error(status, text, name) from error
        if speaks_of_quota(text):
            raise QuotaExceeded(f"{name} answered: {text[:200]}") from error
        raise WrongAddress(f"{name}: expected FastConnect's JSON, was {' '.join(text.split())[:80]!r}") from error
    message = answer.message or ""
    if status == 200 and answer.status is None:
        raise WrongAddress(f"{name}: expected FastConnect's envelope with a status, was {text[:80]!r}")
    if status != 200 and not (status == 400 and message):
        raise answer_error(status, message or text, name)
    if str(answer.status) not in ("200", "Success"):
        raise _body_error(answer.status, message, name)
    if answer.data is None and "no data" not in message.lower():
        raise RetryableFeedError(f"{name} answered without data: {message!r}")
    return answer


def _body_error(status: str | int | None, message: str, name: str) -> FeedError:
    text = str(status)
    error = answer_error(int(text) if text.isdigit() else 400, message, name)
    # The address is right, since an envelope came: it is the request that the venue does not like.
    return FeedError(f"{name} answered {status}: {message}") if isinstance(error, WrongAddress) else error
