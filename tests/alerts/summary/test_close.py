"""A day that is over and whose data end before: its page and text say up to when they go, and call nothing final."""

import logging
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from alerts import tasks
from alerts.models import DayEnd, Delivery, DeliveryChannel
from alerts.summary import reads
from alerts.summary.day import LAST_MATCH, Sight, last_of, reaches_close
from alerts.summary.reads import daily_summary, read_summary
from alerts.summary.words import summary_texts
from market.domain.calendar import VIETNAM
from market.models import Bar, DailyBar, FetchedRange, Instrument, SymbolState
from market.storage.rollup import roll_up_days

DAY = date(2026, 11, 20)
NEXT = date(2026, 11, 23)
DIED = datetime(2026, 11, 20, 11, 0, 12, tzinfo=VIETNAM)
CLOSED = datetime(2026, 11, 20, 15, 30, tzinfo=VIETNAM)
SAID = {
    "vi": ("đến 11:00", "Dữ liệu của ngày này dừng ở 11:00, trước giờ đóng cửa: đây chưa phải số liệu cuối cùng."),
    "en": ("up to 11:00", "The data of this day end at 11:00, before the close: these are not its final figures."),
}


def at(hours: int, minutes: int) -> datetime:
    return datetime.combine(DAY, time(hours, minutes), VIETNAM)


def sight(kind: str, board: str, end: datetime | None) -> Sight:
    return Sight("X", kind, board, end, end)


