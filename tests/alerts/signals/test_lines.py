"""What addresses ask for, and alerts in words."""

from datetime import date

import pytest
from django.http import QueryDict
from django.utils import translation

from alerts.domain.kinds import KINDS
from alerts.evidence import LABELS, figures, headline, shown_name, written
from alerts.signals.lines import BadSignalQuery, Wanted, newest_first, signal, wanted
from tests.alerts.signal_rows import LIMIT, SPIKE, alert_row


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", Wanted()),
        ("kind=price_limit,volume_spike", Wanted(kinds=("volume_spike", "price_limit"))),
        ("kind=volume_spike&kind=price_limit", Wanted(kinds=("volume_spike", "price_limit"))),
        ("severity=critical&severity=info", Wanted(severities=("info", "critical"))),
        ("symbol=hpg%20vcb,+HPG;acb", Wanted(symbols=("HPG", "VCB", "ACB"))),
        ("day=2026-11-20", Wanted(day=date(2026, 11, 20))),
        (
            "day=2026-11-20&before=price_limit-2-HPG-1763600000-1",
            Wanted(day=date(2026, 11, 20), before="price_limit-2-HPG-1763600000-1"),
        ),
        ("page=7&utm=x&kind=", Wanted()),
    ],
)
def test_address_is_read(query: str, expected: Wanted) -> None:
    assert wanted(QueryDict(query)) == expected


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("kind=nonsense", {"kind"}),
        ("severity=critical,loud", {"severity"}),
        ("symbol=<script>", {"symbol"}),
        ("symbol=" + ",".join(f"S{number}" for number in range(51)), {"symbol"}),
        ("day=20/11/2026", {"day"}),
        ("day=1969-01-01", {"day"}),
        ("before=price_limit-2-HPG-1763600000-1", {"before"}),
        ("day=2026-11-20&before=%27", {"before"}),
        ("kind=x&severity=y&day=z", {"kind", "severity", "day"}),
    ],
)
def test_address_that_cannot_be_used_is_named(query: str, names: set[str]) -> None:
    with pytest.raises(BadSignalQuery) as caught:
        wanted(QueryDict(query))
    assert set(caught.value.problems) == names


def test_query_leads_back_to_what_was_asked() -> None:
    asked = Wanted(kinds=("volume_spike", "price_limit"), severities=("critical",), symbols=("HPG", "ACB"))
    assert wanted(QueryDict(asked.query(day="2026-11-20"))) == Wanted(
        asked.kinds, asked.severities, asked.symbols, date(2026, 11, 20)
    )


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Wanted(), True),
        (Wanted(kinds=("price_limit", "volume_spike"), symbols=("HPG",)), True),
        (Wanted(kinds=("price_limit",), symbols=("ACB",)), False),
        (Wanted(severities=("info", "warning")), False),
    ],
)
def test_filters_all_have_to_hold(asked: Wanted, expected: bool) -> None:
    assert asked.holds(alert_row()) is expected


def test_evidence_has_units_and_the_readers_numbers() -> None:
    with translation.override("en"):
        said = {figure.name: figure.text for figure in figures("HPG", SPIKE | LIMIT, "en")}
    assert said == {
        "volume": "12,300 shares",
        "mean_volume": "2,510 shares",
        "times": "10.0×",
        "trades": "212",
        "window_minutes": "20 minutes",
        "price": "28.80 thousand VND",
        "side": "buy",
        "limit": "ceiling",
        "limit_price": "28.80 thousand VND",
    }


@pytest.mark.parametrize(("symbol", "name"), [("41I1GC000", "VN30 12/2026"), ("VN30", "VN30"), ("HPG", "HPG")])
def test_symbol_is_called_what_people_call_it(symbol: str, name: str) -> None:
    assert shown_name(symbol) == name


@pytest.mark.parametrize(
    ("name", "value", "symbol", "expected"),
    [
        ("price", 27_450.0, "HPG", "27,45 nghìn đồng"),
        ("price", 1_921.4, "41I1GC000", "1.921,4 điểm"),
        ("value", 1_662.5, "VNINDEX", "1.662,50 điểm"),
        ("basis", -4.6, "41I1GC000", "-4,60 điểm"),
        ("basis", 4.6, "41I1GC000", "+4,60 điểm"),
        ("value_vnd", 12.5e9, "HPG", "12,50 tỷ đồng"),
        ("net_value_vnd", -340e6, "HPG", "-340,0 triệu đồng"),
        ("change_percent", 2.5, "HPG", "+2,50 %"),
        ("window_minutes", 0, "HPG", "so với tham chiếu"),
        ("volume", 7, "41I1GC000", "7 hợp đồng"),
        ("something_new", 1.5, "HPG", "1,50"),
        ("something_new", "words", "HPG", "words"),
        ("something_new", True, "HPG", "có"),
    ],
)
def test_value_is_written_with_its_unit(name: str, value: object, symbol: str, expected: str) -> None:
    with translation.override("vi"):
        assert written(name, value, symbol, "vi") == expected


@pytest.mark.parametrize("kind", KINDS)
def test_all_evidence_of_a_kind_has_a_label(kind: str) -> None:
    assert set(KINDS[kind].evidence) <= set(LABELS)


def test_headline_has_prices_in_thousand_and_the_readers_marks() -> None:
    evidence = {"direction": "up", "change_percent": 3.25, "from_price": 26_950.0, "price": 27_825.0}
    with translation.override("en"):
        assert headline("price_change", "HPG", evidence, "en") == "up +3.25 % from 26.95 to 27.82"
        assert headline("price_change", "HPG", {"odd": 1}, "en") == "Price change"
        assert headline("gone", "HPG", {}, "en") == "gone"
    with translation.override("vi"):
        assert "26,95" in headline("price_change", "HPG", evidence, "vi")


def test_signal_leads_to_its_moment() -> None:
    with translation.override("vi"):
        shown = signal(alert_row(1), {2: "Trần của tôi"}, "vi")
        assert (str(shown.severity_label), shown.rule_name) == ("Nghiêm trọng", "Trần của tôi")
    assert shown.href == "/symbol/HPG/?at=1795144505#chart-title"
    assert (shown.clock, shown.day) == ("10:15:05", "20/11")


def test_rows_of_two_origins_are_joined_newest_first() -> None:
    first, second, third = (alert_row(number) for number in (1, 2, 3))
    assert newest_first([first, third], [third, second]) == [third, second, first]
