"""Sockets. One board and one hub for each web process, shared by all its sockets."""

from django.urls import re_path

from market import live
from market.board_consumer import BoardConsumer
from market.consumers import LiveConsumer
from market.live_board import LiveBoard
from market.live_hub import LiveHub
from market.slots import Slots

board = LiveBoard()
consumer = LiveConsumer(LiveHub(), Slots(live.connect))

websocket_urlpatterns = [
    re_path(r"^ws/board/?$", BoardConsumer.as_asgi(board=board)),  # type: ignore[arg-type]  # plain ASGI
    re_path(rf"^ws/(?P<channel>{'|'.join(live.CHANNELS)})/?$", consumer),  # type: ignore[arg-type]  # plain ASGI
]
