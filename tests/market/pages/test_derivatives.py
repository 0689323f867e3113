"""The derivatives page: its cells, the basis chart and the day a contract expires."""

from datetime import UTC, date, datetime

import pytest
from django.core.cache import cache
from django.test import Client

from market.domain.calendar import from_date, hm
from market.models import BasisPoint, IndexTick
from market.pages.derivatives import basis_chart, by_month, contract_cells, contract_patch, expiring, figures, front_of
from tests.market.live_rows import Publisher, future_row, indices, market_row
from tests.market.page_html import cell, fresh_cache, page, symbols

DAY = date(2026, 11, 20)
NOON = from_date(DAY) + hm(10, 15)
__all__ = ["fresh_cache"]


def far_row(symbol: str = "41I2GC000", **changes: object) -> dict[str, object]:
    said = {"symbol": symbol, "underlying": "VN100", "alias": "VN100F1M", "name": "VN100 12/2026"}
    return future_row(**(said | changes))


def test_contract_is_written_in_points_under_its_alias() -> None:
    shown = contract_cells(future_row(bids=[[1921.3, 12]], asks=[[None, 5]]), "vi")
    assert shown["symbol"] == ("VN30F1M", "up")
    assert shown["price"] == ("1.921,4", "up")
    assert shown["change"] == ("+16,2", "up")
    assert shown["bid1_price"] == ("1.921,3", "up")
    assert shown["ask1_price"] == ("ATC", "auction"), "an auction order has no price"
    assert shown["basis"] == ("+4,60", "up")
    assert shown["basis_state"] == ("cao hơn cơ sở", "")
    assert shown["expiry"] == ("17/12/2026", "")
    assert shown["name"] == ("VN30 12/2026", "front")


@pytest.mark.parametrize(
    ("known", "text"), [({}, "–"), ({"open_interest": None}, "–"), ({"open_interest": 33352}, "33.352")]
)
def test_open_interest_is_a_dash_where_it_is_not_known(known: dict[str, object], text: str) -> None:
    assert contract_cells(future_row(**known), "vi")["open_interest"] == (text, "")


def test_contract_that_never_traded_shows_no_basis() -> None:
    row = future_row(price=None, basis=None, basis_percent=None, basis_state=None, convergence=None, total_volume=0)
    shown = contract_cells(row, "en")
    blank = ("price", "basis", "basis_percent", "basis_state", "convergence", "total")
    assert {shown[name][0] for name in blank} == {""}


def test_depth_and_card_are_those_of_the_front_month() -> None:
    rows = {"41I1GC000": future_row(), "41I1H1000": future_row(symbol="41I1H1000", front=False), "41I2GC000": far_row()}
    assert set(contract_patch(rows, rows, "vi")) == {*rows, "future", "depth:front"}
    assert set(contract_patch(rows, ["41I1H1000", "41I2GC000"], "vi")) == {"41I1H1000", "41I2GC000"}
    assert contract_patch(rows, ["gone"], "vi") == {"gone": None}


def test_lines_hold_vn30_before_vn100_and_near_before_far() -> None:
    rows = [far_row(), future_row(symbol="41I1H1000", expiry="2027-01-21"), future_row()]
    assert [row["symbol"] for row in by_month(rows)] == ["41I1GC000", "41I1H1000", "41I2GC000"]


@pytest.mark.parametrize(("slope", "move"), [(-0.1, "closing in"), (0.1, "widening"), (0.001, "steady"), (None, "")])
def test_convergence_is_said_in_words(slope: float | None, move: str) -> None:
    front = front_of([far_row(), future_row(convergence=slope)], "en")
    assert front is not None
    assert (front.move, front.state, front.underlying) == (move, "premium", pytest.approx(1916.8))


def test_basis_chart_shows_zero_only_where_it_is_near() -> None:
    near = basis_chart([(NOON + second, -1.0 + second / 300) for second in range(0, 900, 15)])
    far = basis_chart([(NOON + second, 20.0 + second / 900) for second in range(0, 900, 15)])
    assert near is not None
    assert far is not None
    assert near.base is not None
    assert far.base is None
    assert near.last[0] == 100
    assert [label.text for label in near.times] == ["10:00", "10:10", "10:20"]
    assert basis_chart([(NOON, 1.0)]) is None


def test_figures_tell_the_last_basis_of_five_minutes() -> None:
    points = [(NOON + second, float(second)) for second in range(0, 601, 60)]
    assert figures(points) == [
        {"time": "10:19", "basis": 240.0}, {"time": "10:24", "basis": 540.0}, {"time": "10:25", "basis": 600.0},
    ]  # fmt: skip


def test_contract_expires_on_its_last_day_only() -> None:
    rows = [future_row(days_to_expiry=0), far_row(days_to_expiry=1)]
    assert [row["symbol"] for row in expiring(rows)] == ["41I1GC000"]


@pytest.fixture
def published(redis_url: str) -> Publisher:
    publisher = Publisher()
    publisher.store("market", {"HPG": market_row()})
    publisher.store("index", indices())
    publisher.store("derivatives", {"41I2GC000": far_row(), "41I1GC000": future_row(bids=[[1921.3, 152]])})
    return publisher


@pytest.mark.django_db
def test_page_without_scripts_is_complete(client: Client, published: Publisher) -> None:
    html = page(client, "/derivatives/")
    assert symbols(html) == ["41I1GC000", "41I2GC000"]
    assert ">VN100F1M</a>" in html
    assert cell(html, "41I1GC000", "basis") == ("+4,60", "up")
    depth = html.split('data-row="depth:front"')[1]
    assert '<span data-cell="bid1_volume" class="up">152</span>' in depth
    assert "Chưa lưu số liệu nào của 30 phút qua." in html
    assert "đáo hạn hôm nay" not in html


@pytest.mark.django_db
def test_basis_trend_comes_from_the_database(client: Client, published: Publisher) -> None:
    for minutes in (40, 20, 10, 0):
        at = datetime.fromtimestamp(NOON - 60 * minutes, tz=UTC)
        BasisPoint.objects.create(
            contract="41I1GC000", at=at, underlying="VN30", future=1, index=1, basis=minutes + 0.5
        )
    html = page(client, "/derivatives/")
    assert '<svg class="chart' in html
    table = html.split('id="basis-table"')[1].split("</table>")[0]
    assert "+20,50" in table
    assert "+40,50" not in table


@pytest.mark.django_db
def test_expiry_day_shows_the_running_settlement(client: Client, redis_url: str) -> None:
    publisher = Publisher()
    publisher.store("market", {"HPG": market_row()})
    publisher.store("derivatives", {"41I1GC000": future_row(days_to_expiry=0, price=1905.0)})
    assert "Bắt đầu tính từ 14:15." in page(client, "/derivatives/")
    cache.clear()
    start = from_date(DAY) + hm(14, 15)
    for second, value in enumerate([1.0, 2.0, 3.0, 1900.0, 9997.0, 9998.0, 9999.0]):
        at = datetime.fromtimestamp(start + second, tz=UTC)
        IndexTick.objects.create(index="VN30", at=at, value=value, total_volume=0, total_value=0)
    html = page(client, "/derivatives/")
    assert "VN30F1M đáo hạn hôm nay" in html
    panel = html.split('class="panel settlement"')[1].split("</section>")[0]
    assert ">1.900,00<" in panel
    assert ">+5,00<" in panel
    assert "1 lúc khớp liên tục, 0 lúc khớp đóng cửa" in panel
