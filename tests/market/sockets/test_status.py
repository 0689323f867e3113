"""A change of the status reaches a client whatever came just behind it."""

import json
from typing import Any

from market.broadcast import encode_frame
from market.live import LiveSnapshot
from market.sockets.channel import LiveChannel
from market.sockets.consumers import Client, Pace
from tests.market.live_rows import TIME

LIVE: dict[str, Any] = {"feed": "live"}
LOST: dict[str, Any] = {"feed": "reconnecting"}


async def test_status_that_an_update_followed_at_once_is_told_where_the_client_is() -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(json.loads(message["text"]))

    channel = LiveChannel("market")
    channel.load(LiveSnapshot("market", "e1", 1, TIME, LIVE, {"HPG": {"price": 1.0}}))
    client = Client(send, Pace(), None, 0.0)
    await client.flush(channel, 0.0)
    channel.tell(LOST)
    channel.update(2, encode_frame("update", "market", "e1", 2, TIME, {"rows": {"HPG": {"price": 2.0}}}))
    await client.flush(channel, 0.0)
    await client.flush(channel, 0.0)
    assert [(frame["type"], frame["seq"]) for frame in sent] == [("snapshot", 1), ("update", 2), ("status", 2)]
    assert sent[-1]["data"] == LOST
