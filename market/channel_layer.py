"""Channels' layer of Redis pub/sub, which here keeps nothing of what Redis did not take.

Its own notes the queue of a channel and the member of a group first and asks Redis second: each page that tried to come
back while Redis was away would leave both behind, and every later message would look at all of them.
"""

from uuid import uuid4

from channels_redis.pubsub import RedisPubSubChannelLayer


class ChannelLayer(RedisPubSubChannelLayer):  # type: ignore[misc]  # channels has no types
    """The layer of settings.CHANNEL_LAYERS."""

    async def new_channel(self, prefix: str = "specific.") -> str:
        """A channel of one socket. Raises what redis-py raises."""
        layer = self._get_layer()
        channel = f"{layer.prefix}{prefix}{uuid4().hex}"
        try:
            await layer._subscribe_to_channel(channel)
        except BaseException:
            layer.channels.pop(channel, None)
            raise
        return channel

    async def group_add(self, group: str, channel: str) -> None:
        """Let a channel hear what is sent to a group. Raises what redis-py raises."""
        layer = self._get_layer()
        try:
            await layer.group_add(group, channel)
        except BaseException:
            name = layer._get_group_channel_name(group)
            members = layer.groups.get(name, set())
            members.discard(channel)
            if not members:
                layer.groups.pop(name, None)
            raise
