from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.pages.formatting import BLANK, cells, colour, millions, number, parse, shares, slot_of, spark, thousands
from tests.market.live_rows import market_row, untraded_row

LANGUAGES = ("vi", "en")


@pytest.mark.parametrize(
    ("language", "volume", "price", "change"),
    [("vi", "12.345.600", "27,45", "+0,50"), ("en", "12,345,600", "27.45", "+0.50")],
)
def test_cells_follow_the_form_of_the_language(language: str, volume: str, price: str, change: str) -> None:
    shown = cells(market_row(), language)
    assert shown["total"][0] == volume
    assert shown["price"][0] == price
    assert shown["change"][0] == change
    assert shown["percent"][0] == ("+1,86" if language == "vi" else "+1.86")


@pytest.mark.parametrize(
    ("price", "state"),
    [
        (28800.0, "ceiling"),
        (28750.0, "up"),
        (26950.0, "reference"),
        (26900.0, "down"),
        (25100.0, "floor"),
        (None, ""),
        (0.0, ""),
    ],
)
def test_colour_of_a_price_follows_its_own_relation(price: float | None, state: str) -> None:
    assert colour(price, market_row()) == state


def test_colour_without_reference_and_limits_is_blank() -> None:
    assert colour(27000.0, market_row(reference=None, ceiling=None, floor=None)) == ""


def test_cells_colour_each_price_by_itself_and_its_volume_alike() -> None:
    row = market_row(
        price=26900.0, high=28800.0, low=25100.0, average=26950.0,
        bids=[[26950.0, 100], [26900.0, 200]], asks=[[27000.0, 300], [28800.0, 400]],
    )  # fmt: skip
    states = {name: state for name, (_, state) in cells(row, "vi").items()}
    assert states["symbol"] == states["price"] == states["volume"] == states["change"] == "down"
    assert (states["high"], states["low"], states["average"]) == ("ceiling", "floor", "reference")
    assert states["bid1_price"] == states["bid1_volume"] == "reference"
    assert states["bid2_price"] == states["bid2_volume"] == "down"
    assert states["ask1_price"] == states["ask1_volume"] == "up"
    assert states["ask2_price"] == states["ask2_volume"] == "ceiling"
    assert (states["ceiling"], states["reference"], states["floor"]) == ("ceiling", "reference", "floor")


def test_cells_of_an_untraded_symbol_are_blank_never_minus_hundred() -> None:
    shown = cells(untraded_row(), "vi")
    for name in ("price", "volume", "change", "percent", "high", "average", "low", "total", "active", "spark"):
        assert shown[name] == BLANK
    assert shown["symbol"] == ("TCX", "")
    assert shown["reference"] == ("26,95", "reference")
    assert shown["foreign_buy"][0] == shown["room"][0] == ""


@pytest.mark.parametrize(("phase", "word"), [("ato", "ATO"), ("pre_open", "ATO"), ("atc", "ATC"), ("closed", "ATC")])
def test_level_without_price_names_the_auction_order(phase: str, word: str) -> None:
    shown = cells(market_row(phase=phase, bids=[[None, 45_200], [27000.0, 100]]), "vi")
    assert shown["bid1_price"] == (word, "auction")
    assert shown["bid1_volume"] == ("45.200", "auction")
    assert shown["bid2_price"] == ("27,00", "up")


@pytest.mark.parametrize("level", [[None, 0], [0.0, 0], [None, None]])
def test_level_without_price_and_volume_is_blank(level: list[float | None]) -> None:
    shown = cells(market_row(asks=[level]), "vi")
    assert shown["ask1_price"] == shown["ask1_volume"] == shown["ask3_price"] == BLANK


def test_auction_shows_the_expected_price_marked_and_no_volume() -> None:
    shown = cells(market_row(phase="atc", expected_price=26800.0), "vi")
    assert shown["price"] == ("≈26,80", "down expected")
    assert shown["change"] == ("-0,15", "down expected")
    assert shown["percent"] == ("-0,56", "down expected")
    assert shown["volume"] == ("", "down")
    assert shown["symbol"] == ("HPG", "down")


def test_auction_without_expected_price_keeps_the_last_match() -> None:
    assert cells(market_row(phase="atc"), "vi")["price"] == ("27,45", "up")


def test_expected_price_outside_an_auction_is_not_shown() -> None:
    assert cells(market_row(expected_price=26800.0), "vi")["price"] == ("27,45", "up")


def test_active_share_leaves_out_what_nobody_decided_and_says_so() -> None:
    shown = cells(market_row(buy_volume=30, sell_volume=10, neutral_volume=20, unclassified_volume=40), "vi")
    assert shown["active"] == ("75", "partial")
    assert shown["active_bar"][0] == "30 20 40 10"


