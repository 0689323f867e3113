"""The overview: movers, breadth and the heat map; and what all pages beside the board have in common."""

import re

import pytest
from django.test import Client
from pytest_django import Settings

from market.pages.graphics import Box
from market.pages.overview import TALL, breadth, heat, heat_map, leaders, movers, risers, size_of, title_of
from tests.market.live_rows import Publisher, foreign_row, market_row, untraded_row
from tests.market.page_html import assert_safe, cell, fresh_cache, page

PAGES = ("overview", "foreign", "volume", "derivatives")
__all__ = ["fresh_cache"]


def test_movers_are_ranked_by_their_own_change_and_untraded_ones_left_out() -> None:
    rows = [
        market_row("UP", price=27_950.0), market_row("FLAT", price=26_950.0), market_row("DOWN", price=25_950.0),
        market_row("FLOOR", price=25_100.0), untraded_row("NONE"),
    ]  # fmt: skip
    found = movers(rows)
    assert [each.symbol for each in risers(found, 1)] == ["UP"]
    assert [each.symbol for each in risers(found, -1)] == ["FLOOR", "DOWN"]
    assert [(state, count) for state, _, count in breadth(found)] == [
        ("ceiling", 0), ("up", 1), ("reference", 1), ("down", 1), ("floor", 1),
    ]  # fmt: skip


def test_leaders_are_those_of_the_largest_turnover() -> None:
    found = movers([market_row(f"S{number:02}", total_value=number * 1e9) for number in range(15)])
    assert [each.symbol for each in leaders(found)] == [f"S{number:02}" for number in range(14, 4, -1)]


@pytest.mark.parametrize(
    ("price", "wanted"),
    [
        (28_800.0, "ceiling"), (27_500.0, "up-strong"), (27_450.0, "up"), (26_950.0, "reference"),
        (26_450.0, "down"), (26_400.0, "down-strong"), (25_100.0, "floor"),
    ],
)  # fmt: skip
def test_heat_has_seven_classes(price: float, wanted: str) -> None:
    (found,) = movers([market_row(price=price)])
    assert heat(found) == wanted


def test_heat_map_places_every_symbol_once_within_its_sector() -> None:
    found = movers([market_row(f"S{number:02}", total_value=(number + 1) * 1e9) for number in range(30)])
    names = {f"S{number:02}": f"Sector {number % 4}" for number in range(28)}
    for whole in (Box(0, 0, 1000, 430), TALL):
        sectors = heat_map(found, names, "Other", whole)
        assert len(sectors) == 5
        placed = [each.mover.symbol for sector in sectors for each in sector.cells]
        assert sorted(placed) == [f"S{number:02}" for number in range(30)]
        assert sum(sector.box.width * sector.box.height for sector in sectors) == pytest.approx(10_000, rel=0.01)
        for sector in sectors:
            assert all(each.box.x + each.box.width <= 100.05 for each in sector.cells)
            assert all(each.box.y + each.box.height <= 100.05 for each in sector.cells)


@pytest.mark.parametrize(
    ("name", "room", "wanted"),
    [
        ("Du lịch và giải trí", 26, "+0,20% Du lịch và giải trí"),
        ("Du lịch và giải trí", 25, "+0,20% Du lịch và giải…"),
        ("Điện, nước và khí đốt", 14, "+0,20% Điện…"),
        ("Dầu khí", 13, "+0,20% Dầu…"),
        ("Dầu khí", 9, "+0,20%"),
        ("Dầu khí", 5, ""),
    ],
)
def test_title_of_a_sector_is_shortened_to_whole_words(name: str, room: int, wanted: str) -> None:
    assert title_of("+0,20%", name, room) == wanted


def test_heat_map_of_nothing_traded_is_empty() -> None:
    assert heat_map(movers([untraded_row()]), {}, "Other") == []


def test_text_of_a_cell_depends_on_its_room() -> None:
    boxes = [Box(0, 0, 200, 100), Box(0, 0, 60, 40), Box(0, 0, 45, 30), Box(0, 0, 30, 200), Box(0, 0, 10, 200)]
    assert [size_of(box) for box in boxes] == ["large", "middle", "small", "tiny", "bare"]


@pytest.fixture
def published(redis_url: str) -> Publisher:
    publisher = Publisher()
    publisher.store_all({"HPG": market_row("HPG"), "ACB": market_row("ACB", price=26_000.0), "TCX": untraded_row()})
    publisher.store("foreign", {"HPG": foreign_row("HPG")})
    return publisher


@pytest.mark.django_db
def test_overview_without_scripts_is_complete(client: Client, published: Publisher) -> None:
    html = page(client, "/overview/")
    assert cell(html, "index:VNINDEX", "value") == ("1.662,54", "up")
    assert "2 trên 3 mã đã khớp" in html
    assert len(re.findall(r'id="wide-\w+"', html)) == len(re.findall(r'id="tall-\w+"', html)) == 2
    table = html.split('id="heat-table"')[1].split("</table>")[0]
    assert "HPG" in table
    assert "ACB" in table


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_page_allows_no_inline_script_or_style(client: Client, published: Publisher, name: str) -> None:
    assert_safe(client.get(f"/{name}/"))


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_page_has_no_id_twice(client: Client, published: Publisher, name: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', page(client, f"/{name}/"))
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_page_speaks_english_without_a_vietnamese_word(client: Client, published: Publisher, name: str) -> None:
    client.cookies["django_language"] = "en"
    html = page(client, f"/{name}/")
    assert f'href="/{name}/" aria-current="page"' in html
    text = re.sub(r"<[^>]+>", " ", html.split("<main")[1])
    assert re.findall(r"[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]\w*", text) == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_page_of_a_simulation_says_so_and_never_live(client: Client, redis_url: str, name: str, language: str) -> None:
    publisher = Publisher(source="simulation")
    publisher.store_all({"HPG": market_row()})
    publisher.store("foreign", {"HPG": foreign_row()})
    client.cookies["django_language"] = language
    html = page(client, f"/{name}/").lower()
    assert 'data-source="simulation"' in html
    assert not re.search(r"\blive\b|trực tiếp", html)


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_page_before_the_first_data_waits(client: Client, redis_url: str, name: str) -> None:
    assert "Đang chờ dữ liệu" in page(client, f"/{name}/")


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_page_without_redis_renders_and_says_so(client: Client, settings: Settings, name: str) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert "Hiện không đọc được số liệu" in page(client, f"/{name}/")
