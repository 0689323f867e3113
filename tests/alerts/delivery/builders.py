"""Rows of delivery."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from alerts.delivery.items import Item, Sort, to_content
from alerts.delivery.plan import local_time
from alerts.delivery.sealing import seal
from alerts.models import Alert, Delivery, DeliveryChannel, PushDevice
from tests.alerts.delivery.standins import Browser, StandIn

TARGETS: dict[str, dict[str, Any]] = {
    "email": {"address": "trader@example.org"},
    "telegram": {"chat": 77},
    "push": {},
}


def make_channel(user: User, kind: str, target: dict[str, Any] | None = None, **values: Any) -> DeliveryChannel:
    sealed = seal(TARGETS[kind] if target is None else target)
    values = {"enabled": True, "language": "en", "target": sealed} | values
    return DeliveryChannel.objects.create(user=user, kind=kind, **values)


def make_webhook(user: User, elsewhere: StandIn, **values: Any) -> DeliveryChannel:
    return make_channel(user, "webhook", {"url": f"{elsewhere.url}/hook", "secret": "whsec_test"}, **values)


def make_device(channel: DeliveryChannel, browser: Browser) -> PushDevice:
    endpoint = browser.subscription["endpoint"]
    return PushDevice.objects.create(
        channel=channel,
        fingerprint=hashlib.sha256(endpoint.encode()).hexdigest(),
        subscription=seal(browser.subscription),
        name="Chrome, Android",
    )


def make_alert(number: int = 1, at: datetime | None = None, symbol: str = "HPG", **values: Any) -> Alert:
    values = {"kind": "large_trade", "severity": "warning", "phase": "continuous"} | values
    return Alert.objects.create(
        id=f"{values['kind']}-1-{symbol}-{number}", at=at or timezone.now(), symbol=symbol, rule=1, rule_version=1,
        evidence={"value_vnd": 12_500_000_000, "volume": 500_000, "price": 27_450, "side": "buy"}, **values,
    )  # fmt: skip


def make_delivery(channel: DeliveryChannel, number: int = 1, **values: Any) -> Delivery:
    now = timezone.now()
    item = Item(
        sort=Sort.ALERT,
        id=f"alert-{number}",
        time=local_time(now),
        kind="large_trade",
        symbol="HPG",
        evidence={"value_vnd": 12_500_000_000, "volume": 500_000, "price": 27_450, "side": "buy"},
    )
    values = {
        "subject": item.id,
        "content": to_content(item),
        "next_attempt_at": now,
        "expires_at": now + timedelta(minutes=15),
    } | values
    return Delivery.objects.create(channel=channel, **values)
