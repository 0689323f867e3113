"""Sockets. One board, one hub and one door for each web process, shared by all its sockets."""

from django.urls import re_path

from market import live
from market.pages.board_consumer import BoardConsumer
from market.pages.live_board import LiveBoard
from market.pages.sockets import page_patterns
from market.pages.symbol_consumer import Cards, SymbolConsumer
from market.sockets.consumers import LiveConsumer
from market.sockets.door import Door
from market.sockets.farewell import Farewell
from market.sockets.hub import LiveHub
from market.sockets.slots import Slots
from market.sockets.terms import COME_BACK


def say_goodbye() -> None:
    """Ask every socket to come back, to the process that takes over."""
    hub.close_all(COME_BACK)
    door.close_all()


board = LiveBoard()
hub = LiveHub()
slots = Slots(live.connect)
farewell = Farewell(say_goodbye)
door = Door(slots, farewell)
consumer = LiveConsumer(hub, slots, farewell=farewell)

websocket_urlpatterns = [
    re_path(r"^ws/board/?$", BoardConsumer.as_asgi(board=board, door=door)),  # type: ignore[arg-type]  # plain ASGI
    re_path(r"^ws/symbol/?$", SymbolConsumer.as_asgi(board=board, door=door, cards=Cards())),  # type: ignore[arg-type]
    *page_patterns(door),
    re_path(rf"^ws/(?P<channel>{'|'.join(live.CHANNELS)})/?$", consumer),  # type: ignore[arg-type]  # plain ASGI
]
