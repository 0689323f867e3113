"""Who may reach which page of the admin, and that nobody changes anything through the API.

Every page is walked: a model's usual ones by its name, every other one by a line in `OWN`.
"""

from typing import Any, Final

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from alerts.editors import EDITORS, make_editors
from alerts.models import AlertRule
from market.models import ApiToken
from tests.test_page_access import ADDRESSES, address

ROLES: Final = ("visitor", "user", "staff", "editor", "superuser")
USUAL: Final = ("changelist", "add", "change", "delete", "history")
EVERYBODY_IN: Final = {"staff", "editor", "superuser"}
RULES: Final = {"editor", "superuser"}
# Pages besides the usual ones of a model, by the end of their name: where, and who may see them.
OWN: Final = {
    "index": ("", EVERYBODY_IN),
    "password_change": ("password_change/", EVERYBODY_IN),
    "password_change_done": ("password_change/done/", EVERYBODY_IN),
    "jsi18n": ("jsi18n/", EVERYBODY_IN),
    "app_list": ("alerts/", RULES),
    "autocomplete": ("autocomplete/?app_label=market&model_name=basketmember&field_name=instrument", {"superuser"}),
    "auth_user_password_change": ("auth/user/{user}/password/", {"superuser"}),
    "alerts_alertrule_export": ("alerts/alertrule/export/", RULES),
    "alerts_alertrule_import": ("alerts/alertrule/import/", RULES),
    "alerts_alertrule_simple_history": ("alerts/alertrule/{rule}/history/{past}/", RULES),
}
OUTSIDE: Final = {"login", "logout", "view_on_site"}  # the first two are for everybody; nothing of ours has the third
CHANGING: Final = ("post", "put", "patch", "delete")


@pytest.fixture
def clients(db: None, redis_url: str) -> dict[str, Client]:
    """A browser of each role."""
    make_editors("default", apps)
    users = {
        "user": User.objects.create_user("trader"),
        "staff": User.objects.create_user("clerk", is_staff=True),
        "editor": User.objects.create_user("editor", is_staff=True),
        "superuser": User.objects.create_superuser("root"),
    }
    users["editor"].groups.add(Group.objects.get(name=EDITORS))
    found = {role: Client() for role in ROLES}
    for role, user in users.items():
        found[role].force_login(user)
    return found


def names_of(patterns: list[Any]) -> list[str]:
    """The names of all pages below."""
    found: list[str] = []
    for each in patterns:
        if isinstance(each, URLResolver):
            found += names_of(each.url_patterns)
        elif isinstance(each, URLPattern) and each.name:
            found.append(each.name)
    return found


def admin_names() -> list[str]:
    [site] = [each for each in get_resolver().url_patterns if getattr(each, "app_name", "") == "admin"]
    return names_of(site.url_patterns)  # type: ignore[union-attr]


def usual_pages(model: type[Model]) -> list[str]:
    """Addresses of the pages that every model has, of a row that exists where there is one."""
    row = model._default_manager.first()
    start = f"{model._meta.app_label}/{model._meta.model_name}/"
    key = row.pk if row is not None else 1
    shown = [start, f"{start}add/", f"{start}{key}/change/", f"{start}{key}/delete/"]
    return [*shown, f"{start}{key}/history/"] if row is not None else shown


def seen(client: Client, path: str) -> str:
    """How the admin answers: in, refused, or led to its log-in page."""
    response = client.get(f"/admin/{path}")
    if response.status_code == 302 and response.headers["Location"].startswith("/admin/login/"):
        return "log in"
    assert response.status_code in (200, 302, 403), (path, response.status_code)
    return "refused" if response.status_code == 403 else "in"


def test_every_page_of_the_admin_is_walked() -> None:
    usual = {
        f"{model._meta.app_label}_{model._meta.model_name}_{page}" for model in admin.site._registry for page in USUAL
    }
    assert set(admin_names()) - usual - OUTSIDE == set(OWN)


def test_pages_of_models_are_for_whom_they_should(clients: dict[str, Client]) -> None:
    wrong = []
    asks = RequestFactory().get("/")
    asks.user = User.objects.get(username="root")
    for model, options in admin.site._registry.items():
        for path in usual_pages(model):
            for role in ROLES:
                wanted = "log in" if role in ("visitor", "user") else "refused"
                if role == "superuser" or (role == "editor" and model is AlertRule):
                    wanted = "in"
                found = seen(clients[role], path)
                looks_only = not options.has_add_permission(asks) or "delete" in path
                if found != wanted and not (role == "superuser" and looks_only and found == "refused"):
                    wrong.append(f"{role} at {path}: expected {wanted}, was {found}")
    assert wrong == []


def test_other_pages_of_the_admin_are_for_whom_they_should(clients: dict[str, Client]) -> None:
    rule = AlertRule.objects.all()[0]
    rule.name = "Another name"
    rule.save()
    past = rule.history.first().pk
    wrong = []
    for path, allowed in OWN.values():
        path = path.format(user=User.objects.get(username="root").pk, rule=rule.pk, past=past)
        for role in ROLES:
            wanted = "log in" if role in ("visitor", "user") else "in" if role in allowed else "refused"
            response = clients[role].get(f"/admin/{path}")
            found = "refused" if response.status_code == 404 else seen(clients[role], path)  # an app nobody may see
            if found != wanted:
                wrong.append(f"{role} at {path}: expected {wanted}, was {found}")
    assert wrong == []


def test_editor_of_rules_changes_nothing_else(clients: dict[str, Client]) -> None:
    root = User.objects.get(username="root")
    for path in (
        f"auth/user/{root.pk}/change/",
        "auth/user/add/",
        f"auth/user/{root.pk}/delete/",
        "market/apitoken/add/",
    ):
        assert clients["editor"].post(f"/admin/{path}", {"username": "evil", "post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [root.pk], "post": "yes"}
    assert clients["editor"].post("/admin/auth/user/", action).status_code == 403
    assert set(User.objects.values_list("username", flat=True)) == {"trader", "clerk", "editor", "root"}
    assert User.objects.filter(is_superuser=True).count() == 1


def test_nobody_changes_anything_through_the_api(clients: dict[str, Client]) -> None:
    token = ApiToken.issue(User.objects.get(username="root"), "program")[1]
    wrong = []
    for route in ADDRESSES["api"]:
        for method in CHANGING:
            for headers in ({}, {"authorization": f"Bearer {token}"}):
                answer = getattr(clients["superuser"], method)(address(route), headers=headers)
                if answer.status_code != 405:
                    wrong.append(f"{method} {route}: expected 405, was {answer.status_code}")
    assert wrong == []
