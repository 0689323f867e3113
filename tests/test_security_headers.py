"""What browsers are told with every kind of answer, and that no page holds what the content policy forbids."""

import re
from typing import Final

import pytest
from channels.testing import HttpCommunicator
from django.conf import settings as project
from django.contrib.auth.models import User
from django.http import HttpResponseBase
from django.test import Client
from django.urls import get_resolver, reverse
from pytest_django import Settings

from alerts.models import AlertRule
from market.api.shortcut import wire_headers
from tests.market.live_rows import Publisher, market_row
from tests.market.page_html import fresh_cache
from tests.patience import PATIENT_SECONDS
from tracker.asgi import application

__all__ = ["fresh_cache"]

EVERYWHERE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": project.PERMISSIONS_POLICY,
}
PAGES: Final = (
    "/",
    "/about/",
    "/symbol/ACB/",
    "/overview/",
    "/account/log-in/",
    "/api/docs/",
    "/admin/login/",
    "/no-such-page",
)
INLINE: Final = {
    "style": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "style element": re.compile(r"<style\b", re.IGNORECASE),
    "handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>", re.IGNORECASE),
    "address": re.compile(r"(?:href|src|action)\s*=\s*[\"']?\s*javascript:", re.IGNORECASE),
}


@pytest.fixture
def root(db: None, redis_url: str) -> Client:
    """A superuser's browser, on a site that has something to show."""
    Publisher().store_all({"ACB": market_row("ACB")})
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def forbidden(response: HttpResponseBase) -> list[str]:
    """What a page holds that its own policy would block."""
    html = getattr(response, "content", b"").decode()
    return [name for name, pattern in INLINE.items() if pattern.search(html)]


def admin_pages() -> list[str]:
    """Every page of the admin that needs no object, and those of one object."""
    user, rule = User.objects.get(username="root"), AlertRule.objects.first()
    assert rule is not None
    rule.name = "Another name"
    rule.save()
    found = ["/admin/", "/admin/password_change/"]
    for each in get_resolver().url_patterns:
        if getattr(each, "app_name", "") != "admin":
            continue
        names = [name for name in each.reverse_dict if isinstance(name, str) and re.search("_(changelist|add)$", name)]  # type: ignore[union-attr]
        found += [reverse(f"admin:{name}") for name in sorted(names)]
    for name in ("change", "history", "delete"):
        found += [
            reverse(f"admin:auth_user_{name}", args=[user.pk]),
            reverse(f"admin:alerts_alertrule_{name}", args=[rule.pk]),
        ]
    past = rule.history.first()
    found.append(reverse("admin:alerts_alertrule_simple_history", args=[rule.pk, past.pk]))
    return [
        *found,
        reverse("admin:alerts_alertrule_import"),
        reverse("admin:auth_user_password_change", args=[user.pk]),
    ]


def test_pages_say_what_browsers_may_do_and_hold_nothing_inline(root: Client) -> None:
    wrong = []
    for path in PAGES:
        response = (Client() if "log" in path else root).get(path)
        headers = response.headers
        wrong += [(path, name) for name, value in EVERYWHERE.items() if headers.get(name) != value]
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert headers["X-Frame-Options"] == "DENY"
        wrong += [(path, found) for found in forbidden(response)]
    assert wrong == []


def test_admin_pages_hold_nothing_that_the_policy_blocks(root: Client) -> None:
    wrong = []
    for path in admin_pages():
        response = root.get(path)
        if response.status_code == 403:  # rows to look at only
            continue
        assert response.status_code == 200, path
        assert "unsafe" not in response.headers["Content-Security-Policy"]
        wrong += [(path, found) for found in forbidden(response)]
        wrong += [(path, name) for name, value in EVERYWHERE.items() if response.headers.get(name) != value]
    assert wrong == []


async def headers_of(path: str) -> dict[str, str]:
    response = await HttpCommunicator(application, "GET", path, headers=[(b"host", b"localhost")]).get_response(
        timeout=PATIENT_SECONDS
    )
    assert response["status"] in (200, 503), path
    return {name.decode().title(): value.decode() for name, value in response["headers"]}


@pytest.mark.django_db(transaction=True)
async def test_api_says_so_too_before_django_and_behind_it(redis_url: str) -> None:
    Publisher().store_all({"ACB": market_row("ACB")})
    for path in ("/api/market/snapshot", "/api/vn30-components", "/health/live"):
        headers = await headers_of(path)
        expected = EVERYWHERE | {"X-Frame-Options": "DENY"}
        assert {name: headers.get(name) for name in expected} == expected, path


def test_static_files_say_so_too() -> None:
    headers = Client().get("/static/css/site.css").headers
    assert {name: headers.get(name) for name in EVERYWHERE} == EVERYWHERE


def test_hsts_is_told_as_the_settings_say(settings: Settings) -> None:
    wire_headers.cache_clear()
    assert b"strict-transport-security" not in dict(wire_headers(()))
    for subdomains, preload, expected in (
        (False, False, b"max-age=60"),
        (True, True, b"max-age=60; includeSubDomains; preload"),
    ):
        settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 60, subdomains
        settings.SECURE_HSTS_PRELOAD = preload
        wire_headers.cache_clear()
        assert dict(wire_headers(()))[b"strict-transport-security"] == expected
        assert Client().get("/about/", secure=True).headers["Strict-Transport-Security"] == expected.decode()
    wire_headers.cache_clear()
