"""A second factor for the admin: codes of an app (TOTP), and recovery codes for the day when the app is lost.

django-otp keeps the devices and slows guesses down; axes counts wrong codes as it counts wrong passwords.
"""

import logging
from enum import Enum
from typing import Any, Final

import django_otp
from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

logger = logging.getLogger(__name__)

RECOVERY_CODES: Final = 10
DIGITS: Final = 6
WITHOUT: Final = ("login", "logout")  # pages of the admin that ask for nothing more


class Tried(Enum):
    """What came of a code."""

    RIGHT = "right"
    WRONG = "wrong"
    TOO_SOON = "too soon"  # after wrong ones; the pause doubles with each


def is_for(user: Any) -> bool:
    """Whether a user may have one: whoever may enter the admin, where it is not switched off."""
    return settings.ADMIN_SECOND_FACTOR != "off" and bool(user.is_active and user.is_staff)


def app_of(user: User) -> TOTPDevice | None:
    """The app whose codes count."""
    return TOTPDevice.objects.devices_for_user(user, confirmed=True).first()


def new_app_of(user: User) -> TOTPDevice:
    """The app that is being set up; made at the first look."""
    found = TOTPDevice.objects.devices_for_user(user, confirmed=False).first()
    return found or TOTPDevice.objects.create(user=user, name="app", confirmed=False)


def is_verified(request: HttpRequest) -> bool:
    """Whether this session showed a code of a device that still counts."""
    name = request.session.get(django_otp.DEVICE_ID_SESSION_KEY)
    device = Device.from_persistent_id(name) if name else None
    return device is not None and device.confirmed and device.user_id == request.user.pk


def before_admin(request: HttpRequest) -> HttpResponse | None:
    """Lead whoever has to show a code to where it is asked for; None for those who may go on, or be sent to log in."""
    match, user = request.resolver_match, request.user
    if not is_for(user) or (match and match.url_name in WITHOUT) or is_verified(request):
        return None
    assert isinstance(user, User)
    has_app = app_of(user) is not None
    if not has_app and settings.ADMIN_SECOND_FACTOR != "required":
        return None
    target = request.get_full_path() if request.method in ("GET", "HEAD") else reverse("admin:index")
    return redirect_to_login(target, reverse("accounts:second_factor" if has_app else "accounts:set_up_second_factor"))


def is_locked(request: HttpRequest, user: User) -> bool:
    """Whether too many wrong passwords or codes came from this address."""
    return not AxesProxyHandler.is_allowed(request, {"username": user.get_username()})


def show(request: HttpRequest, user: User, code: str, device: TOTPDevice | None = None) -> Tried:
    """Hold a code against the user's app, or against the recovery codes if it looks like one of those.

    A right one holds for this session, whose key changes. `device`: an app that is not set up yet.
    """
    code = code.replace(" ", "").replace("-", "").lower()
    model = type(device) if device else TOTPDevice if code.isdecimal() and len(code) == DIGITS else StaticDevice
    with transaction.atomic():
        rows = model.objects.devices_for_user(user, confirmed=device is None).select_for_update()
        found = rows.first()
        if found and not found.verify_is_allowed()[0]:
            return Tried.TOO_SOON
        passed = found is not None and found.verify_token(code)
    if not passed:
        user_login_failed.send(sender=__name__, credentials={"username": user.get_username()}, request=request)
        return Tried.WRONG
    if device is None:
        enter(request, found)
    return Tried.RIGHT


def enter(request: HttpRequest, device: Device) -> None:
    """Note that this session showed a code."""
    request.session.cycle_key()
    django_otp.login(request, device)


@transaction.atomic
def take_into_use(request: HttpRequest, user: User, device: TOTPDevice) -> list[str]:
    """Let the codes of a new app count, and no others; the recovery codes that go with it."""
    TOTPDevice.objects.devices_for_user(user, confirmed=True).exclude(pk=device.pk).delete()
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    enter(request, device)
    logger.info("%s set up a second factor", user.get_username())
    return renew_codes(user)


@transaction.atomic
def renew_codes(user: User) -> list[str]:
    """Make recovery codes, each good for one time; the earlier ones end."""
    device, _ = StaticDevice.objects.get_or_create(user=user, name="recovery codes")
    device.token_set.all().delete()
    codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    return codes


def codes_left(user: User) -> int:
    """How many recovery codes were not used yet."""
    return int(StaticToken.objects.filter(device__user=user).count())


@transaction.atomic
def remove(user: User) -> bool:
    """Take the second factor from a user; False if there was none."""
    had = app_of(user) is not None
    for model in (TOTPDevice, StaticDevice):
        model.objects.devices_for_user(user, confirmed=None).delete()
    if had:
        logger.info("%s has no second factor any longer", user.get_username())
    return had
