"""The admin of the reference data, through its own pages."""

from collections.abc import Iterator
from datetime import date

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from market.models import Basket, BasketMember, IngestRun, Instrument, TradingDay

pytestmark = pytest.mark.django_db

CULTURE_DAY = date(2026, 11, 24)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def admin(admin_user: User) -> Client:
    return login(admin_user)


@pytest.fixture
def viewer() -> Client:
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_", content_type__app_label="market"))
    return login(user)


def login(user: User) -> Client:
    client = Client()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def culture_day() -> TradingDay:
    return TradingDay.objects.create(date=CULTURE_DAY, source="holidays", reason="Vietnam Culture Day")


def page(name: str, *args: object) -> str:
    return reverse(f"admin:market_{name}", args=args)


def day_form(**fields: object) -> dict[str, object]:
    return {"date": CULTURE_DAY, "board": "", "reason": "Vietnam Culture Day", "source": "holidays"} | fields


@pytest.mark.parametrize("model", ["instrument", "sector", "basket", "tradingday"])
def test_admin_lists_open_with_search(admin: Client, culture_day: TradingDay, model: str) -> None:
    response = admin.get(page(f"{model}_changelist"), {"q": "a"})
    assert response.status_code == 200


@pytest.mark.parametrize("code", ["HPG", "VN30"])
def test_admin_instrument_page_opens(admin: Client, code: str) -> None:
    row = Instrument.objects.get(code=code)
    assert admin.get(page("instrument_change", row.pk)).status_code == 200


def test_admin_instrument_search_by_alias_finds_the_index(admin: Client) -> None:
    response = admin.get(page("instrument_changelist"), {"q": "UPCOM-INDEX"})
    assert [row.code for row in response.context["cl"].result_list] == ["HNXUpcomIndex"]


def test_admin_instrument_with_bad_tick_table_says_what_is_expected(admin: Client) -> None:
    response = admin.post(
        page("instrument_add"),
        {"code": "AAA", "kind": "stock", "board": "HOSE", "lot_size": 100, "tick_table": "[[5, 1]]", "active": "on"},
    )
    assert "prices rising from 0" in response.context["adminform"].form.errors["tick_table"][0]


def test_admin_day_that_is_unconfirmed_says_so(admin: Client, culture_day: TradingDay) -> None:
    assert "Closed, not confirmed" in admin.get(page("tradingday_changelist")).content.decode()
    admin.post(page("tradingday_change", culture_day.pk), day_form(confirmed="on"))
    assert "Closed, not confirmed" not in admin.get(page("tradingday_changelist")).content.decode()


def test_admin_day_edited_becomes_the_admins(admin: Client, culture_day: TradingDay) -> None:
    admin.post(page("tradingday_change", culture_day.pk), day_form(open="on"))
    culture_day.refresh_from_db()
    assert (culture_day.open, culture_day.source) == (True, "admin")


def test_admin_day_saved_unchanged_keeps_its_source(admin: Client, culture_day: TradingDay) -> None:
    admin.post(page("tradingday_change", culture_day.pk), day_form())
    culture_day.refresh_from_db()
    assert culture_day.source == "holidays"


def test_admin_day_with_named_source_keeps_that(admin: Client, culture_day: TradingDay) -> None:
    admin.post(page("tradingday_change", culture_day.pk), day_form(source="exchange", confirmed="on"))
    culture_day.refresh_from_db()
    assert (culture_day.source, culture_day.confirmed) == ("exchange", True)


def test_admin_day_twice_for_a_board_is_refused(admin: Client, culture_day: TradingDay) -> None:
    response = admin.post(page("tradingday_add"), day_form())
    assert "already for this board" in str(response.context["adminform"].form.errors)


def test_admin_day_that_was_seeded_cannot_be_deleted(admin: Client, culture_day: TradingDay) -> None:
    assert admin.post(page("tradingday_delete", culture_day.pk), {"post": "yes"}).status_code == 403
    own = TradingDay.objects.create(date=date(2026, 11, 26), source="admin")
    admin.post(page("tradingday_delete", own.pk), {"post": "yes"})
    assert list(TradingDay.objects.all()) == [culture_day]


