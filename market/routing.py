"""Sockets. One board and one hub for each web process, shared by all its sockets."""

from django.urls import re_path

from market import live
from market.board_consumer import BoardConsumer
from market.consumers import LiveConsumer
from market.farewell import Farewell
from market.live_board import LiveBoard
from market.live_hub import LiveHub
from market.page_sockets import page_patterns
from market.slots import Slots
from market.sockets import COME_BACK
from market.symbol_consumer import Cards, SymbolConsumer

board = LiveBoard()
hub = LiveHub()
farewell = Farewell(lambda: hub.close_all(COME_BACK))
consumer = LiveConsumer(hub, Slots(live.connect), farewell=farewell)

websocket_urlpatterns = [
    re_path(r"^ws/board/?$", BoardConsumer.as_asgi(board=board)),  # type: ignore[arg-type]  # plain ASGI
    re_path(r"^ws/symbol/?$", SymbolConsumer.as_asgi(board=board, cards=Cards())),  # type: ignore[arg-type]
    *page_patterns(),
    re_path(rf"^ws/(?P<channel>{'|'.join(live.CHANNELS)})/?$", consumer),  # type: ignore[arg-type]  # plain ASGI
]