def test_active_share_of_an_auction_only_day_is_blank_but_the_bar_is_full() -> None:
    shown = cells(market_row(buy_volume=0, sell_volume=0, neutral_volume=500, unclassified_volume=0), "vi")
    assert shown["active"] == BLANK
    assert shown["active_bar"][0] == "0 100 0 0"


def test_row_state_tells_whether_silence_means_stale() -> None:
    assert cells(market_row(), "vi")["row"] == ("1795144504", "trading")
    assert cells(market_row(phase="lunch"), "vi")["row"][1] == "resting"
    assert cells(market_row(phase="halted"), "vi")["row"][1] == "halted"
    assert cells(market_row(time=None), "vi")["row"][0] == ""


def test_room_is_short_above_a_million() -> None:
    assert millions(1_834_567_890, "vi") == "1.834,6 tr"
    assert millions(1_834_567_890, "en") == "1,834.6M"
    assert millions(999_999, "vi") == "999.999"
    assert millions(0, "vi") == "0"
    assert millions(None, "vi") == ""


def test_number_of_minus_zero_has_no_sign() -> None:
    assert number(-0.001, "vi", 2, sign=True) == "0,00"
    assert number(0.0, "en", 2, sign=True) == "0.00"


@given(
    price=st.one_of(st.none(), st.integers(1, 2_000_000).map(float)),
    language=st.sampled_from(LANGUAGES),
)
def test_parse_reads_back_what_thousands_wrote(price: float | None, language: str) -> None:
    read = parse(thousands(price, language), language)
    assert read is None if price is None else read == round(price / 1000, 2)


@given(volume=st.integers(0, 10**12), language=st.sampled_from(LANGUAGES))
def test_parse_reads_back_what_number_wrote(volume: int, language: str) -> None:
    assert parse(number(volume, language), language) == volume


@given(volume=st.integers(10**6, 10**10), language=st.sampled_from(LANGUAGES))
def test_parse_reads_millions_as_millions(volume: int, language: str) -> None:
    read = parse(millions(volume, language), language)
    assert read is not None
    assert abs(read - volume) <= 50_001


@pytest.mark.parametrize("text", ["", "ATO", "ATC", "-"])
def test_parse_of_words_is_none(text: str) -> None:
    assert parse(text, "vi") is None


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=5).filter(any))
def test_shares_always_fill_the_bar(parts: list[int]) -> None:
    widths = [int(width) for width in shares(*parts).split()]
    assert sum(widths) == 100
    assert min(widths) >= 0


@given(
    prices=st.lists(st.integers(100, 200_000).map(float), min_size=1, max_size=60),
    base=st.one_of(st.none(), st.integers(100, 200_000).map(float)),
)
def test_spark_stays_inside_its_box(prices: list[float], base: float | None) -> None:
    text, _ = spark(prices, base, "up")
    height, *points = text.split(" ")
    assert 0 <= int(height) <= 24
    assert len(points) == len(prices)
    for point in points:
        x, y = point.split(",")
        assert 0 <= int(x) <= 108
        assert 0 <= int(y) <= 24


@pytest.mark.parametrize(
    ("clock", "slot"),
    [("08:45", 0), ("09:00", 0), ("09:15", 3), ("11:29", 29), ("12:10", 30), ("13:05", 31), ("15:05", 53)],
)
def test_spark_ends_where_the_day_is(clock: str, slot: int) -> None:
    assert slot_of(f"2026-11-20T{clock}:00+07:00") == slot
    text, _ = spark([10.0, 11.0], 10.0, "up", f"2026-11-20T{clock}:00+07:00")
    assert text.split(" ")[-1].split(",")[0] == str(round(108 / 53 * max(slot, 1)))


OPTIONAL = st.one_of(st.none(), st.integers(0, 10**7).map(float))


@given(
    fields=st.fixed_dictionaries(
        dict.fromkeys(("reference", "ceiling", "floor", "high", "low", "average", "price", "expected_price"), OPTIONAL)
    ),
    phase=st.sampled_from(["pre_open", "ato", "continuous", "lunch", "atc", "closed", "halted", None]),
    language=st.sampled_from(LANGUAGES),
)
def test_cells_of_any_row_have_the_same_names(fields: dict[str, Any], phase: str | None, language: str) -> None:
    shown = cells(market_row(**fields, phase=phase), language)
    assert shown.keys() == cells(market_row(), "vi").keys()
    assert all(isinstance(text, str) and isinstance(state, str) for text, state in shown.values())
