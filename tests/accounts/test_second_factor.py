"""The second factor of the admin: who is asked, what passes, what locks."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from html import unescape
from io import StringIO

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

from tests.accounts.conftest import PASSWORD

ASK = "/account/second-factor/"
SET_UP = "/account/second-factor/set-up/"
START = datetime.fromisoformat("2026-11-20T09:00:00+07:00")


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Codes change every 30 seconds, and none passes twice."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root", "", PASSWORD)


@pytest.fixture
def code_of(clock: time_machine.Traveller) -> Callable[[User], str]:
    """The code that a user's app shows half a minute later."""

    def show(user: User) -> str:
        clock.shift(timedelta(seconds=30))
        return f"{totp(TOTPDevice.objects.get(user=user).bin_key):06}"

    return show


def logged_in(user: User) -> Client:
    client = Client()
    assert client.post("/account/log-in/", {"username": user.username, "password": PASSWORD}).status_code == 302
    return client


def set_up(client: Client, user: User, code_of: Callable[[User], str]) -> list[str]:
    """Take an app into use; the recovery codes."""
    client.get(SET_UP)
    return codes_in(client.post(SET_UP, {"code": code_of(user)}))


def codes_in(response: HttpResponse) -> list[str]:
    codes = re.findall(r"<li><code>(\w+)</code></li>", response.content.decode())
    assert len(codes) == 10 and response.headers["Cache-Control"].startswith("max-age=0")
    return codes


def test_whoever_set_it_up_is_asked_and_passes_with_each_code_once(root: User, code_of: Callable[[User], str]) -> None:
    client = logged_in(root)
    assert client.get("/admin/").status_code == 200
    page = client.get(SET_UP).content.decode()
    key = TOTPDevice.objects.get(user=root)
    shown = unescape(re.findall(r"<code>([A-Z2-7 ]+)</code>", page)[0]).replace(" ", "")
    assert shown in key.config_url and "<svg" in page and "style=" not in page
    set_up(client, root, code_of)
    assert client.get("/admin/").status_code == 200  # this session showed a code

    other = logged_in(root)
    asked = other.get("/admin/auth/user/?q=x")
    assert asked.headers["Location"] == f"{ASK}?next=/admin/auth/user/%3Fq%3Dx"
    assert other.post("/admin/auth/user/add/").headers["Location"] == f"{ASK}?next=/admin/"
    before, code = other.cookies["sessionid"].value, code_of(root)
    passed = other.post(ASK, {"code": f"{code[:3]} {code[3:]}", "next": "/admin/auth/user/"})
    assert passed.headers["Location"] == "/admin/auth/user/"
    assert other.get("/admin/auth/user/").status_code == 200
    assert other.cookies["sessionid"].value != before
    third = logged_in(root)
    assert third.post(ASK, {"code": code}).status_code == 200 and third.get("/admin/").status_code == 302
    assert third.post(ASK, {"code": code_of(root), "next": "https://evil.example/"}).headers["Location"] == "/admin/"


def test_recovery_code_passes_once_and_new_ones_end_the_old(root: User, code_of: Callable[[User], str]) -> None:
    codes = set_up(logged_in(root), root, code_of)
    client = logged_in(root)
    assert client.post(ASK, {"code": codes[0].upper()}).status_code == 302
    assert client.get("/admin/").status_code == 200
    account = client.get("/account/").content.decode()
    assert "Còn 9 mã khôi phục" in account and codes[1] not in account
    new = codes_in(client.post("/account/second-factor/codes/"))
    another = logged_in(root)
    for old in codes[:2]:
        assert another.post(ASK, {"code": old}).status_code == 200
    assert set(new).isdisjoint(codes) and StaticToken.objects.filter(device__user=root).count() == 10


