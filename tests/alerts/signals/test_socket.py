"""The socket of signals over a real Valkey, with alerts as ingest publishes them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from channels.testing import WebsocketCommunicator

from alerts.consumers import Pace, SignalsConsumer, asked
from alerts.signals.feed import SignalFeed
from alerts.signals.lines import Wanted
from market.sockets.hub import LiveHub, Rhythm
from tests.alerts.signal_rows import START, AlertPublisher, alert_row
from tests.patience import PATIENT_SECONDS

pytestmark = pytest.mark.django_db  # rules' names

Frame = dict[str, Any]
QUICK = Pace(interval=0.01, beat_after=0.3, close_after=30.0)
AT = int(START.timestamp())


@pytest.fixture
def publisher(redis_url: str) -> AlertPublisher:
    publisher = AlertPublisher()
    publisher.store_alerts(alert_row(1), alert_row(2, "ACB", "volume_spike"))
    return publisher


class Page:
    """A client that confirms what it gets, unless told not to."""

    def __init__(self, socket: WebsocketCommunicator) -> None:
        self.socket = socket
        self.acks = True

    async def frame(self, *kinds: str) -> Frame:
        """The next frame of one of these kinds."""
        while True:
            frame: Frame = msgspec.json.decode(await self.socket.receive_from(timeout=PATIENT_SECONDS))
            if self.acks:
                await self.confirm(frame)
            if not kinds or frame["type"] in kinds:
                return frame

    async def confirm(self, frame: Frame) -> None:
        await self.socket.send_to(text_data=f'{{"ack":{frame["seq"]}}}')

    async def closed(self) -> int:
        """The code with which the server closes."""
        while True:
            event = await self.socket.receive_output(timeout=PATIENT_SECONDS)
            if event["type"] == "websocket.close":
                return int(event["code"])


@asynccontextmanager
async def opened(signals: SignalFeed, pace: Pace = QUICK, **query: Any) -> AsyncIterator[Page]:
    application = SignalsConsumer.as_asgi(feed=signals, pace=pace)
    socket = WebsocketCommunicator(application, f"/ws/signals/?{urlencode(query)}")
    accepted, _ = await socket.connect(timeout=PATIENT_SECONDS)
    assert accepted
    try:
        yield Page(socket)
    finally:
        await socket.disconnect(timeout=PATIENT_SECONDS)


@pytest.fixture
def feed() -> SignalFeed:
    return SignalFeed(LiveHub(rhythm=Rhythm(tick=0.05)))


async def test_state_counts_what_came_since_the_reader_looked_and_tells_what_was_missed(
    publisher: AlertPublisher, feed: SignalFeed
) -> None:
    async with opened(feed) as fresh, opened(feed, seen=AT + 1, after=AT + 1, feed=1) as page:
        state = await fresh.frame("state")
        assert (state["newest"], state["unseen"], state["items"]) == (AT + 2, 0, [])
        state = await page.frame("state")
        assert state["unseen"] == 1
        assert [item["symbol"] for item in state["items"]] == ["ACB"]
        assert 'id="volume_spike-2-ACB' in state["items"][0]["line"]


async def test_alert_comes_in_the_readers_language_and_only_critical_ones_as_toasts(
    publisher: AlertPublisher, feed: SignalFeed
) -> None:
    async with opened(feed, language="en", feed=1) as page, opened(feed) as other:
        for each in (page, other):
            await each.frame("state")
        await publisher.fire(alert_row(3, "VCB"), alert_row(4, "SSI", "volume_spike"))
        told = await page.frame("signals")
        vcb, ssi = told["items"]
        assert (vcb["symbol"], ssi["symbol"], told["count"]) == ("VCB", "SSI", 2)
        assert "28.80 thousand VND" in vcb["line"]
        assert "/symbol/VCB/?at=" in vcb["toast"]
        assert "toast" not in ssi
        vcb, ssi = (await other.frame("signals"))["items"]
        assert "Nghiêm trọng" in vcb["toast"]
        assert "line" not in vcb
        assert "line" not in ssi


async def test_server_filters_lines_but_not_toasts(publisher: AlertPublisher, feed: SignalFeed) -> None:
    async with opened(feed, feed=1, kind="volume_spike,large_trade", symbol="SSI", seen=AT) as page:
        await page.frame("state")
        await publisher.fire(alert_row(3), alert_row(4, "SSI", "volume_spike"), alert_row(5, "ACB", "volume_spike"))
        items = (await page.frame("signals"))["items"]
        assert [(item["symbol"], "line" in item, "toast" in item) for item in items] == [
            ("HPG", False, True),
            ("SSI", True, False),
            ("ACB", False, False),
        ]


async def test_page_that_does_not_confirm_gets_one_frame_and_later_all(
    publisher: AlertPublisher, feed: SignalFeed
) -> None:
    async with opened(feed) as page, opened(feed) as other:
        await other.frame("state")
        page.acks = False
        state = await page.frame("state")
        for number in (3, 4, 5):
            await publisher.fire(alert_row(number))
            await other.frame("signals")
        assert await page.socket.receive_nothing(timeout=0.1)
        await page.confirm(state)
        assert (await page.frame("signals"))["count"] == 3


async def test_restart_of_ingest_tells_nothing_twice(publisher: AlertPublisher, feed: SignalFeed) -> None:
    async with opened(feed) as page:
        await page.frame("state")
        again = AlertPublisher("e2")
        again.store_alerts(alert_row(1), alert_row(2, "ACB", "volume_spike"))
        await again.fire(alert_row(3, "FPT"))
        assert [item["symbol"] for item in (await page.frame("signals"))["items"]] == ["FPT"]


async def test_silence_is_broken_by_beats_and_a_page_that_does_not_answer_is_closed(
    publisher: AlertPublisher, feed: SignalFeed
) -> None:
    async with opened(feed, QUICK._replace(close_after=2.0)) as page:
        await page.frame("state")
        page.acks = False
        await page.frame("beat")
        assert await page.closed() == 4408


@pytest.mark.parametrize("query", ["language=de", "kind=x", "seen=-1", "seen=x", "after=99999999999", "symbol=%00"])
async def test_bad_address_is_refused(feed: SignalFeed, query: str) -> None:
    assert asked(query.encode()) is None
    socket = WebsocketCommunicator(SignalsConsumer.as_asgi(feed=feed), f"/ws/signals/?{query}")
    await socket.connect(timeout=PATIENT_SECONDS)
    assert (await socket.receive_output(timeout=PATIENT_SECONDS)) == {"type": "websocket.close", "code": 4400}


def test_address_is_read() -> None:
    found = asked(b"language=en&feed=1&severity=critical&seen=5&after=6")
    assert found is not None
    assert (found.wanted, found.language, found.feed) == (Wanted(severities=("critical",)), "en", True)
    assert (found.seen, found.after) == (5, 6)


@pytest.mark.parametrize("text", ["x", "[]", '{"ack":"1"}', "{}", "9" * 101])
async def test_nonsense_from_a_page_closes_its_socket(publisher: AlertPublisher, feed: SignalFeed, text: str) -> None:
    async with opened(feed) as page:
        await page.frame("state")
        await page.socket.send_to(text_data=text)
        assert await page.closed() == 4400


async def test_feed_lets_go_of_the_channel_with_its_last_page_and_comes_back(
    publisher: AlertPublisher, feed: SignalFeed
) -> None:
    for _ in range(2):
        async with opened(feed, after=AT) as page:
            assert len((await page.frame("state"))["items"]) == 2
        assert feed.clients == set()


async def test_crowd_is_refused(publisher: AlertPublisher) -> None:
    feed = SignalFeed(LiveHub(), most_clients=1)
    async with opened(feed) as page:
        await page.frame("state")
        async with opened(feed) as late:
            assert await late.closed() == 4429


async def test_fault_of_the_feed_costs_later_pages_nothing(
    publisher: AlertPublisher, feed: SignalFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> dict[int, str]:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("alerts.signals.feed.rule_names", broken)
    async with opened(feed, feed=1) as page:
        await page.frame("state")
        for number in (3, 4):
            await publisher.fire(alert_row(number))
            assert (await page.frame("signals"))["items"][0]["time"] == alert_row(number)["time"]
        await publisher.fire({"id": "x"})
        await publisher.update("alerts", {"x": None})
        await publisher.fire(alert_row(5))
        assert (await page.frame("signals"))["items"][0]["time"] == alert_row(5)["time"]
        async with opened(feed) as late:
            assert (await late.frame("state"))["newest"] == AT + 5
