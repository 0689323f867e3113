"""What can go wrong at the venue's edge.

* `FeedError`: the request or the input is wrong as it stands; the same call would fail again, other calls need not.
    * `FatalFeedError`: nothing will work until a person changes something. Stop, exit non-zero, print the one line.
        * `BadCredentials`: the venue refuses ConsumerID and ConsumerSecret, or every token made from them.
        * `WrongAddress`: what answers there is not FastConnect. It was an outage, if the same address worked before.
    * `RetryableFeedError`: the same call may work later.
        * `QuotaExceeded`: it will, but not before `wait_seconds` have passed.
        * `Unauthorised`: the venue refused this token; a fresh one may do.
    * `RejectedMessage`: one message that the parser cannot use. It is counted, never raised into the read loop.

`feed_error` turns what the HTTP and WebSocket libraries raise into this tree, `answer_error` an answer's status and
text, and `worth_retrying` is the only place that decides whether another attempt makes sense.
"""

import ssl

import httpx2
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    WebSocketException,
)

SHOWN_TEXT = 200  # characters of an answer that an error message quotes
BLOCKED_SECONDS = 60.0  # the venue says how much was too much, not for how long


class FeedError(Exception):
    """The base of this module's tree; raised itself for a request or a file that cannot work."""


class FatalFeedError(FeedError):
    """Stop: the message is the one line that a person needs."""


class BadCredentials(FatalFeedError):
    """The venue refuses who we are."""


class WrongAddress(FatalFeedError):
    """Something else than FastConnect answers there."""


class RetryableFeedError(FeedError):
    """The same call may work later."""


class Unauthorised(RetryableFeedError):
    """The venue refused the token."""


class QuotaExceeded(RetryableFeedError):
    """Too many calls or connections; the next one may follow after `wait_seconds`."""

    def __init__(self, message: str, wait_seconds: float = BLOCKED_SECONDS) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class RejectedMessage(FeedError):
    """A message that cannot be used: `reason` is one of few words (a counter's label), `detail` is for people."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


def worth_retrying(error: FeedError, *, worked_before: bool = False) -> bool:
    """Tell whether another attempt makes sense.

    An address that never worked is a mistake in the settings; one that did is an outage.
    """
    return isinstance(error, RetryableFeedError) or (isinstance(error, WrongAddress) and worked_before)


def speaks_of_quota(text: str) -> bool:
    """Recognise the venue's two texts: "API calls quota exceeded! ..." and "Connection has been blocked, quota ..."."""
    lowered = text.lower()
    return "quota" in lowered or "has been blocked" in lowered


def answer_error(status: int, text: str, where: str) -> FeedError:
    """Turn an answer other than success into the error it means. `status` is HTTP's or the body's, they agree."""
    shown = " ".join(text.split())[:SHOWN_TEXT]
    message = f"{where} answered {status}" + (f": {shown}" if shown else "")
    if status == 429 or speaks_of_quota(text):
        return QuotaExceeded(message)
    if status in (401, 403) or "connection is invalid" in text.lower():
        return Unauthorised(message)
    if status == 408 or status >= 500:
        return RetryableFeedError(message)
    return WrongAddress(f"{message}; expected SSI FastConnect there")


def feed_error(error: Exception, where: str) -> FeedError | None:
    """Turn a library's error into ours, or return None for what is no matter of the connection (a bug, then)."""
    if isinstance(error, FeedError):
        return error
    text = f"{where}: {error or type(error).__name__}"
    if _has_cause(error, ssl.SSLCertVerificationError):
        return WrongAddress(f"{text}; expected a certificate of that host")
    if isinstance(error, InvalidStatus):
        body = error.response.body or b""
        return answer_error(error.response.status_code, body.decode(errors="replace"), where)
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.InvalidURL):
        return WrongAddress(f"{text}; expected an address with http:// or https://")
    if isinstance(error, InvalidHandshake) and not isinstance(error, InvalidMessage):
        return WrongAddress(f"{text}; expected a WebSocket")
    if isinstance(
        error, ConnectionClosed | WebSocketException | httpx2.HTTPError | OSError
    ):  # TimeoutError is an OSError
        return RetryableFeedError(text)
    return None


def _has_cause(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False
