"""Sockets of signals: one feed for each web process, on the hub and behind the door of the market's sockets."""

from django.urls import re_path

from alerts.consumers import SignalsConsumer
from alerts.signals.feed import SignalFeed
from market.pages.board_consumer import BoardConsumer
from market.pages.live_board import LiveBoard, no_patch
from market.routing import door, hub

feed = SignalFeed(hub)
status = LiveBoard(forms={"market": no_patch}, listed=frozenset())  # header and clock of the signals page

websocket_urlpatterns = [
    re_path(r"^ws/signals/?$", SignalsConsumer.as_asgi(feed=feed, door=door)),  # type: ignore[arg-type]  # plain ASGI
    re_path(r"^ws/page/signals/?$", BoardConsumer.as_asgi(board=status, door=door)),  # type: ignore[arg-type]
]
