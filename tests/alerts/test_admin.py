"""The admin of rules and alerts, through its own pages, without JavaScript."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_django
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from alerts.domain.kinds import KINDS
from alerts.domain.rules import dump_rules, load_rules
from alerts.editors import EDITORS
from alerts.forms import usual_values
from alerts.models import Alert, AlertRule
from alerts.trial import run_trial
from market.domain.calendar import VIETNAM
from market.models import SymbolState, Trade
from tests.alerts.test_models import make_alert, make_rule
from tests.bench.data import SAMPLE
from tests.market.test_admin import login

pytestmark = pytest.mark.django_db

DAY = datetime(2026, 11, 20, tzinfo=VIETNAM)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def editor() -> Client:
    user = User.objects.create_user("editor", is_staff=True)
    user.groups.add(Group.objects.get(name=EDITORS))
    return login(user)


@pytest.fixture
def admin(admin_user: User) -> Client:
    return login(admin_user)


def page(name: str, *args: object) -> str:
    return reverse(f"admin:alerts_{name}", args=args)


def form(kind: str, **fields: Any) -> dict[str, Any]:
    """What a browser sends for a new rule of a kind with some fields filled in otherwise."""
    return usual_values(KINDS[kind]) | {"shown_kind": kind, "enabled": "on", "symbols": "", "basket": ""} | fields


def errors(response: HttpResponse) -> dict[str, list[str]]:
    found: dict[str, list[str]] = response.context["adminform"].form.errors  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_form_of_every_kind_shows_its_params_and_saves_its_usual_values(editor: Client, kind: str) -> None:
    content = editor.get(page("alertrule_add"), {"kind": kind}).content.decode()
    assert content.index('name="_save"') < content.index('name="_kind"')  # Enter presses the first button
    for param in KINDS[kind].params:
        assert f'name="param_{param.name}"' in content
        if not param.choices:
            assert f"{param.minimum:,} to {param.maximum:,} {param.unit}" in content
    assert editor.post(page("alertrule_add"), form(kind)).status_code == 302
    row = AlertRule.objects.latest("pk")
    assert dump_rules([row.as_rule()])[0]["params"] == dump_rules(load_rules([row.as_dict()]))[0]["params"]
    assert row.kind == kind


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", "Expected a whole number from 1 to 240 (minutes)."),
        ("241", "Expected a whole number from 1 to 240 (minutes)."),
        ("2.5", "Expected a whole number from 1 to 240 (minutes)."),
        ("", "Expected a whole number from 1 to 240 (minutes)."),
    ],
)
def test_param_out_of_bounds_says_what_was_expected(editor: Client, value: str, expected: str) -> None:
    response = editor.post(page("alertrule_add"), form("volume_spike", param_window_minutes=value))
    assert errors(response) == {"param_window_minutes": [expected]}


def test_cooldown_out_of_bounds_is_refused_at_its_field(editor: Client) -> None:
    response = editor.post(page("alertrule_add"), form("price_limit", cooldown_seconds="86401"))
    assert list(errors(response)) == ["cooldown_seconds"]


def test_scope_of_symbols_without_any_is_refused_at_the_list(editor: Client) -> None:
    response = editor.post(page("alertrule_add"), form("price_limit", scope="symbols"))
    assert errors(response) == {"symbols": ["Name at least one symbol."]}


def test_scope_of_symbols_names_what_can_be_no_symbol(editor: Client) -> None:
    response = editor.post(page("alertrule_add"), form("price_limit", scope="symbols", symbols="acb, <b> o'r"))
    assert errors(response) == {"symbols": ["No symbol is called <B>, O'R."]}


def test_scope_of_a_basket_without_one_is_refused_once(editor: Client) -> None:
    response = editor.post(page("alertrule_add"), form("price_limit", scope="basket"))
    assert errors(response)["basket"] == ["Choose a basket."]
    assert "scope" not in errors(response)


def test_scope_of_a_basket_is_stored_as_the_domain_has_it(editor: Client) -> None:
    editor.post(page("alertrule_add"), form("price_limit", scope="basket", basket="VN30"))
    row = AlertRule.objects.latest("pk")
    assert row.scope == "basket:VN30"
    shown = editor.get(page("alertrule_change", row.pk)).context["adminform"].form
    assert (shown["scope"].value(), shown["basket"].value()) == ("basket", "VN30")


def test_list_of_symbols_takes_commas_lines_and_small_letters(editor: Client) -> None:
    editor.post(page("alertrule_add"), form("price_limit", scope="symbols", symbols="acb, fpt\nVNM acb"))
    row = AlertRule.objects.latest("pk")
    assert row.symbols == ["ACB", "FPT", "VNM"]
    assert "ACB, FPT, VNM</textarea>" in editor.get(page("alertrule_change", row.pk)).content.decode()


def test_kind_changed_shows_the_other_fields_and_saves_nothing_yet(editor: Client) -> None:
    row = make_rule("volume_spike", name="mine")
    sent = form("volume_spike", name="mine") | {"kind": "large_trade"}
    response = editor.post(page("alertrule_change", row.pk), sent)
    content = response.content.decode()
    assert "These are the fields of “Large trade” now" in content
    assert 'name="param_min_value_vnd" value="10000000000"' in content
    assert 'name="param_multiplier"' not in content
    assert 'name="name" value="mine"' in content
    row.refresh_from_db()
    assert (row.kind, row.version) == ("volume_spike", 1)
    editor.post(page("alertrule_change", row.pk), form("large_trade", name="mine"))
    row.refresh_from_db()
    assert (row.kind, row.params) == ("large_trade", {"min_value_vnd": 10_000_000_000})


def test_button_for_the_fields_of_a_kind_saves_nothing_and_finds_no_fault(editor: Client) -> None:
    sent = form("volume_spike", name="mine") | {"kind": "index_move", "_kind": ""}
    response = editor.post(page("alertrule_add"), sent)
    assert errors(response) == {}
    assert 'name="param_percent"' in response.content.decode()
    assert not AlertRule.objects.filter(name="mine").exists()


def test_form_with_an_unknown_kind_is_refused(editor: Client) -> None:
    response = editor.post(page("alertrule_add"), form("price_limit") | {"kind": "nonsense", "shown_kind": "nonsense"})
    assert "kind" in errors(response)


def test_list_counts_alerts_of_today_and_lately_in_one_query(
    editor: Client, django_assert_max_num_queries: pytest_django.DjangoAssertNumQueries
) -> None:
    rule = make_rule(name="mine")
    make_alert(rule.pk, timezone.now())
    with django_assert_max_num_queries(9):  # session, user, rights, counts for the pages, and the list itself
        response = editor.get(page("alertrule_changelist"))
    assert f'<a href="{page("alert_changelist")}?rule={rule.pk}">1</a>' in response.content.decode()


def test_action_disables_rules_with_history_of_who(editor: Client) -> None:
    rules = [make_rule(), make_rule()]
    chosen = {"action": "disable", "_selected_action": [rule.pk for rule in rules]}
    response = editor.post(page("alertrule_changelist"), chosen, follow=True)
    assert "2 rules changed." in response.content.decode()
    newest = [rule.history.first() for rule in rules]
    assert [(each.enabled, each.version, each.history_user.username) for each in newest] == [(False, 2, "editor")] * 2


def test_history_shows_the_difference_and_brings_an_old_version_back(editor: Client) -> None:
    row = make_rule("volume_spike")
    editor.post(page("alertrule_change", row.pk), form("volume_spike", param_multiplier="7.5"))
    content = editor.get(page("alertrule_history", row.pk)).content.decode()
    assert "editor" in content
    assert "7.5" in content
    old = row.history.last()
    address = page("alertrule_simple_history", row.pk, old.history_id)
    shown = editor.get(address).context["adminform"].form
    assert shown["param_multiplier"].value() == 3
    editor.post(address, form("volume_spike", param_multiplier="3"))
    row.refresh_from_db()
    assert (row.params["multiplier"], row.version) == (3, 3)


def test_export_and_import_give_the_same_rules(editor: Client) -> None:
    exported = editor.get(page("alertrule_export")).content
    before = list(AlertRule.objects.values())
    assert len(load_rules(exported)) == len(before)
    answer = upload(editor, exported)
    assert f"0 rules added, 0 changed, {len(before)} as before, 0 deleted." in answer
    assert list(AlertRule.objects.values()) == before


def upload(client: Client, content: bytes, **fields: str) -> str:
    file = SimpleUploadedFile("rules.json", content, "application/json")
    return client.post(page("alertrule_import"), {"file": file, **fields}, follow=True).content.decode()


def test_import_changes_adds_and_deletes(editor: Client) -> None:
    AlertRule.objects.all().delete()
    kept, gone = make_rule("volume_spike"), make_rule("basis_flip")
    rules = [
        kept.as_dict() | {"severity": "critical"},
        {**gone.as_dict(), "id": None, "kind": "price_limit", "scope": "stocks"},
    ]
    assert "1 rules added, 1 changed, 0 as before, 1 deleted." in upload(
        editor, json.dumps(rules).encode(), remove_others="on"
    )
    assert list(AlertRule.objects.values_list("kind", "severity", "version")) == [
        ("volume_spike", "critical", 2),
        ("price_limit", "warning", 1),
    ]
    assert kept.history.first().history_user.username == "editor"


def test_import_of_the_samples_rules_works(editor: Client) -> None:
    truth = SAMPLE.with_name("day-a-truth.json")
    if not truth.exists():
        pytest.skip("the samples are not beside the project")
    rules = json.loads(truth.read_text())["rules"]
    assert f"{len(rules)} rules added" in upload(editor, json.dumps(rules).encode())


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"[]x", "expected a JSON list of rules"),
        (b'{"a": 1}', "expected a list of rules"),
        (b'[{"kind": "volume_spike", "scope": "stocks", "phases": "all", "severity": "info", "cooldown_seconds": 1, '
         b'"params": {"multiplier": 0}}]', "rules[0].params.multiplier: expected a number from 1 to 100, was 0"),
    ],
)  # fmt: skip
def test_import_with_a_fault_names_it_and_stores_nothing(editor: Client, content: bytes, fault: str) -> None:
    before = AlertRule.objects.count()
    assert fault in upload(editor, content)
    assert AlertRule.objects.count() == before


def test_editor_may_do_nothing_else(editor: Client) -> None:
    index = editor.get(reverse("admin:index"))
    assert [app["app_label"] for app in index.context["app_list"]] == ["alerts"]
    assert [model["object_name"] for model in index.context["app_list"][0]["models"]] == ["AlertRule"]
    assert editor.get(page("alert_changelist")).status_code == 403
    assert editor.get(reverse("admin:market_instrument_changelist")).status_code == 403


def test_viewer_sees_rules_but_cannot_change_try_or_import_them(client: Client) -> None:
    rule = make_rule("large_trade", name="mine")
    user = User.objects.create_user("viewer", is_staff=True)
    group = Group.objects.get(name=EDITORS)
    user.user_permissions.add(group.permissions.get(codename="view_alertrule"))
    viewer = login(user)
    content = viewer.get(page("alertrule_change", rule.pk)).content.decode()
    assert "min_value_vnd" in content
    assert 'name="_trial"' not in content
    assert viewer.get(page("alertrule_history", rule.pk)).status_code == 200
    old = rule.history.last()
    assert viewer.get(page("alertrule_simple_history", rule.pk, old.history_id)).status_code == 200
    assert viewer.post(page("alertrule_change", rule.pk), form("large_trade", _trial="")).status_code == 403
    assert viewer.get(page("alertrule_import")).status_code == 403
    assert viewer.get(page("alertrule_export")).status_code == 200


def test_alerts_are_to_look_at_only_and_say_what_happened(admin: Client) -> None:
    alert = make_alert(make_rule().pk)
    Alert.objects.filter(pk=alert.pk).update(
        evidence={"value_vnd": 1e10, "volume": 4e5, "price": 25_000, "side": "buy"}
    )
    content = admin.get(page("alert_changelist"), {"severity": "info", "kind": "large_trade"}).content.decode()
    assert "HPG: trade of 10,000,000,000 VND, 400,000.0 at 25.00 (buy)" in content
    assert admin.get(page("alert_changelist"), {"rule": alert.rule}).context["cl"].result_count == 1
    assert admin.get(page("alert_changelist"), {"kind": "price_limit"}).context["cl"].result_count == 0
    detail = admin.get(page("alert_change", alert.pk)).content.decode()
    assert "value_vnd: 10000000000.0 (VND)" in detail
    assert admin.post(page("alert_change", alert.pk), {"symbol": "X"}).status_code == 403
    assert admin.post(page("alert_delete", alert.pk), {"post": "yes"}).status_code == 403
    assert admin.get(page("alert_add")).status_code == 403


# --- Trying a rule against a day ------------------------------------------------------------------------------------


def store_trades(count: int = 12, volume: int = 100) -> None:
    """One trade a minute from 09:15 on, the last one large."""
    for number in range(1, count + 1):
        size = volume * 100 if number == count else volume
        at = DAY.replace(hour=9, minute=15 + number)
        Trade.objects.create(
            symbol="HPG", at=at, total_volume=number * 10**6, number=number, price=25_000.0, volume=size,
            value=25_000.0 * size, side="buy", method="feed", phase="continuous",
        )  # fmt: skip


def test_trial_of_unsaved_values_lists_what_a_stored_day_would_have_fired(editor: Client) -> None:
    store_trades()
    row = make_rule("volume_spike", enabled=False)
    sent = form("volume_spike", param_multiplier="5", _trial="Try", trial_day="2026-11-20")
    response = editor.post(page("alertrule_change", row.pk), sent)
    trial = response.context["trial"]
    assert (trial.count, trial.judged, trial.symbols) == (1, 12, [("HPG", 1)])
    content = response.content.decode()
    assert "1 alert on 2026-11-20" in content
    assert "HPG: trade of 10,000, 10.8 x the mean of 20 minutes" in content
    assert 'name="param_multiplier" value="5"' in content
    row.refresh_from_db()
    assert (row.params["multiplier"], row.version) == (3, 1)
    assert not Alert.objects.exists()


def test_trial_of_a_rule_with_a_fault_shows_the_fault(editor: Client) -> None:
    sent = form("volume_spike", param_multiplier="0", _trial="Try", trial_day="2026-11-20")
    response = editor.post(page("alertrule_add"), sent)
    assert "trial" not in response.context
    assert list(errors(response)) == ["param_multiplier"]


def test_trial_in_vietnamese_writes_its_numbers_so(editor: Client) -> None:
    store_trades()
    sent = form("volume_spike", param_multiplier="5", _trial="Try", trial_day="2026-11-20")
    editor.cookies["django_language"] = "vi"
    response = editor.post(page("alertrule_add"), sent)
    assert "HPG: khớp 10.000, gấp 10,8 lần trung bình 20 phút" in response.content.decode()


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_trial_of_a_day_beside_every_calendar_shows_the_fault(editor: Client, day: str) -> None:
    response = editor.post(page("alertrule_add"), form("volume_spike", _trial="Try", trial_day=day))
    assert response.status_code == 200
    assert "trial" not in response.context
    assert list(response.context["trial_form"].errors) == ["trial_day"]


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        ("volume_spike", "Nothing is stored for that day."),
        ("limit_lock", "Order books are not stored."),
        ("price_limit", "The limits of that day are not stored"),
    ],
)
def test_trial_says_what_a_stored_day_cannot_show(editor: Client, kind: str, note: str) -> None:
    response = editor.post(page("alertrule_add"), form(kind, _trial="Try", trial_day="2026-11-20"))
    assert note in response.content.decode()


def test_trial_on_the_newest_day_knows_its_limits(editor: Client) -> None:
    store_trades()
    totals = {"reference": 23_400.0, "ceiling": 25_000.0, "floor": 21_800.0}
    common = {"day": DAY.date(), "at": DAY, "epoch": "e", "seq": 1}
    SymbolState.objects.create(kind="symbol", code="HPG", state={"totals": totals}, **common)
    SymbolState.objects.create(kind="market", code="", state={}, **common)
    assert 'value="2026-11-20"' in editor.get(page("alertrule_add")).content.decode()
    sent = form("price_limit", _trial="Try", trial_day="2026-11-20")
    assert editor.post(page("alertrule_add"), sent).context["trial"].count == 12


def test_trial_against_a_recording_fires_what_replay_fires(
    editor: Client, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_trial, "__defaults__", (600.0,))  # its bound of time is for people, who see what it did
    truth = SAMPLE.with_name("day-a-truth.json")
    if not truth.exists():
        pytest.skip("the samples are not beside the project")
    settings.RECORDINGS_DIR = tmp_path
    (tmp_path / SAMPLE.name).symlink_to(SAMPLE)
    (tmp_path / "notes.txt").write_text("no recording")
    known = json.loads(truth.read_text())
    rule = next(each for each in known["rules"] if each["kind"] == "basis_flip")
    expected = [alert for alert in known["alerts"] if alert["kind"] == "basis_flip"]
    sent = form("basis_flip", _trial="Try", trial_recording=SAMPLE.name, cooldown_seconds=rule["cooldown_seconds"])
    response = editor.post(page("alertrule_add"), sent | {"phases": [], "scope": rule["scope"]})
    trial = response.context["trial"]
    assert [alert["time"] for alert in trial.listed] == [alert["time"] for alert in expected][:200]
    assert trial.count == len(expected)
    assert "notes.txt" not in response.content.decode()


def test_trial_of_a_file_that_is_no_recording_says_so(editor: Client, tmp_path: Path, settings: Any) -> None:
    settings.RECORDINGS_DIR = tmp_path
    (tmp_path / "bad.jsonl").write_text("nothing\n")
    sent = form("price_limit", _trial="Try", trial_recording="bad.jsonl")
    assert "bad.jsonl: expected a recording" in editor.post(page("alertrule_add"), sent).content.decode()
    sent = form("price_limit", _trial="Try", trial_recording="../bad.jsonl")
    assert "trial" not in editor.post(page("alertrule_add"), sent).context
