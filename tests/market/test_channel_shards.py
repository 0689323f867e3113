"""Groups spread over two Redis servers, as CHANNEL_REDIS_URLS has it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings

from market.live import CHANNELS, group
from tests.ports import held_port
from tracker.launch.process import Process, Warden
from tracker.launch.valkey import Valkey


@pytest.fixture
def second_url(warden: Warden, tmp_path: Path) -> Iterator[str]:
    """Address of a server beside that of the other tests."""
    server = Valkey(tmp_path, held_port())
    process = Process(server.command(), warden)
    try:
        process.wait_until(server.is_ready)
        yield server.url
    finally:
        process.stop()


def layer_on(*urls: str) -> RedisPubSubChannelLayer:
    """A layer as the settings make it, on these servers."""
    config: Any = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    return RedisPubSubChannelLayer(**config | {"hosts": [config["hosts"][0] | {"address": url} for url in urls]})


def followed(url: str) -> set[str]:
    """The groups that somebody listens to on a server."""
    with redis.Redis.from_url(url) as client:
        return {name.decode().rpartition("__group__")[2] for name in client.pubsub_channels("*__group__*")}


async def test_groups_on_two_servers_carry_every_channel_and_share_the_work(redis_url: str, second_url: str) -> None:
    sender, receiver = layer_on(redis_url, second_url), layer_on(redis_url, second_url)
    try:
        for channel in CHANNELS:
            queue = await receiver.new_channel()
            await receiver.group_add(group(channel), queue)
            await sender.group_send(group(channel), {"type": "live.message", "channel": channel})
            assert (await receiver.receive(queue))["channel"] == channel
        first, second = followed(redis_url), followed(second_url)
        assert first | second == {group(channel) for channel in CHANNELS}
        assert first and second and not first & second
    finally:
        await sender.flush()
        await receiver.flush()
