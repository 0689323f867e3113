"""The summary of a day: what it holds, its page, its text, and that it is made once."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils.translation import override
from pytest_django import Settings

from alerts import tasks
from alerts.models import DayEnd, Delivery, DeliveryChannel
from alerts.summary import reads
from alerts.summary.day import DayRow, Noted, summarise
from alerts.summary.reads import daily_summary, read_summary
from alerts.summary.words import breadth_words, summary_texts
from market.domain.calendar import VIETNAM
from market.models import Bar, BasisPoint, DailyBar, Instrument, SymbolState
from tests.alerts.test_models import make_alert

DAY = date(2026, 11, 20)
BEFORE = date(2026, 11, 19)
CLOSED = datetime(2026, 11, 20, 15, 30, tzinfo=VIETNAM)
MATCH = datetime(2026, 11, 20, 14, 45, tzinfo=VIETNAM)
SEEN = datetime(2026, 11, 20, 14, 45, 30, tzinfo=VIETNAM)  # the last message


def row(symbol: str, close: float, **fields: Any) -> DayRow:
    values = {"kind": "stock", "board": "HOSE", "volume": 1_000, "value": close * 1_000, "reference": 10_000.0}
    return DayRow(symbol, close=close, **(values | fields))


def summed(rows: list[DayRow], **more: Any) -> Any:
    return summarise(DAY, rows, more.pop("counts", {}), more.pop("notable", []), None, is_final=True, **more)


def test_day_is_summed_up_over_stocks_alone() -> None:
    rows = [
        row("UPP", 10_500.0, buy_volume=300, sell_volume=100, volume=5_000),
        row("CEI", 10_700.0, ceiling=10_700.0),
        row("SAM", 10_000.0),
        row("DOW", 9_500.0, board="HNX"),
        row("FLO", 9_300.0, floor=9_300.0),
        row("NEW", 5_000.0, reference=None),
        row("VNINDEX", 1_900.0, kind="index", board="HOSE", reference=1_880.0),
        row("41I1GC000", 1_905.0, kind="future", board="DERIVATIVES"),
        row("CHPG2601", 20_000.0, kind="warrant"),
    ]
    found = summed(rows)
    breadth = found.breadth
    assert (breadth.advances, breadth.no_changes, breadth.declines, breadth.ceilings, breadth.floors) == (2, 1, 2, 1, 1)
    assert [each.symbol for each in found.gainers] == ["CEI", "UPP"]
    assert [each.symbol for each in found.losers] == ["FLO", "DOW"]
    assert found.most_traded[0].symbol == "UPP"
    assert [each.symbol for each in found.indices] == ["VNINDEX"]
    assert found.symbols == 6
    assert found.turnover == sum(found.turnover_by_board.values())
    assert found.turnover_by_board["HNX"] == 9_500_000
    assert found.active_buy_percent == 75
    assert found.foreign is None


def test_closes_at_a_limit_are_not_counted_where_no_limit_is_known() -> None:
    breadth = summed([row("CEI", 10_700.0), row("FLO", 9_300.0), row("SAM", 10_000.0)]).breadth
    assert (breadth.advances, breadth.no_changes, breadth.declines) == (1, 1, 1)
    assert (breadth.ceilings, breadth.floors) == (None, None)
    with override("en"):
        assert breadth_words(breadth, "en") == "Up 1, unchanged 1, down 1"


def test_foreign_flow_is_totalled_and_ranked_both_ways() -> None:
    flows = [("BUY", 5e9, 1e9), ("SEL", 1e9, 9e9), ("EVE", 2e9, 2e9)]
    found = summed(
        [row(symbol, 10_000.0, foreign_buy_value=buy, foreign_sell_value=sell) for symbol, buy, sell in flows]
    )
    assert (found.foreign.buy_value, found.foreign.sell_value, found.foreign.net_value) == (8e9, 12e9, -4e9)
    assert [each.symbol for each in found.foreign_bought] == ["BUY"]
    assert [each.symbol for each in found.foreign_sold] == ["SEL"]


def test_notable_alerts_are_the_most_severe_then_the_newest() -> None:
    noted = [
        Noted(str(number), "large_trade", "HPG", f"2026-11-20T10:{number:02}:00+07:00", severity, {})
        for number, severity in enumerate(["info", "critical", "warning", "critical"])
    ]
    assert [each.id for each in summed([row("HPG", 10_000.0)], notable=noted).notable] == ["3", "1", "2", "0"]


def test_empty_day_is_no_fault() -> None:
    found = summed([])
    assert (found.symbols, found.turnover, found.active_buy_percent, found.gainers) == (0, 0, None, [])


@pytest.fixture
def stored(db: None) -> None:
    cache.clear()
    for code, kind, board in (("HPG", "stock", "HOSE"), ("SSI", "stock", "HOSE"), ("VNINDEX", "index", "HOSE")):
        Instrument.objects.update_or_create(code=code, defaults={"kind": kind, "board": board})
    index = Instrument.objects.update_or_create(code="VN30", defaults={"kind": "index", "board": "HOSE"})[0]
    Instrument.objects.filter(kind="future").delete()
    future = {"kind": "future", "board": "DERIVATIVES", "underlying": index, "last_trading_day": date(2026, 12, 17)}
    Instrument.objects.create(code="41I1GC000", **future)
    for symbol, close in (("HPG", 26_000.0), ("SSI", 30_000.0), ("VNINDEX", 1_880.0)):
        day(symbol, BEFORE, close)
    BasisPoint.objects.create(
        contract="41I1GC000", at=MATCH, underlying="VN30", future=1_905.0, index=1_900.0, basis=5.0
    )
    make_alert(7, at=MATCH)


def day(symbol: str, on: date, close: float, **fields: Any) -> None:
    values = {"open": close, "high": close, "low": close, "close": close, "volume": 1_000, "value": close * 1_000}
    DailyBar.objects.create(symbol=symbol, day=on, **(values | fields))


def minute(symbol: str, close: float) -> None:
    Bar.objects.create(
        symbol=symbol, at=MATCH, open=close, high=close, low=close, close=close, volume=1_000, value=close * 1_000,
        buy_volume=600, sell_volume=200,
    )  # fmt: skip


def play_day() -> None:
    """The newest day: HPG as its last state says, the others in minutes that were fetched and never seen live."""
    for symbol, close in (("HPG", 27_000.0), ("SSI", 29_000.0), ("VNINDEX", 1_900.0)):
        minute(symbol, close)
    states = {"kind": "market", "code": "", "day": DAY, "at": MATCH, "epoch": "e", "seq": 1, "state": {}}
    SymbolState.objects.create(**states)
    state = {
        "last_price": 27_000.0,
        "total_volume": 1_500,  # 500 of it were traded out of sight: they are in no minute
        "total_value": 41e6,
        "totals": {"reference": 26_500.0, "ceiling": 27_000.0, "floor": 24_000.0},
        "volumes": {"phases": {"ato": sides(0, 0), "continuous": sides(500, 200), "atc": sides(100, 0)}},
        "foreign": {
            "last": {"buy_volume": 5.0, "sell_volume": 1.0, "buy_value": 0.0, "sell_value": 0.0},
            "own_buy_value": 5e9,
            "own_sell_value": 1e9,
        },
    }
    SymbolState.objects.create(**states | {"kind": "symbol", "code": "HPG", "at": SEEN, "state": state})


def sides(buy: int, sell: int) -> dict[str, int]:
    return {"buy": buy, "sell": sell, "neutral": 0, "unclassified": 0}


def test_newest_day_comes_from_its_last_states_and_from_minutes_that_they_never_saw(stored: None) -> None:
    play_day()
    found = read_summary(DAY, CLOSED)
    (hpg,) = found.gainers
    assert (hpg.symbol, hpg.reference, hpg.state, hpg.net_value) == ("HPG", 26_500.0, "ceiling", 4e9)
    assert (hpg.volume, hpg.value, hpg.buy_volume, hpg.sell_volume) == (1_500, 41e6, 600, 200)
    assert found.until == SEEN
    assert [(each.symbol, each.reference) for each in found.losers] == [("SSI", 30_000.0)]
    assert [(each.symbol, each.change) for each in found.indices] == [("VNINDEX", 20.0)]
    assert found.basis is not None
    assert (found.basis.name, found.basis.basis) == ("VN30 12/2026", 5.0)
    assert found.alert_counts == {"large_trade": 1}
    assert found.is_final
    assert not read_summary(DAY, CLOSED - timedelta(hours=1)).is_final


def test_minutes_that_were_fetched_later_take_the_place_of_a_state(stored: None) -> None:
    play_day()
    SymbolState.objects.filter(code="HPG").update(at=MATCH - timedelta(hours=1))
    found = read_summary(DAY, CLOSED)
    (hpg,) = found.gainers
    assert (hpg.volume, hpg.reference, hpg.state) == (1_000, 26_500.0, "ceiling")
    assert found.until == MATCH


def test_only_days_that_are_over_are_kept_for_minutes(stored: None, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, int] = {}
    monkeypatch.setattr(reads.cache, "set", lambda key, _summary, seconds: kept.update({key[-4:]: seconds}))
    monkeypatch.setattr(reads, "moment_shown", lambda: CLOSED)
    daily_summary(BEFORE)
    daily_summary(DAY)  # nothing is stored of it yet
    assert kept == {"1119": reads.STORED_SECONDS, "1120": reads.FRESH_SECONDS}
    play_day()
    daily_summary(DAY)
    assert kept["1120"] == reads.FRESH_SECONDS


@pytest.mark.parametrize(("language", "words"), [("vi", "đến 14:45"), ("en", "up to 14:45")])
def test_day_in_progress_says_up_to_which_minute_on_the_page_and_in_the_text(
    client: Client, stored: None, settings: Settings, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    settings.ANONYMOUS_READ = True
    play_day()
    moment = [CLOSED - timedelta(hours=1)]
    monkeypatch.setattr(reads, "moment_shown", lambda: moment[0])
    client.cookies["django_language"] = language
    assert f'<small class="so-far">{words}</small>' in client.get("/summary/").content.decode()
    assert f"({words})" in summary_texts(daily_summary(DAY))[language].splitlines()[0]
    moment[0] = CLOSED
    cache.clear()
    assert "so-far" not in client.get("/summary/").content.decode()
    assert words not in summary_texts(daily_summary(DAY))[language]


def test_past_day_comes_from_rolled_up_days(stored: None) -> None:
    day("HPG", DAY, 27_000.0, reference=26_900.0, foreign_buy_value=1e9, foreign_sell_value=3e9)
    day("VNINDEX", DAY, 1_870.0)
    found = read_summary(DAY, CLOSED)
    assert [(each.symbol, each.change) for each in found.gainers] == [("HPG", 100.0)]
    assert found.foreign is not None
    assert found.foreign.net_value == -2e9
    assert [each.change for each in found.indices] == [-10.0]


@pytest.mark.parametrize(("language", "words"), [("vi", "Tổng kết"), ("en", "Summary of the day")])
def test_page_shows_the_newest_day_in_both_languages(
    client: Client, stored: None, settings: Settings, redis_url: str, language: str, words: str
) -> None:
    settings.ANONYMOUS_READ = True
    play_day()
    client.cookies["django_language"] = language
    html = client.get("/summary/").content.decode()
    assert words in html
    assert "20/11/2026" in html
    assert 'href="/symbol/HPG/"' in html
    assert 'href="/summary/2026-11-19/"' in html
    assert client.get("/summary/2026-11-19/").status_code == 200
    assert client.get("/summary/2019-01-02/").status_code == 200
    assert client.get("/summary/yesterday/").status_code == 404


def test_text_begins_with_the_index_and_leaves_out_what_is_unknown(stored: None) -> None:
    play_day()
    texts = summary_texts(read_summary(DAY, CLOSED))
    english = texts["en"].splitlines()
    assert english[0] == "Summary of 20/11/2026: VNINDEX 1,900.00 (+20.00, +1.06 %)"
    assert "Top gainers: HPG 27.00 (+1.89 %)" in english
    assert any("basis +5.00" in line for line in english)
    assert texts["vi"].startswith("Tổng kết ngày 20/11/2026")
    assert summary_texts(daily_summary(date(2019, 1, 2)))["en"].startswith("Summary of 02/01/2019")


def test_summary_is_made_once_after_the_close_and_delivered(
    stored: None, monkeypatch: pytest.MonkeyPatch, django_user_model: Any, redis_url: str
) -> None:
    play_day()
    user = django_user_model.objects.create_user("trader")
    DeliveryChannel.objects.create(user=user, kind="email", enabled=True, summary=True, target="x")
    clock = [datetime(2026, 11, 20, 14, 0, tzinfo=VIETNAM)]
    monkeypatch.setattr(tasks, "moment_shown", lambda: clock[0])
    tasks.sum_up()
    assert not DayEnd.objects.exists()
    clock[0] = CLOSED
    tasks.sum_up()
    tasks.sum_up()
    assert [each.day for each in DayEnd.objects.all()] == [DAY]
    assert Delivery.objects.count() == 1
    clock[0] = datetime(2026, 11, 22, 9, tzinfo=UTC)  # a Sunday
    tasks.sum_up()
    assert DayEnd.objects.count() == 1
