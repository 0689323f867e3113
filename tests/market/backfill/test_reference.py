"""Reference data from the simulator, and from rows that a venue could send."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from market import reference
from market.backfill.reference import Describer, Refreshed, refresh, tick_table
from market.backfill.venue import Venue
from market.feed.rows import Security, read_row
from market.feed.rows import SecurityDetails as Details
from market.feed.simulator.instruments import vn30_universe
from market.feed.simulator.schedule import at
from market.models import Basket, BasketMember, Board, Instrument
from tests.market.backfill.small_market import DAY
from tests.market.venue_thread import Beside, simulator_beside

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def market() -> Iterator[Beside]:
    """VN30 before the open."""
    with simulator_beside(vn30_universe(1), DAY, at(8, 30)) as beside:
        yield beside


def test_refresh_describes_stocks_and_keeps_their_sectors(venue: Venue) -> None:
    refresh(venue, DAY)
    hpg = reference.instruments({"HPG"})["HPG"]
    assert hpg.vietnamese_name == "CTCP Tập đoàn Hòa Phát"
    assert hpg.english_name == "Hoa Phat Group Joint Stock Company"
    assert hpg.sector == "1700"
    assert hpg.listed_shares == 7_675_000_000
    assert hpg.tick_table == [(0, 10), (10_000, 50), (50_000, 100)]


def test_refresh_describes_the_futures_that_trade(venue: Venue) -> None:
    refresh(venue, DAY)
    assert reference.contracts(DAY, "VN30") == ["41I1GC000", "41I1H1000", "41I1H3000", "41I1H6000"]
    front = reference.instruments({"41I1GC000"})["41I1GC000"]
    assert (front.last_trading_day, front.underlying, front.lot_size) == (date(2026, 12, 17), "VN30", 1)
    assert (front.board, front.tick_table) == ("DERIVATIVES", [(0, 0.1)])


def test_refresh_again_changes_nothing(venue: Venue) -> None:
    refresh(venue, DAY)
    assert refresh(venue, DAY) == Refreshed(instruments=38)


def test_refresh_retires_what_is_no_longer_listed_and_takes_it_back(venue: Venue) -> None:
    assert refresh(venue, DAY).retired == 5
    assert not Instrument.objects.get(code="PLX").active
    assert Instrument.objects.get(code="VNINDEX").active
    Instrument.objects.filter(code="HPG").update(active=False)
    refresh(venue, DAY)
    assert Instrument.objects.get(code="HPG").active


def test_refresh_with_a_list_that_lacks_many_retires_none(venue: Venue) -> None:
    Instrument.objects.bulk_create(
        Instrument(code=f"Z{number:02d}", kind="stock", board="HOSE") for number in range(20)
    )
    assert refresh(venue, DAY).retired == 0


def test_refresh_records_a_change_of_the_basket_with_its_date(venue: Venue) -> None:
    member = BasketMember.objects.get(basket__code="VN30", instrument__code="ACB", left=None)
    member.instrument = Instrument.objects.create(code="ZZZ", kind="stock", board="HOSE")
    member.save()
    result = refresh(venue, DAY)
    assert (result.joined, result.left) == (("ACB",), ("ZZZ",))
    assert "ZZZ" in reference.basket_codes("VN30", date(2026, 11, 19))
    assert "ZZZ" not in reference.basket_codes("VN30", DAY)
    assert "ACB" in reference.basket_codes("VN30", DAY)


def test_refresh_with_a_basket_that_lacks_many_keeps_the_members(venue: Venue) -> None:
    basket = Basket.objects.get(code="VN30")
    for number in range(20):
        stock = Instrument.objects.create(code=f"Z{number:02d}", kind="stock", board="HOSE")
        basket.members.create(instrument=stock, joined=DAY)
    assert refresh(venue, DAY).left == ()
    assert len(reference.basket_codes("VN30", DAY)) == 50


def described(board: Board, **values: Any) -> dict[str, Any] | None:
    known = {row.code.upper(): row for row in Instrument.objects.all()}
    return Describer(board, known, {"HPG": Security(symbol="HPG", stock_name="Theirs")})(read_row(values, Details))


def test_description_without_names_ticks_and_shares_keeps_what_is_stored() -> None:
    fields = described(Board.HOSE, Symbol="HPG", SecType="ST", TickPrice1="0", TickIncrement1="0", ListedShare="0")
    assert fields is not None
    assert fields["name"] == "Theirs"
    assert fields["english_name"] == "Hoa Phat Group"
    assert fields["tick_table"] == [[0, 10], [10_000, 50], [50_000, 100]]
    assert fields["listed_shares"] is None


@pytest.mark.parametrize(
    ("board", "values", "kind"),
    [
        (Board.HOSE, {"Symbol": "E1VFVN30", "SecType": "EF"}, "etf"),
        (Board.HOSE, {"Symbol": "CHPG2601", "SecType": "CW", "Underlying": "HPG"}, "warrant"),
        (Board.HOSE, {"Symbol": "CHPG2601"}, "warrant"),
        (Board.HNX, {"Symbol": "SHS"}, "stock"),
        (Board.HNX, {"Symbol": "BAB122030", "SecType": "BO"}, "bond"),
        (Board.DERIVATIVES, {"Symbol": "41B5GC000", "SecType": ""}, "future"),
    ],
)
def test_description_tells_the_kind(board: Board, values: dict[str, str], kind: str) -> None:
    fields = described(board, **values)
    assert fields is not None
    assert fields["kind"] == kind
    assert (fields["underlying"] is not None) == ("Underlying" in values)


@pytest.mark.parametrize("values", [{"Symbol": "TD2535012"}, {"Symbol": "VN30"}, {"Symbol": "XYZ", "SecType": "FU"}])
def test_description_of_what_we_cannot_place_is_none(values: dict[str, str]) -> None:
    assert described(Board.HOSE, **values) is None


def test_description_of_a_future_without_its_last_day_computes_it() -> None:
    fields = described(Board.DERIVATIVES, Symbol="41I1H1000", FirstTradingDate="18/11/2026", LastTradingDate="")
    assert fields is not None
    assert (fields["first_trading_day"], fields["last_trading_day"]) == (date(2026, 11, 18), date(2027, 1, 21))


def test_description_with_days_out_of_order_drops_the_first() -> None:
    fields = described(Board.HNX, Symbol="SHS", FirstTradingDate="02/01/2027", LastTradingDate="01/01/2027")
    assert fields is not None
    assert (fields["first_trading_day"], fields["last_trading_day"]) == (None, date(2027, 1, 1))


def test_tick_table_out_of_order_is_none() -> None:
    row = read_row({"Symbol": "A", "TickPrice1": "10", "TickIncrement1": "1"}, Details)
    assert tick_table(row) == []