def test_admin_confirm_action_confirms_selected_days(admin: Client, culture_day: TradingDay) -> None:
    admin.post(page("tradingday_changelist"), {"action": "confirm", "_selected_action": [culture_day.pk]})
    culture_day.refresh_from_db()
    assert (culture_day.confirmed, culture_day.source) == (True, "admin")


def test_admin_viewer_sees_days_but_cannot_change_them(viewer: Client, culture_day: TradingDay) -> None:
    assert viewer.get(page("tradingday_changelist")).status_code == 200
    assert viewer.post(page("tradingday_change", culture_day.pk), day_form(open="on")).status_code == 403
    viewer.post(page("tradingday_changelist"), {"action": "confirm", "_selected_action": [culture_day.pk]})
    culture_day.refresh_from_db()
    assert (culture_day.open, culture_day.confirmed) == (False, False)


def member_form(basket: Basket, *rows: tuple[str, str, str]) -> dict[str, object]:
    """The basket's page with these new periods: (code, joined, left)."""
    form: dict[str, object] = {
        "code": basket.code,
        "name": "",
        "members-TOTAL_FORMS": len(rows),
        "members-INITIAL_FORMS": 0,
    }
    for number, (code, joined, left) in enumerate(rows):
        instrument = Instrument.objects.get(code=code)
        fields = {"basket": basket.pk, "instrument": instrument.pk, "joined": joined, "left": left, "id": ""}
        form |= {f"members-{number}-{name}": value for name, value in fields.items()}
    return form


@pytest.fixture
def basket() -> Basket:
    return Basket.objects.create(code="TEST")


def test_admin_basket_saves_dated_members(admin: Client, basket: Basket) -> None:
    form = member_form(
        basket, ("HPG", "2026-01-01", "2026-02-01"), ("HPG", "2026-03-01", ""), ("FPT", "2026-01-01", "")
    )
    assert admin.post(page("basket_change", basket.pk), form).status_code == 302
    assert {row.code for row in basket.members_on(date(2026, 2, 15))} == {"FPT"}
    assert {row.code for row in basket.members_on(date(2026, 3, 1))} == {"FPT", "HPG"}


def test_admin_basket_with_periods_that_overlap_on_the_page_is_refused(admin: Client, basket: Basket) -> None:
    form = member_form(basket, ("HPG", "2026-01-01", "2026-03-01"), ("HPG", "2026-02-01", ""))
    response = admin.post(page("basket_change", basket.pk), form)
    assert "Two periods of HPG overlap" in response.content.decode()
    assert not BasketMember.objects.filter(basket=basket).exists()


def test_admin_basket_with_period_that_overlaps_a_stored_one_is_refused(admin: Client, basket: Basket) -> None:
    BasketMember.objects.create(
        basket=basket, instrument=Instrument.objects.get(code="HPG"), joined=date(2026, 1, 1), left=date(2026, 3, 1)
    )
    form = member_form(basket, ("HPG", "2026-02-01", "2026-04-01"))
    response = admin.post(page("basket_change", basket.pk), form)
    assert "overlaps another one" in response.content.decode()


def test_admin_ingest_runs_are_to_look_at_only(admin: Client) -> None:
    now = timezone.now()
    run = IngestRun.objects.create(epoch="e1", source="simulation", started_at=now, last_seen_at=now)
    assert "e1" in admin.get(page("ingestrun_changelist")).content.decode()
    assert admin.post(page("ingestrun_change", run.pk), {"epoch": "e2"}).status_code == 403
    assert admin.post(page("ingestrun_delete", run.pk), {"post": "yes"}).status_code == 403
    assert admin.get(page("ingestrun_add")).status_code == 403


def test_admin_basket_list_counts_todays_members(admin: Client) -> None:
    response = admin.get(page("basket_changelist"))
    assert [row.members_today for row in response.context["cl"].result_list] == [30]
