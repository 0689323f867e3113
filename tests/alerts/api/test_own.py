"""Users' own alerts over REST: private, bounded as the form is, in one shape, by token or session."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from alerts.api.own_schema import ALERT, EXAMPLES, WANTED
from alerts.api.own_shapes import AlertChange, NewAlert, OwnAlert, OwnAlerts, OwnHits
from alerts.models import PersonalAlert
from market.models import ApiToken
from tests.alerts.personal.test_views import make, make_hit, open_site, trader
from tests.market.api.test_schema import differences
from tests.market.live_rows import Publisher, index_row

__all__ = ["open_site", "trader"]

pytestmark = pytest.mark.usefixtures("open_site")

MINE = "/api/alerts/mine"
PRICE = {"symbol": "hpg", "kind": "price", "condition": "above", "threshold": 27_500}


class Api:
    """The API as a program of a user asks it."""

    def __init__(self, user: User) -> None:
        self.headers = {"authorization": f"Bearer {ApiToken.issue(user, 'test')[1]}"}

    def __call__(self, method: str, address: str = "", given: Any = None) -> tuple[int, Any]:
        body = {"content_type": "application/json", "data": json.dumps(given)} if given is not None else {}
        response = getattr(Client(), method)(f"{MINE}{address}", headers=self.headers, **body)
        assert response.status_code >= 400 or response.headers["Cache-Control"] == "private, no-store"
        found = response.json() if response.content else None
        if response.status_code >= 400:
            assert set(found) == {"code", "detail"}
        return response.status_code, found


@pytest.fixture
def api(trader: User) -> Api:
    return Api(trader)


def test_alert_is_set_shown_changed_and_deleted(api: Api, trader: User) -> None:
    status, made = api("post", "/", PRICE | {"note": "cắt lỗ"})
    assert status == 201
    assert list(differences(OwnAlert(), made)) == []
    assert (made["symbol"], made["threshold"], made["state"], made["version"]) == ("HPG", 27_500.0, "active", 1)
    assert (made["repeats"], made["cooldown_seconds"], made["expires_on"]) == (False, 900, None)
    assert made["words"] == "price rises to 27.50 thousand VND"
    assert PersonalAlert.objects.get().user == trader
    assert api("get", f"/{made['id']}") == (200, made)

    status, changed = api("patch", f"/{made['id']}/", {"threshold": 28_000, "repeats": True})
    assert (status, changed["threshold"], changed["note"], changed["version"]) == (200, 28_000.0, "cắt lỗ", 2)
    assert api("patch", f"/{made['id']}", {"is_paused": True})[1]["state"] == "paused"
    assert api("get")[1]["alerts"][0]["state"] == "paused"
    assert api("delete", f"/{made['id']}") == (204, None)
    assert api("get", f"/{made['id']}")[0] == 404
    assert api("get")[1] == {"alerts": [], "most_active": 50, "next": None}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"symbol": "NONE"}, "symbol: No symbol is called NONE."),
        ({"threshold": 27_520}, "threshold: No such price can be traded: the nearest are 27,500 and 27,550."),
        ({"threshold": 27.5}, "threshold: Expected a price from 5,490 to 137,250."),  # here it is VND, no thousands
        ({"threshold": 27_500_000}, "threshold: Expected a price from"),
        ({"threshold": None}, "threshold: Expected a number."),
        ({"threshold": "27500"}, "threshold: expected a number"),
        ({"threshold": 10**400}, "threshold: expected a number"),
        ({"threshold": True}, "threshold: expected a number"),
        (
            {"kind": "change", "threshold": 0},
            "threshold: Expected a number from 0.01 to 50. Negative ones are allowed.",
        ),
        ({"kind": "volume", "threshold": 1.234}, "threshold: Expected a whole number."),
        ({"kind": "foreign_value", "threshold": 5}, "threshold: Expected a number from 100,000,000 to"),
        ({"kind": "limit"}, "condition: Select a valid choice."),
        ({"kind": "none"}, 'kind: "none" is not a valid choice.'),
        ({"cooldown_seconds": 61}, "cooldown_seconds:"),
        ({"expires_on": "2001-01-01"}, "expires_on: Expected a day from today on"),
        ({"note": "x" * 201}, "note: Ensure this field has no more than 200 characters."),
    ],
)
def test_refusal_names_the_field_and_says_what_was_expected(api: Api, given: dict[str, Any], said: str) -> None:
    status, body = api("post", "", PRICE | given)
    assert (status, body["code"]) == (400, "invalid")
    assert said in body["detail"]
    assert not PersonalAlert.objects.exists()


def test_body_that_is_no_object_or_no_json_is_refused(api: Api) -> None:
    assert api("post", "", [1])[0] == 400
    response = Client().post(MINE, {"symbol": "HPG"}, headers=api.headers)
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_every_kind_takes_the_units_of_answers(api: Api) -> None:
    Publisher("index").store_all({"VN30": index_row("VN30")})
    for kind, condition, threshold in (
        ("change", "crosses", -3.5), ("volume", "above", 12_345_678_901), ("relative_volume", "above", 2.5),
        ("foreign_value", "below", -5e9), ("foreign_volume", "below", -100_000), ("limit", "ceiling", None),
    ):  # fmt: skip
        given = {"symbol": "HPG", "kind": kind, "condition": condition, "threshold": threshold}
        assert api("post", "", given)[1]["threshold"] == threshold
    assert api("post", "", PRICE | {"symbol": "VN30", "threshold": 1900.5})[0] == 201
    status, body = api("post", "", PRICE | {"symbol": "VN30", "kind": "volume"})
    assert (status, "Of an index only the price" in body["detail"]) == (400, True)


def test_others_alerts_do_not_exist(api: Api) -> None:
    other = make(User.objects.create_user("other"), note="secret")
    make_hit(other, note="secret too")
    for method, given in (("get", None), ("patch", {"note": "mine"}), ("delete", None)):
        status, body = api(method, f"/{other.pk}", given)
        assert (status, body["code"]) == (404, "not_found")
    assert api("get")[1]["alerts"] == api("get", "/hits")[1]["hits"] == []
    assert api("get", f"/hits?alert={other.pk}")[1]["hits"] == []
    other.refresh_from_db()
    assert other.note == "secret"


def test_nobody_is_somebody_even_where_everybody_may_read(client: Client, trader: User) -> None:
    for address in (MINE, f"{MINE}/hits/", f"{MINE}/{make(trader).pk}"):
        response = client.get(address)
        assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


def test_session_needs_the_csrf_token_to_change(trader: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(trader, backend="django.contrib.auth.backends.ModelBackend")
    row = make(trader)
    assert strict.get(MINE).json()["alerts"][0]["id"] == row.pk
    for response in (strict.post(MINE, PRICE, "application/json"), strict.delete(f"{MINE}/{row.pk}")):
        assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    strict.get("/account/")  # a page with a form sets the cookie
    headers = {"x-csrftoken": strict.cookies["csrftoken"].value}
    assert strict.delete(f"{MINE}/{row.pk}", headers=headers).status_code == 204


def test_limit_counts_active_alerts_and_says_so(api: Api, trader: User, settings: Settings) -> None:
    settings.PERSONAL_ALERTS_PER_USER = 1
    active, paused = make(trader), make(trader, is_paused=True)
    for method, address, given in (("post", "", PRICE), ("patch", f"/{paused.pk}", {"is_paused": False})):
        status, body = api(method, address, given)
        assert (status, body["code"]) == (409, "limit_reached")
        assert "You have 1 active alerts" in body["detail"]
    assert api("patch", f"/{paused.pk}", {"note": "later"})[0] == 200
    assert api("patch", f"/{active.pk}", {"threshold": 28_000})[0] == 200


def test_spent_alert_is_set_anew(api: Api, trader: User) -> None:
    row = make(trader)
    make_hit(row)
    assert api("get", f"/{row.pk}")[1]["state"] == "spent"
    assert api("patch", f"/{row.pk}", {"is_spent": True})[0] == 400
    status, body = api("patch", f"/{row.pk}", {"is_spent": False})
    assert (status, body["state"], body["version"]) == (200, "active", 2)


def test_change_of_a_note_does_not_judge_what_the_alert_is_about(api: Api, trader: User) -> None:
    row = make(trader, symbol="GONE", threshold=1.0)
    assert api("patch", f"/{row.pk}", {"note": "kept"})[1]["note"] == "kept"
    assert api("patch", f"/{row.pk}", {"threshold": 2.0})[0] == 400


def test_pages_of_alerts_and_hits_neither_skip_nor_repeat(api: Api, trader: User) -> None:
    rows = [make(trader) for _ in range(5)]
    for place, row in enumerate(rows):  # two in one second
        make_hit(row, time=timezone.now().replace(microsecond=0) - timedelta(seconds=place // 2))
    for address, name, parameter in (("", "alerts", "before"), ("/hits", "hits", "cursor")):
        whole = api("get", address)[1]
        assert list(differences((OwnAlerts if name == "alerts" else OwnHits)(), whole)) == []
        seen, following = [], ""
        while True:
            page = api("get", f"{address}?limit=2{following}")[1]
            seen += page[name]
            if page["next"] is None:
                break
            following = f"&{parameter}={page['next']}"
        assert seen == whole[name]
        assert len(seen) == 5
        assert api("get", f"{address}?{parameter}=x")[0] == 400
    assert len(api("get", f"/hits?alert={rows[0].pk}&symbols=HPG")[1]["hits"]) == 1
    assert api("get", "?symbols=ACB")[1]["alerts"] == []


def test_examples_have_the_shapes_that_the_schema_says() -> None:
    for shape, name in ((OwnAlerts, "own_alerts"), (OwnAlert, "own_alert"), (OwnHits, "own_hits")):
        assert list(differences(shape(), EXAMPLES[name])) == []
    assert NewAlert(data=WANTED).is_valid()
    assert AlertChange(data={"is_paused": True}, partial=True).is_valid()
    assert ALERT.items() >= WANTED.items()
