"""Sockets. One board for each web process, shared by all its pages."""

from django.urls import re_path

from market.board_consumer import BoardConsumer
from market.live_board import LiveBoard

board = LiveBoard()

websocket_urlpatterns = [
    re_path(r"^ws/board/?$", BoardConsumer.as_asgi(board=board)),
]