def test_session_without_a_code_changes_nothing_about_it(root: User, code_of: Callable[[User], str]) -> None:
    owner = logged_in(root)
    set_up(owner, root, code_of)
    thief = logged_in(root)
    for path in ("/account/second-factor/codes/", "/account/second-factor/remove/", SET_UP):
        answer = thief.get(path) if path == SET_UP else thief.post(path)
        assert answer.headers["Location"].startswith(f"{ASK}?next=/account/")
    assert TOTPDevice.objects.filter(user=root, confirmed=True).count() == 1
    old = TOTPDevice.objects.get(user=root).key
    owner.get(SET_UP)
    newer = TOTPDevice.objects.get(user=root, confirmed=False)
    clock_code = f"{totp(newer.bin_key):06}"
    codes_in(owner.post(SET_UP, {"code": clock_code}))
    assert [device.key for device in TOTPDevice.objects.filter(user=root)] == [newer.key] and newer.key != old
    assert owner.post("/account/second-factor/remove/").status_code == 302
    assert thief.get("/admin/").status_code == 200  # optional: nobody is asked any longer


def test_required_second_factor_leads_to_its_set_up_first(
    root: User, settings: Settings, code_of: Callable[[User], str]
) -> None:
    settings.ADMIN_SECOND_FACTOR = "required"
    client = logged_in(root)
    assert client.get("/admin/").headers["Location"] == f"{SET_UP}?next=/admin/"
    assert client.get("/admin/no/such/").headers["Location"].startswith(SET_UP)
    assert client.get(ASK).headers["Location"] == SET_UP
    assert client.get("/").status_code == 200 and Client().get("/admin/login/").status_code == 200
    assert client.post(SET_UP, {"code": "nonsense"}).status_code == 200
    client.post(SET_UP, {"code": code_of(root)})
    assert client.get("/admin/").status_code == 200
    assert client.post("/admin/logout/").headers["Location"] == "/"
    again = logged_in(root)
    assert again.get("/admin/").headers["Location"].startswith(ASK)


def test_second_factor_that_is_off_is_not_there(
    root: User, trader: User, settings: Settings, code_of: Callable[[User], str]
) -> None:
    assert logged_in(trader).get(SET_UP).status_code == 404  # has nothing to do in the admin
    client = logged_in(root)
    set_up(client, root, code_of)
    settings.ADMIN_SECOND_FACTOR = "off"
    assert client.get(SET_UP).status_code == 404 and "second-factor" not in client.get("/account/").content.decode()
    assert logged_in(root).get("/admin/").status_code == 200


def test_wrong_codes_lock_the_name_for_the_address_as_wrong_passwords_do(
    root: User, clock: time_machine.Traveller, code_of: Callable[[User], str]
) -> None:
    set_up(logged_in(root), root, code_of)
    client = logged_in(root)
    assert "không đúng" in client.post(ASK, {"code": "000000"}).content.decode()
    assert "chờ một lát" in client.post(ASK, {"code": "000000"}).content.decode()  # too soon to count
    for _ in range(4):
        clock.shift(timedelta(seconds=60))
        answer = client.post(ASK, {"code": "000000"})
    assert answer.status_code == 429 and "Sai mật khẩu quá nhiều lần" in answer.content.decode()
    assert client.post(ASK, {"code": code_of(root)}).status_code == 429
    clock.shift(timedelta(minutes=16))
    assert client.post(ASK, {"code": code_of(root)}).status_code == 302
    assert client.get("/admin/").status_code == 200


def test_device_of_somebody_else_does_not_pass(root: User, code_of: Callable[[User], str]) -> None:
    other = User.objects.create_superuser("other", "", PASSWORD)
    set_up(logged_in(other), other, code_of)
    client = logged_in(root)
    set_up(client, root, code_of)
    session = client.session
    session["otp_device_id"] = TOTPDevice.objects.get(user=other).persistent_id
    session.save()
    assert client.get("/admin/").headers["Location"].startswith(ASK)


def test_command_resets_a_users_second_factor(root: User, code_of: Callable[[User], str]) -> None:
    client = logged_in(root)
    set_up(client, root, code_of)
    for expected in ("root: removed.", "root: there was none."):
        out = StringIO()
        call_command("reset_second_factor", "root", stdout=out)
        assert out.getvalue().strip() == expected
    assert logged_in(root).get("/admin/").status_code == 200
    with pytest.raises(CommandError, match="expected the name of a user, was 'nobody'"):
        call_command("reset_second_factor", "nobody")


def test_admin_shows_neither_keys_nor_codes(root: User, code_of: Callable[[User], str]) -> None:
    client = logged_in(root)
    set_up(client, root, code_of)
    for path in ("/admin/otp_totp/totpdevice/", "/admin/otp_static/staticdevice/"):
        assert client.get(path).status_code == 404
