"""Sockets. One board, one hub and one door for each web process, shared by all its sockets."""

from django.urls import URLPattern, re_path

from market import live
from market.board_consumer import BoardConsumer
from market.consumers import LiveConsumer
from market.door import Door
from market.farewell import Farewell
from market.live_board import LiveBoard
from market.live_hub import LiveHub
from market.page_sockets import page_patterns
from market.slots import Slots
from market.sockets import COME_BACK
from market.symbol_consumer import Cards, SymbolConsumer


def patterns() -> list[URLPattern]:
    """Put together what a web process needs, and give it addresses."""
    board = LiveBoard()
    hub = LiveHub()
    slots = Slots(live.connect)

    def say_goodbye() -> None:
        hub.close_all(COME_BACK)
        door.close_all()

    farewell = Farewell(say_goodbye)
    door = Door(slots, farewell)
    consumer = LiveConsumer(hub, slots, farewell=farewell)
    symbol = SymbolConsumer.as_asgi(board=board, door=door, cards=Cards())
    return [
        re_path(r"^ws/board/?$", BoardConsumer.as_asgi(board=board, door=door)),  # type: ignore[arg-type]  # plain ASGI
        re_path(r"^ws/symbol/?$", symbol),  # type: ignore[arg-type]
        *page_patterns(door),
        re_path(rf"^ws/(?P<channel>{'|'.join(live.CHANNELS)})/?$", consumer),  # type: ignore[arg-type]
    ]


websocket_urlpatterns = patterns()
