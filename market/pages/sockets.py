"""The sockets of the pages beside the price board: one board for each kind of page and web process."""

from django.urls import URLPattern, re_path

from market.pages import derivatives as derivatives_page
from market.pages import foreign as foreign_page
from market.pages import overview as overview_page
from market.pages import volume as volume_page
from market.pages.board_consumer import BoardConsumer
from market.pages.live_board import LiveBoard
from market.sockets.door import Door


def page_patterns(door: Door) -> list[URLPattern]:
    """Build the boards and the addresses of their sockets."""
    boards = {
        "foreign": LiveBoard(forms=foreign_page.FORMS, listed=foreign_page.LISTED),
        "derivatives": LiveBoard(forms=derivatives_page.FORMS, listed=frozenset()),
        "volume": LiveBoard(forms=volume_page.FORMS),
        "overview": LiveBoard(forms=overview_page.FORMS),
    }
    return [
        re_path(rf"^ws/page/{page}/?$", BoardConsumer.as_asgi(board=board, door=door))  # type: ignore[arg-type]  # plain ASGI
        for page, board in boards.items()
    ]
