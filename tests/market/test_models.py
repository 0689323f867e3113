"""Reference data: instruments, baskets, the trading calendar."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import translation

from market.domain.calendar import last_trading_day
from market.models import Basket, BasketMember, IndexAlias, Instrument, TradingDay
from market.models.instruments import check_tick_table

pytestmark = pytest.mark.django_db

CULTURE_DAY = date(2026, 11, 24)


def stock(code: str = "AAA", **fields: object) -> Instrument:
    return Instrument.objects.create(**{"code": code, "kind": "stock", "board": "HOSE"} | fields)


def future(code: str, last: date) -> Instrument:
    underlying = Instrument.objects.get(code="VN30")
    return stock(code, kind="future", board="DERIVATIVES", last_trading_day=last, underlying=underlying)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def calendar() -> None:
    call_command("seed_calendar", years=[2025, 2026, 2027], verbosity=0)


# --- Instruments ----------------------------------------------------------------------------------------------


def test_instrument_same_code_in_other_case_is_refused() -> None:
    stock("HNXX")
    with pytest.raises(ValidationError, match="other letter case"):
        Instrument(code="hnxx", kind="stock", board="HOSE").full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        stock("hnxx")


@pytest.mark.parametrize("spelling", ["HNXUpcomIndex", "HNXUPCOMINDEX", "UpcomIndex", "upcom-index"])
def test_of_code_any_spelling_finds_the_index(spelling: str) -> None:
    assert [row.code for row in Instrument.objects.of_code(spelling)] == ["HNXUpcomIndex"]


def test_instrument_last_day_before_first_is_refused() -> None:
    row = Instrument(
        code="AAA",
        kind="stock",
        board="HOSE",
        first_trading_day=date(2026, 2, 2),
        last_trading_day=date(2026, 2, 1),
    )
    with pytest.raises(ValidationError, match="must not be before the first"):
        row.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


@pytest.mark.parametrize(
    ("kind", "board", "message"),
    [("stock", "DERIVATIVES", "Futures trade on"), ("future", "HOSE", "Futures trade on")],
)
def test_instrument_kind_that_does_not_fit_the_board_is_refused(kind: str, board: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Instrument(code="AAA", kind=kind, board=board).full_clean()


def test_instrument_underlying_of_a_stock_is_refused() -> None:
    row = Instrument(code="AAA", kind="stock", board="HOSE", underlying=Instrument.objects.get(code="VN30"))
    with pytest.raises(ValidationError, match="Only futures and warrants"):
        row.full_clean()


@pytest.mark.parametrize("table", [[], [[0, 10], [10_000, 50], [50_000, 100]], [[0, 0.1]]])
def test_tick_table_in_order_is_accepted(table: object) -> None:
    check_tick_table(table)


@pytest.mark.parametrize(
    "table", [{}, "x", [[0]], [[0, 0]], [[10, 1]], [[0, 1], [0, 2]], [[0, 1], [5, -1]], [[0, True]], [["0", 1]]]
)
def test_tick_table_out_of_order_is_refused(table: object) -> None:
    with pytest.raises(ValidationError):
        check_tick_table(table)


def test_trading_on_expired_future_is_left_out() -> None:
    future("41I1GB000", date(2026, 11, 19))
    future("41I1GC000", date(2026, 12, 17))
    live = Instrument.objects.trading_on(date(2026, 11, 20)).filter(kind="future")
    assert [row.code for row in live] == ["41I1GC000"]
    assert Instrument.objects.trading_on(date(2026, 11, 19)).filter(kind="future").count() == 2


def test_alias_that_is_a_code_is_refused() -> None:
    index = Instrument.objects.get(code="VN30")
    with pytest.raises(ValidationError, match="another instrument"):
        IndexAlias(alias="VNINDEX", index=index).full_clean()


def test_instrument_name_follows_the_language() -> None:
    row = Instrument.objects.get(code="HPG")
    assert str(row) == "HPG · Hoa Phat Group"
    with translation.override("vi"):
        assert str(row) == "HPG · CTCP Tập đoàn Hòa Phát"


# --- Baskets --------------------------------------------------------------------------------------------------


def members(day: date) -> set[str]:
    return set(Basket.objects.get(code="VN30").members_on(day).values_list("code", flat=True))


@pytest.mark.parametrize(
    ("day", "joined", "left"),
    [
        (date(2025, 8, 4), {"DGC"}, {"BVH"}),
        (date(2026, 2, 2), {"VPL"}, {"BCM"}),
        (date(2026, 5, 13), {"BSR"}, {"DGC"}),
        (date(2026, 8, 3), {"MCH", "TCX"}, {"PLX", "TPB"}),
    ],
)
def test_vn30_at_each_change_has_thirty_and_swaps_the_right_ones(day: date, joined: set[str], left: set[str]) -> None:
    before, after = members(day - timedelta(days=1)), members(day)
    assert (after - before, before - after) == (joined, left)
    assert len(before) == len(after) == 30


def test_vn30_before_the_record_is_empty() -> None:
    assert members(date(2025, 2, 2)) == set()
    assert len(members(date(2025, 2, 3))) == 30


def test_vn30_of_august_2026_is_the_known_basket() -> None:
    known = (
        "ACB BID BSR CTG FPT GAS GVR HDB HPG LPB MBB MCH MSN MWG SAB "
        "SHB SSB SSI STB TCB TCX VCB VHM VIB VIC VJC VNM VPB VPL VRE"
    )
    assert members(date(2026, 8, 3)) == set(known.split())
    assert not Instrument.objects.filter(code__in=known.split(), sector=None).exists()


@pytest.fixture
def basket() -> Basket:
    return Basket.objects.create(code="TEST")


PERIODS = [
    (date(2026, 1, 10), date(2026, 1, 20), "before", False),
    (date(2026, 1, 10), date(2026, 2, 1), "up to the first day", False),
    (date(2026, 1, 10), date(2026, 2, 2), "into the first day", True),
    (date(2026, 2, 10), date(2026, 2, 11), "inside", True),
    (date(2026, 1, 1), None, "around", True),
    (date(2026, 2, 28), None, "from the last day", True),
    (date(2026, 3, 1), None, "from the day of leaving", False),
]


@pytest.mark.parametrize(("joined", "left", "where", "clash"), PERIODS, ids=[period[2] for period in PERIODS])
def test_member_period_that_overlaps_is_refused(
    basket: Basket, joined: date, left: date | None, where: str, clash: bool
) -> None:
    row = stock()
    stored = BasketMember.objects.create(basket=basket, instrument=row, joined=date(2026, 2, 1), left=date(2026, 3, 1))
    new = BasketMember(basket=basket, instrument=row, joined=joined, left=left)
    assert new.overlaps(stored) is stored.overlaps(new) is clash
    if clash:
        with pytest.raises(ValidationError):
            new.full_clean()
    else:
        new.full_clean()


def test_member_saved_again_does_not_overlap_itself(basket: Basket) -> None:
    BasketMember.objects.create(basket=basket, instrument=stock(), joined=date(2026, 2, 1)).full_clean()


def test_member_two_open_periods_are_refused_by_the_database(basket: Basket) -> None:
    row = stock()
    BasketMember.objects.create(basket=basket, instrument=row, joined=date(2026, 2, 1))
    with pytest.raises(IntegrityError, match="basket_member_open"), transaction.atomic():
        BasketMember.objects.create(basket=basket, instrument=row, joined=date(2026, 3, 1))


@pytest.mark.parametrize("left", [date(2026, 2, 1), date(2026, 1, 1)])
def test_member_leaving_not_after_joining_is_refused(basket: Basket, left: date) -> None:
    row = BasketMember(basket=basket, instrument=stock(), joined=date(2026, 2, 1), left=left)
    with pytest.raises(ValidationError, match="must be after the day of joining"):
        row.full_clean()


# --- Trading days ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("calendar")
def test_calendar_2026_has_the_published_closures_confirmed() -> None:
    closed = TradingDay.objects.filter(date__year=2026, open=False, confirmed=True)
    weekdays = [row.date for row in closed if row.date.weekday() < 5]
    assert len(weekdays) == 12
    assert date(2026, 4, 27) in weekdays and date(2026, 8, 31) in weekdays
    assert all(row.reason for row in closed)


@pytest.mark.usefixtures("calendar")
@pytest.mark.parametrize(
    ("day", "is_open", "confirmed"),
    [
        (date(2026, 1, 1), False, True),
        (date(2026, 1, 2), True, True),
        (date(2026, 2, 23), True, True),
        (date(2026, 8, 22), False, True),
        (date(2026, 11, 21), False, True),
        (date(2026, 11, 23), True, True),
        (CULTURE_DAY, False, False),
        (date(2027, 2, 8), False, False),
        (date(2027, 2, 11), True, False),
        (date(2029, 6, 5), True, False),  # nothing is known of 2029
    ],
)
def test_status_of_known_days_is_right(day: date, is_open: bool, confirmed: bool) -> None:
    status = TradingDay.objects.status(day, "HOSE")
    assert (status.open, status.confirmed) == (is_open, confirmed)


@pytest.mark.usefixtures("calendar")
def test_status_reason_is_a_text_for_people() -> None:
    assert TradingDay.objects.status(CULTURE_DAY).reason == "Vietnam Culture Day"
    assert TradingDay.objects.status(date(2026, 11, 21)).reason == "Weekend"
    assert TradingDay.objects.status(date(2026, 11, 23)).reason == ""


def test_status_row_of_the_board_overrules_all_boards() -> None:
    TradingDay.objects.create(date=CULTURE_DAY, open=False)
    TradingDay.objects.create(date=CULTURE_DAY, board="DERIVATIVES", open=True)
    assert TradingDay.objects.status(CULTURE_DAY, "HOSE").open is False
    assert TradingDay.objects.status(CULTURE_DAY, "DERIVATIVES").open is True
    assert TradingDay.objects.open_days(CULTURE_DAY, CULTURE_DAY, "DERIVATIVES") == [CULTURE_DAY]
    assert TradingDay.objects.open_days(CULTURE_DAY, CULTURE_DAY, "HOSE") == []


@pytest.mark.usefixtures("calendar")
def test_opens_serves_the_domains_rule_for_expiry() -> None:
    TradingDay.objects.create(date=date(2026, 12, 17), board="DERIVATIVES", open=False)
    assert last_trading_day(2026, 12, TradingDay.objects.opens("DERIVATIVES")) == date(2026, 12, 16)
    assert last_trading_day(2026, 12, TradingDay.objects.opens("HOSE")) == date(2026, 12, 17)


@pytest.mark.usefixtures("calendar")
@pytest.mark.parametrize(
    ("last", "first"),
    [
        (date(2026, 2, 13), date(2026, 2, 23)),
        (date(2026, 8, 28), date(2026, 9, 3)),
        (date(2026, 11, 23), date(2026, 11, 25)),
    ],
)
def test_open_days_pass_over_weekends_and_holidays(last: date, first: date) -> None:
    assert TradingDay.objects.open_days(last, first) == [last, first]


@pytest.mark.usefixtures("calendar")
def test_record_open_on_a_closed_day_overrules_for_that_board_only() -> None:
    assert TradingDay.objects.record_open(CULTURE_DAY, "HOSE") is True
    assert TradingDay.objects.record_open(CULTURE_DAY, "HOSE") is False
    assert TradingDay.objects.status(CULTURE_DAY, "HOSE")[:2] == (True, True)
    assert TradingDay.objects.status(CULTURE_DAY, "HNX")[:2] == (False, False)
    assert TradingDay.objects.get(date=CULTURE_DAY, board="HOSE").source == "feed"


@pytest.mark.usefixtures("calendar")
def test_record_open_on_an_ordinary_day_writes_nothing() -> None:
    before = TradingDay.objects.count()
    assert TradingDay.objects.record_open(date(2026, 11, 20), "HOSE") is False
    assert TradingDay.objects.count() == before


@pytest.mark.usefixtures("calendar")
def test_seed_again_changes_nothing() -> None:
    before = list(TradingDay.objects.values())
    call_command("seed_calendar", years=[2025, 2026, 2027], verbosity=0)
    assert list(TradingDay.objects.values()) == before


@pytest.mark.usefixtures("calendar")
def test_seed_again_keeps_what_admin_and_feed_said() -> None:
    TradingDay.objects.filter(date=CULTURE_DAY).update(open=True, source="admin", reason="Notice 77")
    TradingDay.objects.create(date=date(2026, 11, 26), open=False, source="admin", reason="Outage")
    TradingDay.objects.record_open(date(2027, 2, 4), "HOSE")
    call_command("seed_calendar", years=[2026, 2027], verbosity=0)
    assert TradingDay.objects.status(CULTURE_DAY)[::2] == (True, "Notice 77")
    assert TradingDay.objects.status(date(2026, 11, 26))[::2] == (False, "Outage")
    assert TradingDay.objects.status(date(2027, 2, 4), "HOSE").open is True


@pytest.mark.usefixtures("calendar")
def test_seed_again_repairs_its_own_stale_rows() -> None:
    TradingDay.objects.filter(date=CULTURE_DAY).delete()
    TradingDay.objects.create(date=date(2027, 3, 3), open=False, source="holidays", reason="A day that was moved")
    TradingDay.objects.filter(date=date(2027, 2, 8)).update(reason="Old text")
    call_command("seed_calendar", years=[2026, 2027], verbosity=0)
    assert TradingDay.objects.status(CULTURE_DAY).open is False
    assert TradingDay.objects.status(date(2027, 3, 3)).open is True
    assert TradingDay.objects.get(date=date(2027, 2, 8)).reason == "Lunar New Year"


def test_seed_year_out_of_range_is_refused() -> None:
    with pytest.raises(CommandError, match="expected years from 2000 to 2100, was 26"):
        call_command("seed_calendar", years=[26])


@pytest.mark.usefixtures("calendar")
def test_open_days_are_those_whose_status_is_open() -> None:
    days = [date(2026, 2, 1) + timedelta(days=offset) for offset in range(28)]
    assert TradingDay.objects.open_days(days[0], days[-1]) == [
        day for day in days if TradingDay.objects.status(day).open
    ]
