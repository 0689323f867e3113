"""The page of a user's own alerts: private, bounded, in two languages, and without scripts."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone, translation
from pytest_django import Settings

from alerts.models import PersonalAlert, PersonalHit
from alerts.personal.bounds import BadValue, check
from alerts.personal.forms import parse
from alerts.personal.subject import Asked
from alerts.personal.words import asked, hit_line
from market.models import Instrument
from tests.market.live_rows import Publisher, index_row, market_row

pytestmark = pytest.mark.usefixtures("open_site")

MINE = "/alerts/mine/"
GIVEN = {
    "symbol": "hpg", "what": "price.above", "value": "27,5", "repeats": "0", "cooldown_seconds": "900",
    "note": "cắt lỗ", "expires_on": "",
}  # fmt: skip


@pytest.fixture
def open_site(settings: Settings, db: None, redis_url: str) -> None:
    settings.ANONYMOUS_READ = True
    publisher = Publisher()
    publisher.store_all({"HPG": market_row("HPG")})
    ticks = [[0, 10], [10_000, 50], [50_000, 100]]
    Instrument.objects.update_or_create(code="HPG", defaults={"kind": "stock", "board": "HOSE", "tick_table": ticks})


@pytest.fixture
def trader() -> User:
    return User.objects.create_user("trader")


@pytest.fixture
def reader(client: Client, trader: User) -> Client:
    client.force_login(trader)
    return client


def make(user: User, **fields: Any) -> PersonalAlert:
    values = {"symbol": "HPG", "kind": "price", "condition": "above", "threshold": 27_500.0} | fields
    return PersonalAlert.objects.create(user=user, **values)


def make_hit(row: PersonalAlert, **fields: Any) -> PersonalHit:
    evidence = {"condition": row.condition, "threshold": row.threshold, "value": 27_550.0, "price": 27_550.0}
    values = {"user": row.user, "alert": row, "alert_version": row.version, "symbol": row.symbol, "kind": row.kind}
    more = {"id": f"00000000-0000-0000-0000-{row.pk:012}", "time": timezone.now(), "evidence": evidence}
    return PersonalHit.objects.create(**(values | more | fields))


def test_visitor_is_led_to_the_log_in_page_and_back(client: Client) -> None:
    response = client.get(f"{MINE}?symbol=HPG")
    assert response.status_code == 302
    assert response["Location"].endswith("?next=/alerts/mine/%3Fsymbol%3DHPG")
    assert client.post(MINE, GIVEN).status_code == 302
    assert not PersonalAlert.objects.exists()


def test_form_begins_with_the_symbol_and_its_last_price(reader: Client) -> None:
    html = reader.get(f"{MINE}?symbol=HPG").content.decode()
    assert 'value="HPG"' in html
    assert 'value="27,45"' in html


def test_alert_is_set_and_shown_in_words(reader: Client, trader: User) -> None:
    response = reader.post(MINE, GIVEN, follow=True)
    row = PersonalAlert.objects.get()
    assert (row.user, row.symbol, row.kind, row.condition, row.threshold) == (trader, "HPG", "price", "above", 27_500.0)
    assert (row.repeats, row.note, row.expires_on, row.version) == (False, "cắt lỗ", None, 1)
    html = response.content.decode()
    assert "giá lên tới 27,50" in html
    assert "cắt lỗ" in html
    reader.cookies["django_language"] = "en"
    assert "price rises to 27.50" in reader.get(MINE).content.decode()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"symbol": "NONE"}, "No symbol is called NONE."),
        ({"value": "27.52"}, "the nearest are 27.50 and 27.55"),
        ({"value": "500"}, "Expected a price from"),
        ({"value": "abc"}, "Expected a number."),
        ({"value": ""}, "Expected a number."),
        ({"what": "change.above", "value": "0"}, "Expected a number from 0.01 to 50."),
        ({"what": "volume.above", "value": "-5"}, "Expected a number from 1"),
        ({"what": "price.ceiling"}, "price.ceiling"),
        ({"expires_on": "2001-01-01"}, "Expected a day from today on"),
    ],
)
def test_form_says_what_is_wrong_and_keeps_what_was_typed(reader: Client, given: dict[str, str], said: str) -> None:
    reader.cookies["django_language"] = "en"
    response = reader.post(MINE, GIVEN | given)
    assert response.status_code == 422
    html = response.content.decode()
    assert said in html
    assert 'value="cắt lỗ"' in html
    assert not PersonalAlert.objects.exists()


def test_index_has_only_its_value_to_watch(reader: Client) -> None:
    Publisher("index").store_all({"VN30": index_row("VN30")})
    reader.cookies["django_language"] = "en"
    assert (
        "Of an index only the price"
        in reader.post(MINE, GIVEN | {"symbol": "VN30", "what": "volume.above", "value": "5"}).content.decode()
    )
    assert reader.post(MINE, GIVEN | {"symbol": "VN30", "value": "1900.5"}).status_code == 302
    assert PersonalAlert.objects.get().threshold == 1900.5


def test_others_alerts_do_not_exist(reader: Client) -> None:
    other = make(User.objects.create_user("other"), note="secret")
    make_hit(other, note="secret too")
    assert "secret" not in reader.get(MINE).content.decode()
    assert reader.get(f"{MINE}{other.pk}/").status_code == 404
    assert reader.post(f"{MINE}{other.pk}/", GIVEN).status_code == 404
    for action in ("pause", "resume", "again", "delete"):
        assert reader.post(f"{MINE}{other.pk}/{action}/").status_code == 404
    other.refresh_from_db()
    assert (other.is_paused, other.version) == (False, 1)


def test_forms_need_the_csrf_token(trader: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(trader)
    row = make(trader)
    assert strict.post(MINE, GIVEN).status_code == 403
    assert strict.post(f"{MINE}{row.pk}/delete/").status_code == 403
    assert strict.get(f"{MINE}{row.pk}/delete/").status_code == 405
    assert PersonalAlert.objects.count() == 1


def test_limit_counts_active_alerts_and_says_so(reader: Client, trader: User, settings: Settings) -> None:
    settings.PERSONAL_ALERTS_PER_USER = 2
    make(User.objects.create_user("other"))
    first, paused = make(trader), make(trader, is_paused=True)
    assert reader.post(MINE, GIVEN).status_code == 302
    reader.cookies["django_language"] = "en"
    assert "You have 2 active alerts" in reader.post(MINE, GIVEN).content.decode()
    assert "You have 2 active alerts" in reader.post(f"{MINE}{paused.pk}/resume/", follow=True).content.decode()
    make_hit(first)  # spent: it makes room
    reader.post(f"{MINE}{paused.pk}/resume/")
    paused.refresh_from_db()
    assert not paused.is_paused
    assert PersonalAlert.objects.of(trader).active(timezone.localdate()).count() == 2


def test_limit_bounds_what_is_kept_too(reader: Client, trader: User, settings: Settings) -> None:
    settings.PERSONAL_ALERTS_PER_USER = 1
    for _ in range(10):
        make(trader, is_paused=True)
    reader.cookies["django_language"] = "en"
    assert "delete old alerts first" in reader.post(MINE, GIVEN).content.decode()


def test_edit_of_the_condition_makes_a_new_version_and_one_of_the_note_does_not(reader: Client, trader: User) -> None:
    row = make(trader)
    assert 'value="27,5"' in reader.get(f"{MINE}{row.pk}/").content.decode()
    reader.post(f"{MINE}{row.pk}/", GIVEN | {"note": "other"})
    row.refresh_from_db()
    assert (row.version, row.note) == (1, "other")
    reader.post(f"{MINE}{row.pk}/", GIVEN | {"what": "price.below"})
    row.refresh_from_db()
    assert (row.version, row.condition) == (2, "below")


def test_spent_alert_can_be_set_again_and_deleted_with_its_hits_kept(reader: Client, trader: User) -> None:
    row = make(trader)
    make_hit(row, note="told")
    assert "Đặt lại" in reader.get(MINE).content.decode()
    reader.post(f"{MINE}{row.pk}/again/")
    row.refresh_from_db()
    assert row.version == 2
    assert "Đặt lại" not in reader.get(MINE).content.decode()
    reader.post(f"{MINE}{row.pk}/delete/")
    assert PersonalHit.objects.get().alert is None
    assert "told" in reader.get(MINE).content.decode()


def test_paused_and_expired_alerts_are_not_active(trader: User) -> None:
    today = timezone.localdate()
    kept = make(trader, expires_on=today)
    make(trader, is_paused=True)
    make(trader, expires_on=today - timedelta(days=1))
    assert list(PersonalAlert.objects.active(today)) == [kept]


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("26,5", "price", 26.5),
        ("26.50", "price", 26.5),
        ("1.234,5", "price", 1234.5),
        ("1,234.5", "price", 1234.5),
        ("500.000", "volume", 500_000),
        ("1,000,000", "volume", 1_000_000),
        ("−2,5 %", "change", -2.5),
        ("-500 000", "foreign_volume", -500_000),
    ],
)
def test_numbers_are_read_as_people_type_them(text: str, kind: str, number: float) -> None:
    assert parse(text, kind) == number


@pytest.mark.parametrize("text", ["", "1e5", "nan", "--1", "1.2.3,4,5", "9" * 20, "٣"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        parse(text, "change")


def test_price_may_be_typed_in_vnd_too() -> None:
    stock = Asked("HPG", "stock", price=27_400.0, ticks=[(0, 10), (10_000, 50), (50_000, 100)])
    assert check("price", 27.5, stock, "en") == check("price", 27_500, stock, "en") == 27_500.0
    future = Asked("41I1GC000", "future", price=1_900.0, ticks=[(0, 0.1)])
    assert check("price", 1_901.3, future, "en") == 1_901.3
    with pytest.raises(BadValue, match=r"1,901.3"):
        check("price", 1_901.35, future, "en")


def test_hit_is_put_into_words_in_both_languages() -> None:
    message = {
        "id": "x", "symbol": "HPG", "kind": "change", "time": "2026-11-20T10:00:00+07:00", "note": "",
        "evidence": {"condition": "above", "threshold": 2.0, "value": 2.5, "price": 27_400.0, "change_percent": 2.5},
    }  # fmt: skip
    with translation.override("en"):
        line = hit_line(message, "en")
        assert (line.words, line.measured) == ("change rises to +2.00 %", "+2.50 %, price 27.40 thousand VND")
        assert asked("limit", "leaves", None, "HPG", "en") == "price leaves ceiling or floor"
    with translation.override("vi"):
        assert hit_line(message, "vi").words == "mức thay đổi lên tới +2,00 %"
    assert line.href.startswith("/symbol/HPG/?at=1795143600")


def test_state_is_another_one_after_each_change_and_when_an_alert_went_off(reader: Client, trader: User) -> None:
    states = [reader.get("/alerts/mine/state/").content.decode()]
    reader.post(MINE, GIVEN)
    row = PersonalAlert.objects.get()
    for change in (lambda: reader.post(f"{MINE}{row.pk}/pause/"), lambda: make_hit(row), row.delete):
        states.append(reader.get("/alerts/mine/state/").content.decode())
        assert f'data-state="{states[-1]}" data-state-of="/alerts/mine/state/"' in reader.get(MINE).content.decode()
        change()
    assert len(set(states)) == len(states)
