"""One supervised connection to the stream: it connects, subscribes to one channel, reads, and comes back when lost."""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from market.feed import signalr
from market.feed.errors import (
    BadCredentials,
    FatalFeedError,
    FeedError,
    QuotaExceeded,
    RetryableFeedError,
    Unauthorised,
    answer_error,
    feed_error,
    speaks_of_quota,
    worth_retrying,
)
from market.feed.rest import FastConnectRest
from market.feed.source import ConnectionState, Handle, State
from market.feed.timing import Timing, Watchdog

log = logging.getLogger(__name__)
# The websockets library logs request headers, and with them the token, at DEBUG.
socket_log = logging.getLogger(f"{__name__}.socket")
socket_log.setLevel(logging.INFO)

MAX_FRAME_BYTES = 4 * 2**20
REJECT_LOG_SECONDS = 60.0


class StreamConnection:
    """Keep one channel's connection alive for as long as `supervise` runs.

    `state` says how it does, and `rejected` counts what frames held that is no message, by reason.
    """

    def __init__(self, rest: FastConnectRest, stream_url: str, channel: str, timing: Timing) -> None:
        self.channel = channel
        self._shown = channel if len(channel) <= 40 else f"{channel[:37]}..."  # lists run to hundreds of symbols
        self.state = ConnectionState("connecting", time.time())
        self.rejected: Counter[str] = Counter()
        self._rest = rest
        self._stream_url = stream_url
        self._timing = timing
        self._on_change: Callable[[], None] = lambda: None
        self._worked = False
        self._attempts = 0
        self._blocks = 0
        self._refusals = 0
        self._reject_log_at = 0.0

    async def supervise(self, handle: Handle, on_change: Callable[[], None]) -> None:
        """Run until cancelled. Raises FatalFeedError when going on is useless, and whatever `handle` raises."""
        self._on_change = on_change
        detail = ""
        try:
            while True:
                self._set("connecting", detail)
                try:
                    detail = await self._session(handle)
                except FeedError as error:
                    detail = str(error)
                    await self._after(error)
        except FatalFeedError as error:
            detail = str(error)
            raise
        finally:
            self._set("closed", detail)

    async def _after(self, error: FeedError) -> None:
        """Wait as the error asks for, or raise it when it is final."""
        if isinstance(error, Unauthorised | BadCredentials):
            self._refusals += 1
            if self._refusals >= self._timing.refusals:
                raise BadCredentials(f"{error}; refused {self._refusals} times in a row") from error
        credentials_worked = isinstance(error, BadCredentials) and self._worked
        if not (credentials_worked or worth_retrying(error, worked_before=self._worked)):
            raise error
        self._attempts += 1
        if isinstance(error, QuotaExceeded):
            self._blocks += 1
            state: State = "blocked"
            wait = self._timing.blocked_wait(self._blocks, random.random())
        else:
            self._blocks = 0
            state = "waiting"
            wait = self._timing.retry_wait(self._attempts, random.random())
        log.warning("%s: %s; attempt %s follows in %.1f s", self._shown, error, self._attempts + 1, wait)
        self._set(state, f"{error}; next attempt in {wait:.0f} s")
        await asyncio.sleep(wait)

    async def _session(self, handle: Handle) -> str:
        """Connect, subscribe and read. Return why it ended as planned; raise FeedError for any other end."""
        token = await self._rest.access_token(max_age_seconds=self._timing.token_max_age)
        try:
            negotiation = await self._negotiate(token)
            socket = await self._open(token, negotiation)
        except Unauthorised:
            self._rest.forget_token(token)
            raise
        try:
            await self._start(token, negotiation)
            await self._subscribe(socket)
            return await self._read(socket, handle, self._timing.silence(negotiation.keep_alive_timeout))
        finally:
            await socket.close()

    async def _negotiate(self, token: str) -> signalr.Negotiation:
        response = await self._fetch(signalr.negotiate_url(self._stream_url), token, "negotiate")
        negotiation = signalr.parse_negotiation(response.status_code, response.content)
        if negotiation.redirect_url:
            log.error("The stream moved to %s. Not followed: check SSI_STREAM_URL.", negotiation.redirect_url)
        return negotiation

    async def _open(self, token: str, negotiation: signalr.Negotiation) -> ClientConnection:
        try:
            return await connect(
                signalr.connect_url(self._stream_url, negotiation.connection_token),
                additional_headers={"Authorization": f"Bearer {token}"},
                # Legacy SignalR has its own keep-alive, `{}` every ten seconds, which proves that the hub lives and not
                # only its TCP stack; no known client of SSI sends pings: how its front end takes them is unknown.
                ping_interval=None,
                compression=None,  # ASP.NET does not offer it
                max_size=MAX_FRAME_BYTES,
                open_timeout=self._timing.open_timeout,
                close_timeout=self._timing.close_timeout,
                proxy=None,  # the library would take one from the environment
                logger=socket_log,
            )
        except (WebSocketException, OSError, ValueError) as error:
            raise feed_error(error, "connect") or error from error

    async def _start(self, token: str, negotiation: signalr.Negotiation) -> None:
        response = await self._fetch(signalr.start_url(self._stream_url, negotiation.connection_token), token, "start")
        if response.status_code == 200:
            return
        error = answer_error(response.status_code, response.text, "start")
        if isinstance(error, QuotaExceeded | Unauthorised):
            raise error
        log.warning("%s: %s. Going on: SSI's own Python client does without it.", self._shown, error)

    async def _fetch(self, url: str, token: str, step: str) -> httpx2.Response:
        return await self._rest.fetch(url, token, step, self._timing.open_timeout)

    async def _subscribe(self, socket: ClientConnection) -> None:
        try:
            await socket.send(signalr.switch_channels(self.channel))
        except WebSocketException as error:
            raise feed_error(error, "stream") or error from error
        self._worked = True
        self._refusals = 0
        self._set("connected")
        log.info("%s: connected", self._shown)

    async def _read(self, socket: ClientConnection, handle: Handle, silence: float) -> str:
        loop = asyncio.get_running_loop()
        opened = loop.time()
        watchdog = Watchdog(self._timing, silence, self._quiet)
        try:
            async with watchdog:
                while True:
                    try:
                        frame = await socket.recv(decode=False)
                    except WebSocketException as error:
                        raise feed_error(error, "stream") or error from error
                    watchdog.last_frame = loop.time()
                    received = signalr.receive(frame)
                    if received.messages:
                        watchdog.last_message = watchdog.last_frame
                        if self.state.state == "silent":
                            self._set("connected")
                        now = time.time()
                        for text in received.messages:
                            handle(text, now)
                    if received.is_odd:
                        self._heed(received)
        except FeedError:
            if watchdog.is_silent:
                socket.transport.abort()  # nobody is there to shake hands with
            raise
        finally:
            if loop.time() - opened >= self._timing.healthy_after:
                self._attempts = self._blocks = 0
        return watchdog.planned_end

    def _heed(self, received: signalr.Received) -> None:
        """Act on what a frame held besides messages."""
        for reason in received.rejects:
            self._reject(reason)
        for text in received.errors:
            if speaks_of_quota(text):
                raise QuotaExceeded(f"stream: {text}")
            if text != self.state.detail:  # a repeated text is no news
                log.warning("%s: the venue says: %s", self._shown, text)
                self._set(self.state.state, text)
        for reply in received.replies:  # all are about SwitchChannels, our only invocation
            if reply.error is not None:
                kind = QuotaExceeded if speaks_of_quota(reply.error) else RetryableFeedError
                raise kind(f"SwitchChannels was refused: {reply.error}")
        if received.reconnect:
            raise RetryableFeedError("the stream asks to reconnect")

    def _reject(self, reason: str) -> None:
        self.rejected[reason] += 1
        now = time.monotonic()
        if now >= self._reject_log_at:
            self._reject_log_at = now + REJECT_LOG_SECONDS
            log.warning("%s: %s (dropped so far: %s)", self._shown, reason, self.rejected.total())

    def _quiet(self, seconds: float) -> None:
        if self.state.state != "silent":  # the watchdog looks several times in a lull
            self._set("silent", f"no message for {seconds:.0f} s, keep-alives come")

    def _set(self, state: State, detail: str = "") -> None:
        self.state = ConnectionState(state, time.time(), detail, self._attempts)
        self._on_change()
