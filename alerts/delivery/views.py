"""The settings page of delivery. It works without JavaScript, but for push, which browsers offer to scripts alone."""

import hashlib
import re
import smtplib
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Final
from uuid import uuid4

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, login_required
from django.contrib.auth.models import User
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from alerts.delivery import linking, page, push, sending
from alerts.delivery.addresses import take_apart
from alerts.delivery.claim import TEST
from alerts.delivery.forms import ChannelForm, CodeForm, EmailForm, SubscriptionForm, WebhookForm
from alerts.delivery.items import Item, Sort, to_content
from alerts.delivery.plan import local_time
from alerts.delivery.reasons import words_of
from alerts.delivery.sealing import SealBroken, seal, unseal
from alerts.delivery.webhook import new_secret
from alerts.models import Delivery, DeliveryChannel, PushDevice
from alerts.models.delivery import ChannelKind

BETWEEN_TESTS: Final = timedelta(seconds=10)
BETWEEN_CODES: Final = timedelta(seconds=60)
TEST_WORTH: Final = timedelta(seconds=60)
MOST_DEVICES: Final = 10
BROWSERS: Final = ("Edg", "OPR", "SamsungBrowser", "Firefox", "CriOS", "Chrome", "Safari")
SYSTEMS: Final = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "CrOS", "Linux")
NAMES: Final = {"Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung Internet", "CriOS": "Chrome"}

Change = Callable[[HttpRequest, DeliveryChannel], HttpResponseBase | None]


@require_safe
@never_cache
@login_required
def show(request: HttpRequest) -> HttpResponse:
    """Every channel of the reader, and what went over them lately."""
    return shown(request)


def shown(request: HttpRequest, bound: dict[str, forms.BaseForm] | None = None, secret: str = "") -> HttpResponse:
    """The page; `bound` are forms that came back with mistakes, `secret` a new one to be shown this once."""
    context = {
        "page": "delivery",
        "sections": page.sections(reader(request), language(), bound or {}),
        "newest": page.newest(reader(request)),
        "secret": secret,
    }
    return render(request, "alerts/delivery/settings.html", context, status=422 if bound else 200)


def changes(*kinds: str) -> Callable[[Change], Callable[..., HttpResponseBase]]:
    """Wrap what changes one channel of the reader: the log-in, the channel's row, and the way back to the page."""

    def wrap(change: Change) -> Callable[..., HttpResponseBase]:
        @require_POST
        @never_cache
        @login_required
        @sensitive_post_parameters()
        @wraps(change)
        def view(request: HttpRequest, kind: str) -> HttpResponseBase:
            if kind not in (kinds or ChannelKind.values) or not page.is_available(kind):
                raise Http404(f"no channel {kind}")
            channel, _ = DeliveryChannel.objects.get_or_create(
                user=reader(request), kind=kind, defaults={"language": language(), "severities": ["critical"]}
            )
            return change(request, channel) or redirect(f"{reverse('delivery:settings')}#{kind}")

        return view

    return wrap


def reader(request: HttpRequest) -> User:
    """Whoever is logged in."""
    assert isinstance(request.user, User)
    return request.user


def language() -> str:
    """The reader's language, which becomes the channel's."""
    return (get_language() or settings.LANGUAGE_CODE)[:2]


@changes()
def save(request: HttpRequest, channel: DeliveryChannel) -> HttpResponse | None:
    """Store what goes over a channel."""
    channel.language = language()
    form = ChannelForm(request.POST, instance=channel, prefix=channel.kind)
    if not form.is_valid():
        return shown(request, {f"{channel.kind}:settings": form})
    form.save()
    messages.success(request, gettext("Saved."))
    return None


@changes(ChannelKind.EMAIL)
def email_address(request: HttpRequest, channel: DeliveryChannel) -> HttpResponse | None:
    """Send a code to a new address; the old one stays until the code comes back."""
    form = EmailForm(request.POST, prefix="email-target")
    if not form.is_valid():
        return shown(request, {"email:target": form})
    sent_at = channel.pending_until - linking.VALID if channel.pending_until else None
    if sent_at and timezone.now() < sent_at + BETWEEN_CODES:
        messages.error(request, gettext("A code was sent just now. Wait a minute for another."), "bad")
        return None
    try:
        linking.begin_email(channel, form.cleaned_data["address"])
    except (OSError, smtplib.SMTPException):
        messages.error(request, gettext("The mail server did not take the letter. Try again later."), "bad")
    else:
        messages.success(request, gettext("A code is on its way. Enter it here within 15 minutes."))
    return None


@changes(ChannelKind.EMAIL)
def email_code(request: HttpRequest, channel: DeliveryChannel) -> HttpResponse | None:
    """Take up the address whose code came back."""
    form = CodeForm(request.POST, prefix="email-code")
    if not form.is_valid() or not linking.confirm_email(channel, form.cleaned_data["code"]):
        form.add_error("code", gettext("This is not the code, or it no longer holds."))
        return shown(request, {"email:code": form})
    messages.success(request, gettext("The address is confirmed."))
    return None


@changes(ChannelKind.TELEGRAM)
def telegram_code(request: HttpRequest, channel: DeliveryChannel) -> HttpResponse | None:
    """Make a code that links the chat it is sent from."""
    if not linking.begin_telegram(channel):
        messages.error(request, gettext("Telegram does not answer. Try again later."), "bad")
    return None


