"""HEAD answers as GET does, wherever GET is answered: monitors and previews of links ask so."""

from typing import Final

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from alerts.models import PersonalAlert
from market.models import Watchlist
from tests.market.page_html import fresh_cache
from tests.test_page_access import ADDRESSES, address, clients

__all__ = ["clients", "fresh_cache"]

LISTED: Final = [route for listed in ADDRESSES.values() for route in listed]
# Not its log-in page: Django leads a GET of those who are in further, and a HEAD not.
ADMIN: Final = [f"admin/{path}" for path in ("", "auth/user/", "market/apitoken/", "jsi18n/")]


def statuses(client: Client, path: str) -> dict[str, int]:
    """The status of a GET and of a HEAD."""
    return {"GET": client.get(path).status_code, "HEAD": client.head(path).status_code}


def readable() -> list[str]:
    """Every address of the site, with parts that are there."""
    owner = User.objects.get(username="trader")
    watched = Watchlist.objects.create(owner=owner, name="Watched", position=1)
    watched.share(True)
    own = PersonalAlert.objects.create(user=owner, symbol="ACB", kind="price", condition="above", threshold=27_000.0)
    found = {
        "lists/<str:id>/": f"/lists/my-{watched.pk}/",
        "shared/<str:key>/": f"/shared/{watched.share_key}/",
        "alerts/mine/<int:pk>/": f"/alerts/mine/{own.pk}/",
        "summary/<str:day>/": "/summary/2026-11-20/",
    }
    return [found.get(route, address(route)) for route in (*LISTED, *ADMIN)]


@pytest.mark.parametrize(("reader", "is_open"), [("visitor", True), ("user", False), ("staff", True)])
def test_head_of_every_address_has_the_status_of_its_get(
    clients: dict[str, Client], settings: Settings, reader: str, is_open: bool
) -> None:
    settings.ANONYMOUS_READ = settings.ACCOUNTS_SIGN_UP = is_open
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend" if is_open else settings.NO_MAIL
    answers = {path: statuses(clients[reader], path) for path in readable()}
    assert {path: said for path, said in answers.items() if said["GET"] != said["HEAD"]} == {}
    assert sum(said["GET"] == 200 for said in answers.values()) > 10
