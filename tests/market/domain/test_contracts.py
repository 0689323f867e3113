"""Codes of index futures, before and since KRX, and the contracts that are listed on a date."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.domain.calendar import last_trading_day
from market.domain.contracts import Contract, alias, live_contracts, parse_code


@pytest.mark.parametrize(
    ("code", "contract"),
    [
        ("41I1GC000", Contract("VN30", 2026, 12)),
        ("41I1H1000", Contract("VN30", 2027, 1)),
        ("41I1G4000", Contract("VN30", 2026, 4)),
        ("41I1FA000", Contract("VN30", 2025, 10)),
        ("41I2FC000", Contract("VN100", 2025, 12)),
        ("41I101000", Contract("VN30", 2010, 1)),
        ("41I1WC000", Contract("VN30", 2039, 12)),
        ("VN30F2512", Contract("VN30", 2025, 12)),
        ("VN30F2105", Contract("VN30", 2021, 5)),
        ("VN100F2512", Contract("VN100", 2025, 12)),
    ],
)
def test_code_means_underlying_year_and_month(code: str, contract: Contract) -> None:
    assert parse_code(code) == contract


@pytest.mark.parametrize(
    "code",
    [
        *["", "ACB", "VN30", "VN30F1M", "VN30F2513", "VN30F2500", "41B5G3000", "41I3GC000", "41I1GD000"],
        *["41I1IC000", "41I1OC000", "41I1UC000", "41I10C001", "41i1gc000", " 41I1GC000", "41I1GC0000"],
    ],
)
def test_code_of_anything_else_is_none(code: str) -> None:
    assert parse_code(code) is None


@pytest.mark.parametrize(
    ("letter", "year"),
    [
        *[("0", 2010), ("9", 2019), ("A", 2020), ("F", 2025), ("G", 2026), ("H", 2027), ("J", 2028)],
        *[("N", 2032), ("P", 2033), ("T", 2037), ("V", 2038), ("W", 2039)],
    ],
)
def test_year_letters_skip_i_o_and_u(letter: str, year: int) -> None:
    contract = parse_code(f"41I1{letter}1000")
    assert contract is not None
    assert contract.year == year


def test_year_letters_begin_again_after_thirty_years() -> None:
    assert Contract("VN30", 2040, 1).krx_code == Contract("VN30", 2010, 1).krx_code == "41I101000"


@given(st.sampled_from(["VN30", "VN100"]), st.integers(2010, 2039), st.integers(1, 12))
def test_krx_code_is_read_back(underlying: str, year: int, month: int) -> None:
    contract = Contract(underlying, year, month)
    assert parse_code(contract.krx_code) == contract


def test_people_read_underlying_month_and_year() -> None:
    assert Contract("VN30", 2027, 3).name == "VN30 03/2027"


@pytest.mark.parametrize(
    ("today", "codes"),
    [
        (date(2026, 11, 19), ["41I1GB000", "41I1GC000", "41I1H3000", "41I1H6000"]),  # the last day of November's
        (date(2026, 11, 20), ["41I1GC000", "41I1H1000", "41I1H3000", "41I1H6000"]),  # D7: not the last Thursday
        (date(2026, 12, 17), ["41I1GC000", "41I1H1000", "41I1H3000", "41I1H6000"]),
        (date(2026, 12, 18), ["41I1H1000", "41I1H2000", "41I1H3000", "41I1H6000"]),
        (date(2027, 1, 22), ["41I1H2000", "41I1H3000", "41I1H6000", "41I1H9000"]),
    ],
)
def test_listed_contracts_are_two_months_and_two_quarters(today: date, codes: list[str]) -> None:
    listed = live_contracts("VN30", today)
    assert [contract.krx_code for contract in listed] == codes
    assert listed == sorted(listed)


def test_contract_ends_earlier_when_its_thursday_is_a_holiday() -> None:
    holiday = date(2026, 12, 17)

    def is_open(day: date) -> bool:
        return day.weekday() < 5 and day != holiday

    assert live_contracts("VN30", date(2026, 12, 16), is_open)[0].month == 12
    assert live_contracts("VN30", holiday, is_open)[0].month == 1


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("41I1GC000", "VN30F1M"),
        ("41I1H1000", "VN30F2M"),
        ("41I1H3000", "VN30F1Q"),
        ("41I1H6000", "VN30F2Q"),
        ("41I2GC000", "VN100F1M"),
        ("41I1GB000", None),
        ("41I1H2000", None),
    ],
)
def test_alias_rolls_with_the_date(code: str, expected: str | None) -> None:
    contract = parse_code(code)
    assert contract is not None
    assert alias(contract, date(2026, 11, 22)) == expected


@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)))
def test_front_contract_is_the_nearest_that_has_not_expired(today: date) -> None:
    listed = live_contracts("VN30", today)
    assert len(set(listed)) == 4
    expiries = [last_trading_day(each.year, each.month) for each in listed]
    assert expiries == sorted(expiries)
    assert today <= expiries[0]
    assert (expiries[0] - today).days <= 35
