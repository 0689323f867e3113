import pytest

from market.pages.card import card_cells, last_cell, range_bar
from market.pages.symbol_consumer import Cards, WantedSymbol, wanted_symbol
from tests.market.live_rows import future_row, index_row, market_row, untraded_row

PHASES = {
    "ato": {"buy": 0, "sell": 0, "neutral": 1_000_000, "unclassified": 0},
    "continuous": {"buy": 6_500_000, "sell": 4_500_000, "neutral": 0, "unclassified": 345_600},
}
METHODS = {"feed": 1_000_000, "quote": 10_000_000, "auction": 1_000_000, "none": 0}


def test_depth_shows_ten_levels_with_bars_against_the_largest() -> None:
    bids = [[1900.0 - n / 10, 10 + n] for n in range(10)]
    cells = card_cells(future_row(bids=bids, asks=[[1901.0, 38]]), "future", "vi")
    assert cells["bid10_price"] == ("1.899,1", "down")
    assert cells["bid10_volume"] == ("19", "down")
    assert cells["bid10_bar"] == ("50", "")
    assert cells["ask1_bar"] == ("100", "")
    assert cells["ask2_price"] == ("", "")
    assert (cells["bid_left"][0], cells["ask_left"][0]) == ("145", "38")
    assert cells["left_bar"] == ("79 21", "")


def test_phases_and_methods_add_up_and_say_what_is_known() -> None:
    cells = card_cells(market_row(phases=PHASES, methods=METHODS), "stock", "en")
    assert cells["ato_neutral"][0] == cells["ato_total"][0] == "1,000,000"
    assert cells["continuous_total"][0] == "11,345,600"
    assert cells["atc_total"][0] == ""
    assert cells["day_total"][0] == "12,345,600"
    assert cells["day_bar"][0] == "53 8 3 36"
    assert cells["method_quote_share"][0] == "81.0%"
    assert cells["method_unclassified"][0] == "345,600"
    assert cells["coverage"][0] == "97.0%", "of the volume outside auctions"


def test_foreign_net_carries_its_sign_and_colour() -> None:
    cells = card_cells(market_row(foreign_buy_volume=100, foreign_sell_volume=2_500), "stock", "vi")
    assert cells["foreign_net"] == ("-2.400", "down")


def test_range_places_low_price_and_high_between_the_limits() -> None:
    row = market_row(floor=25_000.0, ceiling=29_000.0, low=26_000.0, price=27_000.0, high=28_000.0)
    assert range_bar(row) == ("24 25 2 25 24", "")


@pytest.mark.parametrize("changes", [{"price": None}, {"low": None}, {"floor": 27_000.0, "ceiling": 27_000.0}])
def test_range_of_what_is_not_known_is_blank(changes: dict[str, float | None]) -> None:
    assert range_bar(market_row(**changes)) == ("", "")


def test_index_shows_its_value_range_and_breadth() -> None:
    cells = card_cells(index_row(open=1651.0, high=1664.2, low=1649.0), "index", "vi")
    assert cells["price"] == ("1.662,54", "up")
    assert cells["low"] == ("1.649,00", "down")
    assert cells["advances"][0] == "201"
    assert cells["range_bar"][0]


def test_numbers_for_the_chart_are_plain() -> None:
    assert last_cell(market_row())[0] == "1795144504 27450 12345600 337188000000 6500000 4500000 1000000"
    assert last_cell(untraded_row()) == ("", "")
    assert last_cell(index_row())[0].split()[1] == "1662.54"


def test_halted_symbol_says_so() -> None:
    assert card_cells(market_row(phase="halted"), "stock", "en")["halted"][0] == "Trading halted"


def test_cells_of_the_same_row_are_formed_once() -> None:
    cards, row = Cards(), market_row()
    first = cards.cells("stock", "HPG", row, "vi")
    assert cards.cells("stock", "HPG", row, "vi") is first
    assert cards.cells("stock", "HPG", row | {"price": 27_500.0}, "vi")["price"][0] == "27,50"
    assert cards.cells("stock", "HPG", row, "en")["price"][0] == "27.45"


def test_address_of_the_socket_names_language_kind_and_symbol() -> None:
    assert wanted_symbol(b"language=en&kind=index&symbol=vn30") == WantedSymbol("en", "index", "VN30")


@pytest.mark.parametrize(
    "query",
    [
        b"",
        b"kind=stock",
        b"symbol=HPG&kind=bond",
        b"symbol=HPG&language=de",
        b"symbol=" + b"A" * 25,
        b"\xff",
        b"a=1&b=2&c=3&d=4",
    ],
)
def test_address_that_cannot_be_used_is_refused(query: bytes) -> None:
    assert wanted_symbol(query) is None