@changes(ChannelKind.WEBHOOK)
def webhook_address(request: HttpRequest, channel: DeliveryChannel) -> HttpResponse | None:
    """Store an address and make a secret, which this answer shows and nothing ever again."""
    form = WebhookForm(request.POST, prefix="webhook-target")
    if not form.is_valid():
        return shown(request, {"webhook:target": form})
    secret, url = new_secret(), form.cleaned_data["url"]
    place = take_apart(url, settings.DELIVERY_TO_LOOPBACK)
    linking.connect(channel, {"url": url, "secret": secret}, f"{place.origin}/…")
    return shown(request, secret=secret)


@changes(ChannelKind.WEBHOOK)
def webhook_secret(request: HttpRequest, channel: DeliveryChannel) -> HttpResponse | None:
    """Make another secret for the same address."""
    try:
        target = unseal(channel.target)
    except SealBroken:
        target = {}
    if not target:
        messages.error(request, gettext("Enter the address again."), "bad")
        return None
    target["secret"] = new_secret()
    channel.target = seal(target)
    channel.save(update_fields=["target"])
    return shown(request, secret=target["secret"])


@changes(ChannelKind.PUSH)
def push_subscribe(request: HttpRequest, channel: DeliveryChannel) -> HttpResponse | None:
    """Add the browser that sends this, or renew it."""
    form = SubscriptionForm(request.POST, prefix="push-target")
    try:
        if not form.is_valid():
            raise push.SubscriptionRefused("expected a subscription")
        subscription = push.checked_subscription(form.cleaned_data["subscription"])
    except push.SubscriptionRefused:
        messages.error(request, gettext("This browser's push service cannot be used."), "bad")
        return None
    if channel.devices.count() >= MOST_DEVICES:
        messages.error(request, gettext("At most %(count)d browsers.") % {"count": MOST_DEVICES}, "bad")
        return None
    PushDevice.objects.update_or_create(
        fingerprint=hashlib.sha256(subscription["endpoint"].encode()).hexdigest(),
        defaults={
            "channel": channel,
            "subscription": seal(subscription),
            "name": browser_name(request.headers.get("User-Agent", "")),
        },
    )
    linking.connect(channel, {}, "")
    messages.success(request, gettext("This browser will be notified."))
    return None


def browser_name(agent: str) -> str:
    """A name that a person recognises the browser by, as "Chrome, Android"."""
    found = [next((name for name in names if re.search(name, agent)), "") for names in (BROWSERS, SYSTEMS)]
    return ", ".join(NAMES.get(name, name) for name in found if name) or gettext("Browser")


@require_POST
@login_required
def push_remove(request: HttpRequest, number: int) -> HttpResponse:
    """Forget a browser; without any the channel is off."""
    device = get_object_or_404(PushDevice, pk=number, channel__user=reader(request))
    channel = device.channel
    device.delete()
    if not channel.devices.exists():
        channel.enabled = False
        channel.save(update_fields=["enabled"])
    return redirect(f"{reverse('delivery:settings')}#push")


@changes()
def unlink(request: HttpRequest, channel: DeliveryChannel) -> None:
    """Forget where a channel leads. Its settings stay."""
    channel.target, channel.hint, channel.pending, channel.pending_until = "", "", "", None
    channel.enabled, channel.disabled_reason = False, ""
    channel.save()
    channel.devices.all().delete()
    messages.success(request, gettext("Removed."))


@changes()
def test(request: HttpRequest, channel: DeliveryChannel) -> None:
    """Send a test message now, and say what came of it."""
    now = timezone.now()
    earlier = Delivery.objects.filter(channel=channel, subject__startswith=TEST, created_at__gt=now - BETWEEN_TESTS)
    if earlier.exists():
        messages.error(request, gettext("A test was sent just now. Wait a few seconds."), "bad")
        return
    devices: list[PushDevice | None] = [None] if channel.target else []
    if channel.kind == ChannelKind.PUSH:
        devices = list(channel.devices.all())
    for device in devices:
        report(request, send_test(channel, device))


def send_test(channel: DeliveryChannel, device: PushDevice | None) -> Delivery:
    """Send a test message over a channel; what the row says then is final."""
    now = timezone.now()
    subject = f"{TEST}{uuid4()}"
    delivery = Delivery.objects.create(
        channel=channel,
        device=device,
        device_number=device.pk if device else 0,
        subject=subject,
        content=to_content(Item(sort=Sort.TEST, id=subject, time=local_time(now))),
        next_attempt_at=now,
        expires_at=now + TEST_WORTH,
    )
    sending.send_one(delivery)
    again = Delivery.objects.filter(pk=delivery.pk, finished_at=None)
    again.update(status=Delivery.Status.FAILED, finished_at=timezone.now())  # whoever looks on tries again by hand
    delivery.refresh_from_db()
    return delivery


def report(request: HttpRequest, delivery: Delivery) -> None:
    """Say what came of a test."""
    values: dict[str, Any] = {"channel": delivery.channel.get_kind_display(), "error": words_of(delivery.error)}
    if delivery.status == Delivery.Status.SENT:
        messages.success(request, gettext("%(channel)s: the test message was sent.") % values)
    else:
        messages.error(request, gettext("%(channel)s: the test message failed (%(error)s).") % values, "bad")


@require_safe
@login_not_required
def push_worker(request: HttpRequest) -> FileResponse:
    """The service worker, from the root: it may only care for addresses below its own."""
    path = settings.BASE_DIR / "static" / "js" / "push-worker.js"
    response = FileResponse(path.open("rb"), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response
