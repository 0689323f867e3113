"""Reference data as ingest and the pages ask for it."""

from datetime import date

import pytest
from django.utils import translation

from market import reference
from market.models import Basket, Instrument

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 20)


def future(code: str, last: date, underlying: str = "VN30") -> None:
    Instrument.objects.create(
        code=code,
        kind="future",
        board="DERIVATIVES",
        last_trading_day=last,
        underlying=Instrument.objects.get(code=underlying),
    )


def test_basket_codes_of_vn30_are_thirty_in_order() -> None:
    codes = reference.basket_codes("vn30", TODAY)
    assert codes == sorted(codes)
    assert len(codes) == 30


def test_basket_codes_of_unknown_basket_are_none() -> None:
    assert reference.basket_codes("VN31", TODAY) == []


def test_change_basket_records_both_sides_with_the_date() -> None:
    codes = set(reference.basket_codes("VN30", TODAY))
    wanted = codes - {"ACB"} | {"PLX"}
    assert reference.change_basket("VN30", wanted, date(2027, 2, 1)) == (["PLX"], ["ACB"])
    assert set(reference.basket_codes("VN30", date(2027, 1, 31))) == codes
    assert set(reference.basket_codes("VN30", date(2027, 2, 1))) == wanted


def test_change_basket_with_the_same_codes_changes_nothing() -> None:
    codes = set(reference.basket_codes("VN30", TODAY))
    assert reference.change_basket("VN30", codes, TODAY) == ([], [])
    assert reference.change_basket("VN30", codes | {"NOSUCH"}, TODAY) == ([], [])


def test_change_basket_taken_back_on_the_same_day_leaves_no_trace() -> None:
    codes = set(reference.basket_codes("VN30", TODAY))
    before = list(Basket.objects.get(code="VN30").members.order_by("pk").values())
    reference.change_basket("VN30", codes - {"ACB"} | {"PLX"}, TODAY)
    assert reference.change_basket("VN30", codes, TODAY) == (["ACB"], ["PLX"])
    assert list(Basket.objects.get(code="VN30").members.order_by("pk").values()) == before


def test_instruments_by_code_hold_names_and_sectors() -> None:
    rows = reference.instruments({"HPG", "VN30", "NOSUCH"})
    assert set(rows) == {"HPG", "VN30"}
    assert rows["HPG"].sector == "1700" and rows["VN30"].sector is None
    with translation.override("en"):
        assert (rows["HPG"].name, rows["HPG"].sector_name) == ("Hoa Phat Group", "Basic resources")
    with translation.override("vi"):
        assert (rows["HPG"].name, rows["HPG"].sector_name) == ("CTCP Tập đoàn Hòa Phát", "Tài nguyên cơ bản")


def test_instruments_without_codes_are_the_active_ones() -> None:
    Instrument.objects.filter(code="TPB").update(active=False)
    rows = reference.instruments()
    assert "TPB" not in rows and "HPG" in rows


def test_find_unknown_code_is_none() -> None:
    assert reference.find("NOSUCH") is None


def test_find_alias_gives_the_stored_id() -> None:
    found = reference.find("upcomindex")
    assert found is not None and found.code == "HNXUpcomIndex"


def test_index_ids_map_every_spelling_in_capitals() -> None:
    ids = reference.index_ids()
    assert ids["UPCOMINDEX"] == ids["HNXUPCOMINDEX"] == "HNXUpcomIndex"
    assert ids["VN30"] == "VN30"
    assert all(spelling == spelling.upper() for spelling in ids)


def test_contracts_are_the_live_ones_nearest_first() -> None:
    future("41I1H1000", date(2027, 1, 21))
    future("41I1GC000", date(2026, 12, 17))
    future("41I1GB000", date(2026, 11, 19))
    future("41I2GC000", date(2026, 12, 17), "VN100")
    assert reference.contracts(TODAY, "vn30") == ["41I1GC000", "41I1H1000"]
    assert reference.contracts(TODAY) == ["41I1GC000", "41I2GC000", "41I1H1000"]
    assert reference.contracts(date(2026, 11, 19), "VN30")[0] == "41I1GB000"
