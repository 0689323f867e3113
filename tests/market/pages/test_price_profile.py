from market.pages.formatting import tenths, thousands
from market.pages.price_profile import MOST_LINES, profile

ROW = {"reference": 27_000.0, "ceiling": 28_850.0, "floor": 25_150.0, "price": 27_050.0}


def test_prices_are_listed_from_the_highest_with_their_shares() -> None:
    traded = [(27_050.0, "buy", 300), (27_050.0, "sell", 100), (27_000.0, "neutral", 200)]
    first, second = profile(traded, ROW, 10.0, "vi", thousands)
    assert (first.price, first.state, first.volume, first.widths) == ("27,05", "up", "400", "75 0 25 0")
    assert (first.bought, first.sold) == ("300", "100")
    assert (first.largest, first.current) == (True, True)
    assert (second.price, second.state, second.volume, second.widths) == ("27,00", "reference", "200", "0 50 0 50")
    assert (second.largest, second.current) == (False, False)


def test_many_prices_share_lines_and_lose_no_volume() -> None:
    traded = [(1900 + place / 10, "buy", 1) for place in range(300)]
    lines = profile(traded, {"price": 1900.0}, 0.1, "en", tenths)
    assert len(lines) <= MOST_LINES
    assert sum(int(line.volume) for line in lines) == 300
    assert lines[-1].price == "1,900.0"
    assert lines[-1].current


def test_a_day_without_trades_has_no_lines() -> None:
    assert profile([], ROW, 10.0, "vi", thousands) == []