def test_last_match_of_each_board_is_the_timetables() -> None:
    minutes = {board: offset // timedelta(minutes=1) for board, offset in LAST_MATCH.items()}
    assert minutes == {"HOSE": 14 * 60 + 45, "HNX": 900, "UPCOM": 900, "DERIVATIVES": 14 * 60 + 45}


@pytest.mark.parametrize(
    ("sights", "reached"),
    [
        ([], True),
        ([("stock", "HOSE", at(11, 0))], False),
        ([("stock", "HOSE", at(14, 44))], False),
        ([("stock", "HOSE", at(14, 45))], True),
        ([("stock", "HOSE", at(11, 0)), ("stock", "HOSE", at(14, 45))], True),  # one of them trades little
        ([("stock", "HOSE", at(14, 50)), ("stock", "HNX", at(14, 50))], False),  # HNX matches until 15:00
        ([("stock", "HOSE", at(14, 50)), ("stock", "UPCOM", at(13, 0)), ("index", "HOSE", at(15, 0))], True),
        ([("stock", "HOSE", at(11, 0)), ("index", "HOSE", at(15, 0))], False),  # stocks alone fell silent
        ([("index", "HOSE", at(11, 0))], False),
        ([("index", "HOSE", at(15, 0))], True),
        ([("stock", "HOSE", None)], True),  # the exchange told it
        ([("stock", "HOSE", None), ("stock", "HOSE", at(11, 0))], False),
    ],
)
def test_data_reach_the_close_with_the_last_match_of_their_boards(
    sights: list[tuple[str, str, datetime | None]], reached: bool
) -> None:
    assert reaches_close(DAY, [sight(*each) for each in sights]) is reached


def test_day_is_known_as_far_as_its_stocks() -> None:
    sights = [sight("stock", "HOSE", at(11, 0)), sight("stock", "HOSE", None), sight("index", "HOSE", at(15, 0))]
    assert last_of(sights) == at(11, 0)
    assert last_of(sights[2:]) == at(15, 0)
    assert last_of(sights[1:2]) is None


@pytest.fixture
def broken(db: None) -> None:
    """A day of which nothing was seen after 11:00."""
    cache.clear()
    codes = {"HPG": "stock", "SSI": "stock", "VNINDEX": "index"}
    values = {"day": DAY, "epoch": "e", "seq": 1}
    for code, kind in codes.items():
        Instrument.objects.update_or_create(code=code, defaults={"kind": kind, "board": "HOSE"})
        minute(code, DIED.replace(second=0))
        stored = "index" if kind == "index" else "symbol"
        last = {"value": 1_000.0, "index": code} if kind == "index" else {"last_price": 1_000.0}
        state = last | {"total_volume": 1_000, "total_value": 1e6, "volumes": {"phases": {}}}
        SymbolState.objects.create(kind=stored, code=code, at=DIED, state=state, **values)
    SymbolState.objects.create(kind="market", code="", at=DIED, state={}, **values)


def minute(symbol: str, moment: datetime, volume: int = 1_000) -> None:
    prices = dict.fromkeys(("open", "high", "low", "close"), 1_000.0)
    Bar.objects.create(symbol=symbol, at=moment, **prices, volume=volume, value=1_000.0 * volume)


def told_by_the_exchange(*symbols: str) -> None:
    """What the evening's history writes over days that saw less volume."""
    whole: dict[str, Any] = {"close": 1_100.0, "volume": 5_000, "source": "backfill"}
    for symbol in symbols:
        others = {"open": 1_000.0, "high": 1_100.0, "low": 1_000.0, "value": 5e6}
        DailyBar.objects.update_or_create(symbol=symbol, day=DAY, defaults=others | whole)


def next_day() -> None:
    SymbolState.objects.update(day=NEXT)


def test_day_whose_data_end_early_is_not_final_however_late_it_is(broken: None) -> None:
    during = read_summary(DAY, DIED + timedelta(minutes=1))
    assert (during.is_final, during.ends_early) == (False, False)
    just_closed = read_summary(DAY, at(15, 1))  # the last messages may be on their way
    assert (just_closed.is_final, just_closed.ends_early) == (False, False)
    for moment in (CLOSED, CLOSED + timedelta(hours=5)):
        found = read_summary(DAY, moment)
        assert (found.is_final, found.ends_early, found.until) == (False, True, DIED)
    roll_up_days(DAY, DAY)
    assert read_summary(DAY, CLOSED).ends_early  # our own sums of it know no more
    next_day()
    past = read_summary(DAY, CLOSED + timedelta(days=3))
    assert (past.is_final, past.ends_early, past.until) == (False, True, DIED.replace(second=0))


def test_day_is_final_with_minutes_that_were_fetched_to_its_close(broken: None) -> None:
    for symbol in ("HPG", "VNINDEX"):  # SSI traded no more
        minute(symbol, at(14, 44))
    assert read_summary(DAY, CLOSED).is_final
    roll_up_days(DAY, DAY)
    next_day()
    past = read_summary(DAY, CLOSED + timedelta(days=3))
    assert (past.is_final, past.until) == (True, None)


def test_day_is_final_when_the_exchange_has_told_of_every_stock(broken: None) -> None:
    told_by_the_exchange("HPG")
    assert read_summary(DAY, CLOSED).ends_early
    roll_up_days(DAY, DAY)
    assert read_summary(DAY, CLOSED).ends_early
    told_by_the_exchange("HPG", "SSI", "VNINDEX")
    found = read_summary(DAY, CLOSED)
    assert (found.is_final, found.ends_early, found.until, found.volume) == (True, False, None, 10_000)
    next_day()
    assert read_summary(DAY, CLOSED + timedelta(days=3)).is_final


def test_stock_that_traded_no_more_is_whole_once_the_exchange_was_asked_after_the_day(broken: None) -> None:
    roll_up_days(DAY, DAY)
    told_by_the_exchange("HPG", "VNINDEX")  # of the other stock it knows no more volume than we do
    next_day()
    asked = FetchedRange.objects.create(
        kind="prices", code="SSI", first=DAY - timedelta(days=30), last=DAY, as_of=DAY, fetched_at=DIED
    )
    assert read_summary(DAY, CLOSED).ends_early  # while the day went on
    asked.as_of = NEXT
    asked.save()
    assert read_summary(DAY, CLOSED).is_final


def test_day_whose_minutes_are_gone_is_as_final_as_it_ever_was(broken: None) -> None:
    roll_up_days(DAY, DAY)
    next_day()
    Bar.objects.all().delete()
    assert read_summary(DAY, CLOSED + timedelta(days=2_000)).is_final


@pytest.mark.parametrize("language", ["vi", "en"])
def test_page_and_text_say_that_the_data_end_early(
    client: Client, broken: None, settings: Settings, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    settings.ANONYMOUS_READ = True
    monkeypatch.setattr(reads, "moment_shown", lambda: CLOSED)
    client.cookies["django_language"] = language
    mark, sentence = SAID[language]
    html = client.get("/summary/").content.decode()
    assert f'<small class="so-far">{mark}</small>' in html
    assert f'<p class="notice bad">{sentence}</p>' in html
    lines = summary_texts(daily_summary(DAY))[language].splitlines()
    assert f"({mark})" in lines[0]
    assert lines[1] == sentence


def test_summary_of_a_day_that_ends_early_is_delivered_with_these_words(
    broken: None, monkeypatch: pytest.MonkeyPatch, django_user_model: Any, redis_url: str, caplog: Any
) -> None:
    user = django_user_model.objects.create_user("trader")
    DeliveryChannel.objects.create(user=user, kind="email", enabled=True, summary=True, target="x")
    monkeypatch.setattr(tasks, "moment_shown", lambda: CLOSED)
    with caplog.at_level(logging.WARNING):
        tasks.sum_up()
    assert DayEnd.objects.get().day == DAY
    payload = str(Delivery.objects.get().content["words"])
    for mark, sentence in SAID.values():
        assert mark in payload
        assert sentence in payload
    assert "its summary says so" in caplog.text
